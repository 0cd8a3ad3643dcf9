/* The plumb line of plumbline flow: which values are followed, and the rung at which each is said to be lost. */
#include "tests/unit.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow.h"
#include "tests/harness/flow_fixture.h"

Suite *test_flow_ladder(void);

#define SPEC FLOW_FIXTURE_SPEC
#define ASKED "exit.step[3].request.config."
#define OF_POD "exit.step[2].request.config."
#define POD_SPEC "state.after.RunPodSandbox.sandbox_info.info.runtimeSpec."
#define NOW "host.after.ready."

static const struct {
	const char *path, *value, *name, *leaves;
} lost[] = {
	{ POD_SPEC "hostname", "\"node\"", "host name", "L3" },
	{ "inside.hostname", "\"node\"", "host name", "L5" },
	{ POD_SPEC "linux.sysctl[net.ipv4.ip_local_port_range]", "null", "sysctls", "L3" },
	{ "inside.sysctls[net.ipv4.ip_local_port_range]", "\"32768\\t60999\"", "sysctls", "L5" },
	{ SPEC "linux.cgroupsPath", "\"/plumbline-pods-not/c\"", "cgroup parent", "L3" },
	{ NOW "cgroup.pids.path", "\"/elsewhere/c\"", "cgroup parent", "L5" },
	{ SPEC "linux.namespaces[ipc].path", "null", "IPC", "L3" },
	{ SPEC "process.args[]", "\"more\"", "command", "L3" },
	{ NOW "init.cmdline", "[\"/bin/sh\"]", "command", "L5" },
	{ "inside.cwd", "\"/\"", "working directory", "L5" },
	{ SPEC "process.env", "[\"GREETING=bye\"]", "environment", "L3" },
	{ "inside.env_list", "[\"GREETING=bye\"]", "environment", "L5" },
	{ "host.logs", "{}", "log", "L5" },
	{ SPEC "linux.namespaces[pid].path", "\"/proc/1/ns/pid\"", "processes", "L3" },
	{ "inside.pid", "7", "processes", "L5" },
	{ "inside.uid.effective", "0", "user", "L5" },
	{ SPEC "process.user.gid", "0", "group", "L3" },
	{ SPEC "process.user.additionalGids", "[2000, 3000]", "more groups", "L3" },
	{ "inside.groups", "[2000, 3001]", "more groups", "L5" },
	{ NOW "init.no_new_privs", "0", "no new privileges", "L5" },
	{ NOW "init.seccomp", "0", "system calls", "L5" },
	{ NOW "init.caps.bounding", "[]", "capabilities", "L5" },
	{ NOW "init.caps.bounding[]", "\"CAP_SYS_ADMIN\"", "dropped", "L5" },
	{ SPEC "process.capabilities.bounding[]", "\"CAP_SYS_ADMIN\"", "dropped", "L3" },
	{ NOW "cgroup.cpu[cpu.shares]", "\"1024\"", "CPU shares", "L5" },
	{ NOW "cgroup.cpu[cpu.cfs_quota_us]", "\"-1\"", "CPU quota", "L5" },
	{ SPEC "linux.resources.memory.limit", "4096", "memory", "L3" },
	{ NOW "cgroup.memory[memory.limit_in_bytes]", "\"9223372036854771712\"", "memory", "L5" },
	{ "inside.mounts[/].flags[0]", "\"rw\"", "read-only root", "L5" },
	{ SPEC "mounts[/data].destination", "\"/date\"", "mounts", "L3" },
	{ "inside.mounts[/data].flags", "[\"rw\", \"relatime\"]", "read-only mounts", "L5" },
	{ SPEC "mounts[/data].options", "[\"rbind\", \"ro\", \"rshared\"]", "propagation", "L3" },
	{ "inside.mounts[/data].propagation", "\"shared\"", "propagation", "L5" },
	{ SPEC "linux.devices", "[]", "devices", "L3" },
	{ "inside.devices", "[]", "devices", "L5" },
	{ NOW "cgroup.devices[devices.list]", "\"c *:* m\\nc 1:11 rw\"", "device access", "L5" },
	{ SPEC "linux.maskedPaths", "[]", "masked paths", "L3" },
	{ "inside.mounts[/sys/firmware].destination", "\"/sys/other\"", "masked paths", "L5" },
	{ "inside.mounts[/proc/sys].flags[0]", "\"rw\"", "read-only paths", "L5" },
};

