/* exec crosses from the host into a container that may be hostile: what it must not take along. */
#include "harness/case.h"

static const struct conformance_case exec[] = {
{
	CASE(no_descriptor_leads_the_command_out),
	.title  = "a working directory that is one of the runtime's descriptors does not lead out of the container",
	.clause = { HARDENING("runtime-linux.def.fds-closed") },
	.needs  = { .root = 1, .runtime_feature = "exec" },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready),
		DO(exec, { "flags": ["--cwd", "/proc"], "args": ["/probe", "--try"] }),
		REFUSES(exec, { "flags": ["--cwd", "/proc/self/fd/5"], "args": ["/probe", "--try"] }),
		REFUSES(exec, { "flags": ["--cwd", "/proc/self/fd/6"], "args": ["/probe", "--try"] }),
		REFUSES(exec, { "flags": ["--cwd", "/proc/self/fd/7"], "args": ["/probe", "--try"] }),
		REFUSES(exec, { "flags": ["--cwd", "/proc/self/fd/8"], "args": ["/probe", "--try"] }),
		REFUSES(exec, { "flags": ["--cwd", "/proc/self/fd/9"], "args": ["/probe", "--try"] }),
		DO(kill, "KILL"), DO(wait), DO(delete)
	},
	.then   = { INSIDE("exec[0].cwd", equals, "/proc"), INSIDE("exec[5]", equals, {}) },
	.refuted_by = "exec-keeps-a-descriptor",
	.why = "CVE-2024-21626: a directory of the host that is still open, and whose name as working directory nobody checks.",
},
{
	CASE(no_descriptor_leads_to_a_program_of_the_host),
	.title  = "a program that is named through one of the runtime's descriptors is not found",
	.clause = { HARDENING("runtime-linux.def.fds-closed") },
	.needs  = { .root = 1, .runtime_feature = "exec" },
	.inside = { "hold" },
	.when   = {
		DO(create), DO(start), DO(ready),
		DO(exec, { "args": ["/proc/../probe", "--try"] }),
		REFUSES(exec, { "args": ["/proc/self/fd/5/../../../../../..@rootfs/probe", "--try"] }),
		REFUSES(exec, { "args": ["/proc/self/fd/6/../../../../../..@rootfs/probe", "--try"] }),
		REFUSES(exec, { "args": ["/proc/self/fd/7/../../../../../..@rootfs/probe", "--try"] }),
		REFUSES(exec, { "args": ["/proc/self/fd/8/../../../../../..@rootfs/probe", "--try"] }),
		DO(kill, "KILL"), DO(wait), DO(delete)
	},
	.then   = { INSIDE("exec[0].exe", equals, "/probe"), INSIDE("exec[4]", equals, {}) },
	.refuted_by = "exec-closes-descriptors-too-late",
	.why = "CVE-2024-21626, third variant: what closes at the end of execve is open while the program's name is resolved.",
},
};

AREA(security_exec, "security/exec", exec);
