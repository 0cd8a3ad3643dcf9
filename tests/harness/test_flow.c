/* What plumbline flow tells, from the recording of a real pod: tests/golden/flow.sh makes it. */
#include "tests/unit.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/cri.h"
#include "harness/flow.h"
#include "harness/flow_part.h"
#include "tests/harness/flow_fixture.h"
#include "tests/harness/report_fixture.h"

Suite *test_flow(void);

static const struct json *call_of(const struct json *facts, const char *method)
{
	for (size_t i = 0; i < json_length(facts); i++) {
		const char *is = json_get_string(json_at(facts, i), "method");

		if (is && !strcmp(is, method))
			return json_at(facts, i);
	}
	ck_abort_msg("no call %s", method);
}

static const struct json *row_of(const struct json *facts, const char *method, const char *path)
{
	const struct json *rows = json_get(call_of(facts, method), "config.values");

	for (size_t i = 0; i < json_length(rows); i++)
		if (!strcmp(json_get_string(json_at(rows, i), "path"), path))
			return json_at(rows, i);
	ck_abort_msg("%s has no row %s", method, path);
}

START_TEST(the_story_of_a_pod_is_golden)
{
	struct flow_fixture pod;
	auto_json facts = NULL;
	auto_text story = { 0 };

	flow_fixture_load(&pod);
	facts = flow_fixture_facts(&pod, true);
	flow_story(facts, &flow_fixture_style, &story);
	flow_fixture_check_width(text_str(&story));
	fixture_golden("flow.txt", &story);
	flow_fixture_free(&pod);
}
END_TEST

/* Each program is told with the call that it ran for, and with whom it was about. */
START_TEST(commands_stand_with_their_call)
{
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	facts = flow_fixture_facts(&pod, true);
	const struct json *commands = json_member(call_of(facts, "StartContainer"), "commands");
	ck_assert_uint_eq(json_length(commands), 4);
	ck_assert_str_eq(json_get_string(commands, "[0].kind"), "server");
	ck_assert_str_eq(json_get_string(commands, "[1].kind"), "runtime");
	ck_assert_str_eq(json_get_string(commands, "[1].of"), "container");
	ck_assert_int_eq(json_int(json_get(commands, "[1].code"), -1), 0);
	ck_assert_str_eq(json_get_string(commands, "[3].kind"), "payload");
	const struct json *argv = json_get(commands, "[1].argv");
	ck_assert_str_eq(json_string(json_at(argv, json_length(argv) - 1)),
			 json_get_string(pod.observation, "symbols.@container"));
	ck_assert_uint_eq(json_length(json_member(call_of(facts, "CreateContainer"), "commands")), 0);
	flow_fixture_free(&pod);
}
END_TEST

/* A server that runs already has no handler of ours in front of its runtime, whose words tell it from a monitor's. */
START_TEST(a_runtime_is_known_by_its_words)
{
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, "symbols.@handler-path", "\"/not/there\"");
	facts = flow_fixture_facts(&pod, true);
	const struct json *commands = json_member(call_of(facts, "StartContainer"), "commands");
	ck_assert_str_eq(json_get_string(commands, "[0].kind"), "server");
	ck_assert_str_eq(json_get_string(commands, "[1].kind"), "runtime");
	ck_assert_str_eq(json_get_string(commands, "[1].of"), "container");
	commands = json_member(call_of(facts, "StopContainer"), "commands");
	ck_assert_str_eq(json_get_string(commands, "[0].kind"), "runtime");
	ck_assert(json_bool(json_member(flow_fixture_value(facts, "system calls"), "plumb"), false));
	flow_fixture_free(&pod);
}
END_TEST

