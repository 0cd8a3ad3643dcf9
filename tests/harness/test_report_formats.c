/* Every format against its golden files, and against strings that want to break out of it. */
#include <check.h>
#undef fail

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "reports/report.h"
#include "tests/harness/report_fixture.h"

#define OUTPUT_MAX (4u << 20) /* a megabyte in every field of one case must not come out whole */

Suite *test_report_formats(void);

START_TEST(two_runtimes_are_golden)
{
	const struct report_format *format = &report_formats[_i];
	auto_free char *name = text_format("two/%s", format->file);
	struct run_record runs[2] = { 0 };
	auto_text out = { 0 };

	fixture_read("crun.json", &runs[0]);
	fixture_read("runc.json", &runs[1]);
	format->write(runs, 2, &out);
	fixture_golden(name, &out);
	fixture_assert_clean(format->name, &out);
	run_record_free(&runs[0]);
	run_record_free(&runs[1]);
}
END_TEST

START_TEST(one_runtime_is_golden)
{
	const struct report_format *format = &report_formats[_i];
	auto_free char *name = text_format("one/%s", format->file);
	struct run_record run = { 0 };
	auto_text out = { 0 };

	fixture_read("crun.json", &run);
	format->write(&run, 1, &out);
	fixture_golden(name, &out);
	run_record_free(&run);
}
END_TEST

/* A runtime beside two servers: they have no case in common, which is no difference. */
START_TEST(runtimes_beside_servers_are_golden)
{
	static const char *const names[] = { "crun.json", "plumbline-cri.json", "containerd.json" };
	const struct report_format *format = &report_formats[_i];
	auto_free char *name = text_format("mixed/%s", format->file);
	struct run_record runs[ARRAY_SIZE(names)] = { 0 };
	auto_text out = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		fixture_read(names[i], &runs[i]);
	format->write(runs, ARRAY_SIZE(names), &out);
	fixture_golden(name, &out);
	fixture_assert_clean(format->name, &out);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		run_record_free(&runs[i]);
}
END_TEST

START_TEST(hostile_strings_stay_inside)
{
	const struct report_format *format = &report_formats[_i];
	struct run_record run = { 0 };
	auto_text out = { 0 };

	fixture_hostile(&run);
	format->write(&run, 1, &out);
	fixture_assert_clean(format->name, &out);
	ck_assert_uint_lt(out.len, OUTPUT_MAX);
	fixture_keep(format->file, &out);
	run_record_free(&run);
}
END_TEST

/* Markup from a record never becomes markup of the file. */
START_TEST(markup_is_escaped)
{
	static const char *const formats[] = { "junit", "html", "badge" };
	static const char *const forbidden[] = { "<script>alert", "]]>", "</system-out><failure", "<b>html",
						 "<!-- -->" };
	struct run_record run = { 0 };
	auto_text out = { 0 };

	fixture_hostile(&run);
	fixture_write(formats[_i], &run, 1, &out);
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++)
		ck_assert_msg(!strstr(text_str(&out), forbidden[i]), "%s: %s", formats[_i], forbidden[i]);
	run_record_free(&run);
}
END_TEST

static size_t count_lines(const char *text, const char *start)
{
	size_t n = 0;

	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		n += text_starts(line, start);
	return n;
}

START_TEST(tap_has_a_line_a_case)
{
	struct run_record run = { 0 };
	auto_text out = { 0 };
	auto_free char *plan = NULL;

	fixture_hostile(&run);
	fixture_write("tap", &run, 1, &out);
	plan = text_format("1..%zu\n", run.case_count);
	ck_assert_uint_eq(count_lines(text_str(&out), plan), 1);
	ck_assert_uint_eq(count_lines(text_str(&out), "1.."), 1);
	ck_assert_uint_eq(count_lines(text_str(&out), "ok ") + count_lines(text_str(&out), "not ok "),
			  run.case_count);
	ck_assert_uint_eq(count_lines(text_str(&out), "Bail out!"), 1); /* ours: it was interrupted */
	ck_assert_uint_eq(count_lines(text_str(&out), "  ---\n"), run.case_count);
	run_record_free(&run);
}
END_TEST

