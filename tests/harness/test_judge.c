/* Steps and verdicts: no runtime passes by its exit status alone. */
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case.h"
#include "harness/judge.h"

Suite *test_judge(void);

/* A good life cycle; each test spoils one fact of it. Steps: create, start, wait, delete. */
static const char good_text[] =
    "{\"symbols\": {}, \"inside\": {\"complete\": true, \"hostname\": \"box\"},"
    " \"host\": {\"pid_file\": {\"content\": \"7\", \"pid\": 7}, \"leftovers\": [],"
    "   \"after\": {\"step\": [{\"init\": {\"pid\": 7, \"alive\": true}}, {}, {}, {}]}},"
    " \"state\": {\"step\": ["
    "   {\"exists\": true, \"status\": \"created\", \"pid\": 7}, {\"exists\": true, \"status\": \"running\"},"
    "   {\"exists\": true, \"status\": \"stopped\"}, {\"exists\": false}]},"
    " \"exit\": {\"step\": [{\"verb\": \"create\", \"code\": 0}, {\"verb\": \"start\", \"code\": 0},"
    "   {\"verb\": \"wait\", \"code\": 0}, {\"verb\": \"delete\", \"code\": 0}]}}";

static const struct conformance_case plain = {
	CASE(plain),
	.clause = { MUST("some.clause") },
	.then = { INSIDE("hostname", equals, "box") },
};

static struct json *parse(const char *text)
{
	struct err err = { 0 };
	struct json *ret = NULL;

	ck_assert_msg(json_parse(text, strlen(text), &ret, &err) == 0, "%s", err.text);
	return ret;
}

static void set(struct json *observation, const char *path, const char *value)
{
	struct err err = { 0 };

	if (value)
		ck_assert_msg(json_set(observation, path, parse(value), &err) == 0, "%s", err.text);
	else
		ck_assert_msg(json_drop(observation, path, &err) == 0, "%s", err.text);
}

/* word: part of the reason; NULL: there must be none. */
static void check(const struct conformance_case *c, const struct json *observation, enum verdict verdict,
		  const char *word)
{
	struct judgement judgement;

	judge(c, observation, false, &judgement);
	ck_assert_msg(judgement.verdict == verdict, "%s: %s, %s", c->name, verdict_name(judgement.verdict),
		      judgement.reason ? judgement.reason : "no reason");
	if (word)
		ck_assert_msg(judgement.reason && strstr(judgement.reason, word), "\"%s\" is not in: %s",
			      word, judgement.reason);
	else
		ck_assert_ptr_null(judgement.reason);
	judgement_free(&judgement);
}

START_TEST(a_good_life_passes)
{
	auto_json observation = parse(good_text);

	check(&plain, observation, VERDICT_PASS, NULL);
}
END_TEST

START_TEST(no_observation_is_broken)
{
	check(&plain, NULL, VERDICT_BROKEN, "no observation");
}
END_TEST

