/* features.md and features-linux.md: what a runtime says of itself. Each claim that a case can try is tried. */
#include "harness/case.h"

static const struct conformance_case features[] = {
{
	CASE(features_has_both_versions),
	.title  = "features shows the lowest and the highest version of the specification that it accepts",
	.clause = { MUST("features.min.required"), MUST("features.max.required") },
	.needs  = { .root = 1, .runtime_feature = "features" },
	.when   = { DO(features), DO(create), DO(start), DO(wait), DO(delete) },
	.then   = {
		EXIT("features.code", equals, 0),
		HOST("features.ociVersionMin", matches, "^[0-9]+\\.[0-9]+\\.[0-9]+"),
		HOST("features.ociVersionMax", matches, "^[0-9]+\\.[0-9]+\\.[0-9]+"),
	},
	.refuted_by = "features-says-nothing",
},
{
	CASE(the_lowest_version_is_accepted),
	.title  = "a config of the version 1.0.0, which every listed range holds, is accepted",
	.clause = { MUST("features.min.accepted") },
	.needs  = { .root = 1, .runtime_feature = "features" },
	.given  = { SET("ociVersion", "1.0.0") },
	.when   = { DO(features), DO(create), DO(start), DO(wait), DO(delete) },
	.then   = { HOST("features.ociVersionMin", matches, "^1\\.0\\.0"), INSIDE("complete", equals, true) },
	.refuted_by = "features-says-nothing",
},
{
	CASE(features_lists_the_hooks_that_run),
	.title  = "features lists the six kinds of hooks",
	.clause = { MUST("features.hooks") },
	.needs  = { .root = 1, .runtime_feature = "features" },
	.given  = { SET("hooks.createRuntime", [{ "path": "@probe", "args": ["probe", "--hook", "@scratch/hooks", "createRuntime"] }]) },
	.when   = { DO(features), DO(create), DO(start), DO(wait), DO(delete) },
	.then   = {
		HOST("features.hooks", contains, ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]),
		HOST("hook_order", equals, ["createRuntime"]),
	},
	.refuted_by = "hooks-dropped",
},
{
	CASE(features_lists_mount_options_that_work),
	.title  = "an option that features lists is accepted and applied",
	.clause = { MUST("features.mountOptions") },
	.needs  = { .root = 1, .runtime_feature = "features" },
	.given  = { ADD("mounts[]", { "destination": "/data", "type": "bind", "source": "@scratch", "options": ["bind", "ro", "noexec"] }) },
	.when   = { DO(features), DO(create), DO(start), DO(wait), DO(delete) },
	.then   = {
		HOST("features.mountOptions", contains, ["bind", "rbind", "ro", "rw", "nosuid", "noexec", "nodev", "rprivate", "rslave", "rshared"]),
		INSIDE("mounts[/data].flags", contains, ["ro", "noexec"]),
	},
	.refuted_by = "mount-ignores-ro",
},
{
	CASE(features_lists_no_option_of_a_file_system),
	.title  = "features lists the runtime's mount options, not those of file systems",
	.clause = { SHOULD("features.mountOptions.no-fsdata") },
	.needs  = { .root = 1, .runtime_feature = "features" },
	.when   = { DO(features), DO(create), DO(start), DO(wait), DO(delete) },
	.then   = {
		HOST("features.mountOptions", lacks, ["size", "mode", "uid", "gid", "nr_inodes", "newinstance", "ptmxmode"]),
		HOST("features.mountOptions", contains, "bind"),
	},
	.refuted_by = "features-says-nothing",
},
{
	CASE(features_lists_namespaces_that_work),
	.title  = "features lists the namespaces that this runtime can make",
	.clause = { MUST("features.linux.namespaces") },
	.needs  = { .root = 1, .runtime_feature = "features" },
	.when   = { DO(features), DO(create), DO(start), DO(wait), DO(delete) },
	.then   = {
		HOST("features.linux.namespaces", contains, ["pid", "network", "mount", "ipc", "uts", "user", "cgroup"]),
		INSIDE("namespaces.network", differs, "@host.world.namespaces.network"),
		INSIDE("namespaces.ipc", differs, "@host.world.namespaces.ipc"),
	},
	.refuted_by = "namespace-network-missing",
},
{
	CASE(features_lists_capabilities),
	.title  = "features lists capabilities by the names that the config uses",
	.clause = { MUST("features.linux.capabilities") },
	.needs  = { .root = 1, .runtime_feature = "features" },
	.when   = { DO(features), DO(create), DO(start), DO(wait), DO(delete) },
	.then   = {
		HOST("features.linux.capabilities", contains, ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SYS_ADMIN", "CAP_BPF"]),
		INSIDE("caps.effective", equals, ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]),
	},
	.refuted_by = "capabilities-dropped",
},
{
	CASE(features_lists_seccomp_actions_and_operators),
	.title  = "features lists the actions, operators and architectures of seccomp that the config may use",
	.clause = { MUST("features.linux.seccomp.actions"), MUST("features.linux.seccomp.operators"), MUST("features.linux.seccomp.archs") },
	.needs  = { .root = 1, .runtime_feature = "features" },
	.given  = {
		SET("linux.seccomp", { "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
			{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO" },
			{ "names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [{ "index": 1, "value": 28, "op": "SCMP_CMP_EQ" }] }
		] }),
	},
	.inside = { "mkdir /made" },
	.when   = { DO(features), DO(create), DO(start), DO(wait), DO(delete) },
	.then   = {
		HOST("features.linux.seccomp.enabled", equals, true),
		HOST("features.linux.seccomp.actions", contains, ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_LOG"]),
		HOST("features.linux.seccomp.operators", contains, ["SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_MASKED_EQ"]),
		HOST("features.linux.seccomp.archs", contains, "SCMP_ARCH_X86_64"),
		INSIDE("try[mkdir /made].errno", equals, "EPERM"),
	},
	.refuted_by = "seccomp-dropped",
},
{
	CASE(features_tells_the_truth_about_cgroups),
	.title  = "features says that cgroup version 1 is supported, and a limit there is applied",
	.clause = { MUST("features.linux.def.cgroup") },
	.needs  = { .root = 1, .cgroup = 1, .controller = "pids", .runtime_feature = "features" },
	.given  = { SET("linux.resources.pids", { "limit": 42 }) },
	.when   = { DO(features), DO(create), DO(start), DO(wait), DO(delete) },
	.then   = {
		HOST("features.linux.cgroup.v1", equals, true),
		HOST("after[create].cgroup.pids[pids.max]", equals, "42"),
	},
	.refuted_by = "cgroup-limits-dropped",
},
{
	CASE(features_is_one_json_document),
	.title  = "features prints one JSON object and nothing else",
	.clause = { MUST("features.annotations") },
	.needs  = { .root = 1, .runtime_feature = "features" },
	.when   = { DO(features), DO(create), DO(start), DO(wait), DO(delete) },
	.then   = { EXIT("features.out", matches, "^[[:space:]]*\\{"), HOST("features.ociVersionMin", present) },
	.refuted_by = "features-prints-garbage",
},
};
AREA(oci_features, "oci/features", features);
