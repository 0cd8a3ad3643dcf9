/* config.md, Linux Process: scheduler and ioPriority, one policy and class after the other. */
#include "harness/case.h"

static const struct conformance_case scheduling[] = {
{
	CASE(batch_is_applied_with_its_nice_value),
	.title  = "SCHED_BATCH and nice are the program's",
	.clause = { MUST("config.def.scheduler"), MUST("config.process.scheduler.policy") },
	.needs  = { .root = 1, .spec = "1.1.0", .runtime_feature = "scheduler" },
	.given  = { SET("process.scheduler", { "policy": "SCHED_BATCH", "nice": 7 }) },
	.then   = { INSIDE("scheduler.policy", equals, "SCHED_BATCH"), INSIDE("nice", equals, 7) },
	.refuted_by = "scheduler-skipped",
},
{
	CASE(idle_is_applied),
	.title  = "SCHED_IDLE is the program's policy",
	.clause = { MUST("config.def.scheduler") },
	.needs  = { .root = 1, .spec = "1.1.0", .runtime_feature = "scheduler" },
	.given  = { SET("process.scheduler", { "policy": "SCHED_IDLE" }) },
	.then   = { INSIDE("scheduler.policy", equals, "SCHED_IDLE") },
	.refuted_by = "scheduler-skipped",
},
{
	CASE(a_nice_value_alone_is_applied),
	.title  = "SCHED_OTHER with a negative nice is the program's",
	.clause = { MUST("config.def.scheduler") },
	.needs  = { .root = 1, .spec = "1.1.0", .runtime_feature = "scheduler" },
	.given  = { SET("process.scheduler", { "policy": "SCHED_OTHER", "nice": -5 }) },
	.then   = { INSIDE("scheduler.policy", equals, "SCHED_OTHER"), INSIDE("nice", equals, -5) },
	.refuted_by = "scheduler-skipped",
},
{
	CASE(reset_on_fork_is_applied),
	.title  = "SCHED_FLAG_RESET_ON_FORK is the program's flag",
	.clause = { MUST("config.def.scheduler") },
	.needs  = { .root = 1, .spec = "1.1.0", .runtime_feature = "scheduler" },
	.given  = { SET("process.scheduler", { "policy": "SCHED_BATCH", "flags": ["SCHED_FLAG_RESET_ON_FORK"] }) },
	.then   = { INSIDE("scheduler.flags", contains, "SCHED_FLAG_RESET_ON_FORK") },
	.refuted_by = "scheduler-skipped",
},
{
	CASE(a_policy_without_a_name_is_refused),
	.title  = "a scheduler without policy is an error",
	.clause = { MUST("config.process.scheduler.policy") },
	.needs   = { .root = 1, .spec = "1.1.0", .runtime_feature = "scheduler" },
	.given   = { SET("process.scheduler", { "nice": 1 }) },
	.control = { SET("process.scheduler", { "policy": "SCHED_OTHER", "nice": 1 }) },
	.when    = { REFUSES(run) },
	.then    = { HOST("leftovers", equals, []) },
	.refuted_by = "run-never-fails",
},
{
	CASE(the_idle_class_is_applied),
	.title  = "IOPRIO_CLASS_IDLE is the program's I/O class",
	.clause = { MUST("config.def.ioprio") },
	.needs  = { .root = 1, .spec = "1.1.0", .runtime_feature = "io-priority" },
	.given  = { SET("process.ioPriority", { "class": "IOPRIO_CLASS_IDLE", "priority": 0 }) },
	.then   = { INSIDE("io_priority.class", equals, "IOPRIO_CLASS_IDLE") },
	.refuted_by = "io-priority-skipped",
},
{
	CASE(the_real_time_class_is_applied),
	.title  = "IOPRIO_CLASS_RT and its priority are the program's",
	.clause = { MUST("config.def.ioprio") },
	.needs  = { .root = 1, .spec = "1.1.0", .runtime_feature = "io-priority" },
	.given  = { SET("process.ioPriority", { "class": "IOPRIO_CLASS_RT", "priority": 3 }) },
	.then   = { INSIDE("io_priority", equals, { "class": "IOPRIO_CLASS_RT", "priority": 3 }) },
	.refuted_by = "io-priority-skipped",
},
{
	CASE(an_io_priority_without_a_class_is_refused),
	.title  = "an ioPriority without class is an error",
	.clause = { MUST("config.process.ioPriority.class") },
	.needs   = { .root = 1, .spec = "1.1.0", .runtime_feature = "io-priority" },
	.given   = { SET("process.ioPriority", { "priority": 1 }) },
	.control = { SET("process.ioPriority", { "class": "IOPRIO_CLASS_BE", "priority": 1 }) },
	.when    = { REFUSES(run) },
	.then    = { HOST("leftovers", equals, []) },
	.refuted_by = "run-never-fails",
},
{
	CASE(a_policy_of_a_process_object_is_applied),
	.title  = "scheduler and ioPriority of exec's process object are the command's",
	.clause = { MUST("config.def.scheduler"), MUST("config.def.ioprio") },
	.needs  = { .root = 1, .spec = "1.1.0", .runtime_feature = "scheduler" },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready),
		DO(exec, { "process": {
			"args": ["/probe", "--try"], "cwd": "/", "user": { "uid": 0, "gid": 0 }, "env": ["PATH=/"], "scheduler": { "policy": "SCHED_BATCH", "nice": 4 },
			"ioPriority": { "class": "IOPRIO_CLASS_BE", "priority": 6 }
		} }),
		DO(kill, "KILL"), DO(wait), DO(delete)
	},
	.then   = {
		INSIDE("exec[0].scheduler.policy", equals, "SCHED_BATCH"),
		INSIDE("exec[0].nice", equals, 4),
		INSIDE("exec[0].io_priority", equals, { "class": "IOPRIO_CLASS_BE", "priority": 6 }),
		INSIDE("nice", differs, 4),
	},
	.refuted_by = "scheduler-skipped",
},
};

AREA(oci_scheduling, "oci/scheduling", scheduling);
