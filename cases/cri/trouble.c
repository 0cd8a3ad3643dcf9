/* A runtime behind the server that fails, or takes for ever, and a server that is killed while it waits for it. */
#include "harness/case.h"

#define INTO DO(RunPodSandbox), DO(CreateContainer), DO(StartContainer)
#define GONE DO(StopPodSandbox), DO(RemovePodSandbox)
#define HOLDS_AT(...) DO(handler, ["hold", __VA_ARGS__])
#define FAILS_AT(...) DO(handler, ["fail", __VA_ARGS__])
#define MENDED DO(handler)

static const struct conformance_case trouble[] = {
{
	POD_CASE(a_sandbox_that_cannot_be_made_is_none),
	.title  = "RunPodSandbox is an error when the runtime fails, leaves nothing, and can be asked for again",
	.clause = { SHOULD("cri.sandbox.undone") },
	.when   = { FAILS_AT("create", "run"), REFUSES(RunPodSandbox), DO(ListPodSandbox), MENDED, DO(RunPodSandbox), GONE },
	.then   = { EXIT("ListPodSandbox.response.items", equals, []), HOST("leftovers", equals, []) },
	.refuted_by = "cri-failed-sandbox-stays",
},
{
	POD_CASE(a_container_that_cannot_be_started_has_not_run),
	.title  = "a container that the runtime failed to start does not run, can be removed, and its name is free",
	.clause = { MUST("cri.container.start-error") },
	.inside = { "hold" },
	.when   = { DO(RunPodSandbox), DO(CreateContainer), FAILS_AT("start"), TRIES(StartContainer), MENDED, DO(RemoveContainer), DO(CreateContainer), DO(StartContainer), DO(ready), GONE },
	.then   = { EXIT("step[3].code", equals, 1), STATE("step[3].container.state", equals, "CONTAINER_EXITED"), HOST("leftovers", equals, []) },
	.refuted_by = "cri-failed-start-is-fine",
},
{
	POD_CASE(an_exec_that_cannot_be_made_harms_nobody),
	.title  = "ExecSync is an error when the runtime fails, the container runs on, and the next one works",
	.clause = { SHOULD("cri.exec.runtime-error") },
	.inside = { "hold" },
	.when   = { INTO, DO(ready), FAILS_AT("exec"), REFUSES(ExecSync), MENDED, DO(ExecSync), GONE },
	.then   = { STATE("step[5].container.state", equals, "CONTAINER_RUNNING"), EXIT("step[7].response.exit_code", equals, 0), HOST("leftovers", equals, []) },
	.refuted_by = "cri-failed-exec-is-fine",
},
{
	POD_CASE(one_that_takes_for_ever_holds_nobody_up),
	.title  = "while the runtime takes for ever with one pod, others are made, listed and removed",
	.clause = { SHOULD("cri.sandbox.parallel") },
	.when   = { HOLDS_AT("create", "run"), DO(RunPodSandbox, { "$async": "long" }), DO(held), DO(RunPodSandbox, { "$as": "b" }), DO(ListPodSandbox, { "filter": { "id": "@sandbox-b" } }),
	            DO(RemovePodSandbox, { "pod_sandbox_id": "@sandbox-b" }), DO(Status), MENDED, DO(await, { "call": "long" }), GONE },
	.then   = { EXIT("ListPodSandbox.response.items[0].metadata.name", equals, "pod-b"), STATE("after.await.sandbox.state", equals, "SANDBOX_READY"), HOST("leftovers", equals, []) },
	.refuted_by = "cri-one-at-a-time",
},
{
	POD_CASE(a_name_in_the_making_is_taken),
	.title  = "while a sandbox is being made a second of its name is refused, and the first is none the worse",
	.clause = { SHOULD("cri.sandbox.name-unique") },
	.when   = { HOLDS_AT("create", "run"), DO(RunPodSandbox, { "$async": "long" }), DO(held), REFUSES(RunPodSandbox), MENDED, DO(await, { "call": "long" }), DO(ListPodSandbox), GONE },
	.then   = { EXIT("ListPodSandbox.response.items[1]", absent), STATE("after.await.sandbox.state", equals, "SANDBOX_READY"), HOST("leftovers", equals, []) },
	.refuted_by = "cri-names-not-reserved",
},
{
	POD_CASE(a_deadline_is_kept_by_whoever_waits),
	.title  = "RunPodSandbox with a runtime that takes for ever is answered DEADLINE_EXCEEDED, and once the runtime goes on the pod's next attempt is made",
	.clause = { SHOULD("cri.sandbox.deadline") },
	.when   = { HOLDS_AT("create", "run"), REFUSES(RunPodSandbox, { "$deadline_ms": 400 }), MENDED, DO(RunPodSandbox, { "config": { "metadata": { "attempt": 1 } } }), GONE },
	.then   = { EXIT("step[1].status", equals, "DEADLINE_EXCEEDED"), HOST("leftovers", equals, []) },
	.refuted_by = "cri-failed-sandbox-stays",
},
{
	POD_CASE(a_status_is_told_while_a_stop_waits),
	.title  = "ContainerStatus is answered, and tells RUNNING, while a StopContainer waits for the program",
	.clause = { SHOULD("cri.stop.status-meanwhile") },
	.inside = { "hold" },
	.when   = { INTO, DO(ready), DO(StopContainer, { "$async": "long", "timeout": 30 }), DO(ContainerStatus), DO(ExecSync), DO(StopContainer, { "timeout": 0 }), DO(await, { "call": "long" }), GONE },
	.then   = { EXIT("ContainerStatus.response.status.state", equals, "CONTAINER_RUNNING"), EXIT("ExecSync.response.exit_code", equals, 0), EXIT("await.status", equals, "OK"), HOST("leftovers", equals, []) },
	.refuted_by = "cri-stop-locks-status",
},
{
	POD_CASE(killed_while_a_sandbox_was_made),
	.title  = "a server killed while the runtime made a sandbox leaves nothing that the next one cannot remove, and the pod's next attempt is made",
	.clause = { SHOULD("cri.recovery.half-made") },
	.when   = { HOLDS_AT("create", "run"), DO(RunPodSandbox, { "$async": "long" }), DO(held), DO(server, "kill"), DO(await, { "call": "long", "$any": true }), MENDED, DO(server, "start"),
	            DO(RunPodSandbox, { "config": { "metadata": { "attempt": 1 } } }), GONE },
	.then   = { EXIT("await.status", equals, "UNAVAILABLE"), STATE("after.RunPodSandbox.sandbox.state", equals, "SANDBOX_READY"), HOST("leftovers", equals, []) },
	.refuted_by = "cri-restart-keeps-half",
},
{
	POD_CASE(killed_while_a_container_was_started),
	.title  = "a container that a killed server was starting is created still under the next, and is started by it",
	.clause = { SHOULD("cri.recovery.half-started") },
	.inside = { "hold" },
	.when   = { DO(RunPodSandbox), DO(CreateContainer), HOLDS_AT("start"), DO(StartContainer, { "$async": "long" }), DO(held), DO(server, "kill"), DO(server, "start"), MENDED,
	            DO(StartContainer), DO(ready), GONE },
	.then   = { STATE("after.ready.container.state", equals, "CONTAINER_RUNNING"), HOST("leftovers", equals, []) },
	.refuted_by = "cri-restart-start-unsettled",
},
{
	POD_CASE(killed_while_a_container_was_removed),
	.title  = "RemoveContainer that a killed server had begun is asked for again of the next, and all is gone",
	.clause = { SHOULD("cri.recovery.half-removed") },
	.inside = { "hold" },
	.when   = { INTO, DO(ready), HOLDS_AT("delete"), DO(RemoveContainer, { "$async": "long" }), DO(held), DO(server, "kill"), MENDED, DO(server, "start"),
	            DO(RemoveContainer), DO(ListContainers), GONE },
	.then   = { EXIT("ListContainers.response.containers", equals, []), HOST("leftovers", equals, []) },
	.refuted_by = "cri-rootfs-stays",
},
{
	POD_CASE(killed_while_a_sandbox_was_removed),
	.title  = "StopPodSandbox and RemovePodSandbox that a killed server had begun are asked for again of the next, and all is gone",
	.clause = { SHOULD("cri.recovery.half-removed") },
	.inside = { "hold" },
	.when   = { INTO, DO(ready), HOLDS_AT("delete"), DO(StopPodSandbox, { "$async": "long" }), DO(held), DO(server, "kill"), MENDED, DO(server, "start"), GONE, DO(ListPodSandbox) },
	.then   = { EXIT("ListPodSandbox.response.items", equals, []), HOST("leftovers", equals, []) },
	.refuted_by = "cri-namespaces-stay-pinned",
},
};

AREA(cri_trouble, "cri/trouble", trouble);
