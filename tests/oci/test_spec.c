/* What is read is what was written, and the rules that types alone do not tell: versions, ranges, words, dependencies. */
#include <check.h>
#undef fail

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/spec.h"
#include "tests/oci/full_config.h"

static struct spec *parse_full(void)
{
	auto_json json = NULL;
	struct spec *spec = NULL;
	struct err err = { 0 };

	ck_assert_int_eq(json_parse(full_config, strlen(full_config), &json, &err), 0);
	ck_assert_msg(spec_parse(json, &spec, &err) == 0, "%s", err.text);
	return spec;
}

START_TEST(test_top_is_read)
{
	struct spec *spec = parse_full();

	ck_assert_str_eq(spec->version, "1.3.0");
	ck_assert_str_eq(spec->root_path, "rootfs");
	ck_assert(spec->root_readonly);
	ck_assert_str_eq(spec->hostname, "full");
	ck_assert_str_eq(spec->domainname, "full.example");
	ck_assert_uint_eq(spec->mount_count, 1);
	ck_assert_str_eq(spec->mounts[0].destination, "/data");
	ck_assert_str_eq(spec->mounts[0].options.items[1], "ridmap");
	ck_assert_ptr_null(spec->mounts[0].options.items[2]);
	ck_assert_uint_eq(spec->mounts[0].gid_maps.items[0].host_id, 1000);
	ck_assert_uint_eq(spec->annotations.count, 2);
	ck_assert_str_eq(spec->annotations.items[0].key, "com.example.key");
	ck_assert_str_eq(spec->annotations.items[0].value, "value");
	for (int kind = 0; kind < HOOK_COUNT; kind++) {
		const char path[] = { '/', 'b', 'i', 'n', '/', (char) ('a' + kind), '\0' };

		ck_assert_uint_eq(spec->hooks[kind].count, 1);
		ck_assert_str_eq(spec->hooks[kind].items[0].path, path);
		ck_assert_uint_eq(spec->hooks[kind].items[0].args.count, 1);
		ck_assert_uint_eq(spec->hooks[kind].items[0].env.count, 1);
		ck_assert(spec->hooks[kind].items[0].has_timeout);
		ck_assert_int_eq(spec->hooks[kind].items[0].timeout_s, 5);
	}
	spec_free(spec);
}
END_TEST

START_TEST(test_process_is_read)
{
	struct spec *spec = parse_full();
	const struct spec_process *process = &spec->process;

	ck_assert(process->present && process->terminal && process->has_console_size);
	ck_assert_uint_eq(process->console_width, 80);
	ck_assert_uint_eq(process->console_height, 25);
	ck_assert_str_eq(process->args.items[2], "true");
	ck_assert_ptr_null(process->args.items[3]);
	ck_assert_str_eq(process->env.items[0], "PATH=/bin");
	ck_assert_uint_eq(process->uid, 5);
	ck_assert_uint_eq(process->gid, 6);
	ck_assert(process->has_umask);
	ck_assert_uint_eq(process->umask, 022);
	ck_assert_uint_eq(process->group_count, 2);
	ck_assert_uint_eq(process->groups[1], 8);
	ck_assert(process->has_capabilities);
	ck_assert_uint_eq(process->capabilities[CAPS_EFFECTIVE], 1u << 5);
	ck_assert_uint_eq(process->capabilities[CAPS_PERMITTED], 1u << 5 | 1u << 0);
	ck_assert_uint_eq(process->capabilities[CAPS_INHERITABLE], 1u << 0);
	ck_assert_uint_eq(process->capabilities[CAPS_BOUNDING], 1u << 21);
	ck_assert_uint_eq(process->capabilities[CAPS_AMBIENT], 0);
	ck_assert_uint_eq(process->unknown_capabilities.count, 1);
	ck_assert_str_eq(process->unknown_capabilities.items[0], "CAP_MADE_UP");
	ck_assert_int_eq(process->rlimits[0].resource, RLIMIT_NOFILE);
	ck_assert_uint_eq(process->rlimits[0].soft, 10);
	ck_assert_uint_eq(process->rlimits[0].hard, 20);
	ck_assert_uint_eq(process->rlimits[1].hard, UINT64_MAX);
	ck_assert(process->no_new_privileges && process->has_oom_score_adj);
	ck_assert_int_eq(process->oom_score_adj, -5);
	ck_assert_str_eq(process->apparmor_profile, "profile");
	ck_assert_str_eq(process->selinux_label, "label");
	ck_assert(process->scheduler.present);
	ck_assert_int_eq(process->scheduler.policy, SCHED_DEADLINE);
	ck_assert_int_eq(process->scheduler.nice, -3);
	ck_assert_int_eq(process->scheduler.priority, 2);
	ck_assert_uint_eq(process->scheduler.flags, 2);
	ck_assert_uint_eq(process->scheduler.runtime, 10);
	ck_assert_uint_eq(process->scheduler.deadline, 20);
	ck_assert_uint_eq(process->scheduler.period, 30);
	ck_assert(process->has_io_priority);
	ck_assert_int_eq(process->io_class, IOPRIO_CLASS_BE);
	ck_assert_int_eq(process->io_priority, 7);
	ck_assert_str_eq(process->cpu_affinity_initial, "7");
	ck_assert_str_eq(process->cpu_affinity_final, "0-3,7");
	spec_free(spec);
}
END_TEST

