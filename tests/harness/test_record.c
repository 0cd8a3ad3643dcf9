/* Records survive their way through JSON and back; hostile files are refused with a sentence. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/record.h"
#include "harness/run_dir.h"

Suite *test_record(void);

static struct json *parse(const char *text)
{
	struct err err = { 0 };
	struct json *ret = NULL;

	ck_assert_msg(json_parse(text, strlen(text), &ret, &err) == 0, "%s", err.text);
	return ret;
}

static struct case_record full_case(void)
{
	static char *clauses[] = { (char *) "MUST a.b", (char *) "SHOULD c.d" },
		    *leaks[] = { (char *) "a cgroup" }, *unseen[] = { (char *) "mnt.bind:/x to happen" };

	return (struct case_record){
		.id = (char *) "oci/a/b",
		.title = (char *) "a \"title\"",
		.file = (char *) "cases/oci/a.c:12",
		.verdict = VERDICT_FAIL,
		.reason = (char *) "why",
		.expected = (char *) "x to be 1",
		.observed = (char *) "it is 2",
		.rung = (char *) "L3 OCI",
		.step = (char *) "create",
		.clauses = clauses,
		.clause_count = 2,
		.leaks = leaks,
		.leak_count = 1,
		.unseen = unseen,
		.unseen_count = 1,
		.repro = (char *) "plumbline repro 'oci/a/b'",
		.ms = 1234,
		.unexpected = true,
	};
}

START_TEST(a_case_comes_back_whole)
{
	struct case_record before = full_case(), after;
	auto_json json = case_record_to_json(&before, "crun");
	struct err err = { 0 };

	ck_assert_str_eq(json_get_string(json, "type"), "case");
	ck_assert_str_eq(json_get_string(json, "runtime"), "crun");
	ck_assert_str_eq(json_get_string(json, "verdict"), "fail");
	ck_assert_msg(case_record_from_json(json, &after, &err) == 0, "%s", err.text);
	ck_assert_str_eq(after.id, before.id);
	ck_assert_str_eq(after.title, before.title);
	ck_assert_str_eq(after.file, before.file);
	ck_assert_str_eq(after.reason, before.reason);
	ck_assert_str_eq(after.expected, before.expected);
	ck_assert_str_eq(after.observed, before.observed);
	ck_assert_str_eq(after.rung, before.rung);
	ck_assert_str_eq(after.step, before.step);
	ck_assert_str_eq(after.repro, before.repro);
	ck_assert_uint_eq(after.clause_count, 2);
	ck_assert_str_eq(after.clauses[1], "SHOULD c.d");
	ck_assert_str_eq(after.leaks[0], "a cgroup");
	ck_assert_str_eq(after.unseen[0], before.unseen[0]);
	ck_assert_int_eq(after.ms, 1234);
	ck_assert(after.unexpected);
	case_record_free(&after);
}
END_TEST

static struct run_record small_run(struct case_record *cases, size_t count)
{
	return (struct run_record){
		.run = (char *) "plumbline-1",
		.tool_version = (char *) "0.1.0",
		.started = (char *) "2026-11-24T00:00:00Z",
		.wall_ms = 77,
		.seed = 0xffffffffffffffff,
		.kernel = (char *) "6.1",
		.machine = (char *) "x86_64",
		.cgroup_mode = (char *) "hybrid",
		.distribution = (char *) "Debian",
		.runtime = { .name = (char *) "crun",
			     .path = (char *) "/usr/bin/crun",
			     .sha256 = (char *) "00",
			     .version = (char *) "crun version 1",
			     .spec_version = (char *) "1.0.2",
			     .profile = (char *) "crun",
			     .behind = (char *) "/usr/bin/runc",
			     .behind_version = (char *) "runc version 1" },
		.cases = cases,
		.case_count = count,
		.lost_events = 3,
		.interrupted = true,
	};
}

START_TEST(a_run_comes_back_whole_from_disk)
{
	struct case_record cases[] = { full_case(), { .id = (char *) "oci/a/c", .verdict = VERDICT_PASS } };
	struct run_record before = small_run(cases, 2), after;
	char path[] = "/tmp/plumbline-test-XXXXXX";
	auto_json first = NULL;
	auto_json second = NULL;
	struct err err = { 0 };

	before.runtime.features = parse("{\"ociVersionMax\": \"1.2.0\"}");
	ck_assert_ptr_nonnull(mkdtemp(path));
	auto_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(run_record_write(fd, "run.json", &before, &err), 0);
	ck_assert_msg(run_record_read(fd, "run.json", &after, &err) == 0, "%s", err.text);
	first = run_record_to_json(&before);
	second = run_record_to_json(&after);
	ck_assert(json_equal(first, second));
	ck_assert_uint_eq(after.seed, 0xffffffffffffffff);
	ck_assert_str_eq(json_get_string(after.runtime.features, "ociVersionMax"), "1.2.0");
	ck_assert_uint_eq(json_uint(json_get(second, "summary.leaks"), 9), 1);
	json_free(before.runtime.features);
	run_record_free(&after);
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, path, &err), 0);
}
END_TEST

START_TEST(verdicts_add_up_to_what_was_selected)
{
	struct case_record cases[VERDICT_COUNT - 1] = { { 0 } };
	struct run_record run = small_run(cases, ARRAY_SIZE(cases));
	struct run_summary summary;
	size_t sum = 0;

	for (int i = 1; i < VERDICT_COUNT; i++)
		cases[i - 1] = (struct case_record){ .id = (char *) "x", .verdict = i };
	run_summarize(&run, &summary);
	for (int i = 1; i < VERDICT_COUNT; i++) {
		ck_assert_uint_eq(summary.by_verdict[i], 1);
		ck_assert_int_eq(verdict_from_name(verdict_name(i)), i);
		sum += summary.by_verdict[i];
	}
	ck_assert_uint_eq(sum, summary.selected);
	ck_assert_int_eq(verdict_from_name("PASS"), 0);
	ck_assert_int_eq(verdict_from_name(NULL), 0);
}
END_TEST

START_TEST(hostile_runs_are_refused)
{
	static const char *const files[] = {
		"",
		"{",
		"[]",
		"null",
		"{\"type\": \"run\"}",
		"{\"type\": \"run\", \"schema\": \"2.0\", \"run\": \"r\", \"runtime\": {\"name\": \"x\"}, "
		"\"cases\": []}",
		"{\"type\": \"run\", \"schema\": \"1.0\", \"run\": \"r\", \"runtime\": {\"name\": \"x\"}}",
		"{\"type\": \"run\", \"schema\": \"1.0\", \"run\": 5, \"runtime\": {\"name\": \"x\"}, "
		"\"cases\": []}",
		"{\"type\": \"run\", \"schema\": \"1.0\", \"run\": \"r\", \"runtime\": [], \"cases\": []}",
		"{\"type\": \"run\", \"schema\": \"1.0\", \"run\": \"r\", \"runtime\": {\"name\": \"x\", "
		"\"features\": 1}, \"cases\": []}",
		"{\"type\": \"run\", \"schema\": \"1.0\", \"run\": \"r\", \"runtime\": {\"name\": \"x\"}, "
		"\"cases\": [null]}",
		"{\"type\": \"run\", \"schema\": \"1.0\", \"run\": \"r\", \"runtime\": {\"name\": \"x\"}, "
		"\"cases\": [{\"id\": \"a\"}]}",
		"{\"type\": \"run\", \"schema\": \"1.0\", \"run\": \"r\", \"runtime\": {\"name\": \"x\"},"
		" \"cases\": [{\"id\": \"a\", \"verdict\": \"great\"}]}",
		"{\"type\": \"run\", \"schema\": \"1.0\", \"run\": \"r\", \"runtime\": {\"name\": \"x\"},"
		" \"cases\": [{\"id\": \"a\", \"verdict\": \"pass\", \"ms\": \"1\"}]}",
		"{\"type\": \"run\", \"schema\": \"1.0\", \"run\": \"r\", \"runtime\": {\"name\": \"x\"},"
		" \"cases\": [{\"id\": \"a\", \"verdict\": \"pass\", \"leaks\": \"many\"}]}",
		"{\"type\": \"run\", \"schema\": \"1.0\", \"run\": \"r\", \"runtime\": {\"name\": \"x\"},"
		" \"cases\": [{\"id\": \"a\", \"verdict\": \"pass\", \"leaks\": [\"x\", 1]}]}",
		"{\"type\": \"run\", \"schema\": \"1.0\", \"run\": \"r\", \"runtime\": {\"name\": \"x\"},"
		" \"cases\": [{\"id\": \"a\", \"verdict\": \"pass\", \"unexpected\": 1}]}",
		"{\"type\": \"run\", \"schema\": \"1.0\", \"run\": \"r\", \"runtime\": {\"name\": \"x\"},"
		" \"cases\": [{\"id\": \"a\", \"verdict\": \"pass\", \"reason\": {}}]}",
	};
	char path[] = "/tmp/plumbline-test-XXXXXX";
	struct err err = { 0 };

	ck_assert_ptr_nonnull(mkdtemp(path));
	auto_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct run_record run;
		struct err why = { 0 };

		ck_assert_int_eq(file_create_at(fd, "run.json", files[i], strlen(files[i]), 0644, &err), 0);
		ck_assert_msg(run_record_read(fd, "run.json", &run, &why) == -EBADMSG, "%s", files[i]);
		ck_assert_msg(strstr(why.text, "run.json") != NULL, "%s", why.text);
	}
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, path, &err), 0);
}
END_TEST

/* One column a run: what two of them share in their names is told apart by what is behind them, else by a number. */
START_TEST(columns_have_names_of_their_own)
{
	static const char *const given[][2] = { { "containerd", "/usr/sbin/runc" }, { "crun", NULL },
						{ "containerd", "/usr/bin/crun" },  { "crun", NULL },
						{ "plumbline-cri", "/a/crun" },     { "crun", NULL },
						{ "containerd", "/usr/bin/crun" } };
	static const char *const expected[] = { "containerd+runc", "crun",   "containerd+crun",  "crun-2",
						"plumbline-cri",   "crun-3", "containerd+crun-2" };
	auto_run_list list = { .runs = calloc(ARRAY_SIZE(given), sizeof(*list.runs)) };

	for (; list.count < ARRAY_SIZE(given); list.count++) {
		struct runtime_facts *facts = &list.runs[list.count].runtime;

		facts->name = strdup(given[list.count][0]);
		facts->behind = given[list.count][1] ? strdup(given[list.count][1]) : NULL;
	}
	run_list_name_columns(&list);
	for (size_t i = 0; i < list.count; i++)
		ck_assert_str_eq(list.runs[i].runtime.name, expected[i]);
}
END_TEST

Suite *test_record(void)
{
	return UNIT_SUITE("record", a_case_comes_back_whole, a_run_comes_back_whole_from_disk,
			  verdicts_add_up_to_what_was_selected, hostile_runs_are_refused,
			  columns_have_names_of_their_own);
}