START_TEST(a_value_leaves_the_line_where_it_is_lost)
{
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, lost[_i].path, lost[_i].value);
	facts = flow_fixture_facts(&pod, true);
	const char *leaves = json_get_string(flow_fixture_value(facts, lost[_i].name), "leaves_at");
	ck_assert_msg(leaves && !strcmp(leaves, lost[_i].leaves), "%s leaves at %s", lost[_i].name,
		      leaves ? leaves : "no rung");
	flow_fixture_free(&pod);
}
END_TEST

/* What the recorded pod did not ask for: the edits ask, write and set it, and the last one alone is what loses it. */
static const struct {
	const char *name;
	const char *edits[5][2];
	const char *lost[2], *leaves;
} more_values[] = {
	{ "huge pages",
	  { { ASKED "linux.resources.hugepage_limits", "[{\"page_size\": \"2MB\", \"limit\": 4194304}]" },
	    { SPEC "linux.resources.hugepageLimits", "[{\"pageSize\": \"2MB\", \"limit\": 4194304}]" },
	    { NOW "cgroup.hugetlb", "{\"hugetlb.2MB.limit_in_bytes\": \"4194304\"}" } },
	  { NOW "cgroup.hugetlb[hugetlb.2MB.limit_in_bytes]", "\"max\"" },
	  "L5" },
	{ "cgroup files",
	  { { ASKED "linux.resources.unified", "{\"pids.max\": \"42\"}" },
	    { SPEC "linux.resources.unified", "{\"pids.max\": \"42\"}" },
	    { NOW "cgroup.pids[pids.max]", "\"42\"" } },
	  { SPEC "linux.resources.unified[pids.max]", "\"43\"" },
	  "L3" },
	{ "process limit",
	  { { SPEC "linux.resources.pids", "{\"limit\": 42}" }, { NOW "cgroup.pids[pids.max]", "\"42\"" } },
	  { NOW "cgroup.pids[pids.max]", "\"max\"" },
	  "L5" },
	{ "memory and swap",
	  { { ASKED "linux.resources.memory_swap_limit_in_bytes", "134217728" },
	    { SPEC "linux.resources.memory.swap", "134217728" },
	    { NOW "cgroup.memory[memory.memsw.limit_in_bytes]", "\"134217728\"" } },
	  { NOW "cgroup.memory[memory.memsw.limit_in_bytes]", "\"67108864\"" },
	  "L5" },
	{ "memory and swap",
	  { { ASKED "linux.resources.memory_swap_limit_in_bytes", "134217728" },
	    { SPEC "linux.resources.memory.swap", "134217728" },
	    { NOW "cgroup.memory", "{\"memory.max\": \"67108864\", \"memory.swap.max\": \"67108864\"}" } },
	  { NOW "cgroup.memory[memory.swap.max]", "\"0\"" },
	  "L5" },
	{ "CPU quota",
	  { { NOW "cgroup.cpu", "{\"cpu.max\": \"50000 100000\"}" } },
	  { NOW "cgroup.cpu[cpu.max]", "\"max 100000\"" },
	  "L5" },
	{ "processors",
	  { { ASKED "linux.resources.cpuset_cpus", "\"0,1\"" },
	    { SPEC "linux.resources.cpu.cpus", "\"0,1\"" },
	    { NOW "cgroup.cpuset", "{\"cpuset.cpus\": \"0-1\"}" } },
	  { NOW "cgroup.cpuset[cpuset.cpus]", "\"0\"" },
	  "L5" },
	{ "terminal",
	  { { ASKED "tty", "true" }, { SPEC "process.terminal", "true" }, { "inside.tty.stdout", "true" } },
	  { "inside.tty.stdout", "false" },
	  "L5" },
	{ "user ids",
	  { { OF_POD "linux.security_context.namespace_options.userns_options",
	      "{\"uids\": [{\"host_id\": 100000, \"container_id\": 0, \"length\": 65536}]}" },
	    { SPEC "linux.uidMappings", "[{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}]" },
	    { "inside.uid_map", "[[0, 100000, 65536]]" } },
	  { "inside.uid_map", "null" },
	  NULL }, /* a map that nobody has read is not one that was lost */
	{ "network",
	  { { OF_POD "linux.security_context.namespace_options.network", "\"NODE\"" },
	    { SPEC "linux.namespaces[network].type", "\"other\"" },
	    { NOW "init.namespaces.network", "\"net:[1]\"" },
	    { "host.world.namespaces.network", "\"net:[1]\"" } },
	  { "host.world.namespaces.network", "\"net:[2]\"" },
	  "L5" },
	{ "privileged",
	  { { ASKED "linux.security_context.privileged", "true" },
	    { SPEC "process.capabilities.bounding[]", "\"CAP_SYS_ADMIN\"" },
	    { NOW "init.caps.bounding[]", "\"CAP_SYS_ADMIN\"" } },
	  { NOW "init.caps.bounding", "[]" },
	  "L5" },
	{ "read-only below",
	  { { ASKED "mounts[0].recursive_read_only", "true" },
	    { SPEC "mounts[/data].options[]", "\"rro\"" } },
	  { "inside.mounts[/data].flags", "[\"rw\"]" },
	  "L5" },
	{ "propagation",
	  { { ASKED "mounts[0].propagation", "\"PROPAGATION_HOST_TO_CONTAINER\"" },
	    { SPEC "mounts[/data].options", "[\"rbind\", \"rslave\", \"ro\"]" },
	    { "inside.mounts[/data].propagation", "\"slave,shared\"" } },
	  { "inside.mounts[/data].propagation", "\"shared\"" },
	  "L5" },
	{ "device access", /* and /dev/zero, of which everybody may do more */
	  { { SPEC "linux.devices[/dev/own].minor", "5" },
	    { SPEC "linux.resources.devices[]",
	      "{\"allow\": true, \"type\": \"c\", \"major\": 1, \"minor\": 5, \"access\": \"r\"}" },
	    { NOW "cgroup.devices[devices.list]", "\"c *:* m\\nc 1:5 rwm\"" } },
	  { NOW "cgroup.devices[devices.list]", "\"c *:* m\\nc 1:11 r\"" },
	  "L5" },
	{ "pause: user",
	  { { OF_POD "linux.security_context.run_as_user", "{\"value\": 7}" },
	    { POD_SPEC "process.user.uid", "7" } },
	  { POD_SPEC "process.user.uid", "0" },
	  "L3" },
};

