/* The terminal: no line too wide, no block longer than 15 lines, words without colour, ASCII on demand. */
#include <check.h>
#undef fail

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "reports/columns.h"
#include "reports/report.h"
#include "reports/safe.h"
#include "tests/harness/report_fixture.h"

#define BLOCK_LINES 15

Suite *test_report_text(void);

static const struct report_style styles[] = {
	{ .width = 80, .unicode = true },  { .width = 80 }, { .width = 40, .unicode = true }, { .width = 33 },
	{ .width = 200, .unicode = true },
};

/* Every line fits, but those that begin with skip. Returns the number of lines. */
static size_t assert_fits(const struct text *out, const struct report_style *style, const char *skip)
{
	auto_free char *copy = text_format("%s", text_str(out));
	size_t lines = 0;

	for (char *line = copy, *end; *line; line = end + 1, lines++) {
		end = strchr(line, '\n');
		if (!end)
			ck_abort_msg("no newline at the end of: %s", line);
		*end = '\0';
		if (!skip || !text_starts(line, skip))
			ck_assert_msg(columns_of(line) <= style->width, "%d columns of %d: %s",
				      columns_of(line), style->width, line);
	}
	return lines;
}

static void assert_plain(const struct text *out, const struct report_style *style)
{
	fixture_assert_clean("text", out);
	for (size_t i = 0; !style->unicode && i < out->len; i++)
		if ((unsigned char) out->data[i] >= 0x7f)
			ck_abort_msg("not ASCII: %s", out->data + i);
}

START_TEST(hostile_cases_fit)
{
	const struct report_style *style = &styles[_i];
	struct run_record run = { 0 };

	fixture_hostile(&run);
	for (size_t i = 0; i < run.case_count; i++) {
		auto_text line = { 0 }, block = { 0 };

		report_text_case(&run.cases[i], style, &line);
		ck_assert_uint_eq(assert_fits(&line, style, NULL), 1);
		assert_plain(&line, style);
		report_text_failure(&run.cases[i], style, &block);
		ck_assert_uint_le(assert_fits(&block, style, "  repro:"), BLOCK_LINES);
		fixture_assert_clean("failure", &block);
	}
	run_record_free(&run);
}
END_TEST

START_TEST(hostile_summaries_fit)
{
	const struct report_style *style = &styles[_i];
	struct run_record run = { 0 };
	auto_text out = { 0 };

	fixture_hostile(&run);
	report_text_summary(&run, style, &out);
	fixture_assert_clean("summary", &out);
	ck_assert_uint_lt(assert_fits(&out, style, NULL), 30);
	run_record_free(&run);
}
END_TEST

START_TEST(verdicts_are_words)
{
	static const char *const words[] = { "PASS ",   "FAIL ",  "WARN ",  "SKIP ",
					     "BROKEN ", "FLAKY ", "NOTRUN " };
	struct run_record run = { 0 };

	fixture_hostile(&run);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		auto_text plain = { 0 }, coloured = { 0 };

		report_text_case(&run.cases[i], &styles[0], &plain);
		report_text_case(&run.cases[i], &(struct report_style){ .width = 80, .colour = true },
				 &coloured);
		ck_assert_ptr_nonnull(strstr(text_str(&plain), words[i]));
		ck_assert_ptr_null(strchr(text_str(&plain), '\033'));
		ck_assert_ptr_nonnull(strchr(text_str(&coloured), '\033'));
	}
	run_record_free(&run);
}
END_TEST

START_TEST(expectations_are_told)
{
	struct run_record run = { 0 };
	auto_text out = { 0 };

	fixture_read("crun.json", &run);
	for (size_t i = 0; i < run.case_count; i++)
		report_text_case(&run.cases[i], &(struct report_style){ .width = 160 }, &out);
	ck_assert_ptr_nonnull(strstr(text_str(&out), "process/rlimit_soft_is_exact  (expected) "));
	ck_assert_ptr_nonnull(strstr(text_str(&out), "process/umask_is_set  (unexpected)"));
	ck_assert_ptr_null(strstr(text_str(&out), "signal_reaches_init  ("));
	run_record_free(&run);
}
END_TEST