START_TEST(test_linux_is_read)
{
	struct spec *spec = parse_full();

	ck_assert_uint_eq(spec->namespace_count, 8);
	ck_assert_str_eq(spec_find_namespace(spec, CLONE_NEWNET)->path, "/run/netns/a");
	ck_assert_ptr_null(spec_find_namespace(spec, CLONE_NEWPID)->path);
	ck_assert_uint_eq(spec->uid_maps.items[0].size, 32000);
	ck_assert_uint_eq(spec->gid_maps.items[0].container_id, 1);
	ck_assert(spec->boottime.present && spec->monotonic.present);
	ck_assert_int_eq(spec->boottime.secs, -10);
	ck_assert_uint_eq(spec->boottime.nanosecs, 5);
	ck_assert_int_eq(spec->monotonic.secs, 20);
	ck_assert_uint_eq(spec->monotonic.nanosecs, 6);
	ck_assert_int_eq(spec->devices[0].type, 'c');
	ck_assert_int_eq(spec->devices[0].minor, 229);
	ck_assert(spec->devices[0].has_mode && spec->devices[0].has_uid && spec->devices[0].has_gid);
	ck_assert_uint_eq(spec->devices[0].mode, 0666);
	ck_assert_str_eq(spec->net_devices[0].host_name, "eth0");
	ck_assert_str_eq(spec->net_devices[0].name, "inside");
	ck_assert_str_eq(spec->cgroups_path, "/a/b");
	ck_assert_str_eq(spec->rootfs_propagation, "slave");
	ck_assert_str_eq(spec->masked_paths.items[0], "/proc/kcore");
	ck_assert_str_eq(spec->readonly_paths.items[0], "/proc/sys");
	ck_assert_str_eq(spec->mount_label, "label");
	ck_assert_str_eq(spec->sysctl.items[0].key, "net.core.somaxconn");
	ck_assert_str_eq(spec->personality, "LINUX32");
	ck_assert(spec->intel_rdt.present && spec->intel_rdt.enable_monitoring);
	ck_assert_str_eq(spec->intel_rdt.clos_id, "group");
	ck_assert_str_eq(spec->intel_rdt.l3_schema, "L3:0=f");
	ck_assert_str_eq(spec->intel_rdt.mem_bw_schema, "MB:0=20");
	ck_assert_str_eq(spec->intel_rdt.schemata.items[0], "L2:0=f");
	ck_assert(spec->memory_policy.present);
	ck_assert_str_eq(spec->memory_policy.mode, "MPOL_BIND");
	ck_assert_str_eq(spec->memory_policy.nodes, "0-1");
	ck_assert_str_eq(spec->memory_policy.flags.items[0], "MPOL_F_STATIC_NODES");
	spec_free(spec);
}
END_TEST

