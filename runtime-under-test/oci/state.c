/* ROOT/ID: made, locked, written by rename, removed. state_status.c tells what the process does now. */
#include "runtime-under-test/oci/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

/* The config within is at most 16 MiB as it was read; printed again it may be longer. */
#define STATE_MAX (64u << 20)

static const char *const status_names[] = {
	[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running",
	[STATUS_PAUSED] = "paused",     [STATUS_STOPPED] = "stopped",
};

const char *container_status_name(enum container_status status)
{
	return status_names[status];
}

int state_root_open(const char *root, bool create, struct err *err)
{
	int fd, r;

	if (create) {
		r = file_make_dirs_at(AT_FDCWD, root, 0700, err);
		if (r < 0)
			return fail(err, r, "make state directory %s", root);
	}
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(err, -errno, "open state directory %s", root);
	return fd;
}

bool state_id_is_valid(const char *id)
{
	size_t length = strlen(id);

	if (length == 0 || length > 1024 || strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		return false;
	return strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-.") == length;
}

static int check_id(const char *id, struct err *err)
{
	if (!state_id_is_valid(id))
		return fail_text(err, -EINVAL, "invalid container id \"%s\": letters, digits and _+-. only",
				 id);
	return 0;
}

int state_create(int root, const char *id, struct err *err)
{
	int fd, r = check_id(id, err);

	if (r < 0)
		return r;
	if (mkdirat(root, id, 0700) < 0) {
		if (errno == EEXIST)
			return fail_text(err, -EEXIST, "container %s already exists", id);
		return fail(err, -errno, "make state directory of container %s", id);
	}
	fd = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		(void) unlinkat(root, id, AT_REMOVEDIR);
		return fail(err, r, "open state directory of container %s", id);
	}
	return fd;
}

int state_open(int root, const char *id, struct err *err)
{
	int fd, r = check_id(id, err);

	if (r < 0)
		return r;
	/* No root yet: nothing was ever created there. */
	fd = root < 0 ? -1 : openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (root < 0 || errno == ENOENT)
		return fail_text(err, -ENOENT, "container %s does not exist", id);
	return fail(err, -errno, "open state directory of container %s", id);
}

int state_lock(int directory, struct err *err)
{
	auto_fd fd = openat(directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	/* A directory that was removed takes no new file. */
	if (fd < 0 && errno == ENOENT)
		return fail_text(err, -ENOENT, "the container does not exist any more");
	if (fd < 0)
		return fail(err, -errno, "open the container's lock");
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return fail(err, -errno, "lock the container");
	/* Who held the lock may have deleted the container; its files are then only names in our hands. */
	if (fstat(fd, &st) < 0)
		return fail(err, -errno, "look at the container's lock");
	if (st.st_nlink == 0)
		return fail_text(err, -ENOENT, "the container does not exist any more");
	return TAKE_FD(fd);
}

static int string_field(const struct json *json, const char *name, char **ret, struct err *err)
{
	const char *string = json_string(json_member(json, name));

	if (!string)
		return fail_text(err, -EBADMSG, "state.json: %s is no string", name);
	*ret = text_format("%s", string);
	return 0;
}

static int number_field(const struct json *json, const char *name, uint64_t max, uint64_t *ret,
			struct err *err)
{
	const struct json *value = json_member(json, name);

	if (!json_is_unsigned(value) || json_uint(value, 0) > max)
		return fail_text(err, -EBADMSG, "state.json: %s is no number from 0 to %ju", name,
				 (uintmax_t) max);
	*ret = json_uint(value, 0);
	return 0;
}

static int status_field(const struct json *json, enum container_status *ret, struct err *err)
{
	const char *name = json_string(json_member(json, "status"));

	for (size_t i = 0; name && i < ARRAY_SIZE(status_names); i++)
		if (strcmp(name, status_names[i]) == 0) {
			*ret = (enum container_status) i;
			return 0;
		}
	return fail_text(err, -EBADMSG, "state.json: status is no status");
}

/* Absent is NULL. Anything else would be taken for a container without cgroups, whose processes nobody then finds. */
static int object_field(const struct json *json, const char *name, struct json **ret, struct err *err)
{
	struct json *value = json_member(json, name);

	if (value && json_kind(value) != JSON_OBJECT)
		return fail_text(err, -EBADMSG, "state.json: %s is no object", name);
	*ret = value ? json_share(value) : NULL;
	return 0;
}

static int read_members(const struct json *json, struct state *state, struct err *err)
{
	uint64_t pid = 0, owner = 0;
	int r = string_field(json, "id", &state->id, err);

	if (r == 0)
		r = string_field(json, "bundle", &state->bundle, err);
	if (r == 0)
		r = string_field(json, "ociVersion", &state->spec_version, err);
	if (r == 0)
		r = string_field(json, "created", &state->created, err);
	if (r == 0)
		r = status_field(json, &state->status, err);
	if (r == 0)
		r = number_field(json, "pid", INT_MAX, &pid, err);
	if (r == 0)
		r = number_field(json, "startTicks", UINT64_MAX, &state->start_ticks, err);
	if (r == 0)
		r = number_field(json, "owner", UINT32_MAX, &owner, err);
	if (r == 0)
		r = object_field(json, "cgroups", &state->cgroups, err);
	if (r == 0)
		r = object_field(json, "config", &state->config, err);
	if (r < 0)
		return r;
	state->pid = (pid_t) pid;
	state->owner = (uid_t) owner;
	state->no_new_keyring = json_bool(json_member(json, "noNewKeyring"), false);
	state->annotations = json_share(json_member(json, "annotations"));
	return 0;
}

int state_read(int directory, struct state *ret, struct err *err)
{
	auto_json json = NULL;
	struct state state = { 0 };
	int r = json_read_at(directory, "state.json", STATE_MAX, &json, err);

	if (r == 0)
		r = read_members(json, &state, err);
	if (r < 0) {
		state_clear(&state);
		return r;
	}
	*ret = state;
	return 0;
}

static void put_shared(struct json *object, const char *key, struct json *value)
{
	if (value)
		json_put(object, key, json_share(value));
}

static void put_string(struct json *object, const char *key, const char *string)
{
	json_put(object, key, json_new_bytes(string ? string : "", string ? strlen(string) : 0));
}

int state_stage(int directory, const struct state *state, struct err *err)
{
	auto_json json = json_new_object();
	auto_text out = { 0 };

	put_string(json, "ociVersion", state->spec_version);
	put_string(json, "id", state->id);
	put_string(json, "bundle", state->bundle);
	put_string(json, "created", state->created);
	put_string(json, "status", status_names[state->status]);
	json_put(json, "pid", json_new_int(state->pid));
	json_put(json, "startTicks", json_new_uint(state->start_ticks));
	json_put(json, "owner", json_new_uint(state->owner));
	if (state->no_new_keyring)
		json_put(json, "noNewKeyring", json_new_bool(true));
	put_shared(json, "annotations", state->annotations);
	put_shared(json, "cgroups", state->cgroups);
	put_shared(json, "config", state->config);
	json_print(json, 0, &out);
	text_add_char(&out, '\n');
	return file_stage_at(directory, "state.json", text_str(&out), out.len, 0600, err);
}

int state_commit(int directory, struct err *err)
{
	return file_commit_at(directory, "state.json", err);
}

void state_unstage(int directory)
{
	file_unstage_at(directory, "state.json");
}

int state_write(int directory, const struct state *state, struct err *err)
{
	int r = state_stage(directory, state, err);

	return r < 0 ? r : state_commit(directory, err);
}

int state_remove(int root, const char *id, struct err *err)
{
	int r = check_id(id, err);

	if (r < 0)
		return r;
	r = file_remove_tree_at(root, id, err);
	if (r < 0)
		return fail(err, r, "remove state directory of container %s", id);
	return 0;
}

void state_clear(struct state *state)
{
	free(state->id);
	free(state->bundle);
	free(state->spec_version);
	free(state->created);
	json_free(state->annotations);
	json_free(state->cgroups);
	json_free(state->config);
	*state = (struct state){ 0 };
}

int state_hold(int root, const char *id, struct state_hold *ret, struct err *err)
{
	auto_state_hold hold = STATE_HOLD_INIT;
	int r = hold.directory = state_open(root, id, err);

	if (r < 0)
		return r;
	r = hold.lock = state_lock(hold.directory, err);
	if (r >= 0)
		r = state_read(hold.directory, &hold.state, err);
	if (r < 0)
		return fail(err, r, "container %s", id);
	*ret = hold;
	hold = (struct state_hold) STATE_HOLD_INIT;
	return 0;
}

void state_unlock(struct state_hold *hold)
{
	cleanup_fd(&hold->lock);
	hold->lock = -EBADF;
}

void state_release(struct state_hold *hold)
{
	state_unlock(hold);
	cleanup_fd(&hold->directory);
	hold->directory = -EBADF;
	state_clear(&hold->state);
}
