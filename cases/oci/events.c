/* `events --stats`: what the container uses, as engines read it. The numbers are held against its cgroup and its config. */
#include "harness/case.h"

static const struct conformance_case events[] = {
{
	CASE(statistics_name_their_container),
	.title  = "events --stats prints one JSON object of the type stats with the container's id",
	.clause = { HARDENING("callers.events.stats") },
	.needs  = { .root = 1, .controller = "pids", .runtime_feature = "events" },
	.inside = { "hold" },
	.when   = { DO(create), DO(start), DO(ready), DO(events), DO(kill, "KILL"), DO(wait), DO(delete) },
	.then   = {
		EXIT("events.lines[0].type", equals, "stats"),
		EXIT("events.lines[0].id", equals, "@id"),
		EXIT("events.lines[1]", absent),
	},
	.refuted_by = "events-does-nothing",
},
{
	CASE(processes_are_counted),
	.title  = "the number of processes and its limit are those of the container",
	.clause = { HARDENING("callers.events.stats"), MUST("linux.res.pids.def.limit") },
	.needs  = { .root = 1, .controller = "pids", .runtime_feature = "events" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }) },
	.inside = { "hold" },
	.when   = { DO(create), DO(start), DO(ready), DO(events), DO(kill, "KILL"), DO(wait), DO(delete) },
	.then   = {
		EXIT("events.lines[0].data.pids.current", equals, 1),
		EXIT("events.lines[0].data.pids.limit", equals, 42),
	},
	.refuted_by = "cgroup-limits-dropped",
},
{
	CASE(memory_is_counted),
	.title  = "the use of memory is more than nothing and below the limit, which is shown",
	.clause = { HARDENING("callers.events.stats"), MUST("linux.res.memory.def.limit") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "memory", .runtime_feature = "events" },
	.given  = { SET("linux.resources.memory", { "limit": 67108864, "swap": 67108864 }) },
	.inside = { "hold" },
	.when   = { DO(create), DO(start), DO(ready), DO(events), DO(kill, "KILL"), DO(wait), DO(delete) },
	.then   = {
		EXIT("events.lines[0].data.memory.usage.limit", equals, 67108864),
		EXIT("events.lines[0].data.memory.usage.usage", at_least, 4096),
		EXIT("events.lines[0].data.memory.usage.usage", at_most, 67108864),
		EXIT("events.lines[0].data.memory.swap.limit", equals, 67108864),
		EXIT("events.lines[0].data.memory.raw", present),
	},
	.refuted_by = "cgroup-limits-dropped",
},
{
	CASE(cpu_time_is_counted),
	.title  = "the CPU time of the container is more than nothing",
	.clause = { HARDENING("callers.events.stats") },
	.needs  = { .root = 1, .controller = "cpu", .runtime_feature = "events" },
	.inside = { "fork 20", "hold" },
	.when   = { DO(create), DO(start), DO(ready), DO(events), DO(kill, "KILL"), DO(wait), DO(delete) },
	.then   = { EXIT("events.lines[0].data.cpu.usage.total", at_least, 1000) },
	.refuted_by = "events-does-nothing",
},
{
	CASE(statistics_follow_an_update),
	.title  = "after an update the new limit is shown",
	.clause = { HARDENING("callers.events.stats"), MUST("linux.res.pids.def.limit") },
	.needs  = { .root = 1, .controller = "pids", .runtime_feature = "events" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }) },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(events), DO(update, { "pids": { "limit": 77 } }), DO(events), DO(kill, "KILL"),
		DO(wait), DO(delete),
	},
	.then   = {
		EXIT("step[3].lines[0].data.pids.limit", equals, 42),
		EXIT("step[5].lines[0].data.pids.limit", equals, 77),
	},
	.refuted_by = "update-does-nothing",
},
{
	CASE(a_paused_container_has_statistics),
	.title  = "events --stats answers for a paused container and leaves it paused",
	.clause = { HARDENING("callers.events.stats") },
	.needs  = { .root = 1, .controller = "freezer", .runtime_feature = "events" },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(pause), DO(events), DO(resume), DO(kill, "KILL"), DO(wait), DO(delete),
	},
	.then   = {
		EXIT("events.lines[0].data.pids.current", equals, 1),
		STATE("after[events].status", equals, "paused"),
	},
	.refuted_by = "events-does-nothing",
},
{
	CASE(a_stopped_container_has_no_statistics),
	.title  = "events --stats of a container that has stopped is an error",
	.clause = { HARDENING("callers.events.stats") },
	.needs  = { .root = 1, .controller = "pids", .runtime_feature = "events" },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(events), DO(kill, "KILL"), DO(wait), REFUSES(events), DO(delete),
	},
	.then   = { STATE("step[6].status", equals, "stopped") },
	.refuted_by = "events-never-fails",
},
};
AREA(oci_events, "oci/events", events);
