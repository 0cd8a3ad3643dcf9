/* Every field of runtime-spec 1.3.0 for Linux, once. Copied from no example: the fields are those of the text. */
#include "tests/oci/full_config.h"

#define JSON(...) #__VA_ARGS__

/* clang-format off */
const char full_config[] = JSON({
	"ociVersion": "1.3.0",
	"root": { "path": "rootfs", "readonly": true },
	"hostname": "full", "domainname": "full.example",
	"mounts": [ {
		"destination": "/data", "type": "none", "source": "/srv", "options": [ "rbind", "ridmap" ],
		"uidMappings": [ { "containerID": 0, "hostID": 1000, "size": 10 } ],
		"gidMappings": [ { "containerID": 0, "hostID": 1000, "size": 10 } ]
	} ],
	"process": {
		"terminal": true, "consoleSize": { "height": 25, "width": 80 },
		"cwd": "/", "env": [ "PATH=/bin" ], "args": [ "sh", "-c", "true" ],
		"user": { "uid": 5, "gid": 6, "umask": 18, "additionalGids": [ 7, 8 ] },
		"capabilities": {
			"effective": [ "CAP_KILL" ], "permitted": [ "CAP_KILL", "CAP_CHOWN" ], "inheritable": [ "CAP_CHOWN" ],
			"bounding": [ "CAP_SYS_ADMIN" ], "ambient": [ "CAP_MADE_UP" ]
		},
		"rlimits": [ { "type": "RLIMIT_NOFILE", "soft": 10, "hard": 20 },
			     { "type": "RLIMIT_AS", "soft": 18446744073709551615, "hard": 18446744073709551615 } ],
		"noNewPrivileges": true, "oomScoreAdj": -5,
		"apparmorProfile": "profile", "selinuxLabel": "label",
		"scheduler": { "policy": "SCHED_DEADLINE", "nice": -3, "priority": 2, "flags": [ "SCHED_FLAG_RECLAIM" ],
			       "runtime": 10, "deadline": 20, "period": 30 },
		"ioPriority": { "class": "IOPRIO_CLASS_BE", "priority": 7 },
		"execCPUAffinity": { "initial": "7", "final": "0-3,7" }
	},
	"hooks": {
		"prestart": [ { "path": "/bin/a", "args": [ "a" ], "env": [ "A=1" ], "timeout": 5 } ],
		"createRuntime": [ { "path": "/bin/b", "args": [ "b" ], "env": [ "B=1" ], "timeout": 5 } ],
		"createContainer": [ { "path": "/bin/c", "args": [ "c" ], "env": [ "C=1" ], "timeout": 5 } ],
		"startContainer": [ { "path": "/bin/d", "args": [ "d" ], "env": [ "D=1" ], "timeout": 5 } ],
		"poststart": [ { "path": "/bin/e", "args": [ "e" ], "env": [ "E=1" ], "timeout": 5 } ],
		"poststop": [ { "path": "/bin/f", "args": [ "f" ], "env": [ "F=1" ], "timeout": 5 } ]
	},
	"annotations": { "com.example.key": "value", "empty": "" },
	"linux": {
		"namespaces": [ { "type": "pid" }, { "type": "network", "path": "/run/netns/a" }, { "type": "mount" },
				{ "type": "ipc" }, { "type": "uts" }, { "type": "user" }, { "type": "cgroup" }, { "type": "time" } ],
		"uidMappings": [ { "containerID": 0, "hostID": 1000, "size": 32000 } ],
		"gidMappings": [ { "containerID": 1, "hostID": 2000, "size": 32001 } ],
		"timeOffsets": { "boottime": { "secs": -10, "nanosecs": 5 }, "monotonic": { "secs": 20, "nanosecs": 6 } },
		"devices": [ { "type": "c", "path": "/dev/fuse", "major": 10, "minor": 229, "fileMode": 438, "uid": 1, "gid": 2 } ],
		"netDevices": { "eth0": { "name": "inside" } },
		"cgroupsPath": "/a/b",
		"resources": {
			"devices": [ { "allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw" } ],
			"memory": { "limit": 1000, "reservation": 900, "swap": 2000, "kernel": -1, "kernelTCP": -1, "swappiness": 60,
				    "disableOOMKiller": true, "useHierarchy": true, "checkBeforeUpdate": true },
			"cpu": { "shares": 1024, "quota": 1000000, "burst": 1000000, "period": 500000, "realtimeRuntime": 950000,
				 "realtimePeriod": 1000000, "cpus": "2-3", "mems": "0-7", "idle": 1 },
			"pids": { "limit": 32771 },
			"blockIO": {
				"weight": 10, "leafWeight": 11,
				"weightDevice": [ { "major": 8, "minor": 0, "weight": 500, "leafWeight": 300 } ],
				"throttleReadBpsDevice": [ { "major": 8, "minor": 1, "rate": 600 } ],
				"throttleWriteBpsDevice": [ { "major": 8, "minor": 2, "rate": 601 } ],
				"throttleReadIOPSDevice": [ { "major": 8, "minor": 3, "rate": 602 } ],
				"throttleWriteIOPSDevice": [ { "major": 8, "minor": 4, "rate": 603 } ]
			},
			"hugepageLimits": [ { "pageSize": "2MB", "limit": 9223372036854772000 } ],
			"network": { "classID": 1048577, "priorities": [ { "name": "eth0", "priority": 500 } ] },
			"rdma": { "mlx5_1": { "hcaHandles": 3, "hcaObjects": 10000 } },
			"unified": { "io.max": "259:0 rbps=2097152" }
		},
		"rootfsPropagation": "slave",
		"maskedPaths": [ "/proc/kcore" ], "readonlyPaths": [ "/proc/sys" ],
		"mountLabel": "label", "sysctl": { "net.core.somaxconn": "256" },
		"seccomp": {
			"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
			"architectures": [ "SCMP_ARCH_X86_64", "SCMP_ARCH_X86" ], "flags": [ "SECCOMP_FILTER_FLAG_LOG" ],
			"listenerPath": "/run/agent.sock", "listenerMetadata": "for the agent",
			"syscalls": [ { "names": [ "read", "write" ], "action": "SCMP_ACT_TRACE", "errnoRet": 65535,
					"args": [ { "index": 5, "value": 18446744073709551615, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ" } ] },
				      { "names": [ "mount" ], "action": "SCMP_ACT_NOTIFY" } ]
		},
		"personality": { "domain": "LINUX32", "flags": [] },
		"intelRdt": { "closID": "group", "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20", "schemata": [ "L2:0=f" ],
			      "enableMonitoring": true },
		"memoryPolicy": { "mode": "MPOL_BIND", "nodes": "0-1", "flags": [ "MPOL_F_STATIC_NODES" ] }
	}
});