START_TEST(test_resources_are_read)
{
	struct spec *spec = parse_full();
	const struct spec_resources *r = &spec->resources;

	ck_assert(r->devices[0].allow);
	ck_assert_str_eq(r->devices[0].access, "rw");
	ck_assert_int_eq(r->devices[0].major, 10);
	ck_assert_int_eq(r->memory.limit.value, 1000);
	ck_assert_int_eq(r->memory.reservation.value, 900);
	ck_assert_int_eq(r->memory.swap.value, 2000);
	ck_assert(r->memory.kernel.present && r->memory.kernel_tcp.present);
	ck_assert_int_eq(r->memory.kernel.value, -1);
	ck_assert_uint_eq(r->memory.swappiness.value, 60);
	ck_assert(r->memory.has_disable_oom_killer && r->memory.disable_oom_killer &&
		  r->memory.check_before_update);
	ck_assert_uint_eq(r->cpu.shares.value, 1024);
	ck_assert_int_eq(r->cpu.quota.value, 1000000);
	ck_assert_uint_eq(r->cpu.burst.value, 1000000);
	ck_assert_uint_eq(r->cpu.period.value, 500000);
	ck_assert_int_eq(r->cpu.realtime_runtime.value, 950000);
	ck_assert_uint_eq(r->cpu.realtime_period.value, 1000000);
	ck_assert_str_eq(r->cpu.cpus, "2-3");
	ck_assert_str_eq(r->cpu.mems, "0-7");
	ck_assert_int_eq(r->cpu.idle.value, 1);
	ck_assert(r->pids_limit.present);
	ck_assert_int_eq(r->pids_limit.value, 32771);
	ck_assert_uint_eq(r->block_io.weight.value, 10);
	ck_assert_uint_eq(r->block_io.leaf_weight.value, 11);
	ck_assert_uint_eq(r->block_io.weight_devices[0].leaf_weight.value, 300);
	ck_assert_uint_eq(r->block_io.read_bps.items[0].rate, 600);
	ck_assert_uint_eq(r->block_io.write_bps.items[0].rate, 601);
	ck_assert_uint_eq(r->block_io.read_iops.items[0].rate, 602);
	ck_assert_uint_eq(r->block_io.write_iops.items[0].rate, 603);
	ck_assert_str_eq(r->hugepages[0].page_size, "2MB");
	ck_assert_uint_eq(r->hugepages[0].limit, 9223372036854772000ull);
	ck_assert_uint_eq(r->network.class_id.value, 1048577);
	ck_assert_str_eq(r->network.priorities[0].key, "eth0");
	ck_assert_str_eq(r->network.priorities[0].value, "500");
	ck_assert_str_eq(r->rdma[0].device, "mlx5_1");
	ck_assert_uint_eq(r->rdma[0].objects.value, 10000);
	ck_assert_str_eq(r->unified.items[0].value, "259:0 rbps=2097152");
	spec_free(spec);
}
END_TEST

START_TEST(test_seccomp_is_read)
{
	struct spec *spec = parse_full();
	const struct spec_seccomp *seccomp = &spec->seccomp;

	ck_assert(seccomp->present && seccomp->default_errno_ret.present);
	ck_assert_str_eq(seccomp->default_action, "SCMP_ACT_ERRNO");
	ck_assert_uint_eq(seccomp->default_errno_ret.value, 38);
	ck_assert_str_eq(seccomp->architectures.items[1], "SCMP_ARCH_X86");
	ck_assert_str_eq(seccomp->flags.items[0], "SECCOMP_FILTER_FLAG_LOG");
	ck_assert_str_eq(seccomp->listener_path, "/run/agent.sock");
	ck_assert_str_eq(seccomp->listener_metadata, "for the agent");
	ck_assert_uint_eq(seccomp->rule_count, 2);
	ck_assert_str_eq(seccomp->rules[0].names.items[1], "write");
	ck_assert_uint_eq(seccomp->rules[0].errno_ret.value, 65535);
	ck_assert(!seccomp->rules[1].errno_ret.present);
	ck_assert_uint_eq(seccomp->rules[0].args[0].index, 5);
	ck_assert_uint_eq(seccomp->rules[0].args[0].value, UINT64_MAX);
	ck_assert_uint_eq(seccomp->rules[0].args[0].value_two, 1);
	ck_assert_int_eq(seccomp->rules[0].args[0].op, 7);
	spec_free(spec);
}
END_TEST

