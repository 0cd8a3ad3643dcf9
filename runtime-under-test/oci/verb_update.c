/* update: other limits for a container that is there, all of them or none. */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/cgroup_journal.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/rdt.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/state.h"
#include "runtime-under-test/oci/systemd.h"
#include "runtime-under-test/oci/update.h"
#include "runtime-under-test/oci/verbs.h"

/* What is asked for, read and checked. */
struct wish {
	struct update_options options;
	struct spec_resources resources;
};

static int apply_or_undo(struct cgroups *cgroups, const struct state *state, const struct wish *wish,
			 struct err *err)
{
	auto_journal journal = { 0 };
	size_t stuck;
	int r;

	for (size_t i = 0; i < cgroups->count; i++)
		cgroups->places[i].journal = &journal;
	r = cgroups_apply(cgroups, &wish->resources, err);
	if (r == 0 && cgroups->unit)
		r = systemd_sync(cgroups, &wish->resources, err);
	/* Last, for it is one write that the kernel takes as a whole or not, and nothing has to take it back. */
	if (r == 0)
		r = rdt_update(json_member(state->cgroups, "resctrl"), wish->options.l3_schema,
			       wish->options.mem_bw_schema, err);
	if (r == 0 || fault("update-not-undone"))
		return r;
	stuck = cgroup_journal_undo(&journal);
	/* It is told what the kernel has, which is the old again. */
	if (cgroups->unit)
		(void) systemd_sync(cgroups, &wish->resources, NULL);
	if (stuck)
		(void) fail_text(err, r, "%zu of its changes could not be taken back", stuck);
	return r;
}

static int update_locked(const struct state *state, const struct wish *wish, struct err *err)
{
	enum container_status status = state_status(state);
	auto_cgroups cgroups = { 0 };
	int r;

	if (status == STATUS_STOPPED || status == STATUS_CREATING)
		return fail_text(err, -EINVAL, "container not running: %s is %s", state->id,
				 container_status_name(status));
	r = cgroups_from_json(state->cgroups, &cgroups, err);
	if (r == 0)
		r = apply_or_undo(&cgroups, state, wish, err);
	return r < 0 ? fail(err, r, "update container %s", state->id) : 0;
}

static int update(const struct runtime *runtime, const char *id, const struct wish *wish, struct err *err)
{
	auto_state_hold hold = STATE_HOLD_INIT;
	int r = state_hold(runtime->root, id, &hold, err);

	return r < 0 ? r : update_locked(&hold.state, wish, err);
}

int verb_update(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	struct wish wish = { 0 };
	int first = verb_arguments(update_rows, &wish.options, argc, argv, 1, 1, err);
	auto_json json = NULL;
	int r;

	if (first < 0)
		return first;
	r = update_read(&wish.options, &json, err);
	/* Read and checked as a whole before anything is touched. */
	if (r == 0)
		r = spec_parse_resources(json, "resources", &wish.resources, err);
	if (r < 0)
		return r;
	r = update(runtime, argv[first], &wish, err);
	spec_resources_clear(&wish.resources);
	return r;
}
