/*
 * config-linux.md, Control groups, changed while the container is there: `update` writes what it is given, leaves what it is
 * not, and has either done all of it or nothing.
 */
#include "harness/case.h"

static const struct conformance_case update[] = {
{
	CASE(the_limit_of_processes_is_changed),
	.title  = "update of pids.limit changes pids.max of a running container",
	.clause = { MUST("linux.res.pids.def.limit") },
	.needs  = { .root = 1, .controller = "pids", .runtime_feature = "update" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "pids": { "limit": 77 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[ready].cgroup.pids[pids.max]", equals, "42"),
		HOST("after[update].cgroup.pids[pids.max]", equals, "77"),
		HOST("after[update].init.alive", equals, true),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(the_limit_of_processes_is_lifted),
	.title  = "update of pids.limit to -1 lifts the limit",
	.clause = { MUST("linux.res.pids.def.limit") },
	.needs  = { .root = 1, .controller = "pids", .runtime_feature = "update", .spec = "1.3.0" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "pids": { "limit": -1 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.pids[pids.max]", equals, "max"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(limits_that_are_not_named_stay),
	.title  = "update of one limit leaves the others",
	.clause = { MUST("linux.res.pids.def.limit"), MUST("linux.res.cpu.def.shares") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "pids", .runtime_feature = "update" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }), SET("linux.resources.cpu", { "shares": 512 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "cpu": { "shares": 256 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.cpu[cpu.shares]", equals, "256"),
		HOST("after[update].cgroup.pids[pids.max]", equals, "42"),
	},
	.refuted_by = "update-lifts-pids-limit",
},
{
	CASE(an_empty_update_changes_nothing),
	.title  = "update with an empty object succeeds and changes nothing",
	.clause = { MUST("linux.res.pids.def.limit"), MUST("linux.res.memory.def.limit") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "pids", .runtime_feature = "update" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }), SET("linux.resources.memory", { "limit": 67108864, "swap": 67108864 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, {}), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.pids[pids.max]", equals, "42"),
		HOST("after[update].cgroup.memory[memory.limit_in_bytes]", equals, "67108864"),
	},
	.refuted_by = "update-lifts-pids-limit",
},
{
	CASE(memory_and_swap_are_raised),
	.title  = "update raises memory and swap together beyond both old limits",
	.clause = { MUST("linux.res.memory.def.limit"), MUST("linux.res.memory.def.swap") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 67108864, "swap": 67108864 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "memory": { "limit": 268435456, "swap": 268435456 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.memory[memory.limit_in_bytes]", equals, "268435456"),
		HOST("after[update].cgroup.memory[memory.memsw.limit_in_bytes]", equals, "268435456"),
	},
	.refuted_by = "update-does-nothing",
	.why = "The sum has to be written first on the way up, and last on the way down: either is refused the other way round.",
},
{
	CASE(memory_and_swap_are_lowered),
	.title  = "update lowers memory and swap together below both old limits",
	.clause = { MUST("linux.res.memory.def.limit"), MUST("linux.res.memory.def.swap") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 268435456, "swap": 268435456 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "memory": { "limit": 67108864, "swap": 67108864 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.memory[memory.limit_in_bytes]", equals, "67108864"),
		HOST("after[update].cgroup.memory[memory.memsw.limit_in_bytes]", equals, "67108864"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(memory_alone_leaves_swap),
	.title  = "update of memory.limit alone leaves the limit of memory and swap together",
	.clause = { MUST("linux.res.memory.def.limit") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 67108864, "swap": 268435456 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "memory": { "limit": 134217728 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.memory[memory.limit_in_bytes]", equals, "134217728"),
		HOST("after[update].cgroup.memory[memory.memsw.limit_in_bytes]", equals, "268435456"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(the_limit_of_memory_is_lifted),
	.title  = "update of memory.limit and swap to -1 lifts both limits",
	.clause = { MUST("linux.res.memory.def.limit"), MUST("linux.res.memory.def.swap") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 67108864, "swap": 67108864 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "memory": { "limit": -1, "swap": -1 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.memory[memory.limit_in_bytes]", equals, "9223372036854771712"),
		HOST("after[update].cgroup.memory[memory.memsw.limit_in_bytes]", equals, "9223372036854771712"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(the_soft_limit_is_changed),
	.title  = "update of memory.reservation changes the soft limit and not the hard one",
	.clause = { MUST("linux.res.memory.def.reservation") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 134217728, "swap": 134217728 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "memory": { "reservation": 33554432 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.memory[memory.soft_limit_in_bytes]", equals, "33554432"),
		HOST("after[update].cgroup.memory[memory.limit_in_bytes]", equals, "134217728"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_limit_below_what_is_in_use_is_refused),
	.title  = "with checkBeforeUpdate a memory limit below the present use is an error, and the old one stays",
	.clause = { MUST("linux.res.memory.checkBeforeUpdate") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "memory", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 67108864, "swap": 67108864 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "memory": { "limit": 4096, "checkBeforeUpdate": true } }), DO(update, { "memory": { "reservation": 33554432 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.memory[memory.limit_in_bytes]", equals, "67108864"),
		HOST("after.step[3].init.alive", equals, true),
	},
	.refuted_by = "update-never-fails",
},
{
	CASE(cpu_shares_are_changed),
	.title  = "update of cpu.shares changes them",
	.clause = { MUST("linux.res.cpu.def.shares") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "cpu", .runtime_feature = "update" },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "cpu": { "shares": 300 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.cpu[cpu.shares]", equals, "300"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(quota_and_period_grow_together),
	.title  = "update to a longer period and a larger quota sets both",
	.clause = { MUST("linux.res.cpu.def.quota-period") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "cpu", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "quota": 5000, "period": 10000 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "cpu": { "quota": 800000, "period": 1000000 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.cpu[cpu.cfs_quota_us]", equals, "800000"),
		HOST("after[update].cgroup.cpu[cpu.cfs_period_us]", equals, "1000000"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(quota_and_period_shrink_together),
	.title  = "update to a shorter period and a smaller quota sets both",
	.clause = { MUST("linux.res.cpu.def.quota-period") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "cpu", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "quota": 800000, "period": 1000000 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "cpu": { "quota": 5000, "period": 10000 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.cpu[cpu.cfs_quota_us]", equals, "5000"),
		HOST("after[update].cgroup.cpu[cpu.cfs_period_us]", equals, "10000"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_quota_alone_leaves_the_period),
	.title  = "update of cpu.quota alone leaves the period",
	.clause = { MUST("linux.res.cpu.def.quota-period") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "cpu", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "quota": 30000, "period": 200000 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "cpu": { "quota": 60000 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.cpu[cpu.cfs_quota_us]", equals, "60000"),
		HOST("after[update].cgroup.cpu[cpu.cfs_period_us]", equals, "200000"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_quota_is_lifted),
	.title  = "update of cpu.quota to -1 lifts the limit",
	.clause = { MUST("linux.res.cpu.def.quota-period") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "cpu", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "quota": 30000, "period": 200000 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "cpu": { "quota": -1 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.cpu[cpu.cfs_quota_us]", equals, "-1"),
		HOST("after[update].cgroup.cpu[cpu.cfs_period_us]", equals, "200000"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(the_cpu_set_is_changed),
	.title  = "update of cpu.cpus moves the container to those CPUs",
	.clause = { MUST("linux.res.cpu.def.cpuset") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "cpuset", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "mems": "0" }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, { "cpu": { "cpus": "0" } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.cpuset[cpuset.cpus]", equals, "0"),
		HOST("after[update].cgroup.cpuset[cpuset.mems]", equals, "0"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_cpu_that_does_not_exist_is_refused),
	.title  = "update to a CPU that the machine does not have is an error, and the old set stays",
	.clause = { MUST("linux.res.cpu.def.cpuset"), MUST("runtime.errors.rollback") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "cpuset", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "cpus": "0" }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "cpu": { "cpus": "8190" } }), DO(update, { "cpu": { "mems": "0" } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.cpuset[cpuset.cpus]", equals, "0"),
		HOST("after[update].cgroup.cpuset[cpuset.cpus]", equals, "0"),
	},
	.refuted_by = "update-never-fails",
},
{
	CASE(a_failed_update_takes_shares_back),
	.title  = "an update whose CPU set is impossible leaves the shares as they were",
	.clause = { MUST("runtime.errors.rollback") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "cpuset", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "shares": 512 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "cpu": { "shares": 300, "cpus": "8190" } }), DO(update, { "cpu": { "cpus": "0" } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.cpu[cpu.shares]", equals, "512"),
	},
	.refuted_by = "update-not-undone",
	.why = "A half-done update is neither the old promise nor the new one, and nobody is told which part was kept.",
},
{
	CASE(a_failed_update_takes_memory_back),
	.title  = "an update whose CPU set is impossible leaves the memory limits as they were",
	.clause = { MUST("runtime.errors.rollback") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "cpuset", .runtime_feature = "update" },
	.given  = { SET("linux.resources.memory", { "limit": 67108864, "swap": 67108864 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "memory": { "limit": 134217728, "swap": 134217728 }, "cpu": { "cpus": "8190" } }), DO(update, { "cpu": { "cpus": "0" } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.memory[memory.limit_in_bytes]", equals, "67108864"),
		HOST("after.step[3].cgroup.memory[memory.memsw.limit_in_bytes]", equals, "67108864"),
	},
	.refuted_by = "update-not-undone",
	.why = "A half-done update is neither the old promise nor the new one, and nobody is told which part was kept.",
},
{
	CASE(a_failed_update_takes_the_quota_back),
	.title  = "an update whose memory node is impossible leaves quota and period as they were",
	.clause = { MUST("runtime.errors.rollback") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "cpuset", .runtime_feature = "update" },
	.given  = { SET("linux.resources.cpu", { "quota": 30000, "period": 200000 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "cpu": { "quota": 800000, "period": 1000000, "mems": "900" } }), DO(update, { "cpu": { "mems": "0" } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.cpu[cpu.cfs_quota_us]", equals, "30000"),
		HOST("after.step[3].cgroup.cpu[cpu.cfs_period_us]", equals, "200000"),
	},
	.refuted_by = "update-not-undone",
	.why = "A half-done update is neither the old promise nor the new one, and nobody is told which part was kept.",
},
{
	CASE(a_failed_update_takes_the_pids_limit_back),
	.title  = "an update whose memory node is impossible leaves pids.max as it was",
	.clause = { MUST("runtime.errors.rollback") },
	.needs  = { .root = 1, .controller = "cpuset", .runtime_feature = "update" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "pids": { "limit": 77 }, "cpu": { "mems": "900" } }), DO(update, { "pids": { "limit": 43 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.pids[pids.max]", equals, "42"),
		HOST("after[update].cgroup.pids[pids.max]", equals, "43"),
	},
	.refuted_by = "update-never-fails",
	.why = "A half-done update is neither the old promise nor the new one, and nobody is told which part was kept.",
},
{
	CASE(the_device_rules_stay),
	.title  = "an update that fails leaves the device rules as they were",
	.clause = { MUST("runtime.errors.rollback"), MUST("linux.res.devices.def.filter") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "devices", .runtime_feature = "update" },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "pids": { "limit": 77 }, "cpu": { "cpus": "8190" } }), DO(update, { "cpu": { "cpus": "0" } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.devices[devices.list]", equals, "@host.after.ready.cgroup.devices[devices.list]"),
	},
	.refuted_by = "update-never-fails",
},
{
	CASE(a_document_that_is_no_json_is_refused),
	.title  = "update with resources that are no JSON is an error and changes nothing",
	.clause = { MUST("runtime.errors.rollback") },
	.needs  = { .root = 1, .controller = "pids", .runtime_feature = "update" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "flags": ["--resources=-"], "stdin": "{ \"pids\": { \"limit\": 77 }" }), DO(update, { "flags": ["--resources=-"], "stdin": "{ \"pids\": { \"limit\": 43 } }" }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.pids[pids.max]", equals, "42"),
		HOST("after[update].cgroup.pids[pids.max]", equals, "43"),
	},
	.refuted_by = "update-never-fails",
},
{
	CASE(a_limit_of_the_wrong_type_is_refused),
	.title  = "update with a limit that is no number is an error and changes nothing",
	.clause = { MUST("runtime.errors.rollback") },
	.needs  = { .root = 1, .controller = "pids", .runtime_feature = "update" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), REFUSES(update, { "pids": { "limit": "many" } }), DO(update, { "pids": { "limit": 43 } }), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after.step[3].cgroup.pids[pids.max]", equals, "42"),
	},
	.refuted_by = "update-never-fails",
},
{
	CASE(resources_come_from_a_file),
	.title  = "update --resources=FILE reads the file",
	.clause = { MUST("linux.res.pids.def.limit") },
	.needs  = { .root = 1, .controller = "pids", .runtime_feature = "update" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(write, { "path": "@scratch/resources.json", "content": "{ \"pids\": { \"limit\": 77 } }" }), DO(update, ["--resources=@scratch/resources.json", "@id"]), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.pids[pids.max]", equals, "77"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(resources_come_from_options),
	.title  = "update takes limits as options, in the words of runc",
	.clause = { MUST("linux.res.pids.def.limit"), MUST("linux.res.memory.def.limit"), MUST("linux.res.cpu.def.shares") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "pids", .runtime_feature = "update" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(update, ["--pids-limit", "77", "--memory=134217728", "--memory-swap", "134217728", "--cpu-share", "300", "--cpu-quota", "60000", "--cpuset-cpus", "0", "@id"]), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.pids[pids.max]", equals, "77"),
		HOST("after[update].cgroup.memory[memory.limit_in_bytes]", equals, "134217728"),
		HOST("after[update].cgroup.cpu[cpu.shares]", equals, "300"),
		HOST("after[update].cgroup.cpu[cpu.cfs_quota_us]", equals, "60000"),
		HOST("after[update].cgroup.cpuset[cpuset.cpus]", equals, "0"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_paused_container_is_updated),
	.title  = "update of a paused container changes its limit and leaves it paused",
	.clause = { MUST("linux.res.pids.def.limit") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "freezer", .runtime_feature = "update" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(pause), DO(update, { "pids": { "limit": 77 } }), DO(resume), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		HOST("after[update].cgroup.pids[pids.max]", equals, "77"),
		STATE("after[update].status", equals, "paused"),
		HOST("after[update].cgroup.freezer[freezer.state]", equals, "FROZEN"),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_created_container_is_updated),
	.title  = "update of a container that was only created changes its limit before the program runs",
	.clause = { MUST("linux.res.pids.def.limit") },
	.needs  = { .root = 1, .controller = "pids", .runtime_feature = "update" },
	.given  = { SET("linux.resources.pids", { "limit": 100 }) },
	.inside = { "fork 40" },
	.when   = { DO(create), DO(update, { "pids": { "limit": 20 } }), DO(start), DO(wait), DO(delete) },
	.then   = {
		STATE("after[update].status", equals, "created"),
		HOST("after[update].cgroup.pids[pids.max]", equals, "20"),
		INSIDE("try[fork 40].errno", equals, "EAGAIN"),
	},
	.refuted_by = "update-does-nothing",
},
};
AREA(oci_update, "oci/update", update);
