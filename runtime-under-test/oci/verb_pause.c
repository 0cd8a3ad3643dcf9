/* pause and resume: the freezer of the container, asked for by containerd, CRI-O, podman and docker. */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/state.h"
#include "runtime-under-test/oci/verbs.h"

static int pause_locked(const struct state *state, const struct cgroups *cgroups, struct err *err)
{
	enum container_status status = state_status(state);

	if (status != STATUS_CREATED && status != STATUS_RUNNING)
		return fail_text(err, -EINVAL, "container not running: %s is %s", state->id,
				 container_status_name(status));
	return cgroups_freeze(cgroups, err);
}

static int resume_locked(const struct state *state, const struct cgroups *cgroups, struct err *err)
{
	enum container_status status = state_status(state);

	if (status != STATUS_PAUSED)
		return fail_text(err, -EINVAL, "container not paused: %s is %s", state->id,
				 container_status_name(status));
	return cgroups_unfreeze(cgroups, err);
}

typedef int act_fn(const struct state *state, const struct cgroups *cgroups, struct err *err);

static int act_on(const struct runtime *runtime, const char *id, act_fn *act, struct err *err)
{
	auto_state_hold hold = STATE_HOLD_INIT;
	auto_cgroups cgroups = { 0 };
	int r = state_hold(runtime->root, id, &hold, err);

	if (r == 0)
		r = cgroups_from_json(hold.state.cgroups, &cgroups, err);
	return r < 0 ? r : act(&hold.state, &cgroups, err);
}

int verb_pause(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	int first = verb_arguments(NULL, NULL, argc, argv, 1, 1, err);

	return first < 0 ? first : act_on(runtime, argv[first], pause_locked, err);
}

int verb_resume(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	int first = verb_arguments(NULL, NULL, argc, argv, 1, 1, err);

	return first < 0 ? first : act_on(runtime, argv[first], resume_locked, err);
}