/* As if the sandbox were somebody else's, at a server that is watched from outside. */
START_TEST(what_is_done_for_others_is_not_told)
{
	static const char other[] = "\"00000000000000000000000000000000ffffffffffffffffffffffffffffffff\"";
	struct flow_fixture pod;
	auto_json facts = NULL;

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, "symbols.@handler-path", "\"/not/there\"");
	flow_fixture_set(&pod, "symbols.@sandbox", other);
	json_put(pod.recording.symbols, "attached", json_new_string("runtime"));
	facts = flow_fixture_facts(&pod, true);
	ck_assert_uint_eq(json_length(json_member(call_of(facts, "RunPodSandbox"), "commands")), 0);
	/* The script in front of the runtime is a program like others here. */
	ck_assert_uint_eq(json_length(json_member(call_of(facts, "StartContainer"), "commands")), 6);
	flow_fixture_free(&pod);
}
END_TEST

START_TEST(effects_name_the_field_and_whose_they_are)
{
	struct flow_fixture pod;
	auto_json facts = NULL;
	bool sandbox = false, container = false;

	flow_fixture_load(&pod);
	facts = flow_fixture_facts(&pod, true);
	const struct json *groups = json_get(call_of(facts, "RunPodSandbox"), "effects.sandbox.groups");
	for (size_t i = 0; i < json_length(groups); i++) {
		const char *object = json_get_string(json_at(groups, i), "objects[0]"),
			   *field = json_get_string(json_at(groups, i), "field");

		sandbox = sandbox || (object && field && !strcmp(object, "hostname web-0") &&
				      !strcmp(field, "hostname"));
	}
	groups = json_get(call_of(facts, "StartContainer"), "effects.container.groups");
	for (size_t i = 0; i < json_length(groups); i++) {
		const char *does = json_get_string(json_at(groups, i), "does"),
			   *field = json_get_string(json_at(groups, i), "field");

		container = container || (field && !strcmp(field, "linux.seccomp") &&
					  !strcmp(does, "installs a system call filter"));
	}
	ck_assert(sandbox);
	ck_assert(container);
	flow_fixture_free(&pod);
}
END_TEST

START_TEST(without_a_recording_the_ladder_is_told)
{
	struct flow_fixture pod;
	auto_json facts = NULL;
	auto_text story = { 0 };

	flow_fixture_load(&pod);
	facts = flow_fixture_facts(&pod, false);
	flow_story(facts, &flow_fixture_style, &story);
	flow_fixture_check_width(text_str(&story));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "its calls are not recorded (it may not)"));
	ck_assert_ptr_null(strstr(text_str(&story), "\n  L4 "));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "linux.resources.cpu.shares: 512"));
	ck_assert(json_bool(json_member(flow_fixture_value(facts, "memory"), "plumb"), false));
	ck_assert_ptr_null(json_get(flow_fixture_value(facts, "memory"), "rungs.L4"));
	flow_fixture_free(&pod);
}
END_TEST

START_TEST(a_call_that_fails_ends_the_story)
{
	struct flow_fixture pod;
	auto_json facts = NULL;
	auto_text story = { 0 };

	flow_fixture_load(&pod);
	struct json *steps = json_get(pod.observation, "exit.step");
	while (json_length(steps) > 5)
		json_remove_at(steps, json_length(steps) - 1);
	flow_fixture_set(&pod, "exit.step[4].code", "1");
	flow_fixture_set(&pod, "exit.step[4].status", "\"UNKNOWN\"");
	flow_fixture_set(&pod, "exit.step[4].errors", "\"no\\u001b[31m room\"");
	flow_fixture_set(&pod, "exit.StartContainer.code", "1");
	flow_fixture_set(&pod, "host.leftovers", "[\"process 7 is still there\"]");
	facts = flow_fixture_facts(&pod, true);
	flow_story(facts, &flow_fixture_style, &story);
	flow_fixture_check_width(text_str(&story));
	ck_assert_uint_eq(json_uint(json_member(json_at(facts, json_length(facts) - 1), "failed"), 9), 1);
	ck_assert_ptr_nonnull(strstr(text_str(&story), "L2 refuses  UNKNOWN: no"));
	ck_assert_ptr_null(strchr(text_str(&story), '\033'));
	ck_assert_ptr_null(strstr(text_str(&story), "The plumb line"));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "process 7 is still there"));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "the last call failed"));
	json_free(facts);
	flow_fixture_set(
	    &pod, "state.after.CreateContainer.info.info.runtimeSpec.linux.resources.memory.limit", "4096");
	facts = flow_fixture_facts(&pod, true);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "memory"), "leaves_at"), "L3");
	ck_assert_ptr_null(flow_fixture_value(facts, "CPU shares"));
	flow_fixture_free(&pod);
}
END_TEST