/* error NULL: accepted; else the error begins with it. */
static const struct rule {
	const char *path, *value, *error;
} rules[] = {
	{ "ociVersion", "\"1.0.0\"", NULL },
	{ "ociVersion", "\"1.0.2-dev\"", NULL },
	{ "ociVersion", "\"1.2.0-rc.1+build.007\"", NULL },
	{ "ociVersion", "\"1.3.9\"", NULL },
	{ "ociVersion", "\"1.4.0\"", "ociVersion: 1.4.0 is not supported" },
	{ "ociVersion", "\"2.0.0\"", "ociVersion: 2.0.0 is not supported" },
	{ "ociVersion", "\"0.9.0\"", "ociVersion: 0.9.0 is not supported" },
	{ "ociVersion", "\"\"", "ociVersion: \"\" is no SemVer" },
	{ "ociVersion", "\"1.0\"", "ociVersion: \"1.0\" is no SemVer" },
	{ "ociVersion", "\"1.0.0.0\"", "ociVersion: " },
	{ "ociVersion", "\"01.0.0\"", "ociVersion: " },
	{ "ociVersion", "\"1.00.0\"", "ociVersion: " },
	{ "ociVersion", "\"1.0.0-\"", "ociVersion: " },
	{ "ociVersion", "\"1.0.0-a..b\"", "ociVersion: " },
	{ "ociVersion", "\"1.0.0-01\"", "ociVersion: " },
	{ "ociVersion", "\"1.0.0-0a\"", NULL },
	{ "ociVersion", "\"1.0.0+\"", "ociVersion: " },
	{ "ociVersion", "\"1.0.0garbage\"", "ociVersion: " },
	{ "ociVersion", "\" 1.0.0\"", "ociVersion: " },
	{ "ociVersion", "\"+1.0.0\"", "ociVersion: " },
	{ "root.path", "\"\"", "root.path: must not be empty" },
	{ "mounts[0].destination", "\"\"", "mounts[0].destination: must not be empty" },
	{ "mounts[0].uidMappings", "[]", "mounts[0]: uidMappings and gidMappings need each other" },
	{ "mounts[0].gidMappings", "[]", "mounts[0]: uidMappings and gidMappings need each other" },
	{ "mounts[]", "{\"destination\": \"/data\"}", NULL },
	{ "hostname", "\"1234567890123456789012345678901234567890123456789012345678901234\"", NULL },
	{ "hostname", "\"12345678901234567890123456789012345678901234567890123456789012345\"",
	  "hostname: longer" },
	{ "process.cwd", "\"work\"", "process.cwd: must be an absolute path" },
	{ "process.cwd", "\"\"", "process.cwd: must be an absolute path" },
	{ "process.args", "[]", "process.args: must have at least one entry" },
	{ "process.args", "[\"echo\", \"\"]", NULL },
	{ "process.env[]", "\"\"", NULL },
	{ "process.terminal", "false", NULL },
	{ "process.consoleSize.height", "65535", NULL },
	{ "process.consoleSize.height", "65536", "process.consoleSize.height: 65536 is above 65535" },
	{ "process.user.uid", "4294967294", NULL },
	{ "process.user.uid", "4294967295", "process.user.uid: 4294967295 is above 4294967294" },
	{ "process.user.gid", "-1", "process.user.gid: -1 is below 0" },
	{ "process.user.additionalGids[1]", "4294967295", "process.user.additionalGids[1]: " },
	{ "process.user.umask", "511", NULL },
	{ "process.user.umask", "512", "process.user.umask: 512 is above 511" },
	{ "process.rlimits[0].type", "\"RLIMIT_X\"", "process.rlimits[0].type: unknown limit RLIMIT_X" },
	{ "process.rlimits[0].soft", "21", "process.rlimits[0]: soft limit 21 is above the hard one, 20" },
	{ "process.rlimits[]", "{\"type\": \"RLIMIT_AS\", \"soft\": 1, \"hard\": 1}",
	  "process.rlimits[2]: RLIMIT_AS" },
	{ "process.oomScoreAdj", "-1000", NULL },
	{ "process.oomScoreAdj", "1001", "process.oomScoreAdj: 1001 is above 1000" },
	{ "process.scheduler.policy", "\"SCHED_NO\"",
	  "process.scheduler.policy: unknown value \"SCHED_NO\"" },
	{ "process.scheduler.flags[0]", "\"X\"", "process.scheduler.flags[0]: unknown value" },
	{ "process.scheduler.nice", "20", "process.scheduler.nice: 20 is above 19" },
	{ "process.ioPriority.class", "\"IOPRIO_CLASS_NONE\"", "process.ioPriority.class: unknown value" },
	{ "process.ioPriority.priority", "8", "process.ioPriority.priority: 8 is above 7" },
	{ "process.ioPriority.priority", "-1", "process.ioPriority.priority: -1 is below 0" },
	{ "process.execCPUAffinity.initial", "\"\"", NULL },
	{ "process.execCPUAffinity.initial", "\"0, 3-5\"", NULL },
	{ "process.execCPUAffinity.initial", "\"5-3\"", "process.execCPUAffinity.initial: " },
	{ "process.execCPUAffinity.final", "\"0,\"", "process.execCPUAffinity.final: " },
	{ "process.execCPUAffinity.final", "\"a\"", "process.execCPUAffinity.final: " },
	{ "process.execCPUAffinity.final", "\"99999999999999999999\"", "process.execCPUAffinity.final: " },
	{ "process.capabilities.bounding[0]", "\"CAP_NOT_YET\"", NULL },
	{ "hooks.poststop[0].path", "\"bin/x\"", "hooks.poststop[0].path: must be an absolute path" },
	{ "hooks.createContainer[0].timeout", "0", "hooks.createContainer[0].timeout: 0 is below 1" },
	{ "hooks.createContainer[0].timeout", "-1", "hooks.createContainer[0].timeout: -1 is below 1" },
	{ "linux.namespaces[0].type", "\"ipc\"", "linux.namespaces[3]: a second ipc namespace" },
	{ "linux.namespaces[0].type", "\"pids\"", "linux.namespaces[0].type: unknown namespace \"pids\"" },
	{ "linux.namespaces[1].path", "\"netns\"", "linux.namespaces[1].path: must be an absolute path" },
	{ "linux.namespaces[1].path", "\"\"", "linux.namespaces[1].path: must be an absolute path" },
	{ "linux.namespaces", "[{\"type\": \"uts\"}]", "linux.uidMappings: needs a user namespace" },
	{ "linux.namespaces", "[{\"type\": \"user\"}]", "hostname: needs a uts namespace" },
	{ "linux.namespaces[7].path", "\"/proc/1/ns/time\"",
	  "linux.timeOffsets: needs a new time namespace" },
	{ "linux.uidMappings[0].size", "0", "linux.uidMappings[0].size: 0 is below 1" },
	{ "linux.uidMappings[0].containerID", "4294967295", "linux.uidMappings[0]: 32000 ids" },
	{ "linux.gidMappings[0]", "{\"containerID\": 0, \"hostID\": 0, \"size\": 4294967295}", NULL },
	{ "linux.timeOffsets.realtime", "{}", "linux.timeOffsets.realtime: no clock" },
	{ "linux.timeOffsets.boottime.nanosecs", "1000000000", "linux.timeOffsets.boottime.nanosecs: " },
	{ "linux.devices[0].type", "\"p\"", NULL },
	{ "linux.devices[0].type", "\"x\"", "linux.devices[0].type: unknown value \"x\"" },
	{ "linux.devices[0]", "{\"type\": \"p\", \"path\": \"/dev/fifo\"}", NULL },
	{ "linux.devices[0].path", "\"dev/fuse\"", "linux.devices[0].path: must be an absolute path" },
	{ "linux.devices[0].major", "4096", "linux.devices[0].major: 4096 is above 4095" },
	{ "linux.devices[0].minor", "1048576", "linux.devices[0].minor: " },
	{ "linux.devices[0].minor", "-1", "linux.devices[0].minor: -1 is below 0" },
	{ "linux.netDevices.eth0.name", "\"a/b\"", "linux.netDevices.eth0.name: " },
	{ "linux.netDevices.eth0.name", "\"1234567890123456\"", "linux.netDevices.eth0.name: " },
	{ "linux.netDevices.eth0.name", "\"eth%d\"", NULL },
	{ "linux.netDevices[bad name]", "{}", "linux.netDevices.bad name: " },
	{ "linux.rootfsPropagation", "\"rshared\"", NULL },
	{ "linux.rootfsPropagation", "\"\"", "linux.rootfsPropagation: unknown value" },
	{ "linux.maskedPaths[0]", "\"proc/kcore\"", "linux.maskedPaths[0]: must be an absolute path" },
	{ "linux.readonlyPaths[0]", "\"\"", "linux.readonlyPaths[0]: must be an absolute path" },
	{ "linux.personality.domain", "\"LINUX64\"", "linux.personality.domain: unknown value" },
	{ "linux.personality.flags[]", "\"ADDR_NO_RANDOMIZE\"", "linux.personality.flags[0]: unknown value" },
	{ "linux.intelRdt.closID", "\"/\"", NULL },
	{ "linux.intelRdt.closID", "\"../x\"", "linux.intelRdt.closID: " },
	{ "linux.intelRdt.closID", "\"..\"", "linux.intelRdt.closID: " },
	{ "linux.intelRdt.memBwSchema", "\"L3:0=f\"", "linux.intelRdt.memBwSchema: must start with MB:" },
	{ "linux.intelRdt.memBwSchema", "\"MB:0=1\\n\"",
	  "linux.intelRdt.memBwSchema: must not contain a newline" },
	{ "linux.intelRdt.schemata[0]", "\"a\\nb\"",
	  "linux.intelRdt.schemata[0]: must not contain a newline" },
	{ "linux.memoryPolicy.mode", "\"MPOL_X\"", "linux.memoryPolicy.mode: unknown value" },
	{ "linux.memoryPolicy.nodes", "\"x\"", "linux.memoryPolicy.nodes: " },
	{ "linux.memoryPolicy.flags[0]", "\"X\"", "linux.memoryPolicy.flags[0]: unknown value" },
	{ "linux.resources.devices[0].type", "\"p\"", "linux.resources.devices[0].type: unknown value" },
	{ "linux.resources.devices[0].access", "\"rx\"", "linux.resources.devices[0].access: " },
	{ "linux.resources.devices[0].access", "\"\"", "linux.resources.devices[0].access: " },
	{ "linux.resources.devices[0].major", "-1", NULL },
	{ "linux.resources.devices[0].major", "-2", "linux.resources.devices[0].major: -2 is below -1" },
	{ "linux.resources.memory.limit", "-1", NULL },
	{ "linux.resources.memory.limit", "-2", "linux.resources.memory.limit: -2 is below -1" },
	{ "linux.resources.memory.limit", "2001",
	  "linux.resources.memory.swap: 2000 is below the memory limit" },
	{ "linux.resources.memory.swappiness", "101", "linux.resources.memory.swappiness: 101 is above 100" },
	{ "linux.resources.cpu.quota", "999999", "linux.resources.cpu.burst: 1000000 is above the quota" },
	{ "linux.resources.cpu.quota", "-1", NULL },
	{ "linux.resources.cpu.cpus", "\"0-\"", "linux.resources.cpu.cpus: " },
	{ "linux.resources.cpu.idle", "2", "linux.resources.cpu.idle: 2 is above 1" },
	{ "linux.resources.pids.limit", "0", NULL },
	{ "linux.resources.pids.limit", "-1", NULL },
	{ "linux.resources.pids.limit", "-2", "linux.resources.pids.limit: -2 is below -1" },
	{ "linux.resources.blockIO.weight", "65536", "linux.resources.blockIO.weight: 65536 is above 65535" },
	{ "linux.resources.blockIO.weightDevice[0]", "{\"major\": 8, \"minor\": 0}",
	  "linux.resources.blockIO.weightDevice[0]: needs a weight" },
	{ "linux.resources.hugepageLimits[0].pageSize", "\"2M\"",
	  "linux.resources.hugepageLimits[0].pageSize: " },
	{ "linux.resources.hugepageLimits[0].pageSize", "\"../2MB\"",
	  "linux.resources.hugepageLimits[0].pageSize: " },
	{ "linux.resources.hugepageLimits[0].pageSize", "\"64KB\"", NULL },
	{ "linux.resources.network.classID", "4294967296", "linux.resources.network.classID: " },
	{ "linux.resources.network.priorities[0].name", "\"a b\"",
	  "linux.resources.network.priorities[0].name: " },
	{ "linux.resources.rdma.mlx5_1", "{}",
	  "linux.resources.rdma.mlx5_1: needs hcaHandles or hcaObjects" },
	{ "linux.resources.unified[../memory.max]", "\"1\"",
	  "linux.resources.unified[../memory.max]: is no cgroup" },
	{ "linux.resources.unified[..]", "\"1\"", "linux.resources.unified[..]: is no cgroup file name" },
	{ "linux.resources.unified.memory", "\"1\"",
	  "linux.resources.unified.memory: is no cgroup file name" },
	{ "linux.seccomp.defaultAction", "\"SCMP_ACT_X\"", "linux.seccomp.defaultAction: unknown value" },
	{ "linux.seccomp.defaultAction", "\"SCMP_ACT_ALLOW\"",
	  "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW has" },
	{ "linux.seccomp.defaultErrnoRet", "4096", "linux.seccomp.defaultErrnoRet: 4096 is above 4095" },
	{ "linux.seccomp.architectures[0]", "\"SCMP_ARCH_VAX\"",
	  "linux.seccomp.architectures[0]: unknown value" },
	{ "linux.seccomp.flags[0]", "\"SECCOMP_FILTER_FLAG_X\"", "linux.seccomp.flags[0]: unknown value" },
	{ "linux.seccomp.listenerPath", "\"agent.sock\"",
	  "linux.seccomp.listenerPath: must be an absolute path" },
	{ "linux.seccomp.syscalls[1].action", "\"SCMP_ACT_LOG\"", NULL },
	{ "linux.seccomp.syscalls[0].names", "[]",
	  "linux.seccomp.syscalls[0].names: must have at least one entry" },
	{ "linux.seccomp.syscalls[0].names[0]", "\"\"",
	  "linux.seccomp.syscalls[0].names[0]: must not be empty" },
	{ "linux.seccomp.syscalls[0].errnoRet", "65536",
	  "linux.seccomp.syscalls[0].errnoRet: 65536 is above 65535" },
	{ "linux.seccomp.syscalls[1].errnoRet", "1",
	  "linux.seccomp.syscalls[1].errnoRet: SCMP_ACT_NOTIFY has no errno" },
	{ "linux.seccomp.syscalls[0].args[0].index", "6",
	  "linux.seccomp.syscalls[0].args[0].index: 6 is above 5" },
	{ "linux.seccomp.syscalls[0].args[0].op", "\"SCMP_CMP_X\"",
	  "linux.seccomp.syscalls[0].args[0].op: unknown" },
};

