/* delete: undoes create. Half-made containers go too, so that nothing can be left behind for ever. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/options.h"
#include "runtime-under-test/oci/state.h"
#include "runtime-under-test/oci/verbs.h"

struct delete_options {
	bool force;
};

const struct option_row delete_rows[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct delete_options, force),
	  "kill what runs first; a container that is not there is no error" },
	{ NULL },
};

/*
 * What a runtime that was killed early leaves may have no state: the state is written before anything is made, so there is nothing
 * to undo. One that is there and cannot be read is not from us. It alone names the processes and cgroups, and what it says is not
 * to be trusted with SIGKILL: all of it stays, for who knows more.
 */
static int read_state(int directory, const char *id, bool force, const struct runtime *runtime,
		      struct state *ret, struct err *err)
{
	struct err reason = { 0 };
	int r = state_read(directory, ret, &reason);

	if (r == 0)
		return 0;
	if (!force)
		return fail_text(err, r, "container %s: %s", id, reason.text);
	if (r != -ENOENT)
		return fail_text(
		    err, -EBADMSG,
		    "container %s: %s; its processes and cgroups are not known and stay, as does %s/%s", id,
		    reason.text, runtime->root_path, id);
	*ret = (struct state){ .id = text_format("%s", id), .status = STATUS_CREATING };
	return 0;
}

/*
 * The specification lets delete refuse everything but a stopped container; callers delete created ones, and runc and
 * crun let them: docs/DEVIATIONS.md. Under the lock "creating" means that the create was killed.
 */
static int check_status(const struct state *state, struct err *err)
{
	enum container_status status = state_status(state);

	if (status != STATUS_RUNNING && status != STATUS_PAUSED)
		return 0;
	return fail_text(err, -EBUSY, "container %s is not stopped: it is %s", state->id,
			 container_status_name(status));
}

/* A hanging hook holds the lock, and init waits for it: with --force the container dies before we queue up. */
static void kill_before_lock(const struct runtime *runtime, int directory)
{
	struct state state = { 0 };

	if (state_read(directory, &state, NULL) == 0)
		(void) container_signal_all(runtime, &state, SIGKILL, NULL);
	state_clear(&state);
}

static int delete_container(const struct runtime *runtime, const char *id, bool force, struct err *err)
{
	auto_fd directory = state_open(runtime->root, id, err);
	auto_fd lock = -EBADF;
	struct state state = { 0 };
	int r;

	if (directory < 0)
		return directory;
	if (force)
		kill_before_lock(runtime, directory);
	lock = state_lock(directory, err);
	if (lock < 0)
		return fail(err, lock, "container %s", id);
	r = read_state(directory, id, force, runtime, &state, err);
	if (r == 0 && !force)
		r = check_status(&state, err);
	if (r == 0)
		r = container_destroy(runtime, directory, &state, err);
	state_clear(&state);
	return r;
}

int verb_delete(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	struct delete_options options = { 0 };
	int first = verb_arguments(delete_rows, &options, argc, argv, 1, 1, err);
	int r;

	if (first < 0)
		return first;
	r = delete_container(runtime, argv[first], options.force, err);
	return r == -ENOENT && options.force ? 0 : r;
}
