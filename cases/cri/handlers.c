/* Runtime handlers: which one a pod asks for is the one that is executed for it, in all that follows. The second one is another program. */
#include "harness/case.h"

#define SECOND DO(RunPodSandbox, { "runtime_handler": "second" })
#define GONE DO(StopPodSandbox), DO(RemovePodSandbox)
#define FIRST_FAILS(...) DO(handler, ["fail", __VA_ARGS__])

static const struct conformance_case handlers[] = {
{
	POD_CASE(the_asked_for_is_told),
	.title  = "the status of a sandbox and the list tell the runtime handler it was asked to have",
	.clause = { MUST("cri.handler.told") },
	.when   = { SECOND, DO(ListPodSandbox), DO(RunPodSandbox, { "$as": "b" }), DO(PodSandboxStatus, { "pod_sandbox_id": "@sandbox-b" }), GONE },
	.then   = { STATE("after.RunPodSandbox.sandbox.runtime_handler", equals, "second"), EXIT("ListPodSandbox.response.items[0].runtime_handler", equals, "second"), EXIT("PodSandboxStatus.response.status.runtime_handler", equals, "") },
	.refuted_by = "cri-handler-not-told",
},
{
	POD_CASE(another_handler_is_another_program),
	.title  = "a pod of the second handler and its container live although the first one fails",
	.clause = { MUST("cri.handler.executed") },
	.inside = { "hold" },
	.when   = { FIRST_FAILS("create", "run", "start", "kill", "delete", "state"), SECOND, DO(CreateContainer), DO(StartContainer), DO(ready), DO(StopContainer, { "timeout": 0 }), DO(RemoveContainer), GONE },
	.then   = { STATE("after.StopContainer.container.exit_code", equals, 137), HOST("leftovers", equals, []) },
	.refuted_by = "cri-unknown-handler-is-default",
},
{
	POD_CASE(an_exec_is_the_pods_handlers),
	.title  = "ExecSync and UpdateContainerResources in a pod of the second handler work although the first one fails at them",
	.clause = { MUST("cri.handler.executed") },
	.needs  = { .cgroup = 1, .controller = "cpu" },
	.inside = { "hold" },
	.when   = { FIRST_FAILS("exec", "update", "create", "run"), SECOND, DO(CreateContainer), DO(StartContainer), DO(ready), DO(ExecSync), DO(UpdateContainerResources, { "linux": { "cpu_shares": 512 } }), GONE },
	.then   = { EXIT("ExecSync.response.exit_code", equals, 0), HOST("after.UpdateContainerResources.cgroup.cpu[cpu.shares]", equals, "512"), HOST("leftovers", equals, []) },
	.refuted_by = "cri-unknown-handler-is-default",
},
{
	POD_CASE(the_next_server_knows_it),
	.title  = "a pod of the second handler is served by it under the next server too",
	.clause = { SHOULD("cri.handler.kept") },
	.inside = { "hold" },
	.when   = { SECOND, DO(server, "restart"), FIRST_FAILS("create", "run", "start", "exec", "kill", "delete"), DO(CreateContainer), DO(StartContainer), DO(ready), DO(ExecSync), GONE },
	.then   = { STATE("after.server.sandbox.runtime_handler", equals, "second"), EXIT("ExecSync.response.exit_code", equals, 0), HOST("leftovers", equals, []) },
	.refuted_by = "cri-restart-default-handler",
},
{
	POD_CASE(two_handlers_are_side_by_side),
	.title  = "pods of two handlers are made at once, and each has its own",
	.clause = { MUST("cri.handler.executed") },
	.when   = { DO(together, [{ "method": "RunPodSandbox" }, { "method": "RunPodSandbox", "request": { "$as": "b", "runtime_handler": "second" } }, { "method": "RunPodSandbox", "request": { "$as": "c" } },
	                          { "method": "RunPodSandbox", "request": { "$as": "d", "runtime_handler": "second" } }]),
	            DO(PodSandboxStatus), DO(PodSandboxStatus, { "pod_sandbox_id": "@sandbox-b" }), DO(PodSandboxStatus, { "pod_sandbox_id": "@sandbox-c" }), DO(PodSandboxStatus, { "pod_sandbox_id": "@sandbox-d" }),
	            DO(together, [{ "method": "RemovePodSandbox" }, { "method": "RemovePodSandbox", "request": { "pod_sandbox_id": "@sandbox-b" } },
	                          { "method": "RemovePodSandbox", "request": { "pod_sandbox_id": "@sandbox-c" } }, { "method": "RemovePodSandbox", "request": { "pod_sandbox_id": "@sandbox-d" } }]) },
	.then   = { EXIT("step[0].statuses", equals, { "OK": 4 }), EXIT("step[1].response.status.runtime_handler", equals, ""), EXIT("step[2].response.status.runtime_handler", equals, "second"),
	            EXIT("step[3].response.status.runtime_handler", equals, ""), EXIT("step[4].response.status.runtime_handler", equals, "second"), HOST("leftovers", equals, []) },
	.refuted_by = "cri-handler-not-told",
},
{
	POD_CASE(the_status_lists_them),
	.title  = "Status tells each runtime handler once, the default by the empty name",
	.clause = { MUST("cri.handler.listed") },
	.needs  = { .runtime_feature = "runtime-handlers" },
	.when   = { DO(Status), DO(RunPodSandbox) },
	.then   = { EXIT("Status.response.runtime_handlers[0].name", equals, ""), EXIT("Status.response.runtime_handlers[1].name", equals, "second"), EXIT("Status.response.runtime_handlers[2]", absent) },
	.refuted_by = "cri-handlers-not-listed",
},
};

AREA(cri_handlers, "cri/handlers", handlers);
