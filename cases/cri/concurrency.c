/* Many calls at once: of those that cannot all be right one is, those that can all are, and nothing is left. */
#include "harness/case.h"

#define POD DO(RunPodSandbox)
#define INTO POD, DO(CreateContainer), DO(StartContainer)
#define GONE DO(StopPodSandbox), DO(RemovePodSandbox)

static const struct conformance_case concurrency[] = {
{
	POD_CASE(of_eight_containers_alike_one_wins),
	.title  = "of eight calls at once for the same container one is answered OK, and the others leave nothing",
	.clause = { MUST("cri.container.name-unique") },
	.when   = { POD, DO(together, [{ "method": "CreateContainer", "times": 8 }]), DO(ListContainers), GONE },
	.then   = { EXIT("together.statuses.OK", equals, 1), EXIT("ListContainers.response.containers[0].metadata.name", equals, "probe"), EXIT("ListContainers.response.containers[1]", absent), HOST("leftovers", equals, []) },
	.refuted_by = "cri-container-names-not-reserved",
},
{
	POD_CASE(of_six_starts_one_wins),
	.title  = "of six StartContainer at once one is answered OK, and the container runs",
	.clause = { MUST("cri.container.start-once") },
	.inside = { "hold" },
	.when   = { POD, DO(CreateContainer), DO(together, [{ "method": "StartContainer", "times": 6 }]), DO(ready), GONE },
	.then   = { EXIT("together.statuses.OK", equals, 1), STATE("after.ready.container.state", equals, "CONTAINER_RUNNING"), HOST("leftovers", equals, []) },
	.refuted_by = "cri-second-start-is-fine",
},
{
	POD_CASE(eight_removals_at_once_are_all_done),
	.title  = "eight RemoveContainer at once of one that runs are all answered OK, and nothing is left",
	.clause = { SHOULD("cri.idempotency.concurrent") },
	.inside = { "hold" },
	.when   = { INTO, DO(ready), DO(together, [{ "method": "RemoveContainer", "times": 8 }]), DO(ListContainers), GONE },
	.then   = { EXIT("together.statuses", equals, { "OK": 8 }), EXIT("ListContainers.response.containers", equals, []), HOST("leftovers", equals, []) },
	.refuted_by = "cri-remove-once",
},
{
	POD_CASE(six_containers_are_made_at_once),
	.title  = "six containers of one pod are created, started and removed at once: all is answered OK, and all are listed",
	.clause = { SHOULD("cri.container.parallel") },
	.timeout_ms = 40000,
	.inside = { "hold" },
	.when   = { POD, DO(together, [{ "method": "CreateContainer", "request": { "$as": "a" } }, { "method": "CreateContainer", "request": { "$as": "b" } }, { "method": "CreateContainer", "request": { "$as": "c" } }, { "method": "CreateContainer", "request": { "$as": "d" } }, { "method": "CreateContainer", "request": { "$as": "e" } }, { "method": "CreateContainer", "request": { "$as": "f" } }]),
	            DO(together, [{ "method": "StartContainer", "request": { "container_id": "@container-a" } }, { "method": "StartContainer", "request": { "container_id": "@container-b" } },
	                          { "method": "StartContainer", "request": { "container_id": "@container-c" } }, { "method": "StartContainer", "request": { "container_id": "@container-d" } },
	                          { "method": "StartContainer", "request": { "container_id": "@container-e" } }, { "method": "StartContainer", "request": { "container_id": "@container-f" } }]),
	            DO(ListContainers, { "filter": { "state": { "state": "CONTAINER_RUNNING" } } }), DO(RemovePodSandbox), DO(ListContainers) },
	.then   = { EXIT("step[1].statuses", equals, { "OK": 6 }), EXIT("step[2].statuses", equals, { "OK": 6 }), EXIT("step[3].response.containers[5].metadata.name", matches, "^probe-[a-f]$"), EXIT("step[3].response.containers[6]", absent),
	            EXIT("step[5].response.containers", equals, []), HOST("leftovers", equals, []) },
	.refuted_by = "cri-remove-sandbox-leaves-containers",
},
{
	POD_CASE(four_pods_begin_at_once),
	.title  = "four sandboxes are made at once, and each has an address of its own",
	.clause = { SHOULD("cri.sandbox.parallel") },
	.timeout_ms = 40000,
	.when   = { DO(together, [{ "method": "RunPodSandbox" }, { "method": "RunPodSandbox", "request": { "$as": "b" } }, { "method": "RunPodSandbox", "request": { "$as": "c" } }, { "method": "RunPodSandbox", "request": { "$as": "d" } }]),
	            DO(PodSandboxStatus), DO(PodSandboxStatus, { "pod_sandbox_id": "@sandbox-b" }), DO(PodSandboxStatus, { "pod_sandbox_id": "@sandbox-c" }), DO(PodSandboxStatus, { "pod_sandbox_id": "@sandbox-d" }),
	            DO(together, [{ "method": "RemovePodSandbox" }, { "method": "RemovePodSandbox", "request": { "pod_sandbox_id": "@sandbox-b" } },
	                          { "method": "RemovePodSandbox", "request": { "pod_sandbox_id": "@sandbox-c" } }, { "method": "RemovePodSandbox", "request": { "pod_sandbox_id": "@sandbox-d" } }]) },
	.then   = { EXIT("step[0].statuses", equals, { "OK": 4 }), EXIT("step[1].response.status.network.ip", matches, "."),
	            EXIT("step[2].response.status.network.ip", differs, "@exit.step[1].response.status.network.ip"), EXIT("step[3].response.status.network.ip", differs, "@exit.step[1].response.status.network.ip"),
	            EXIT("step[4].response.status.network.ip", differs, "@exit.step[1].response.status.network.ip"), EXIT("step[3].response.status.network.ip", differs, "@exit.step[2].response.status.network.ip"),
	            EXIT("step[4].response.status.network.ip", differs, "@exit.step[2].response.status.network.ip"), EXIT("step[4].response.status.network.ip", differs, "@exit.step[3].response.status.network.ip"), HOST("leftovers", equals, []) },
	.refuted_by = "cri-one-address-for-all",
},
{
	POD_CASE(creates_beside_a_stop_leave_nothing),
	.title  = "containers created while their sandbox is stopped are refused or stopped with it, and nothing runs afterwards",
	.clause = { MUST("cri.sandbox.stop-kills") },
	.inside = { "hold" },
	.when   = { INTO, DO(ready), DO(together, [{ "method": "CreateContainer", "request": { "$as": "a" } }, { "method": "StopPodSandbox" }, { "method": "CreateContainer", "request": { "$as": "b" } }, { "method": "CreateContainer", "request": { "$as": "c" } }, { "method": "StopPodSandbox" }, { "method": "CreateContainer", "request": { "$as": "d" } }]),
	            DO(ListContainers, { "filter": { "state": { "state": "CONTAINER_RUNNING" } } }), DO(RemovePodSandbox), DO(ListContainers) },
	.then   = { EXIT("step[5].response.containers", equals, []), STATE("after.together.sandbox.state", equals, "SANDBOX_NOTREADY"), EXIT("step[7].response.containers", equals, []), HOST("leftovers", equals, []) },
	.refuted_by = "cri-stop-sandbox-leaves-containers",
},
{
	POD_CASE(execs_beside_a_stop_are_all_answered),
	.title  = "six ExecSync and a StopContainer at once are all answered, and nothing of them is left",
	.clause = { SHOULD("cri.idempotency.concurrent") },
	.inside = { "hold" },
	.when   = { INTO, DO(ready), DO(together, [{ "method": "ExecSync", "times": 3, "request": { "cmd": ["/probe", "--try", "hold"] } }, { "method": "StopContainer", "request": { "timeout": 0 } },
	                                           { "method": "ExecSync", "times": 3, "request": { "cmd": ["/probe", "--try", "hold"] } }]), DO(RemoveContainer), GONE },
	.then   = { EXIT("together.statuses", lacks, "none"), STATE("after.together.container.state", equals, "CONTAINER_EXITED"), HOST("leftovers", equals, []) },
	.refuted_by = "cri-rootfs-stays",
},
};

AREA(cri_concurrency, "cri/concurrency", concurrency);