/* A '#' of ours starts the directive; one from a record is escaped. */
START_TEST(tap_directives_are_ours)
{
	struct run_record run = { 0 };
	auto_text out = { 0 };
	size_t directives = 0;
	char *save = NULL;

	fixture_hostile(&run);
	fixture_write("tap", &run, 1, &out);
	for (char *line = strtok_r(out.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t bare = 0;

		if (!text_starts(line, "ok ") && !text_starts(line, "not ok "))
			continue;
		for (char *s = line; *s; s++)
			bare += *s == '#' && s[-1] != '\\';
		ck_assert_msg(bare <= 1, "%s", line);
		directives += bare;
	}
	ck_assert_uint_gt(directives, 10);
	ck_assert_uint_lt(directives, run.case_count);
	run_record_free(&run);
}
END_TEST

/* A table row has as many cells as its head, whatever stands in them. */
START_TEST(markdown_rows_keep_their_cells)
{
	struct run_record run = { 0 };
	size_t bars, rows = 0;
	auto_text out = { 0 };
	char *save = NULL;

	fixture_hostile(&run);
	fixture_write("markdown", &run, 1, &out);
	strtok_r(strstr(out.data, "| verdict |"), "\n", &save);
	for (char *row; (row = strtok_r(NULL, "\n", &save)) && row[0] == '|'; rows++) {
		bars = 0;
		for (char *s = row; *s; s++)
			bars += *s == '|' && (s == row || s[-1] != '\\');
		ck_assert_msg(bars == 6, "%zu cells in: %s", bars - 1, row);
	}
	ck_assert_uint_gt(rows, 10);
	run_record_free(&run);
}
END_TEST

static size_t count_of(const char *text, const char *word)
{
	size_t n = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		n++;
	}
	return n;
}

/* Skipped, broken and flaky never look like a pass, and an unexpected pass is no success. */
START_TEST(junit_counts_what_it_writes)
{
	struct run_record run = { 0 };
	auto_free char *head = NULL;
	auto_text out = { 0 };

	fixture_read("crun.json", &run);
	fixture_write("junit", &run, 1, &out);
	ck_assert_uint_eq(count_of(text_str(&out), "<testcase "), run.case_count);
	head = text_format(" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", run.case_count,
			   count_of(text_str(&out), "<failure "), count_of(text_str(&out), "<error "),
			   count_of(text_str(&out), "<skipped "));
	ck_assert_uint_eq(count_of(text_str(&out), head), 2);
	ck_assert_uint_eq(count_of(text_str(&out), "<failure "), 2); /* one fails, one passes unexpectedly */
	ck_assert_uint_eq(count_of(text_str(&out), "<error "), 2); /* broken, flaky */
	ck_assert_uint_eq(count_of(text_str(&out), "<skipped "), 5); /* 3 skip, 1 not run, 1 expected fail */
	run_record_free(&run);
}
END_TEST

START_TEST(nothing_at_all_is_written_too)
{
	const struct report_format *format = &report_formats[_i];
	struct run_record run = { .run = strdup("r"), .runtime.name = strdup("empty") };
	auto_text none = { 0 }, empty = { 0 };

	format->write(&run, 0, &none);
	format->write(&run, 1, &empty);
	fixture_assert_clean(format->name, &none);
	fixture_assert_clean(format->name, &empty);
	ck_assert_uint_gt(empty.len, 0);
	run_record_free(&run);
}
END_TEST

START_TEST(formats_are_found_by_name)
{
	for (size_t i = 0; i < report_format_count; i++) {
		ck_assert_ptr_eq(report_format_find(report_formats[i].name), &report_formats[i]);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(report_formats[i].file, report_formats[k].file);
	}
	ck_assert_ptr_null(report_format_find("pdf"));
}
END_TEST

Suite *test_report_formats(void)
{
	Suite *suite = suite_create("report formats");
	TCase *tcase = tcase_create("formats");
	int count = (int) report_format_count;

	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, two_runtimes_are_golden, 0, count);
	tcase_add_loop_test(tcase, one_runtime_is_golden, 0, count);
	tcase_add_loop_test(tcase, runtimes_beside_servers_are_golden, 0, count);
	tcase_add_loop_test(tcase, hostile_strings_stay_inside, 0, count);
	tcase_add_loop_test(tcase, nothing_at_all_is_written_too, 0, count);
	tcase_add_loop_test(tcase, markup_is_escaped, 0, 3);
	tcase_add_test(tcase, tap_has_a_line_a_case);
	tcase_add_test(tcase, tap_directives_are_ours);
	tcase_add_test(tcase, markdown_rows_keep_their_cells);
	tcase_add_test(tcase, junit_counts_what_it_writes);
	tcase_add_test(tcase, formats_are_found_by_name);
	suite_add_tcase(suite, tcase);
	return suite;
}
