/* config-linux.md, Seccomp and Container Process State: calls that an agent outside the container answers. */
#include "harness/case.h"

static const struct conformance_case seccomp_notify[] = {
{
	CASE(the_agent_answers_a_call),
	.title  = "a call with SCMP_ACT_NOTIFY gets the answer of the agent at listenerPath",
	.clause = {
		MUST("linux.seccomp.listener.seccompFd"), MUST("linux.seccomp.state.scm"), MUST("linux.seccomp.listener.socktype"),
		MUST("linux.seccomp.def.actions")
	},
	.needs  = { .root = 1, .runtime_feature = "seccomp-notify" },
	.given  = {
		SET("linux.seccomp", { "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "@agent-socket", "syscalls": [
			{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY" }
		] }),
	},
	.inside = { "mkdir /made", "create /other" },
	.then   = {
		INSIDE("try[mkdir /made].errno", equals, "EXDEV"),
		INSIDE("try[create /other].errno", absent),
		HOST("agent[0].fds", equals, 1),
		HOST("rootfs[made]", absent),
	},
	.refuted_by = "seccomp-agent-gets-no-descriptor",
	.debug = "The agent of the harness answers every notification with EXDEV.",
},
{
	CASE(the_agent_is_told_whose_filter_it_is),
	.title  = "with the listener comes one container process state: version, the pid as the runtime knows it, the container's state",
	.clause = {
		MUST("linux.seccomp.state.payload"), MUST("linux.seccomp.state.ociVersion"), MUST("linux.seccomp.state.pid"), MUST("linux.seccomp.state.state")
	},
	.needs  = { .root = 1, .runtime_feature = "seccomp-notify" },
	.given  = {
		SET("linux.seccomp", { "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "@agent-socket", "syscalls": [
			{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY" }
		] }),
	},
	.then   = {
		HOST("agent[0].state.ociVersion", present),
		HOST("agent[0].state.fds", equals, ["seccompFd"]),
		HOST("agent[0].state.pid", equals, "@host.pid_file.pid"),
		HOST("agent[0].state.state.id", equals, "@id"),
		HOST("agent[0].state.state.bundle", equals, "@bundle"),
	},
	.refuted_by = "seccomp-state-of-nobody",
},
{
	CASE(metadata_reaches_the_agent),
	.title  = "listenerMetadata is part of what the agent gets",
	.clause = { MUST("linux.seccomp.state.payload") },
	.needs  = { .root = 1, .runtime_feature = "seccomp-notify" },
	.given  = {
		SET("linux.seccomp", { "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "@agent-socket", "listenerMetadata": "hung \u00e4 line", "syscalls": [
			{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY" }
		] }),
	},
	.then   = { HOST("agent[0].state.metadata", equals, "hung \u00e4 line") },
	.refuted_by = "seccomp-metadata-lost",
},
{
	CASE(one_state_comes_over_one_connection),
	.title  = "a container brings one connection with one state",
	.clause = { MUST("linux.seccomp.listener.one-state") },
	.needs  = { .root = 1, .runtime_feature = "seccomp-notify" },
	.given  = {
		SET("linux.seccomp", { "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "@agent-socket", "syscalls": [
			{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY" }
		] }),
	},
	.then   = { HOST("agent[0].state", present), HOST("agent[1]", absent) },
	.refuted_by = "seccomp-agent-is-told-twice",
},
{
	CASE(what_exec_adds_has_a_listener_of_its_own),
	.title  = "the filter of what exec adds brings a state with that process's pid, and its calls are answered",
	.clause = { HARDENING("linux.seccomp.state.pid") },
	.needs  = { .root = 1, .runtime_feature = "seccomp-notify" },
	.given  = {
		SET("linux.seccomp", { "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "@agent-socket", "syscalls": [
			{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY" }
		] }),
	},
	.inside = { "hold" },
	.when   = { DO(create), DO(start), DO(ready), DO(exec, { "args": ["/probe", "--try", "mkdir /made"] }), DO(kill, "KILL"), DO(wait), DO(delete) },
	.then   = {
		INSIDE("exec[0].try[mkdir /made].errno", equals, "EXDEV"),
		HOST("agent[1].state.pid", differs, "@host.pid_file.pid"),
		HOST("agent[1].state.state.id", equals, "@id"),
	},
	.refuted_by = "seccomp-agent-gets-no-descriptor",
},
{
	CASE(metadata_without_a_listener_is_refused),
	.title  = "listenerMetadata without listenerPath is an error",
	.clause = { MUST("linux.seccomp.listenerMetadata") },
	.needs   = { .root = 1, .runtime_feature = "seccomp-notify" },
	.given   = { SET("linux.seccomp", { "defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "lost" }) },
	.control = { DROP("linux.seccomp.listenerMetadata") },
	.when    = { REFUSES(run) },
	.then    = { HOST("leftovers", equals, []) },
	.refuted_by = "run-never-fails",
},
{
	CASE(an_agent_that_is_not_there_is_an_error),
	.title  = "where nobody listens at listenerPath the container does not run",
	.clause = { MUST("linux.seccomp.listener.send-fail") },
	.needs   = { .root = 1, .runtime_feature = "seccomp-notify" },
	.given   = {
		SET("linux.seccomp", { "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "@scratch/nobody", "syscalls": [
			{ "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY" }
		] }),
	},
	.control = { SET("linux.seccomp.listenerPath", "@agent-socket") },
	.when    = { REFUSES(run) },
	.then    = { HOST("leftovers", equals, []), KERNEL_NEVER("proc.exec:payload") },
	.refuted_by = "seccomp-agent-not-awaited",
},
};

AREA(oci_seccomp_notify, "oci/seccomp_notify", seccomp_notify);