START_TEST(failure_blocks_are_golden)
{
	struct run_record run = { 0 };
	auto_text out = { 0 };

	fixture_read("crun.json", &run);
	for (size_t i = 0; i < run.case_count; i++)
		report_text_failure(&run.cases[i], &styles[1], &out);
	fixture_golden("failures.txt", &out);
	run_record_free(&run);
}
END_TEST

START_TEST(comparison_fits_any_number)
{
	struct run_record runs[24] = { 0 };
	auto_text out = { 0 };

	for (int i = 0; i < _i; i++)
		fixture_read(i % 2 ? "crun.json" : "runc.json", &runs[i]);
	report_text_compare(runs, (size_t) _i, &styles[0], &out);
	assert_fits(&out, &styles[0], NULL);
	assert_plain(&out, &styles[0]);
	ck_assert_int_eq(out.len > 0, _i > 0);
	ck_assert_int_eq(strstr(text_str(&out), "they differ on") != NULL, _i > 1);
	for (int i = 0; i < _i; i++)
		run_record_free(&runs[i]);
}
END_TEST

START_TEST(columns_shrink_before_they_wrap)
{
	struct run_record runs[8] = { 0 };
	auto_text out = { 0 };
	const char *second;

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		fixture_read("crun.json", &runs[i]);
		free(runs[i].runtime.name);
		runs[i].runtime.name = strdup("a-rather-long-name");
	}
	report_text_compare(runs, ARRAY_SIZE(runs), &styles[1], &out);
	second = strstr(text_str(&out), "FAIL ");
	ck_assert_ptr_nonnull(second);
	ck_assert_ptr_null(strstr(second + 1, "\nFAIL "));
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		run_record_free(&runs[i]);
}
END_TEST

static void named(struct run_record *run, const char *name)
{
	fixture_read("crun.json", run);
	free(run->runtime.name);
	run->runtime.name = strdup(name);
}

/* plumbline-oci beside plumbline-cri: cut to one word they would be one column. */
START_TEST(names_that_are_cut_stay_apart)
{
	static const char *const names[] = { "plumbline-oci",   "plumbline-cri",      "containerd+crun",
					     "containerd+runc", "plumbline-cri+crun", "plumbline-cri+runc" };
	struct run_record runs[ARRAY_SIZE(names)] = { 0 };
	auto_text out = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		named(&runs[i], names[i]);
	runs[0].cases[0].verdict = VERDICT_FAIL;
	report_text_compare(runs, ARRAY_SIZE(names), &styles[0], &out);
	assert_fits(&out, &styles[0], NULL);
	const char *heading = strstr(text_str(&out), "they differ on");
	ck_assert_ptr_nonnull(heading);
	auto_free char *line = strndup(heading, strcspn(heading, "\n"));
	ck_assert_msg(strstr(line, "e-oci") && strstr(line, "e-cri") && strstr(line, "d+crun") &&
			  strstr(line, "d+runc"),
		      "%s", line);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		run_record_free(&runs[i]);
}
END_TEST

static bool compares(const struct run_record *runs)
{
	auto_text out = { 0 };

	report_text_compare(runs, 2, &styles[0], &out);
	return strstr(text_str(&out), "stand in every column") != NULL;
}

/* By its nature a runtime shares no case with a server: what is always so is not told. */
START_TEST(only_what_could_be_compared_is_counted)
{
	struct run_record runs[2] = { 0 };

	fixture_read("crun.json", &runs[0]);
	fixture_read("containerd.json", &runs[1]);
	ck_assert(!compares(runs));
	run_record_free(&runs[1]);
	fixture_read("runc.json", &runs[1]);
	ck_assert(compares(runs));
	run_record_free(&runs[0]);
	run_record_free(&runs[1]);
}
END_TEST

