/*
 * The pod that plumbline flow tells of, in the language of the cases but in no area: nothing is claimed, everything is shown.
 * It asks for one thing of each kind, so that there is something to follow down to the kernel.
 */
#include "harness/flow.h"

#include "harness/case.h"

static const struct conformance_case cases[] = {
	{
	    POD_CASE(one_pod),
	    .title = "one pod, from its request to its end",
	    .given = { SET("sandbox.hostname", "web-0"),
		       SET("container.envs", [ { "key" : "GREETING", "value" : "hello" } ]),
		       SET("container.linux.resources",
			   { "cpu_shares" : 512, "memory_limit_in_bytes" : 67108864, "oom_score_adj" : 900 }),
		       SET("container.linux.security_context.run_as_user", { "value" : 1000 }),
		       SET("container.linux.security_context.readonly_rootfs", true),
		       SET("container.linux.security_context.no_new_privs", true),
		       SET("container.linux.security_context.capabilities",
			   { "drop_capabilities" : ["ALL"], "add_capabilities" : ["CHOWN"] }),
		       SET("container.linux.security_context.seccomp",
			   { "profile_type" : "RuntimeDefault" }) },
	    .inside = { "hold" },
	    .when = { DO(Version), DO(ImageStatus), DO(RunPodSandbox), DO(CreateContainer),
		      DO(StartContainer), DO(ready), DO(StopContainer, { "timeout" : 0 }),
		      DO(RemoveContainer), DO(StopPodSandbox), DO(RemovePodSandbox) },
	},
};

AREA(flow_area, "flow", cases);