/* What a server says of itself, and what somebody has made of a file that was kept. */
START_TEST(nonsense_is_told_too)
{
	static const char *const nonsense[][2] = {
		{ FLOW_FIXTURE_SPEC "annotations", "[\"x\", {\"y\": []}]" },
		{ FLOW_FIXTURE_SPEC "linux.sysctl", "[[1]]" },
		{ FLOW_FIXTURE_SPEC "linux.seccomp", "[\"SCMP_ACT_ALLOW\"]" },
		{ FLOW_FIXTURE_SPEC "process.capabilities", "\"all\"" },
		{ FLOW_FIXTURE_SPEC "process.args", "{}" },
		{ "state.after.CreateContainer.info.info.origins", "\"mine\"" },
		{ "state.after.RunPodSandbox.sandbox_info.info.runtimeSpec", "[]" },
		{ "state.after.RunPodSandbox.sandbox_info.info.origins", "[1]" },
		{ "exit.step[0].verb", "\"Ver\\u001b[2Jsion\"" },
		{ "exit.step[0].status", "\"O\\u009b2JK\"" },
		{ "exit.step[1].request", "[1]" },
		{ "exit.step[1].response", "[[], {}]" },
	};
	struct flow_fixture pod;
	auto_json facts = NULL;
	auto_text story = { 0 };

	flow_fixture_load(&pod);
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++)
		flow_fixture_set(&pod, nonsense[i][0], nonsense[i][1]);
	facts = flow_fixture_facts(&pod, true);
	flow_story(facts, &flow_fixture_style, &story);
	flow_fixture_check_width(text_str(&story));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "The way of one pod"));
	ck_assert_ptr_null(strchr(text_str(&story), '\033'));
	ck_assert_ptr_null(strstr(text_str(&story), "\xc2\x9b"));
	flow_fixture_free(&pod);
}
END_TEST

/* Once another call has begun, what is written is not on the way any more: as if all of it came with StopContainer. */
START_TEST(an_update_is_not_on_the_way)
{
	struct flow_fixture pod;
	auto_json facts = NULL;
	auto_text begin = { 0 };

	flow_fixture_load(&pod);
	ck_assert_str_eq(json_get_string(pod.observation, "exit.step[6].verb"), "StopContainer");
	json_print(json_get(pod.observation, "exit.step[4].begin_ns"), 0, &begin);
	flow_fixture_set(&pod, "exit.step[6].begin_ns", text_str(&begin));
	facts = flow_fixture_facts(&pod, true);
	ck_assert_str_eq(json_get_string(flow_fixture_value(facts, "memory"), "leaves_at"), "L4");
	ck_assert_uint_eq(json_length(json_member(call_of(facts, "StartContainer"), "commands")), 0);
	flow_fixture_free(&pod);
}
END_TEST

START_TEST(calls_at_the_same_time_are_one_chapter)
{
	struct flow_fixture pod;
	auto_json facts = NULL;
	auto_text story = { 0 };

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, "exit.step[8].verb", "\"together\"");
	flow_fixture_set(&pod, "exit.step[8].statuses", "{\"OK\": 3, \"UNKNOWN\": 1}");
	json_remove(json_get(pod.observation, "exit.step[8]"), "request");
	json_remove(json_get(pod.observation, "exit.step[8]"), "response");
	json_remove(json_get(pod.observation, "exit.step[8]"), "status");
	facts = flow_fixture_facts(&pod, true);
	flow_story(facts, &flow_fixture_style, &story);
	flow_fixture_check_width(text_str(&story));
	ck_assert_ptr_nonnull(strstr(text_str(&story), " 8 together "));
	ck_assert_ptr_nonnull(strstr(text_str(&story), " answered  "));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "\n  L2 answers  OK: 3\n              UNKNOWN: 1\n"));
	flow_fixture_free(&pod);
}
END_TEST