START_TEST(other_values_are_followed_too)
{
	struct flow_fixture pod;
	auto_json facts = NULL;
	const char *name = more_values[_i].name;

	flow_fixture_load(&pod);
	for (size_t i = 0; i < 5 && more_values[_i].edits[i][0]; i++)
		flow_fixture_set(&pod, more_values[_i].edits[i][0], more_values[_i].edits[i][1]);
	facts = flow_fixture_facts(&pod, false);
	ck_assert_msg(flow_fixture_value(facts, name), "nobody follows %s", name);
	ck_assert_msg(!json_has(flow_fixture_value(facts, name), "leaves_at"), "%s leaves", name);
	json_free(facts);
	flow_fixture_set(&pod, more_values[_i].lost[0], more_values[_i].lost[1]);
	facts = flow_fixture_facts(&pod, false);
	const char *leaves = json_get_string(flow_fixture_value(facts, name), "leaves_at");
	ck_assert_msg(!!leaves == !!more_values[_i].leaves &&
			  (!leaves || !strcmp(leaves, more_values[_i].leaves)),
		      "%s leaves at %s", name, leaves ? leaves : "no rung");
	flow_fixture_free(&pod);
}
END_TEST

/* No filter was wanted: one that is there is as wrong as one that is missing elsewhere. */
START_TEST(a_filter_that_nobody_wanted_is_off_the_line)
{
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, ASKED "linux.security_context.seccomp.profile_type", "\"Unconfined\"");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "system calls"), "leaves_at"), "L3");
	json_free(facts);
	flow_fixture_set(&pod, SPEC "linux.seccomp", "null");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "system calls"), "leaves_at"), "L4");
	json_free(facts);
	facts = flow_fixture_facts(&pod, false);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "system calls"), "leaves_at"), "L5");
	flow_fixture_free(&pod);
}
END_TEST

/* Some servers join the node's namespaces by a path, too: it is the sandbox's config.json that does not list them. */
START_TEST(what_a_pod_shares_may_be_the_nodes)
{
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, OF_POD "linux.security_context.namespace_options.ipc", "\"NODE\"");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "IPC"), "leaves_at"), "L3");
	json_free(facts);
	flow_fixture_set(&pod, POD_SPEC "linux.namespaces[ipc].type", "\"other\"");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "IPC"), "leaves_at"), "L5");
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "IPC"), "rungs.L5"), "not the node's");
	flow_fixture_free(&pod);
}
END_TEST

