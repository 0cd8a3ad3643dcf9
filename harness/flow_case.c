/*
 * The pods that plumbline flow tells of, in the language of the cases but in no area: nothing is claimed, everything is shown. The
 * first asks for one thing of each kind that goes together and that every machine has, so that there is much to follow down to the
 * kernel; the others for what would not go with it.
 */
#include "harness/flow.h"

#include "harness/case.h"

#define LIFE                                                                                                 \
	{                                                                                                    \
		DO(Version), DO(ImageStatus), DO(RunPodSandbox), DO(CreateContainer), DO(StartContainer),    \
		    DO(ready), DO(StopContainer, { "timeout" : 0 }), DO(RemoveContainer),                    \
		    DO(StopPodSandbox), DO(RemovePodSandbox)                                                 \
	}

static const struct conformance_case cases[] = {
	{
	    POD_CASE(one_pod),
	    .title = "one pod, from its request to its end",
	    .prepare = { DIRECTORY("scratch/data") },
	    .given = { SET("sandbox.hostname", "web-0"),
		       SET("sandbox.linux.sysctls", { "net.ipv4.ip_local_port_range" : "40000 50000" }),
		       SET("container.envs", [ { "key" : "GREETING", "value" : "hello" } ]),
		       SET("container.working_dir", "/tmp"), SET("container.mounts", [ {
									 "container_path" : "/data",
									 "host_path" : "@scratch/data",
									 "readonly" : true,
									 "propagation" : "PROPAGATION_PRIVATE"
								 } ]),
		       SET("container.devices", [ {
				   "container_path" : "/dev/own",
				   "host_path" : "/dev/kmsg",
				   "permissions" : "r"
			   } ]),
		       SET("container.linux.resources", {
			       "cpu_shares" : 512,
			       "cpu_quota" : 50000,
			       "cpu_period" : 100000,
			       "memory_limit_in_bytes" : 67108864,
			       "oom_score_adj" : 900
		       }),
		       SET("container.linux.security_context", {
			       "namespace_options" :
				   { "network" : "POD", "pid" : "CONTAINER", "ipc" : "POD" },
			       "run_as_user" : { "value" : 1000 },
			       "run_as_group" : { "value" : 2000 },
			       "supplemental_groups" : [ 3000, 3001 ],
			       "readonly_rootfs" : true,
			       "no_new_privs" : true,
			       "capabilities" :
				   { "drop_capabilities" : ["ALL"], "add_capabilities" : ["CHOWN"] },
			       "seccomp" : { "profile_type" : "RuntimeDefault" },
			       "masked_paths" : [
				       "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
				       "/proc/timer_list", "/proc/sched_debug", "/sys/firmware"
			       ],
			       "readonly_paths" : [
				       "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
				       "/proc/sysrq-trigger"
			       ]
		       }) },
	    .inside = { "hold" },
	    .when = LIFE,
	},
	{
	    POD_CASE(node),
	    .title =
		"a privileged pod with a terminal, in the namespaces of the node, and with what it mounts",
	    .prepare = { DIRECTORY("shared/data") },
	    .given = { SET("container.mounts", [ {
				   "container_path" : "/data",
				   "host_path" : "@shared/data",
				   "propagation" : "PROPAGATION_HOST_TO_CONTAINER"
			   } ]),
		       DROP("sandbox.hostname"), SET("container.tty", true),
		       SET("sandbox.linux.security_context", {
			       "privileged" : true,
			       "namespace_options" : { "network" : "NODE", "pid" : "NODE", "ipc" : "NODE" }
		       }),
		       SET("container.linux.security_context", {
			       "privileged" : true,
			       "namespace_options" : { "network" : "NODE", "pid" : "NODE", "ipc" : "NODE" },
			       "seccomp" : { "profile_type" : "Unconfined" }
		       }) },
	    .inside = { "hold" },
	    .when = LIFE,
	},
	{
	    POD_CASE(limits),
	    .title = "a pod that may run on one processor, and swap",
	    .needs = { .controller = "cpuset" },
	    .given = { SET("container.linux.resources", {
		    "cpuset_cpus" : "0",
		    "cpuset_mems" : "0",
		    "memory_limit_in_bytes" : 67108864,
		    "memory_swap_limit_in_bytes" : 134217728
	    }) },
	    .inside = { "hold" },
	    .when = LIFE,
	},
};

AREA(flow_area, "flow", cases);
