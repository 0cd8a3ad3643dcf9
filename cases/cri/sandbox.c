/* Sandboxes: what RunPodSandbox makes and what StopPodSandbox and RemovePodSandbox take away. */
#include "harness/case.h"

static const struct conformance_case sandbox[] = {
{
	POD_CASE(a_whole_life),
	.title  = "a pod with one container lives, ends and is removed, and nothing is left",
	.clause = { MUST("cri.sandbox.ready") },
	.then   = { STATE("after.RunPodSandbox.sandbox.state", equals, "SANDBOX_READY"),
	            STATE("after.StartContainer.container.metadata.name", equals, "probe"),
	            INSIDE("complete", equals, true),
	            STATE("after.wait.container.exit_code", equals, 0),
	            HOST("leftovers", equals, []) },
	.refuted_by = "version-without-api",
},
};

AREA(cri_sandbox, "cri/sandbox", sandbox);
