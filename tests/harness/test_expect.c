/* Expectations: reading, what surprises, and what an update changes. */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/expect.h"
#include "harness/prove.h"

Suite *test_expect(void);

static const char file_text[] =
    "# a comment\n\n[crun]\r\noci/a/* fail\noci/a/b\twarn   https://example.org why\n"
    "oci/c/d flaky\n[*]\noci/e/f broken\n";

static struct expectations parse(const char *text)
{
	struct expectations ret = { 0 };
	struct err err = { 0 };

	ck_assert_msg(expect_parse(text, &ret, &err) == 0, "%s", err.text);
	return ret;
}

START_TEST(the_last_row_that_matches_counts)
{
	auto_expectations all = parse(file_text);

	ck_assert_uint_eq(all.count, 4);
	ck_assert_int_eq(expect_find(&all, "crun", "oci/a/x"), VERDICT_FAIL);
	ck_assert_int_eq(expect_find(&all, "crun", "oci/a/b"), VERDICT_WARN);
	ck_assert_str_eq(all.rows[1].note, "https://example.org why");
	ck_assert_int_eq(expect_find(&all, "runc", "oci/a/b"), 0);
	ck_assert_int_eq(expect_find(&all, "runc", "oci/e/f"), VERDICT_BROKEN);
	ck_assert_int_eq(expect_find(&all, "crun", "oci/z"), 0);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "oci/a fail\n", "line 1: a row stands before" },
		{ "[crun]\n\noci/a\n", "line 3: expected \"ID VERDICT\"" },
		{ "[crun]\noci/a failed\n", "line 2" },
		{ "[crun\noci/a fail\n", "line 1: expected [RUNTIME]" },
		{ "[]\n", "line 1" },
		{ "[crun] x\n", "line 1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct expectations ret = { 0 };
		struct err err = { 0 };

		ck_assert_int_eq(expect_parse(rows[i].text, &ret, &err), -EBADMSG);
		ck_assert_msg(strstr(err.text, rows[i].word) != NULL, "%s", err.text);
	}
	struct expectations none = { 0 };
	ck_assert_int_eq(expect_read("/nonexistent/file", &none, NULL), -ENOENT);
}
END_TEST

START_TEST(surprises)
{
	static const struct {
		enum verdict expected, seen;
		enum surprise surprise;
	} rows[] = {
		{ 0, VERDICT_PASS, SURPRISE_NONE },
		{ 0, VERDICT_WARN, SURPRISE_NONE },
		{ 0, VERDICT_FLAKY, SURPRISE_NONE },
		{ 0, VERDICT_SKIP, SURPRISE_NONE },
		{ 0, VERDICT_FAIL, SURPRISE_FAILURE },
		{ 0, VERDICT_BROKEN, SURPRISE_FAILURE },
		{ VERDICT_FAIL, VERDICT_FAIL, SURPRISE_NONE },
		{ VERDICT_FAIL, VERDICT_PASS, SURPRISE_PASS },
		{ VERDICT_FAIL, VERDICT_WARN, SURPRISE_PASS },
		{ VERDICT_FAIL, VERDICT_BROKEN, SURPRISE_FAILURE },
		{ VERDICT_FAIL, VERDICT_FLAKY, SURPRISE_FAILURE },
		{ VERDICT_FAIL, VERDICT_SKIP, SURPRISE_NONE },
		{ VERDICT_FAIL, VERDICT_NOTRUN, SURPRISE_NONE },
		{ VERDICT_PASS, VERDICT_FAIL, SURPRISE_FAILURE },
		{ VERDICT_PASS, VERDICT_WARN, SURPRISE_FAILURE },
		{ VERDICT_FLAKY, VERDICT_PASS, SURPRISE_PASS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_msg(expect_compare(rows[i].expected, rows[i].seen) == rows[i].surprise, "row %zu",
			      i);
}
END_TEST

START_TEST(an_update_keeps_what_it_did_not_see)
{
	auto_expectations all =
	    parse("[crun]\noci/a/* fail a glob\noci/b/x fail a note\noci/b/y fail\noci/b/z fail\n"
		  "[runc]\noci/b/x fail\n");
	struct case_record cases[] = {
		{ .id = (char *) "oci/b/x", .verdict = VERDICT_FLAKY },
		{ .id = (char *) "oci/b/y", .verdict = VERDICT_PASS },
		{ .id = (char *) "oci/b/z", .verdict = VERDICT_SKIP },
		{ .id = (char *) "oci/n", .verdict = VERDICT_FAIL, .reason = (char *) "new" },
		{ .id = (char *) "oci/a/known", .verdict = VERDICT_FAIL },
		{ .id = (char *) "oci/w", .verdict = VERDICT_WARN },
	};
	struct run_record run = { .runtime = { .name = (char *) "crun" },
				  .cases = cases,
				  .case_count = ARRAY_SIZE(cases) };
	auto_text changes = { 0 }, out = { 0 };

	expect_update(&all, &run, &changes);
	expect_print(&all, &out);
	ck_assert_str_eq(text_str(&changes),
			 "- [crun] oci/b/x fail\n+ [crun] oci/b/x flaky\n- [crun] oci/b/y fail\n"
			 "+ [crun] oci/n fail\n");
	ck_assert_ptr_nonnull(strstr(text_str(&out),
				     "\n[crun]\noci/a/* fail a glob\noci/b/x flaky a note\noci/b/z fail\n"
				     "oci/n fail\n\n[runc]\noci/b/x fail\n"));
	auto_expectations again = parse(text_str(&out));
	auto_text none = { 0 };
	expect_update(&again, &run, &none);
	ck_assert_uint_eq(none.len, 0);
}
END_TEST

START_TEST(only_a_failure_beside_a_passing_control_proves)
{
	ck_assert_int_eq(proof_decide(VERDICT_PASS, VERDICT_FAIL, false), PROOF_CAUGHT);
	ck_assert_int_eq(proof_decide(VERDICT_PASS, VERDICT_WARN, true), PROOF_CAUGHT);
	ck_assert_int_eq(proof_decide(VERDICT_PASS, VERDICT_WARN, false), PROOF_SURVIVED);
	ck_assert_int_eq(proof_decide(VERDICT_PASS, VERDICT_PASS, false), PROOF_SURVIVED);
	ck_assert_int_eq(proof_decide(VERDICT_PASS, VERDICT_BROKEN, false), PROOF_SURVIVED);
	ck_assert_int_eq(proof_decide(VERDICT_PASS, VERDICT_NOTRUN, false), PROOF_NOT_RUN);
	ck_assert_int_eq(proof_decide(VERDICT_FAIL, VERDICT_FAIL, false), PROOF_NO_CONTROL);
	ck_assert_int_eq(proof_decide(VERDICT_WARN, 0, false), PROOF_NO_CONTROL);
	ck_assert_int_eq(proof_decide(VERDICT_WARN, 0, true), PROOF_WARNS);
	ck_assert_int_eq(proof_decide(VERDICT_BROKEN, 0, false), PROOF_NO_CONTROL);
	ck_assert_int_eq(proof_decide(VERDICT_SKIP, 0, false), PROOF_SKIPPED);
	ck_assert_int_eq(proof_decide(0, 0, false), PROOF_NOT_RUN);
}
END_TEST

Suite *test_expect(void)
{
	return UNIT_SUITE("expect", the_last_row_that_matches_counts, files_that_cannot_be_read, surprises,
			  an_update_keeps_what_it_did_not_see,
			  only_a_failure_beside_a_passing_control_proves);
}
