/* runtime-linux.md, File descriptors: what is open when the program begins, and what must not be. */
#include "harness/case.h"

static const struct conformance_case fds[] = {
{
	CASE(only_the_standard_streams_are_open),
	.title  = "the program has stdin, stdout and stderr and no other descriptor",
	.clause = { MUST("runtime-linux.def.fds-closed") },
	.needs  = { .root = 1 },
	.then   = { INSIDE("fd_list", equals, [0, 1, 2]) },
	.refuted_by = "create-leaks-descriptor",
	.why   = "One descriptor of a host directory is enough to leave the container: CVE-2024-21626.",
	.debug = "inside.fds shows where each descriptor leads; a directory of the host or of cgroupfs is the dangerous kind.",
},
{
	CASE(the_working_directory_lies_inside),
	.title  = "the working directory of the program lies in the container's root",
	.clause = { MUST("runtime-linux.def.fds-closed"), MUST("config.process.cwd.required") },
	.needs  = { .root = 1 },
	.given  = { SET("process.cwd", "/etc") },
	.inside = { "stat ../probe" },
	.then   = {
		INSIDE("cwd", equals, "/etc"),
		INSIDE("try[stat ../probe].kind", equals, "file"),
	},
	.refuted_by = "cwd-ignored",
	.why = "A working directory entered through /proc/self/fd leads outside: the getcwd of CVE-2024-21626 said (unreachable).",
},
{
	CASE(a_working_directory_through_a_descriptor_leads_nowhere),
	.title  = "a process.cwd below /proc/self/fd does not open a way to the host",
	.clause = { MUST("runtime-linux.def.fds-closed") },
	.needs   = { .root = 1 },
	.given   = { SET("process.cwd", "/proc/self/fd/7") },
	.control = { SET("process.cwd", "/") },
	.when    = { REFUSES(run) },
	.then    = { HOST("leftovers", equals, []) },
	.refuted_by = "run-never-fails",
	.why = "With a descriptor of the runtime still open this was the whole of CVE-2024-21626.",
},
{
	CASE(output_is_the_callers),
	.title  = "what the program prints goes to the descriptors that create was given",
	.clause = { MUST("runtime-linux.def.fds-closed") },
	.needs  = { .root = 1 },
	.inside = { "print 4096", "errors one line for stderr" },
	.then   = {
		INSIDE("complete", equals, true),
		INSIDE("fds[1].kind", differs, "directory"),
		INSIDE("try[print 4096].errno", absent),
	},
	.refuted_by = "start-fakes-the-probe",
	.why = "After create the runtime is gone: only the inherited descriptors can carry the program's output.",
},
{
	CASE(none_is_handed_on_when_none_is_asked_for),
	.title  = "--preserve-fds 0 hands on no descriptor",
	.clause = { MUST("runtime-linux.def.fds-preserved") },
	.needs  = { .root = 1, .runtime_feature = "preserve-fds" },
	.when   = { DO(create, ["--bundle", "@bundle", "--preserve-fds", "0", "@id"]), DO(start), DO(wait), DO(delete) },
	.then   = { INSIDE("fd_list", equals, [0, 1, 2]) },
	.refuted_by = "create-leaks-descriptor",
},
};
AREA(oci_fds, "oci/fds", fds);