/* Nothing is said of a process that nobody saw while it ran, and nothing is held against it. */
START_TEST(what_has_ended_is_not_looked_at)
{
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, NOW "init.cmdline", "[]");
	flow_fixture_set(&pod, NOW "init.caps.bounding", "[]");
	flow_fixture_set(&pod, NOW "cgroup", "{}");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_ptr_null(json_get(flow_fixture_value(facts, "memory"), "rungs.L5"));
	for (size_t i = 0; i < json_length(facts); i++)
		ck_assert_msg(!json_has(json_at(facts, i), "leaves_at"), "%s leaves",
			      json_get_string(json_at(facts, i), "name"));
	flow_fixture_free(&pod);
}
END_TEST

/* A case may make several: the last one made is not the one whose config.json was told. */
START_TEST(a_container_is_compared_with_its_own_request)
{
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, "exit.CreateContainer",
			 "{\"request\": {\"config\": {\"linux\": {\"resources\": {\"cpu_shares\": 7}}}}}");
	facts = flow_fixture_facts(&pod, true);
	ck_assert(json_bool(json_member(flow_fixture_value(facts, "CPU shares"), "plumb"), false));
	ck_assert_ptr_nonnull(json_get(flow_fixture_value(facts, "user"), "rungs.L2"));
	flow_fixture_free(&pod);
}
END_TEST

/* As if Version and ImageStatus had been starts: one that was refused, and one of another container. */
START_TEST(the_start_is_the_one_that_began_the_program)
{
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, "exit.step[0].verb", "\"StartContainer\"");
	flow_fixture_set(&pod, "exit.step[0].status", "\"UNKNOWN\"");
	flow_fixture_set(&pod, "exit.step[1].verb", "\"StartContainer\"");
	flow_fixture_set(&pod, "exit.step[1].request.container_id", "\"another\"");
	facts = flow_fixture_facts(&pod, true);
	ck_assert(json_bool(json_member(flow_fixture_value(facts, "command"), "plumb"), false));
	ck_assert(json_bool(json_member(flow_fixture_value(facts, "memory"), "plumb"), false));
	flow_fixture_free(&pod);
}
END_TEST

START_TEST(what_was_updated_before_the_start_is_not_followed)
{
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	ck_assert_str_eq(json_get_string(pod.observation, "exit.step[6].verb"), "StopContainer");
	flow_fixture_set(&pod, "exit.step[6].verb", "\"UpdateContainerResources\"");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_ptr_nonnull(flow_fixture_value(facts, "memory"));
	json_free(facts);
	flow_fixture_set(&pod, "exit.step[1].verb", "\"UpdateContainerResources\"");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_ptr_null(flow_fixture_value(facts, "memory"));
	ck_assert_ptr_nonnull(flow_fixture_value(facts, "user"));
	flow_fixture_free(&pod);
}
END_TEST

/* Where the image has a link the kernel tells the place it leads to. */
START_TEST(a_mount_behind_a_link_is_known_by_its_name)
{
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, "inside.mounts[/data].destination", "\"/srv/data\"");
	facts = flow_fixture_facts(&pod, false);
	ck_assert(json_bool(json_member(flow_fixture_value(facts, "mounts"), "plumb"), false));
	ck_assert(json_bool(json_member(flow_fixture_value(facts, "read-only mounts"), "plumb"), false));
	json_free(facts);
	flow_fixture_set(&pod, "inside.mounts[/srv/data].destination", "\"/srv/date\"");
	facts = flow_fixture_facts(&pod, false);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "mounts"), "leaves_at"), "L5");
	flow_fixture_free(&pod);
}
END_TEST

/* The numbers of a call are the node's, and nobody asked for these. */
START_TEST(with_a_map_of_ids_calls_are_not_compared)
{
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, SPEC "linux.uidMappings",
			 "[{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}]");
	flow_fixture_set(&pod, ASKED "linux.security_context.run_as_user.value", "7");
	flow_fixture_set(&pod, SPEC "process.user.uid", "7");
	flow_fixture_set(&pod, "inside.uid.effective", "7");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_ptr_nonnull(flow_fixture_value(facts, "user"));
	ck_assert_ptr_null(json_get_string(flow_fixture_value(facts, "user"), "leaves_at"));
	json_free(facts);
	flow_fixture_set(&pod, SPEC "linux.uidMappings", "null");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "user"), "leaves_at"), "L4");
	flow_fixture_free(&pod);
}
END_TEST

