/* The pod's network and its kernel parameters. */
#include "harness/case.h"

static const struct conformance_case network[] = {
{
	POD_CASE(loopback_and_one_interface_are_up),
	.title  = "a pod has a loopback and one interface, both up, and a way out",
	.clause = { MUST("cri.network.interfaces") },
	.then   = { INSIDE("interfaces[lo].up", equals, true), INSIDE("interfaces[eth0].up", equals, true), INSIDE("routes", contains, [{ "to": "default", "via": "@inside.routes[0].via", "index": 2 }]) },
	.refuted_by = "cri-bridge-without-route",
},
{
	POD_CASE(the_address_is_the_told_one),
	.title  = "the address of the pod's interface is the one PodSandboxStatus tells",
	.clause = { MUST("cri.network.ip") },
	.then   = { INSIDE("interfaces[eth0].addresses[0]", contains, "@state.after.RunPodSandbox.sandbox.network.ip") },
	.refuted_by = "cri-other-ip-told",
},
{
	POD_CASE(a_stopped_pod_has_no_address),
	.title  = "after StopPodSandbox the addresses of the pod are given back: the next pod may have them, and no device is left",
	.clause = { MUST("cri.network.released") },
	.when   = { DO(RunPodSandbox), DO(StopPodSandbox), DO(RemovePodSandbox) },
	.then   = { STATE("after.StopPodSandbox.sandbox.network.ip", equals, ""), HOST("leftovers", equals, []) },
	.refuted_by = "cri-stopped-ip-told",
},
{
	POD_CASE(a_port_is_reached_by_the_address),
	.title  = "a port that a container listens on is reached from another container of the pod by loopback",
	.clause = { MUST("cri.network.pod-loopback") },
	.inside = { "listen 127.0.0.1:8080", "hold" },
	.when   = { DO(RunPodSandbox), DO(CreateContainer), DO(StartContainer), DO(ready), DO(CreateContainer, { "$as": "b", "config": { "command": ["/probe", "--try", "hold"], "args": [] } }),
	            DO(StartContainer, { "container_id": "@container-b" }), DO(ExecSync, { "container_id": "@container-b", "cmd": ["/probe", "--try", "connect 127.0.0.1:8080"] }),
	            DO(StopPodSandbox), DO(RemovePodSandbox) },
	.then   = { INSIDE("exec[0].try[connect 127.0.0.1:8080].ret", at_least, 0) },
	.refuted_by = "namespace-paths-ignored",
},
{
	POD_CASE(sysctls_of_the_network_are_the_pods),
	.title  = "a sysctl of the pod's network is set there, and not on the node",
	.clause = { MUST("cri.sysctl.set") },
	.given  = { SET("sandbox.linux.sysctls", { "net.ipv4.ip_forward": "1", "net.ipv4.tcp_syncookies": "0" }) },
	.inside = { "read /proc/sys/net/ipv4/tcp_syncookies" },
	.then   = { INSIDE("try[read /proc/sys/net/ipv4/tcp_syncookies].data", matches, "^0") },
	.refuted_by = "sysctl-dropped",
},
{
	POD_CASE(sysctls_of_ipc_are_the_pods),
	.title  = "kernel.shm_rmid_forced of the request is the pod's",
	.clause = { MUST("cri.sysctl.set") },
	.given  = { SET("sandbox.linux.sysctls", { "kernel.shm_rmid_forced": "1" }) },
	.inside = { "read /proc/sys/kernel/shm_rmid_forced" },
	.then   = { INSIDE("try[read /proc/sys/kernel/shm_rmid_forced].data", matches, "^1") },
	.refuted_by = "sysctl-dropped",
},
{
	POD_CASE(a_sysctl_of_the_whole_machine_is_refused),
	.title  = "a sysctl that belongs to the whole machine is refused, and not set",
	.clause = { MUST("cri.sysctl.not-namespaced") },
	.given  = { SET("sandbox.linux.sysctls", { "vm.swappiness": "11" }) },
	.control = { SET("sandbox.linux.sysctls", { "kernel.shm_rmid_forced": "1" }) },
	.when   = { REFUSES(RunPodSandbox) },
	.then   = { HOST("leftovers", equals, []) },
	.refuted_by = "sysctl-dropped",
},
{
	POD_CASE(low_ports_and_ping_are_for_everybody),
	.title  = "a user of a pod may listen on port 80: nothing below is kept for root in a network of its own",
	.clause = { MAY("cri.sysctl.defaults") },
	.needs  = { .runtime_feature = "unprivileged-ports" },
	.given  = { SET("container.linux.security_context.run_as_user", { "value": 1000 }), SET("container.linux.security_context.capabilities", { "drop_capabilities": ["ALL"] }) },
	.inside = { "bind 80" },
	.then   = { INSIDE("try[bind 80].ret", at_least, 0) },
	.refuted_by = "cri-sysctl-defaults-lost",
},
};

AREA(cri_network, "cri/network", network);
