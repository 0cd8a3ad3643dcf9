/* What the runtime has open, and what a container could reach through it. */
#include "harness/case.h"

static const struct conformance_case descriptors[] = {
{
	CASE(hooks_inherit_no_descriptors),
	.title  = "a hook has its standard streams and no other descriptor of the runtime",
	.clause = { HARDENING("config.hooks.state-stdin") },
	.needs  = { .root = 1 },
	.given  = { ADD("hooks.createContainer[]", { "path": "@probe", "args": ["probe", "--hook", "@scratch/hooks", "first"] }) },
	.then   = { HOST("hooks[first].fd_list", equals, [0, 1, 2]) },
	.refuted_by = "hook-inherits-descriptors",
	.why = "CVE-2024-21626, CVE-2016-9962: createContainer hooks run in the container's namespaces, and may be the image's.",
},
{
	CASE(nothing_of_the_bundle_is_open_before_start),
	.title  = "what waits to be started has no descriptor of the bundle's directory",
	.clause = { HARDENING("runtime-linux.def.fds-closed") },
	.needs  = { .root = 1 },
	.when   = { DO(create), DO(start), DO(wait), DO(delete) },
	.then   = { HOST("after[create].init.fd_targets", lacks, "@bundle") },
	.refuted_by = "bundle-kept-open",
	.why = "CVE-2024-21626: between create and start a container may wait for days, and whoever gets into it finds what is open.",
},
{
	CASE(the_root_is_not_open_before_start),
	.title  = "what waits to be started has no descriptor of the host's /proc, /sys/fs/cgroup or root",
	.clause = { HARDENING("runtime-linux.def.fds-closed") },
	.needs  = { .root = 1 },
	.when   = { DO(create), DO(start), DO(wait), DO(delete) },
	.then   = {
		HOST("after[create].init.fd_targets", lacks, "/proc"),
		HOST("after[create].init.fd_targets", lacks, "/sys/fs/cgroup"),
		HOST("after[create].init.fd_targets", lacks, "/"),
	},
	.refuted_by = "host-proc-kept-open",
	.why = "CVE-2024-21626 was a directory of cgroupfs that runc had left open for its init.",
},
#define THROUGH(path) \
	.clause = { HARDENING("config.process.cwd.required") }, \
	.needs   = { .root = 1 }, \
	.given   = { SET("process.cwd", path) }, \
	.control = { SET("process.cwd", "/") }, \
	.when    = { REFUSES(run) }, \
	.then    = { HOST("leftovers", equals, []) }, \
	.refuted_by = "run-never-fails", \
	.why = "CVE-2024-21626: the working directory was a directory of the host that the runtime had open under this number."
{
	CASE(no_working_directory_through_descriptor_3),
	.title  = "process.cwd /proc/self/fd/3 does not start a program",
	THROUGH("/proc/self/fd/3"),
},
{
	CASE(no_working_directory_through_descriptor_5),
	.title  = "process.cwd /proc/self/fd/5 does not start a program",
	THROUGH("/proc/self/fd/5"),
},
{
	CASE(no_working_directory_through_descriptor_8),
	.title  = "process.cwd /proc/self/fd/8 does not start a program",
	THROUGH("/proc/self/fd/8"),
},
{
	CASE(no_program_through_a_descriptor),
	.title  = "a program named by /proc/self/fd/6 and the bundle's layout is not found",
	.clause = { HARDENING("runtime-linux.def.fds-closed") },
	.needs   = { .root = 1 },
	.given   = { SET("process.args", ["/proc/self/fd/6/rootfs/probe"]) },
	.control = { SET("process.args", ["/probe"]) },
	.when    = { REFUSES(run) },
	.then    = { HOST("leftovers", equals, []) },
	.refuted_by = "run-never-fails",
	.why = "CVE-2024-21626: execve resolves the name while descriptors that will close at its end are still open.",
},
{
	CASE(a_shell_program_through_a_descriptor_is_not_found),
	.title  = "an interpreter named by /proc/self/fd/6 in a script of the image is not found",
	.clause = { HARDENING("runtime-linux.def.fds-closed") },
	.needs   = { .root = 1 },
	.prepare = { NODE("rootfs/fifo", "p 0644"), FILE_WITH("rootfs/script", "#!/proc/self/fd/6/rootfs/probe\n") },
	.given   = { SET("process.args", ["/script"]) },
	.control = { SET("process.args", ["/probe"]) },
	.when    = { REFUSES(run) },
	.then    = { HOST("leftovers", equals, []) },
	.refuted_by = "run-never-fails",
	.why = "CVE-2019-5736, CVE-2024-21626: an image chooses its interpreter by one line.",
},
{
	CASE(the_runtimes_program_cannot_be_overwritten),
	.title  = "a hook in the container that holds on to /proc/1/exe cannot write to the runtime's program when that has ended",
	.clause = { HARDENING("runtime.lifecycle.startContainer.invoked") },
	.needs  = { .root = 1 },
	.prepare = { RUNTIME_COPY("scratch/runtime"), FILE_WITH("rootfs/other", "no program") },
	.given  = { SET("hooks.startContainer", [{ "path": "/probe", "args": ["probe", "--try", "overwrite /proc/1/exe 1500", "write /hook ran"] }]) },
	.inside = { "overwrite /other 1800", "await CHLD" },
	.when   = { DO(create), DO(start), DO(wait), DO(delete) },
	.then   = { HOST("scratch[runtime].content", differs, "overwritten\n"), HOST("rootfs[hook].content", equals, "ran"), INSIDE("try[await CHLD].signal", equals, "SIGCHLD") },
	.refuted_by = "exe-unprotected",
	.why = "CVE-2019-5736: what a container gets hold of while the runtime runs in it, it writes to afterwards, and the next start is the host's.",
	.debug = "The child of the hook tries for 1.5 s. The program stays a little longer, until a child of its own has ended that writes to a file which nobody runs.",
},
};
AREA(security_descriptors, "security/descriptors", descriptors);