/* A refusal that a case wants is told, and the story goes on. */
START_TEST(a_refusal_in_between_ends_nothing)
{
	struct flow_fixture pod;
	auto_json facts = NULL;
	auto_text story = { 0 };

	flow_fixture_load(&pod);
	flow_fixture_set(&pod, "exit.step[1].code", "1");
	flow_fixture_set(&pod, "exit.step[1].status", "\"NOT_FOUND\"");
	facts = flow_fixture_facts(&pod, true);
	flow_story(facts, &flow_fixture_style, &story);
	const struct json *summary = json_at(facts, json_length(facts) - 1);
	ck_assert_uint_eq(json_uint(json_member(summary, "failed"), 9), 1);
	ck_assert(!json_bool(json_member(summary, "cut_short"), true));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "L2 refuses  NOT_FOUND: it says no more"));
	ck_assert_ptr_null(strstr(text_str(&story), "The story ends early"));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "The plumb line"));
	flow_fixture_free(&pod);
}
END_TEST

START_TEST(a_server_without_origins_is_compared)
{
	struct flow_fixture pod;
	auto_json facts = NULL;
	auto_text story = { 0 };

	flow_fixture_load(&pod);
	json_remove(json_get(pod.observation, "state.after.RunPodSandbox.sandbox_info.info"), "origins");
	json_remove(json_get(pod.observation, "state.after.CreateContainer.info.info"), "origins");
	flow_fixture_set(&pod, "state.after.CreateContainer.info.info.runtimeSpec.linux.resources.cpu.shares",
			 "2");
	facts = flow_fixture_facts(&pod, true);
	ck_assert(!json_bool(json_member(json_at(facts, 0), "origins"), true));
	ck_assert_str_eq(
	    json_get_string(row_of(facts, "CreateContainer", "linux.resources.memory.limit"), "from"),
	    "equal");
	ck_assert_str_eq(
	    json_get_string(row_of(facts, "CreateContainer", "linux.resources.cpu.shares"), "from"),
	    "differs");
	ck_assert_ptr_null(json_member(row_of(facts, "CreateContainer", "ociVersion"), "from"));
	flow_story(facts, &flow_fixture_style, &story);
	flow_fixture_check_width(text_str(&story));
	ck_assert_ptr_nonnull(strstr(text_str(&story), "This server does not tell where"));
	flow_fixture_free(&pod);
}
END_TEST

static const struct {
	const char *value;
	bool set;
} settings[] = {
	{ "null", false },
	{ "0", false },
	{ "7", true },
	{ "\"\"", false },
	{ "false", false },
	{ "[]", false },
	{ "[0]", true }, /* group 0 is a group */
	{ "{}", false },
	{ "{\"resources\": {}, \"masked_paths\": []}", false },
	{ "{\"resources\": {\"cpu_shares\": 2}}", true },
	{ "{\"value\": 0}", true }, /* to run as root was asked for */
	{ "{\"timeout\": 0}", false },
};

START_TEST(what_nobody_set_is_told_from_what_is_zero)
{
	auto_json value = NULL;

	ck_assert_int_eq(json_parse(settings[_i].value, strlen(settings[_i].value), &value, NULL), 0);
	ck_assert_msg(flow_is_set(value) == settings[_i].set, "%s", settings[_i].value);
}
END_TEST