static struct json *edited(const char *path, const char *value)
{
	struct json *config = NULL, *json = NULL;
	struct err err = { 0 };

	ck_assert_int_eq(json_parse(full_config, strlen(full_config), &config, &err), 0);
	ck_assert_msg(json_parse(value, strlen(value), &json, &err) == 0, "%s: %s", value, err.text);
	ck_assert_msg(json_set(config, path, json, &err) == 0, "%s: %s", path, err.text);
	return config;
}

START_TEST(test_rule)
{
	const struct rule *rule = &rules[_i];
	auto_json config = edited(rule->path, rule->value);
	struct spec *spec = NULL;
	struct err err = { 0 };
	int r = spec_parse(config, &spec, &err);

	spec_free(spec);
	if (!rule->error) {
		ck_assert_msg(r == 0, "%s = %s: %s", rule->path, rule->value, err.text);
		return;
	}
	ck_assert_msg(r == -EINVAL, "%s = %s is accepted", rule->path, rule->value);
	ck_assert_msg(text_starts(err.text, rule->error), "%s = %s: \"%s\"", rule->path, rule->value,
		      err.text);
}
END_TEST

static struct spec *parse_text(const char *text)
{
	auto_json json = NULL;
	struct spec *spec = NULL;
	struct err err = { 0 };

