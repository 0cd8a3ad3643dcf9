/* runtime.md, State: "paused" as a state of its own, and what the other operations do to a container that is in it. */
#include "harness/case.h"

static const struct conformance_case pause[] = {
{
	CASE(a_paused_program_does_not_act),
	.title  = "a signal that a paused program handles is handled after resume, not before",
	.clause = { MUST("runtime.state.status-ext"), MUST("runtime.op.kill.sends") },
	.needs  = { .root = 1, .controller = "freezer", .runtime_feature = "pause" },
	.inside = { "await SIGTERM" },
	.when   = { DO(create), DO(start), DO(ready), DO(pause), DO(kill, "TERM"), DO(resume), DO(wait), DO(delete) },
	.then   = {
		STATE("after[kill].status", equals, "paused"),
		HOST("after[kill].init.alive", equals, true),
		INSIDE("try[await SIGTERM].signal", equals, "SIGTERM"),
		INSIDE("complete", equals, true),
	},
	.refuted_by = "pause-does-nothing",
},
{
	CASE(a_paused_container_keeps_its_pid),
	.title  = "state shows the same pid and bundle while the container is paused",
	.clause = { MUST("runtime.state.pid"), MUST("runtime.state.status-ext") },
	.needs  = { .root = 1, .controller = "freezer", .runtime_feature = "pause" },
	.inside = { "hold" },
	.when   = { DO(create), DO(start), DO(ready), DO(pause), DO(resume), DO(kill, "KILL"), DO(wait), DO(delete) },
	.then   = {
		STATE("after[pause].pid", equals, "@state.after.ready.pid"),
		STATE("after[pause].bundle", equals, "@state.after.ready.bundle"),
		STATE("after[pause].status", equals, "paused"),
	},
	.refuted_by = "pause-does-nothing",
},
{
	CASE(a_created_container_can_be_paused),
	.title  = "a container that was only created is paused, resumed and then started",
	.clause = { MUST("runtime.state.status-ext") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "freezer", .runtime_feature = "pause" },
	.when   = { DO(create), DO(pause), DO(resume), DO(start), DO(wait), DO(delete) },
	.then   = {
		HOST("after[pause].cgroup.freezer[freezer.state]", equals, "FROZEN"),
		STATE("after[resume].status", equals, "created"),
		INSIDE("complete", equals, true),
	},
	.refuted_by = "pause-does-nothing",
},
{
	CASE(a_paused_container_is_not_deleted),
	.title  = "delete of a paused container is an error and leaves it paused",
	.clause = { MUST("runtime.op.delete.not-stopped-error"), MUST("runtime.op.delete.not-stopped-noeffect") },
	.needs  = { .root = 1, .controller = "freezer", .runtime_feature = "pause" },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(pause), REFUSES(delete), DO(resume), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		STATE("step[4].status", equals, "paused"),
		HOST("after.step[4].init.alive", equals, true),
	},
	.refuted_by = "delete-forces",
},
{
	CASE(force_deletes_a_paused_container),
	.title  = "delete --force ends a paused container and takes its cgroups away",
	.clause = { MUST("runtime.op.delete.resources"), MUST("runtime.lifecycle.destroy") },
	.needs  = { .root = 1, .controller = "freezer", .runtime_feature = "pause" },
	.inside = { "hold" },
	.when   = { DO(create), DO(start), DO(ready), DO(pause), DO(delete, ["--force", "@id"]) },
	.then   = {
		STATE("after[pause].status", equals, "paused"),
		STATE("after[delete].exists", equals, false),
		HOST("leftovers", equals, []),
	},
	.refuted_by = "delete-leaves-cgroup",
	.why = "A frozen task of cgroup v1 does not die of SIGKILL: whoever forgets to thaw it waits for ever.",
},
{
	CASE(a_killed_paused_container_ends),
	.title  = "SIGKILL for a paused container ends it at the latest when it is resumed",
	.clause = { MUST("runtime.op.kill.sends") },
	.needs  = { .root = 1, .controller = "freezer", .runtime_feature = "pause" },
	.inside = { "hold" },
	.when   = { DO(create), DO(start), DO(ready), DO(pause), DO(kill, "KILL"), DO(delete, ["--force", "@id"]) },
	.then   = {
		STATE("after[pause].status", equals, "paused"),
		EXIT("init.signal", equals, "SIGKILL"),
		HOST("leftovers", equals, []),
	},
	.refuted_by = "pause-does-nothing",
},
{
	CASE(a_stopped_container_is_not_paused),
	.title  = "pause of a container that has stopped is an error, and it stays stopped",
	.clause = { HARDENING("runtime.state.status-ext") },
	.needs  = { .root = 1, .controller = "freezer", .runtime_feature = "pause" },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(pause), DO(resume), DO(kill, "KILL"), DO(wait), REFUSES(pause), DO(delete),
	},
	.then   = { STATE("step[7].status", equals, "stopped") },
	.refuted_by = "pause-never-fails",
},
{
	CASE(an_unknown_container_is_not_paused),
	.title  = "pause of a container that does not exist is an error",
	.clause = { HARDENING("runtime.scope.same-entity") },
	.needs  = { .root = 1, .controller = "freezer", .runtime_feature = "pause" },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(pause, ["@id.missing"]), DO(pause), DO(resume), DO(kill, "KILL"), DO(wait),
		DO(delete),
	},
	.then   = { STATE("after[pause].status", equals, "paused") },
	.refuted_by = "pause-never-fails",
},
};
AREA(oci_pause, "oci/pause", pause);