START_TEST(every_missing_proof_of_a_step_fails)
{
	static const struct {
		const char *path, *value, *word;
	} spoils[] = {
		{ "exit.step[0].code", "1", "step 1, create: expected success, but it exited 1" },
		{ "exit.step[0].code", NULL, "left no exit status" },
		{ "exit.step[0].signal", "\"SIGSEGV\"", "ended by SIGSEGV" },
		{ "exit", NULL, "never recorded" },
		{ "state", NULL, "no state was recorded" },
		{ "state.step[0].status", "\"running\"", "expected the state created afterwards" },
		{ "host.pid_file", NULL, "pid file names no process" },
		{ "host.pid_file.pid", "0", "pid file names no process" },
		{ "host.after.step[0].init.alive", "false", "is not alive" },
		{ "host.after", NULL, "is not alive" },
		{ "exit.step[1].code", "2", "step 2, start" },
		{ "state.step[1].status", "\"created\"", "state still says created" },
		{ "state.step[2].status", "\"running\"", "step 3, wait" },
		{ "exit.step[2].code", "1", "step 3, wait" },
		{ "exit.step[3].code", "1", "step 4, delete" },
		{ "state.step[3].exists", "true", "still exists" },
		{ "state.step[3].exists", NULL, "still exists" },
		{ "inside", NULL, "what the probe saw in the container was never recorded" },
		{ "inside.hostname", "\"other\"",
		  "expected inside.hostname to be \"box\", but it is \"other\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
		auto_json observation = parse(good_text);

		set(observation, spoils[i].path, spoils[i].value);
		check(&plain, observation, VERDICT_FAIL, spoils[i].word);
	}
}
END_TEST

START_TEST(levels_and_disputes_soften_a_failure)
{
	struct conformance_case should = plain, mixed = plain, hardening = plain;
	auto_json observation = parse(good_text);
	struct judgement judgement;

	set(observation, "inside.hostname", "\"other\"");
	should.clause[0] = SHOULD("some.clause");
	check(&should, observation, VERDICT_WARN, "hostname");
	mixed.clause[1] = SHOULD("other.clause");
	check(&mixed, observation, VERDICT_FAIL, "hostname");
	hardening.clause[0] = HARDENING("some.clause");
	check(&hardening, observation, VERDICT_FAIL, "hostname");
	judge(&plain, observation, true, &judgement);
	ck_assert_int_eq(judgement.verdict, VERDICT_WARN);
	judgement_free(&judgement);
}
END_TEST

START_TEST(a_hang_is_never_softened)
{
	static const char *const paths[] = { "exit.step[1].timed_out", "state.step[1].timed_out" };
	struct conformance_case should = plain;

	should.clause[0] = SHOULD("some.clause");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_json observation = parse(good_text);
		struct judgement judgement;

		set(observation, paths[i], "true");
		check(&should, observation, VERDICT_FAIL, "did not end within its time");
		judge(&plain, observation, true, &judgement);
		ck_assert_int_eq(judgement.verdict, VERDICT_FAIL);
		judgement_free(&judgement);
	}
}
END_TEST

static const struct conformance_case refusal = {
	CASE(refusal),
	.clause = { MUST("some.clause") },
	.control = { SET("hostname", "ok") },
	.when = { REFUSES(create) },
};

static const char refused_text[] = "{\"state\": {\"step\": [{\"exists\": false}]},"
				   " \"exit\": {\"step\": [{\"verb\": \"create\", \"code\": 1}]},"
				   " \"control\": {\"accepted\": true}}";

START_TEST(a_refusal_is_an_error_without_effect_beside_its_control)
{
	static const struct {
		const char *path, *value, *word;
	} spoils[] = {
		{ "exit.step[0].code", "0", "expected a refusal, but it exited 0" },
		{ "exit.step[0].code", NULL, "left no exit status" },
		{ "exit.step[0].signal", "11", "ended by SIGSEGV" },
		{ "exit.step[0].timed_out", "true", "within its time" },
		{ "exit", NULL, "never recorded" },
		{ "state.step[0]", "{\"exists\": true, \"status\": \"created\"}",
		  "changed from no container to created" },
		{ "state", NULL, "was not recorded" },
		{ "control.accepted", "false", "the corrected input is refused as well" },
		{ "control", NULL, "no accepted control" },
	};
	auto_json good = parse(refused_text);

	check(&refusal, good, VERDICT_PASS, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
		auto_json observation = parse(refused_text);

		set(observation, spoils[i].path, spoils[i].value);
		check(&refusal, observation, VERDICT_FAIL, spoils[i].word);
	}
}
END_TEST

/* What a hostile bundle leads to is told by other rows; a step that hangs, crashes or refuses everything is still wrong. */
START_TEST(a_try_is_done_well_or_refused_beside_its_control)
{
	static const struct {
		const char *path, *value, *word;
	} spoils[] = {
		{ "exit.step[0].code", "0", "expected the state created" },
		{ "exit.step[0].code", NULL, "done or refused" },
		{ "exit.step[0].signal", "11", "ended by SIGSEGV" },
		{ "exit.step[0].timed_out", "true", "within its time" },
		{ "control.accepted", "false", "the corrected input is refused as well" },
		{ "control", NULL, "no accepted control" },
	};
	struct conformance_case c = refusal;
	auto_json good = parse(refused_text);

	c.when[0] = TRIES(create);
	check(&c, good, VERDICT_PASS, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(spoils); i++) {
		auto_json observation = parse(refused_text);

		set(observation, spoils[i].path, spoils[i].value);
		check(&c, observation, VERDICT_FAIL, spoils[i].word);
	}
}
END_TEST