	ck_assert_msg(json_parse(text, strlen(text), &json, &err) == 0, "%s", err.text);
	ck_assert_msg(spec_parse(json, &spec, &err) == 0, "%s", err.text);
	return spec;
}

START_TEST(test_absent_is_told_from_zero)
{
	struct spec *spec = parse_text("{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r\"}, \"process\":"
				       " {\"cwd\": \"/\", \"args\": [\"a\"], \"oomScoreAdj\": 0}, \"linux\":"
				       " {\"resources\": {\"pids\": {\"limit\": 0}}}}");

	ck_assert(spec->process.present && spec->process.has_oom_score_adj && !spec->process.has_umask);
	ck_assert(!spec->process.has_capabilities && !spec->process.scheduler.present);
	ck_assert(spec->resources.pids_limit.present && !spec->resources.memory.limit.present);
	ck_assert(!spec->seccomp.present && !spec->intel_rdt.present && !spec->boottime.present);
	ck_assert_ptr_null(spec->hostname);
	ck_assert_ptr_null(spec->process.env.items);
	ck_assert_ptr_null(spec_find_namespace(spec, CLONE_NEWNS));
	spec_free(spec);
	spec = parse_text("{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r\"}}");
	ck_assert(!spec->process.present);
	spec_free(spec);
}
END_TEST

