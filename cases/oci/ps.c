/* ps: the processes of a container for whoever supervises it. */
#include "harness/case.h"

static const struct conformance_case ps[] = {
{
	CASE(the_first_process_is_listed_by_its_host_pid),
	.title  = "ps --format json lists a container's only process by the pid that the caller knows it by",
	.clause = { HARDENING("runtime.state.pid") },
	.needs  = { .root = 1, .payload = 1, .runtime_feature = "ps" },
	.inside = { "hold" },
	.when   = { DO(create), DO(start), DO(ready), DO(ps), DO(kill, "KILL"), DO(wait), DO(delete) },
	.then   = { EXIT("ps.list", equals, ["@host.pid_file.pid"]), INSIDE("pid", equals, 1) },
	.refuted_by = "ps-counts-in-the-container",
},
{
	CASE(what_exec_has_added_is_listed),
	.title  = "ps lists the container's first process and what exec has added",
	.clause = { HARDENING("runtime.state.pid") },
	.needs  = { .root = 1, .runtime_feature = "ps" },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready), DO(exec, { "flags": ["--detach"], "args": ["/probe", "--try", "hold"] }), DO(ready, "exec"), DO(ps),
		DO(kill, "KILL"), DO(wait), DO(delete)
	},
	.then   = {
		EXIT("ps.list", contains, "@host.pid_file.pid"),
		EXIT("ps.out", matches, "^[[:space:]]*\\[[[:space:]]*[0-9]+,[[:space:]]*[0-9]+[[:space:]]*\\]"),
	},
	.refuted_by = "ps-shows-init-only",
},
{
	CASE(a_process_in_a_group_below_is_listed),
	.title  = "ps lists processes in cgroups below the container's own",
	.clause = { HARDENING("runtime.state.pid") },
	.needs  = { .root = 1, .cgroup = 1, .runtime_feature = "exec-cgroup-controller" },
	.given  = { ADD("mounts[]", { "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup" }) },
	.inside = { "cgroup-mkdir below", "hold" },
	.when   = {
		DO(create), DO(start), DO(ready),
		DO(exec, { "flags": ["--detach", "--cgroup", "pids:below"], "args": ["/probe", "--try", "hold"] }), DO(ready, "exec"), DO(ps),
		DO(kill, "KILL"), DO(wait), DO(delete)
	},
	.then   = {
		INSIDE("exec[0].cgroup.pids", matches, "/below$"),
		EXIT("ps.out", matches, "^[[:space:]]*\\[[[:space:]]*[0-9]+,[[:space:]]*[0-9]+[[:space:]]*\\]"),
	},
	.refuted_by = "ps-shows-init-only",
},
};

AREA(oci_ps, "oci/ps", ps);