/* delete is refused while the container runs, and done afterwards: the second is the control of the first. */
START_TEST(a_sibling_that_was_done_is_a_control)
{
	const struct conformance_case c = {
		CASE(sibling),
		.clause = { MUST("some.clause") },
		.when = { DO(create), DO(start), REFUSES(delete), DO(kill, "KILL"), DO(wait), DO(delete) },
	};
	const char *text =
	    "{\"host\": {\"pid_file\": {\"pid\": 7}, \"after\": {\"step\": [{\"init\": {\"alive\": true}}]}},"
	    " \"state\": {\"step\": [{\"exists\": true, \"status\": \"created\"},"
	    "  {\"exists\": true, \"status\": \"running\"}, {\"exists\": true, \"status\": \"running\"},"
	    "  {\"exists\": true, \"status\": \"stopped\"}, {\"exists\": true, \"status\": \"stopped\"},"
	    "  {\"exists\": false}]},"
	    " \"exit\": {\"step\": [{\"code\": 0}, {\"code\": 0}, {\"code\": 1}, {\"code\": 0}, {\"code\": "
	    "0},"
	    "  {\"code\": 0}]}}";
	auto_json good = parse(text);
	auto_json killed = parse(text);
	auto_json never_done = parse(text);

	check(&c, good, VERDICT_PASS, NULL);
	set(killed, "state.step[2].status", "\"stopped\"");
	check(&c, killed, VERDICT_FAIL, "changed from running to stopped");
	set(never_done, "exit.step[5].code", "1");
	check(&c, never_done, VERDICT_FAIL, "no accepted control");
}
END_TEST

START_TEST(a_step_on_another_container_is_judged_by_its_exit)
{
	const struct conformance_case c = {
		CASE(elsewhere),
		.clause = { MUST("some.clause") },
		.when = { DO(create, [ "--bundle", "@bundle", "@id.2" ]),
			  REFUSES(create, [ "--bundle", "@bundle", "@id.2" ]) },
	};
	auto_json observation = parse("{\"exit\": {\"step\": [{\"code\": 0}, {\"code\": 1}]}}");

	check(&c, observation, VERDICT_PASS, NULL);
	set(observation, "exit.step[1].code", "0");
	check(&c, observation, VERDICT_FAIL, "expected a refusal");
}
END_TEST

START_TEST(own_steps_need_no_exit_but_may_not_fail)
{
	const struct conformance_case c = {
		CASE(own),
		.clause = { MUST("some.clause") },
		.when = { DO(ready), DO(write, { "path" : "x" }) },
	};
	auto_json nothing = parse("{}");
	auto_json failed = parse("{\"exit\": {\"step\": [{\"code\": 1, \"errors\": \"init ended\"}]}}");

	check(&c, nothing, VERDICT_PASS, NULL);
	check(&c, failed, VERDICT_FAIL, "init ended");
}
END_TEST

/* What two runtimes record that do nothing at all, one saying yes and one saying no to everything. */
static struct json *useless_runtime(int code, size_t steps)
{
	struct json *observation =
	    parse("{\"inside\": {}, \"host\": {\"leftovers\": []}, \"state\": {\"step\": []},"
		  " \"exit\": {\"step\": []}}");

	for (size_t i = 0; i < steps; i++) {
		struct json *exit = json_new_object(), *state = json_new_object();

		json_put(exit, "code", json_new_int(code));
		json_put(state, "exists", json_new_bool(false));
		json_append(json_get(observation, "exit.step"), exit);
		json_append(json_get(observation, "state.step"), state);
	}
	json_put(observation, "control", json_new_object());
	json_put(json_member(observation, "control"), "accepted", json_new_bool(code == 0));
	return observation;
}