START_TEST(test_unsaid_device_rule_is_all)
{
	struct spec *spec =
	    parse_text("{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r\"}, \"linux\": {\"resources\":"
		       " {\"devices\": [{\"allow\": false}]}}}");
	const struct spec_device_rule *rule = &spec->resources.devices[0];

	ck_assert(!rule->allow);
	ck_assert_int_eq(rule->type, 'a');
	ck_assert_int_eq(rule->major, -1);
	ck_assert_int_eq(rule->minor, -1);
	ck_assert_str_eq(rule->access, "rwm");
	spec_free(spec);
}
END_TEST

START_TEST(test_relative_destination_is_below_the_root)
{
	struct spec *spec = parse_text("{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r\"},"
				       " \"mounts\": [{\"destination\": \"data/x\"}]}");

	ck_assert_str_eq(spec->mounts[0].destination, "/data/x");
	spec_free(spec);
}
END_TEST

/* config.md: "Runtimes MUST ignore consoleSize if terminal is false or unset". */
START_TEST(test_console_size_is_ignored_without_terminal)
{
	struct spec *spec =
	    parse_text("{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r\"}, \"process\": {\"cwd\":"
		       " \"/\", \"args\": [\"a\"], \"consoleSize\": {\"height\": \"x\"}}}");

	ck_assert(!spec->process.has_console_size);
	spec_free(spec);
}
END_TEST

