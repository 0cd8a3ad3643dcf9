/* The same as oci/update, where version 2 has other files for it: limits of the unified hierarchy, changed and taken back. */
#include "harness/case.h"

static const struct conformance_case update_v2[] = {
{
	CASE(memory_and_swap_are_raised),
	.title  = "update raises memory.max, and memory.swap.max is what swap leaves",
	.clause = { MUST("linux.res.memory.def.limit"), MUST("linux.res.memory.def.swap") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 67108864, "swap": 67108864 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "memory": { "limit": 134217728, "swap": 201326592 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.unified[memory.max]", equals, "134217728"),
		HOST("after[update].cgroup.unified[memory.swap.max]", equals, "67108864"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(memory_and_swap_are_lowered),
	.title  = "update lowers memory.max and memory.swap.max",
	.clause = { MUST("linux.res.memory.def.limit"), MUST("linux.res.memory.def.swap") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 134217728, "swap": 268435456 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "memory": { "limit": 67108864, "swap": 100663296 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.unified[memory.max]", equals, "67108864"),
		HOST("after[update].cgroup.unified[memory.swap.max]", equals, "33554432"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(the_limit_of_memory_is_lifted),
	.title  = "update of memory.limit and swap to -1 lifts both",
	.clause = { MUST("linux.res.memory.def.limit"), MUST("linux.res.memory.def.swap") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 67108864, "swap": 67108864 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "memory": { "limit": -1, "swap": -1 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.unified[memory.max]", equals, "max"),
		HOST("after[update].cgroup.unified[memory.swap.max]", equals, "max"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(the_reservation_is_changed),
	.title  = "update of memory.reservation changes memory.low and not memory.max",
	.clause = { MUST("linux.res.memory.def.reservation") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 134217728, "swap": 134217728 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "memory": { "reservation": 33554432 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.unified[memory.low]", equals, "33554432"),
		HOST("after[update].cgroup.unified[memory.max]", equals, "134217728"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_limit_below_what_is_in_use_is_refused),
	.title  = "with checkBeforeUpdate a memory limit below the present use is an error, and nobody is killed for it",
	.clause = { MUST("linux.res.memory.checkBeforeUpdate") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 67108864, "swap": 67108864 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "memory": { "limit": 4096, "checkBeforeUpdate": true } }), DO(update, { "memory": { "reservation": 33554432 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.unified[memory.max]", equals, "67108864"),
		HOST("after.step[3].init.alive", equals, true),
	},
	.refuted_by = "update-never-fails",
},
{
	CASE(shares_become_a_weight),
	.title  = "update of cpu.shares changes cpu.weight in the same direction",
	.clause = { MUST("linux.res.cpu.def.shares") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "cpu", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "shares": 1024 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "cpu": { "shares": 262144 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.unified[cpu.weight]", equals, "10000"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_quota_alone_leaves_the_period),
	.title  = "update of cpu.quota alone leaves the period in cpu.max",
	.clause = { MUST("linux.res.cpu.def.quota-period") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "cpu", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "quota": 30000, "period": 200000 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "cpu": { "quota": 60000 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.unified[cpu.max]", equals, "60000 200000"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_period_and_a_quota_are_changed),
	.title  = "update of both changes cpu.max",
	.clause = { MUST("linux.res.cpu.def.quota-period") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "cpu", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "quota": 30000, "period": 200000 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "cpu": { "quota": 5000, "period": 10000 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.unified[cpu.max]", equals, "5000 10000"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_quota_is_lifted),
	.title  = "update of cpu.quota to -1 lifts the limit and leaves the period",
	.clause = { MUST("linux.res.cpu.def.quota-period") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "cpu", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "quota": 30000, "period": 200000 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "cpu": { "quota": -1 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.unified[cpu.max]", equals, "max 200000"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(the_cpu_set_is_changed),
	.title  = "update of cpu.cpus changes cpuset.cpus",
	.clause = { MUST("linux.res.cpu.def.cpuset") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "cpuset", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "mems": "0" }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "cpu": { "cpus": "0" } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.unified[cpuset.cpus]", equals, "0"),
		HOST("after[update].cgroup.unified[cpuset.mems]", equals, "0"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_unified_setting_is_changed),
	.title  = "update of a unified setting writes that file",
	.clause = { MUST("linux.unified.unknown-written") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.unified", { "memory.high": "67108864" }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "unified": { "memory.high": "33554432" } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.unified[memory.high]", equals, "33554432"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_failed_update_takes_the_weight_back),
	.title  = "an update whose CPU set is impossible leaves cpu.weight as it was",
	.clause = { MUST("runtime.errors.rollback") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "cpuset", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "shares": 1024 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "cpu": { "shares": 262144, "cpus": "no list" } }), DO(update, { "cpu": { "cpus": "0" } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.unified[cpu.weight]", equals, "@host.after.ready.cgroup.unified[cpu.weight]"),
	},
	.refuted_by = "update-never-fails",
	.why = "A half-done update is neither the old promise nor the new one, and nobody is told which part was kept.",
},
{
	CASE(a_failed_update_takes_memory_back),
	.title  = "an update with a unified file that is not there leaves the memory limits as they were",
	.clause = { MUST("runtime.errors.rollback"), MUST("linux.unified.absent-controller") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 67108864, "swap": 67108864 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "memory": { "limit": 134217728, "swap": 201326592 }, "unified": { "memory.nothing": "1" } }), DO(update, { "unified": { "memory.high": "33554432" } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.unified[memory.max]", equals, "67108864"),
		HOST("after.step[3].cgroup.unified[memory.swap.max]", equals, "0"),
	},
	.refuted_by = "update-not-undone",
	.why = "A half-done update is neither the old promise nor the new one, and nobody is told which part was kept.",
},
{
	CASE(a_failed_update_takes_the_quota_back),
	.title  = "an update with a unified file that is not there leaves cpu.max as it was",
	.clause = { MUST("runtime.errors.rollback"), MUST("linux.unified.absent-controller") },
	.needs  = { .root = 1, .cgroup = 2, .controller = "cpu", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "quota": 30000, "period": 200000 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "cpu": { "quota": 5000, "period": 10000 }, "unified": { "memory.nothing": "1" } }), DO(update, { "cpu": { "quota": 60000 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.unified[cpu.max]", equals, "30000 200000"),
		HOST("after[update].cgroup.unified[cpu.max]", equals, "60000 200000"),
	},
	.refuted_by = "update-not-undone",
	.why = "A half-done update is neither the old promise nor the new one, and nobody is told which part was kept.",
},
};
AREA(oci_update_v2, "oci/update_v2", update_v2);