/* What this kernel lacks is no loss; what is lost is told by name, and how many there are. */
START_TEST(of_a_list_the_missing_are_named)
{
	struct flow_fixture pod;
	auto_json facts = NULL;
	auto_text story = { 0 };

	flow_fixture_load(&pod);
	facts = flow_fixture_facts(&pod, true);
	ck_assert(json_bool(json_member(flow_fixture_value(facts, "masked paths"), "plumb"), false));
	ck_assert_int_eq(json_int(json_get(flow_fixture_value(facts, "masked paths"), "counts.L2"), 0), 7);
	ck_assert_int_lt(json_int(json_get(flow_fixture_value(facts, "masked paths"), "counts.L5"), 0), 7);
	json_free(facts);
	/* As if somebody knew that it is there. */
	flow_fixture_set(&pod, "inside.usual_paths[/proc/latency_stats]", "true");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "masked paths"), "leaves_at"), "L4");
	ck_assert_uint_eq(json_length(json_member(flow_fixture_value(facts, "masked paths"), "lost")), 1);
	flow_story(facts, &flow_fixture_style, &story);
	flow_fixture_check_width(text_str(&story));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "leaves the line at L4: /proc/latency_stats\n"));
	flow_fixture_free(&pod);
}
END_TEST

/* Whose it is stands in the place of the request. */
START_TEST(what_nobody_asked_for_is_followed_from_config_json)
{
	struct flow_fixture pod;
	auto_json facts = NULL;
	auto_text story = { 0 };

	flow_fixture_load(&pod);
	json_remove(json_get(pod.observation, ASKED "linux.security_context"), "run_as_group");
	json_remove(json_get(pod.observation, "state.after.CreateContainer.info.info.origins"),
		    "process.user.gid");
	json_put(json_get(pod.observation, "state.after.CreateContainer.info.info.origins"),
		 "process.user.gid", json_new_object());
	flow_fixture_set(&pod, "state.after.CreateContainer.info.info.origins[process.user.gid].from",
			 "\"default\"");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "group"), "from"), "default");
	ck_assert_ptr_null(json_get(flow_fixture_value(facts, "group"), "rungs.L2"));
	flow_story(facts, &flow_fixture_style, &story);
	ck_assert_ptr_nonnull(
	    strstr(text_str(&story), "group             default        2000           gid=2000"));
	json_free(facts);
	flow_fixture_set(&pod, "inside.gid.effective", "0");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "group"), "leaves_at"), "L5");
	flow_fixture_free(&pod);
}
END_TEST

/* Request and config.json agree on 5 pages, and the runtime writes what it was given on the day it was recorded. */
START_TEST(a_value_leaves_the_line_at_the_kernel_call)
{
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, ASKED "linux.resources.memory_limit_in_bytes", "20480");
	flow_fixture_set(
	    &pod, "state.after.CreateContainer.info.info.runtimeSpec.linux.resources.memory.limit", "20480");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "memory"), "leaves_at"), "L4");
	flow_fixture_free(&pod);
}
END_TEST

Suite *test_flow_ladder(void)
{
	Suite *suite = UNIT_SUITE(
	    "flow_ladder", a_value_leaves_the_line_at_the_kernel_call,
	    a_filter_that_nobody_wanted_is_off_the_line, what_a_pod_shares_may_be_the_nodes,
	    what_has_ended_is_not_looked_at, a_container_is_compared_with_its_own_request,
	    the_start_is_the_one_that_began_the_program, what_was_updated_before_the_start_is_not_followed,
	    a_mount_behind_a_link_is_known_by_its_name, with_a_map_of_ids_calls_are_not_compared,
	    of_a_list_the_missing_are_named, what_nobody_asked_for_is_followed_from_config_json);
	TCase *tcase = tcase_create("values");

	tcase_add_loop_test(tcase, a_value_leaves_the_line_where_it_is_lost, 0, ARRAY_SIZE(lost));
	tcase_add_loop_test(tcase, other_values_are_followed_too, 0, ARRAY_SIZE(more_values));
	suite_add_tcase(suite, tcase);
	return suite;
}
