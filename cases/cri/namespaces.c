/* Which namespaces a container shares with its pod and with the node: told by inode numbers, never by what a program prints. */
#include "harness/case.h"

#define OPTIONS(who) who ".linux.security_context.namespace_options"
#define BOTH(json) SET(OPTIONS("sandbox"), json), SET(OPTIONS("container"), json)
#define TWO DO(RunPodSandbox), DO(CreateContainer), DO(StartContainer), DO(CreateContainer, { "$as": "b" }), DO(StartContainer, { "container_id": "@container-b" }), \
            DO(ready), DO(ExecSync), DO(ExecSync, { "container_id": "@container-b" }), DO(StopPodSandbox), DO(RemovePodSandbox)

static const struct conformance_case namespaces[] = {
{
	POD_CASE(a_container_has_processes_of_its_own),
	.title  = "with pid CONTAINER the program is process 1 and sees nobody else",
	.clause = { MUST("cri.namespaces.pid-container") },
	.then   = { INSIDE("pid", equals, 1), INSIDE("processes", equals, [{ "pid": 1, "ppid": 0, "name": "probe" }]),
	            INSIDE("namespaces.pid", differs, "@host.world.namespaces.pid") },
	.refuted_by = "namespace-pid-missing",
},
{
	POD_CASE(a_pods_processes_are_shared),
	.title  = "with pid POD process 1 is the pod's, and the program another",
	.clause = { MUST("cri.namespaces.pid-pod") },
	.given  = { SET(OPTIONS("sandbox") ".pid", "POD"), SET(OPTIONS("container") ".pid", "POD") },
	.then   = { INSIDE("pid", at_least, 2), INSIDE("processes[0].pid", equals, 1), INSIDE("namespaces.pid", differs, "@host.world.namespaces.pid") },
	.refuted_by = "cri-pid-mode-ignored",
},
{
	POD_CASE(the_nodes_processes_are_shared),
	.title  = "with pid NODE the program is in the node's PID namespace",
	.clause = { MUST("cri.namespaces.pid-node") },
	.given  = { SET(OPTIONS("sandbox") ".pid", "NODE"), SET(OPTIONS("container") ".pid", "NODE") },
	.then   = { INSIDE("namespaces.pid", equals, "@host.world.namespaces.pid") },
	.refuted_by = "cri-pid-node-is-container",
},
{
	POD_CASE(a_target_lends_its_processes),
	.title  = "with pid TARGET a container is in the PID namespace of the one it names",
	.clause = { MUST("cri.namespaces.pid-target") },
	.inside = { "hold" },
	.when   = { DO(RunPodSandbox), DO(CreateContainer), DO(StartContainer), DO(ready),
	            DO(CreateContainer, { "$as": "b", "config": { "linux": { "security_context": { "namespace_options": { "pid": "TARGET", "target_id": "@container" } } } } }),
	            DO(StartContainer, { "container_id": "@container-b" }), DO(ExecSync, { "container_id": "@container-b" }), DO(StopPodSandbox), DO(RemovePodSandbox) },
	.then   = { INSIDE("exec[0].namespaces.pid", equals, "@inside.namespaces.pid"), INSIDE("exec[0].namespaces.mount", differs, "@inside.namespaces.mount") },
	.refuted_by = "cri-pid-mode-ignored",
},
{
	POD_CASE(a_target_of_another_pod_is_refused),
	.title  = "pid TARGET of a container in another pod is refused",
	.clause = { MUST("cri.namespaces.target-same-pod") },
	.inside = { "hold" },
	.when   = { DO(RunPodSandbox), DO(CreateContainer), DO(StartContainer), DO(RunPodSandbox, { "$as": "b" }),
	            REFUSES(CreateContainer, { "$as": "b", "$in": "b", "config": { "linux": { "security_context": { "namespace_options": { "pid": "TARGET", "target_id": "@container" } } } } }),
	            DO(StopPodSandbox), DO(RemovePodSandbox), DO(StopPodSandbox, { "pod_sandbox_id": "@sandbox-b" }), DO(RemovePodSandbox, { "pod_sandbox_id": "@sandbox-b" }) },
	.then   = { HOST("leftovers", equals, []) },
	.refuted_by = "cri-target-unchecked",
},
{
	POD_CASE(a_target_that_does_not_run_is_refused),
	.title  = "pid TARGET of a container that has not started is refused",
	.clause = { MUST("cri.namespaces.target-running") },
	.when   = { DO(RunPodSandbox), DO(CreateContainer),
	            REFUSES(CreateContainer, { "$as": "b", "config": { "linux": { "security_context": { "namespace_options": { "pid": "TARGET", "target_id": "@container" } } } } }),
	            DO(StopPodSandbox), DO(RemovePodSandbox) },
	.then   = { HOST("leftovers", equals, []) },
	.refuted_by = "cri-target-unchecked",
},
{
	POD_CASE(two_containers_share_the_pods_three),
	.title  = "two containers of a pod are in the same network, IPC and UTS namespaces, and each has mounts of its own",
	.clause = { MUST("cri.namespaces.pod-shared") },
	.inside = { "hold" },
	.when   = { TWO },
	.then   = { INSIDE("exec[1].namespaces.network", equals, "@inside.exec[0].namespaces.network"), INSIDE("exec[1].namespaces.ipc", equals, "@inside.exec[0].namespaces.ipc"),
	            INSIDE("exec[1].namespaces.uts", equals, "@inside.exec[0].namespaces.uts"), INSIDE("exec[1].namespaces.mount", differs, "@inside.exec[0].namespaces.mount") },
	.refuted_by = "cri-ipc-not-shared",
},
{
	POD_CASE(the_network_is_the_pods),
	.title  = "with network POD the program has interfaces of its own, and not the node's",
	.clause = { MUST("cri.namespaces.network-pod") },
	.then   = { INSIDE("namespaces.network", differs, "@host.world.namespaces.network"), INSIDE("interfaces[eth0].up", equals, true) },
	.refuted_by = "namespace-paths-ignored",
},
{
	POD_CASE(the_network_is_the_nodes),
	.title  = "with network NODE the program is in the node's network namespace",
	.clause = { MUST("cri.namespaces.network-node") },
	.given  = { SET("sandbox.hostname", ""), SET(OPTIONS("sandbox") ".network", "NODE"), SET(OPTIONS("container") ".network", "NODE") },
	.then   = { INSIDE("namespaces.network", equals, "@host.world.namespaces.network") },
	.refuted_by = "namespaces-added",
},
{
	POD_CASE(ipc_is_the_pods),
	.title  = "with ipc POD the program is in no IPC namespace of the node",
	.clause = { MUST("cri.namespaces.ipc-pod") },
	.then   = { INSIDE("namespaces.ipc", differs, "@host.world.namespaces.ipc") },
	.refuted_by = "namespace-ipc-missing",
},
{
	POD_CASE(ipc_is_the_nodes),
	.title  = "with ipc NODE the program is in the node's IPC namespace",
	.clause = { MUST("cri.namespaces.ipc-node") },
	.given  = { SET(OPTIONS("sandbox") ".ipc", "NODE"), SET(OPTIONS("container") ".ipc", "NODE") },
	.then   = { INSIDE("namespaces.ipc", equals, "@host.world.namespaces.ipc") },
	.refuted_by = "namespaces-added",
},
{
	POD_CASE(the_hostname_is_the_pods),
	.title  = "the program sees the pod's hostname, and cannot change it",
	.clause = { MUST("cri.namespaces.hostname") },
	.inside = { "sethostname other" },
	.then   = { INSIDE("hostname", equals, "plumbline-pod"), INSIDE("try[sethostname other].errno", equals, "EPERM"), HOST("hostname", differs, "plumbline-pod") },
	.refuted_by = "cri-hostname-ignored",
},
{
	POD_CASE(an_exec_joins_them_all),
	.title  = "a command executed later is in the namespaces of the first process",
	.clause = { MUST("cri.exec.confined") },
	.inside = { "hold" },
	.when   = { DO(RunPodSandbox), DO(CreateContainer), DO(StartContainer), DO(ready), DO(ExecSync), DO(StopPodSandbox), DO(RemovePodSandbox) },
	.then   = { INSIDE("exec[0].namespaces", equals, "@inside.namespaces") },
	.refuted_by = "exec-skips-a-namespace",
},
};

AREA(cri_namespaces, "cri/namespaces", namespaces);