START_TEST(runtimes_that_do_nothing_pass_nothing)
{
	const struct conformance_case cases[] = {
		{ CASE(life), .clause = { MUST("a") } },
		{ CASE(kill), .clause = { MUST("a") },
		  .when = { DO(create), DO(start), DO(kill, "KILL"), DO(wait), DO(delete) } },
		{ CASE(refusal), .clause = { MUST("a") }, .when = { REFUSES(create) },
		  .control = { SET("a", 1) } },
		{ CASE(bare), .clause = { MUST("a") }, .when = { REFUSES(start) } },
		{ CASE(attempt), .clause = { MUST("a") }, .when = { TRIES(run) },
		  .control = { SET("a", 1) } },
		{ CASE(twice), .clause = { MUST("a") }, .when = { REFUSES(delete), DO(create), DO(delete) } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int code = 0; code < 2; code++) {
			auto_json observation = useless_runtime(code, ARRAY_SIZE(cases[i].when));
			struct judgement judgement;

			judge(&cases[i], observation, false, &judgement);
			ck_assert_msg(judgement.verdict == VERDICT_FAIL,
				      "%s passes a runtime that always exits %d", cases[i].name, code);
			judgement_free(&judgement);
		}
}
END_TEST

START_TEST(unseen_rows_are_listed_and_prove_nothing)
{
	struct conformance_case some = plain, only = plain;
	auto_json observation = parse(good_text);
	struct judgement judgement;

	some.then[1] = KERNEL_ORDER("mnt.bind:/a", "proc.exec:payload");
	judge(&some, observation, false, &judgement);
	ck_assert_int_eq(judgement.verdict, VERDICT_PASS);
	ck_assert_uint_eq(judgement.unseen_count, 1);
	ck_assert_str_eq(judgement.unseen[0], "mnt.bind:/a to precede proc.exec:payload");
	judgement_free(&judgement);

	only.then[0] = some.then[1];
	check(&only, observation, VERDICT_SKIP, "none can be seen here");
	set(observation, "exit.step[0].code", "1");
	check(&only, observation, VERDICT_FAIL, "create");
}
END_TEST

START_TEST(a_wrong_row_is_broken)
{
	struct conformance_case wrong = plain;
	auto_json observation = parse(good_text);

	wrong.then[0] = INSIDE("hostname", equals, not json);
	check(&wrong, observation, VERDICT_BROKEN, "no JSON");
}
END_TEST

START_TEST(the_first_failure_is_told_with_its_rung)
{
	auto_json observation = parse(good_text);
	struct judgement judgement;

	set(observation, "inside.hostname", "\"other\"");
	judge(&plain, observation, false, &judgement);
	ck_assert_str_eq(judgement.expected, "inside.hostname to be \"box\"");
	ck_assert_str_eq(judgement.observed, "it is \"other\"");
	ck_assert_str_eq(judgement.rung, "L5 kernel now");
	judgement_free(&judgement);
	set(observation, "exit.step[0].code", "1");
	set(observation, "exit.step[0].errors", "\"line one\\nno such thing\\n\"");
	judge(&plain, observation, false, &judgement);
	ck_assert_ptr_null(judgement.expected);
	ck_assert_str_eq(judgement.reason,
			 "step 1, create: expected success, but it exited 1: no such thing");
	ck_assert_str_eq(judgement.rung, "L3 OCI");
	judgement_free(&judgement);
}
END_TEST

/* What features answers is the runtime's word, wherever the world keeps it. */
START_TEST(what_the_runtime_wrote_is_its_word)
{
	struct conformance_case c = plain;
	auto_json observation = parse(good_text);
	struct judgement judgement;

	c.then[0] = HOST("features.linux.seccomp.enabled", equals, true);
	judge(&c, observation, false, &judgement);
	ck_assert_str_eq(judgement.rung, "L3 OCI");
	judgement_free(&judgement);
}
END_TEST

Suite *test_judge(void)
{
	return UNIT_SUITE("judge", a_good_life_passes, no_observation_is_broken,
			  every_missing_proof_of_a_step_fails, levels_and_disputes_soften_a_failure,
			  a_hang_is_never_softened, a_refusal_is_an_error_without_effect_beside_its_control,
			  a_try_is_done_well_or_refused_beside_its_control,
			  a_sibling_that_was_done_is_a_control,
			  a_step_on_another_container_is_judged_by_its_exit,
			  own_steps_need_no_exit_but_may_not_fail, runtimes_that_do_nothing_pass_nothing,
			  unseen_rows_are_listed_and_prove_nothing, a_wrong_row_is_broken,
			  the_first_failure_is_told_with_its_rung, what_the_runtime_wrote_is_its_word);
}