/* The file type that callers leave in fileMode must not reach mknod(2). */
START_TEST(test_file_mode_loses_the_type)
{
	struct spec *spec =
	    parse_text("{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r\"}, \"linux\": {\"devices\":"
		       " [{\"type\": \"u\", \"path\": \"/d\", \"major\": 1, \"minor\": 3,"
		       " \"fileMode\": 25014}]}}");

	ck_assert_uint_eq(spec->devices[0].mode, 0666);
	ck_assert_int_eq(spec->devices[0].type, 'c');
	spec_free(spec);
}
END_TEST

START_TEST(test_parts_alone)
{
	struct spec_process process = { 0 };
	struct spec_resources resources = { 0 };
	auto_json good = NULL;
	auto_json bad = NULL;
	struct err err = { 0 };
	const char *good_text = "{\"cwd\": \"/\", \"args\": [\"a\"], \"cpu\": {\"shares\": 5}}";
	const char *bad_text = "{\"cwd\": \"x\", \"pids\": 1}";

	ck_assert_int_eq(json_parse(good_text, strlen(good_text), &good, &err), 0);
	ck_assert_int_eq(spec_parse_process(good, "process", &process, &err), 0);
	ck_assert(process.present);
	ck_assert_str_eq(process.args.items[0], "a");
	spec_process_clear(&process);
	ck_assert_ptr_null(process.cwd);
	ck_assert_int_eq(spec_parse_resources(good, "resources", &resources, &err), 0);
	ck_assert_uint_eq(resources.cpu.shares.value, 5);
	spec_resources_clear(&resources);

	ck_assert_int_eq(json_parse(bad_text, strlen(bad_text), &bad, &err), 0);
	ck_assert_int_eq(spec_parse_process(bad, "process", &process, &err), -EINVAL);
	ck_assert(text_starts(err.text, "process.cwd: "));
	err.text[0] = '\0';
	ck_assert_int_eq(spec_parse_resources(bad, "resources", &resources, &err), -EINVAL);
	ck_assert(text_starts(err.text, "resources.pids: must be an object"));
}
END_TEST

Suite *test_spec(void);
Suite *test_spec(void)
{
	Suite *suite = suite_create("oci/spec");
	TCase *read = tcase_create("read"), *rule = tcase_create("rules");

	tcase_add_test(read, test_top_is_read);
	tcase_add_test(read, test_process_is_read);
	tcase_add_test(read, test_linux_is_read);
	tcase_add_test(read, test_resources_are_read);
	tcase_add_test(read, test_seccomp_is_read);
	tcase_add_loop_test(rule, test_rule, 0, (int) ARRAY_SIZE(rules));
	tcase_add_test(rule, test_absent_is_told_from_zero);
	tcase_add_test(rule, test_unsaid_device_rule_is_all);
	tcase_add_test(rule, test_relative_destination_is_below_the_root);
	tcase_add_test(rule, test_console_size_is_ignored_without_terminal);
	tcase_add_test(rule, test_file_mode_loses_the_type);
	tcase_add_test(rule, test_parts_alone);
	suite_add_tcase(suite, read);
	suite_add_tcase(suite, rule);
	return suite;
}