START_TEST(rows_keep_origins_apart)
{
	static const char config[] =
	    "{\"process\": {\"env\": [\"A=1\", \"B=2\", \"C=3\"], \"cwd\": \"/\","
	    " \"capabilities\": {\"bounding\": [\"CAP_KILL\"], \"permitted\": [\"CAP_KILL\"]}},"
	    " \"linux\": {\"seccomp\": {\"defaultAction\": \"X\", \"syscalls\": [{\"names\": [\"a\", "
	    "\"b\"]}]}}}";
	static const char origins[] =
	    "{\"process.env[0]\": {\"from\": \"image\", \"field\": \"Env[0]\"},"
	    " \"process.env[1]\": {\"from\": \"image\", \"field\": \"Env[7]\"},"
	    " \"process.env[2]\": {\"from\": \"cri\", \"field\": \"envs[0]\"},"
	    " \"process.capabilities\": {\"from\": \"cri\", \"field\": \"add_capabilities[0]\"},"
	    " \"linux.seccomp\": {\"from\": \"cri\", \"field\": \"seccomp\"}}";
	static const char wanted[] =
	    "[{\"path\":\"process.env\",\"values\":[\"A=1\",\"B=2\"],\"from\":\"image\",\"field\":\"Env\"},"
	    "{\"path\":\"process.env\",\"values\":[\"C=3\"],\"from\":\"cri\",\"field\":\"envs\"},"
	    "{\"path\":\"process.cwd\",\"values\":[\"/\"]},"
	    "{\"path\":\"process.capabilities\",\"values\":[\"KILL\"],\"from\":\"cri\",\"field\":\"add_"
	    "capabilities\"},"
	    "{\"path\":\"linux.seccomp\",\"values\":[\"X but for 2 "
	    "calls\"],\"from\":\"cri\",\"field\":\"seccomp\"}]";
	auto_json document = NULL;
	auto_json told = NULL;
	auto_json counts = NULL;
	auto_json rows = NULL;
	auto_text text = { 0 };

	ck_assert_int_eq(json_parse(config, strlen(config), &document, NULL), 0);
	ck_assert_int_eq(json_parse(origins, strlen(origins), &told, NULL), 0);
	rows = flow_values(document, told, &counts);
	json_print(rows, 0, &text);
	ck_assert_str_eq(text_str(&text), wanted);
	ck_assert_int_eq(json_int(json_member(counts, "image"), 0), 2);
	ck_assert_int_eq(json_int(json_member(counts, "unknown"), 0), 1);
}
END_TEST

START_TEST(secrets_of_a_registry_are_not_kept)
{
	static const char request[] =
	    "{\"image\": {\"image\": \"a/b:1\"}, \"auth\": {\"username\": \"eve\", \"password\": "
	    "\"hunter2\", \"registry_token\": \"t0k\", \"server_address\": \"a\"}}";
	auto_json document = NULL;
	auto_json kept = NULL;
	auto_text text = { 0 };

	ck_assert_int_eq(json_parse(request, strlen(request), &document, NULL), 0);
	kept = cri_without_secrets(document);
	json_print(kept, 0, &text);
	ck_assert_ptr_null(strstr(text_str(&text), "hunter2"));
	ck_assert_ptr_null(strstr(text_str(&text), "eve"));
	ck_assert_ptr_null(strstr(text_str(&text), "t0k"));
	ck_assert_str_eq(json_get_string(kept, "auth.server_address"), "a");
	ck_assert_str_eq(json_get_string(document, "auth.password"), "hunter2");
}
END_TEST

Suite *test_flow(void)
{
	Suite *suite =
	    UNIT_SUITE("flow", the_story_of_a_pod_is_golden, commands_stand_with_their_call,
		       a_runtime_is_known_by_its_words, what_is_done_for_others_is_not_told,
		       effects_name_the_field_and_whose_they_are, without_a_recording_the_ladder_is_told,
		       a_call_that_fails_ends_the_story, nonsense_is_told_too, an_update_is_not_on_the_way,
		       calls_at_the_same_time_are_one_chapter, a_refusal_in_between_ends_nothing,
		       a_server_without_origins_is_compared, rows_keep_origins_apart,
		       secrets_of_a_registry_are_not_kept);
	TCase *tcase = tcase_create("set");

	tcase_add_loop_test(tcase, what_nobody_set_is_told_from_what_is_zero, 0, ARRAY_SIZE(settings));
	suite_add_tcase(suite, tcase);
	return suite;
}
