/* The options become JSON on top of the config's process, so that one reader checks both and its errors name the field. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/exec.h"
#include "runtime-under-test/oci/faults.h"

#define PROCESS_MAX (16u << 20)

static struct json *new_string(const char *string)
{
	return json_new_bytes(string, strlen(string));
}

/* Owned by process: the member, made when it is not there or is not of that kind. */
static struct json *member_of_kind(struct json *object, const char *key, enum json_kind kind)
{
	struct json *value = json_member(object, key);

	if (json_kind(value) == kind)
		return value;
	value = kind == JSON_ARRAY ? json_new_array() : json_new_object();
	json_put(object, key, value);
	return value;
}

static bool has_string(const struct json *array, const char *wanted)
{
	for (size_t i = 0; i < json_length(array); i++) {
		const char *string = json_string(json_at(array, i));

		if (string && strcmp(string, wanted) == 0)
			return true;
	}
	return false;
}

static int read_id(const char *option, const char *string, struct json **ret, struct err *err)
{
	unsigned long long id;

	if (text_to_u64(string, &id) < 0 || id >= UINT32_MAX)
		return fail_text(err, -EINVAL, "option --%s: \"%s\" is no id", option, string);
	*ret = json_new_uint(id);
	return 0;
}

/* UID[:GID], numbers only: an image's names are not looked up. A group that is not named stays; never 0 by chance, CVE-2026-30892. */
static int set_user(struct json *process, const char *wish, struct err *err)
{
	struct json *user = member_of_kind(process, "user", JSON_OBJECT), *uid = NULL, *gid = NULL;
	size_t length = strcspn(wish, ":");
	auto_free char *first = text_format("%.*s", (int) length, wish);
	int r = read_id("user", first, &uid, err);

	if (r < 0)
		return r;
	json_put(user, "uid", uid);
	if (fault("exec-user-alone-is-root") && !wish[length]) {
		json_put(user, "uid", json_new_uint(0));
		json_put(user, "gid", json_new_uint(0));
	}
	if (wish[length] == ':') {
		r = read_id("user", wish + length + 1, &gid, err);
		if (r < 0)
			return r;
		json_put(user, "gid", gid);
	}
	if (!json_member(user, "gid"))
		json_put(user, "gid", json_new_uint(0));
	return 0;
}

static int add_groups(struct json *process, const struct option_list *wishes, struct err *err)
{
	struct json *user, *groups;

	if (!wishes->count || fault("exec-groups-ignored"))
		return 0;
	user = member_of_kind(process, "user", JSON_OBJECT);
	groups = member_of_kind(user, "additionalGids", JSON_ARRAY);
	for (size_t i = 0; i < wishes->count; i++) {
		struct json *gid = NULL;
		int r = read_id("additional-gids", wishes->items[i], &gid, err);

		if (r < 0)
			return r;
		json_append(groups, gid);
	}
	if (!json_member(user, "uid"))
		json_put(user, "uid", json_new_uint(0));
	if (!json_member(user, "gid"))
		json_put(user, "gid", json_new_uint(0));
	return 0;
}

/*
 * Never inheritable: a file with inheritable capabilities would give it to whoever runs in there, CVE-2022-29162. Ambient only
 * where the config has made it inheritable, for the kernel takes no other.
 */
static void add_capability(struct json *process, const char *wish)
{
	static const char *const sets[] = { "bounding", "effective", "permitted", "ambient", "inheritable" };
	struct json *capabilities = member_of_kind(process, "capabilities", JSON_OBJECT);
	bool ambient = has_string(json_member(capabilities, "inheritable"), wish);

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		struct json *set;

		if (strcmp(sets[i], "ambient") == 0 && !ambient)
			continue;
		if (strcmp(sets[i], "inheritable") == 0 && !fault("exec-cap-inheritable"))
			continue;
		set = member_of_kind(capabilities, sets[i], JSON_ARRAY);
		if (!has_string(set, wish))
			json_append(set, new_string(wish));
	}
}

static int apply_options(struct json *process, const struct exec_options *options, struct err *err)
{
	struct json *args = json_new_array();
	int r = 0;

	for (char *const *arg = options->args; arg && *arg; arg++)
		if (arg[1] || !fault("exec-drops-the-last-word"))
			json_append(args, new_string(*arg));
	json_put(process, "args", args);
	/* The config's terminal is init's; a process has one when it is asked for. */
	json_put(process, "terminal", json_new_bool(options->tty));
	if (options->cwd && !fault("exec-cwd-ignored"))
		json_put(process, "cwd", new_string(options->cwd));
	if (options->apparmor)
		json_put(process, "apparmorProfile", new_string(options->apparmor));
	if (options->label)
		json_put(process, "selinuxLabel", new_string(options->label));
	if (options->no_new_privileges && !fault("exec-no-new-privs-ignored"))
		json_put(process, "noNewPrivileges", json_new_bool(true));
	for (size_t i = 0; i < options->env.count && !fault("exec-env-ignored"); i++)
		json_append(member_of_kind(process, "env", JSON_ARRAY), new_string(options->env.items[i]));
	for (size_t i = 0; i < options->caps.count && !fault("exec-cap-ignored"); i++)
		add_capability(process, options->caps.items[i]);
	if (options->user && !fault("exec-user-ignored"))
		r = set_user(process, options->user, err);
	return r < 0 ? r : add_groups(process, &options->groups, err);
}

static int read_file(const char *path, struct json **ret, struct err *err)
{
	auto_text text = { 0 };
	int r;

	if (strcmp(path, "-") == 0)
		r = file_read_fd(STDIN_FILENO, PROCESS_MAX, &text, err);
	else
		r = file_read_at(AT_FDCWD, path, PROCESS_MAX, &text, err);
	if (r == 0)
		r = json_parse(text_str(&text), text.len, ret, err);
	return r < 0 ? fail(err, r, "--process %s", path) : 0;
}

int exec_process_make(const struct json *config, const struct exec_options *options, struct spec_process *ret,
		      struct err *err)
{
	auto_json process = NULL;
	int r;

	if (options->process) {
		r = read_file(options->process, &process, err);
		if (r == 0 && fault("exec-process-file-args-only")) {
			struct json *args = json_copy(json_member(process, "args"));

			json_free(process);
			process = json_copy(json_member(config, "process"));
			json_put(process, "args", args);
		}
		return r < 0 ? r : spec_parse_process(process, "process", ret, err);
	}
	process =
	    json_member(config, "process") ? json_copy(json_member(config, "process")) : json_new_object();
	if (!json_member(process, "cwd"))
		json_put(process, "cwd", json_new_string("/"));
	r = apply_options(process, options, err);
	return r < 0 ? r : spec_parse_process(process, "process", ret, err);
}