START_TEST(progress_is_one_cut_line)
{
	size_t counts[VERDICT_COUNT] = { [VERDICT_FAIL] = 2 };
	auto_text out = { 0 }, narrow = { 0 };

	report_text_progress(37, 124, counts, "oci/mounts/x", &styles[0], &out);
	ck_assert_str_eq(text_str(&out), "[ 37/124] 2 fail  oci/mounts/x");
	report_text_progress(37, 124, counts, "oci/mounts/\033[2J\n", &(struct report_style){ .width = 22 },
			     &narrow);
	ck_assert_int_le(columns_of(text_str(&narrow)), 22);
	fixture_assert_clean("progress", &narrow);
	ck_assert_ptr_null(strchr(text_str(&narrow), '\n'));
}
END_TEST

START_TEST(columns_are_display_columns)
{
	static const struct {
		const char *string;
		int columns;
	} known[] = {
		{ "", 0 },        { "abc", 3 },          { "\u00e9", 1 },
		{ "e\u0301", 1 }, { "\u6f22\u5b57", 4 }, { "\U0001f600", 2 },
		{ "\u2713", 1 },  { "a\u200bb", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		ck_assert_int_eq(columns_of(known[i].string), known[i].columns);
}
END_TEST

START_TEST(cuts_are_between_characters)
{
	static const char wide[] = "\u6f22\u5b57\u6f22\u5b57";

	for (int width = 0; width < 12; width++)
		for (int unicode = 0; unicode < 2; unicode++) {
			struct report_style style = { .width = 80, .unicode = unicode };
			auto_text out = { 0 };
			int used = columns_cut(&out, wide, width, &style);

			ck_assert_int_le(used, width);
			ck_assert_int_eq(used, columns_of(text_str(&out)));
			fixture_assert_clean("cut", &out);
		}
}
END_TEST

START_TEST(clips_are_between_characters)
{
	static const char wide[] = "a\u6f22\U0001f600";
	static const size_t wanted[] = { 0, 1, 1, 1, 4, 4, 4, 4, 8, 8 };

	for (size_t max = 0; max < ARRAY_SIZE(wanted); max++)
		ck_assert_uint_eq(clip_length(wide, max), wanted[max]);
}
END_TEST

START_TEST(wrapping_breaks_at_spaces)
{
	struct report_style style = { .width = 14 };
	auto_text out = { 0 }, cut = { 0 };

	ck_assert_int_eq(columns_wrap(&out, "one two three four", 4, 9, &style), 2);
	ck_assert_str_eq(text_str(&out), "one two\n    three four");
	ck_assert_int_eq(columns_wrap(&cut, "one two three four five", 4, 2, &style), 2);
	ck_assert_str_eq(text_str(&cut), "one two\n    three f...");
}
END_TEST

Suite *test_report_text(void)
{
	Suite *suite = suite_create("report text");
	TCase *tcase = tcase_create("terminal");

	tcase_add_loop_test(tcase, hostile_cases_fit, 0, ARRAY_SIZE(styles));
	tcase_add_loop_test(tcase, hostile_summaries_fit, 0, ARRAY_SIZE(styles));
	tcase_add_test(tcase, verdicts_are_words);
	tcase_add_test(tcase, expectations_are_told);
	tcase_add_test(tcase, failure_blocks_are_golden);
	tcase_add_loop_test(tcase, comparison_fits_any_number, 0, 24);
	tcase_add_test(tcase, columns_shrink_before_they_wrap);
	tcase_add_test(tcase, names_that_are_cut_stay_apart);
	tcase_add_test(tcase, only_what_could_be_compared_is_counted);
	tcase_add_test(tcase, clips_are_between_characters);
	tcase_add_test(tcase, progress_is_one_cut_line);
	tcase_add_test(tcase, columns_are_display_columns);
	tcase_add_test(tcase, cuts_are_between_characters);
	tcase_add_test(tcase, wrapping_breaks_at_spaces);
	suite_add_tcase(suite, tcase);
	return suite;
}
