/* plumbline test: cases against one or more runtimes, a run directory, a verdict for each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/expect.h"
#include "harness/options.h"
#include "harness/prepare_run.h"
#include "harness/session.h"
#include "harness/verbs.h"
#include "reports/report.h"

struct test {
	const struct options *options;
	struct prepared_run *prepared;
	struct expectations expectations;
	struct runtime_dir directory;		/* of the present runtime */
	const struct runtime *runtime;
	struct text failures;			/* blocks, shown at the end */
	bool surprised_by_failure, surprised_by_pass, broken, ran;
};

/* Everything that a finished case changes: its line, the run directory, the exit code. */
static int settled(void *argument, const struct case_record *record, struct err *err)
{
	struct test *test = argument;
	struct screen *screen = &test->prepared->screen;
	enum verdict expected = expect_find(&test->expectations, test->runtime->name, record->id);
	enum surprise surprise = expect_compare(expected, record->verdict);
	auto_text line = { 0 };

	test->surprised_by_failure |= surprise == SURPRISE_FAILURE && record->verdict != VERDICT_BROKEN;
	test->surprised_by_pass |= surprise == SURPRISE_PASS;
	test->broken |= surprise == SURPRISE_FAILURE && record->verdict == VERDICT_BROKEN;
	test->ran |= record->verdict != VERDICT_SKIP && record->verdict != VERDICT_NOTRUN;
	screen_clear_progress(screen);
	if (screen->json) {
		screen_print_json(screen, case_record_to_json(record, test->runtime->name));
	} else {
		report_text_case(record, &screen->style, &line);
		screen_print(screen, &line);
		if (record->verdict == VERDICT_FAIL || record->verdict == VERDICT_BROKEN || record->verdict == VERDICT_FLAKY)
			report_text_failure(record, &screen->style, &test->failures);
	}
	return runtime_dir_add(&test->directory, record, test->runtime->name, err);
}

static void show_end(struct test *test, const struct run_record *run)
{
	struct screen *screen = &test->prepared->screen;
	auto_text out = { 0 };

	screen_clear_progress(screen);
	if (screen->json) {
		screen_print_json(screen, run_summary_to_json(run));
		return;
	}
	if (test->failures.len) {
		text_add_char(&out, '\n');
		text_add(&out, text_str(&test->failures));
	}
	report_text_summary(run, &screen->style, &out);
	screen_print(screen, &out);
	text_free(&test->failures);
}

static int test_runtime(struct test *test, const struct runtime_found *found, struct run_record *ret, struct err *err)
{
	struct prepared_run *prepared = test->prepared;
	struct session session = {
		.run = prepared->name,
		.options = test->options,
		.machine = &prepared->machine,
		.clauses = &prepared->clauses,
		.selection = &prepared->selection,
		.expectations = &test->expectations,
		.screen = &prepared->screen,
		.jobs = session_jobs(test->options),
		.settled = settled,
		.argument = test,
	};
	int r = runtime_dir_open(&prepared->directory, found->runtime.name, &test->directory, err);

	if (r < 0)
		return r;
	test->runtime = &found->runtime;
	session.out = test->directory.fd;
	session_describe(&session, ret);
	runtime_facts(found, ret);
	r = session_run(&session, &found->runtime, ret, err);
	if (r >= 0)
		r = run_record_write(test->directory.fd, "run.json", ret, err);
	runtime_dir_close(&test->directory);
	return r;
}

static int update_expectations(struct test *test, const struct run_record *runs, size_t count, struct err *err)
{
	auto_text changes = { 0 }, file = { 0 };

	for (size_t i = 0; i < count; i++)
		expect_update(&test->expectations, &runs[i], &changes);
	expect_print(&test->expectations, &file);
	if (changes.len)
		screen_say(&test->prepared->screen, "%s", text_str(&changes));
	auto_file stream = fopen(test->options->expect, "we");
	if (!stream || fwrite(text_str(&file), 1, file.len, stream) != file.len || fflush(stream) != 0)
		return fail(err, -errno, "write the expectations %s", test->options->expect);
	return 0;
}

static int exit_code(const struct test *test, const struct run_record *runs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (runs[i].interrupted)
			return EXIT_INTERRUPTED;
	if (test->broken)
		return EXIT_BROKEN;
	if (test->options->update_expectations)
		return EXIT_AS_EXPECTED;
	if (test->surprised_by_failure)
		return EXIT_UNEXPECTED_FAILURE;
	if (test->surprised_by_pass)
		return EXIT_UNEXPECTED_PASS;
	return test->ran ? EXIT_AS_EXPECTED : EXIT_MACHINE_CANNOT;
}

/* All runtimes, then what spans them: the comparison and the reports. */
static int test_all(struct test *test, struct run_record *runs, struct err *err)
{
	struct prepared_run *prepared = test->prepared;
	size_t count = 0;
	int r = run_dir_open(test->options->out, prepared->name, &prepared->directory, err);

	for (; r >= 0 && count < prepared->runtime_count; count++) {
		r = test_runtime(test, &prepared->runtimes[count], &runs[count], err);
		if (r < 0)
			return r;
		show_end(test, &runs[count]);
		if (runs[count].interrupted) {
			count++;
			break;
		}
	}
	if (r < 0)
		return r;
	r = run_dir_write_reports(&prepared->directory, runs, count, err);
	if (r >= 0)
		r = write_asked_reports(test->options, runs, count, err);
	if (r >= 0 && test->options->update_expectations)
		r = update_expectations(test, runs, count, err);
	if (r < 0)
		return r;
	if (count > 1 && !prepared->screen.json) {
		auto_text out = { 0 };

		text_add_char(&out, '\n');
		report_text_compare(runs, count, &prepared->screen.style, &out);
		screen_print(&prepared->screen, &out);
	}
	screen_say(&prepared->screen, "reports: %s", prepared->directory.path);
	return exit_code(test, runs, count);
}

/* -1: go on; else the exit code. */
static int read_expectations(struct test *test, struct screen *screen)
{
	struct err err = { 0 };
	int r;

	if (!test->options->expect) {
		if (!test->options->update_expectations)
			return -1;
		screen_say(screen, "--update-expectations needs --expect FILE");
		return EXIT_USAGE;
	}
	r = expect_read(test->options->expect, &test->expectations, &err);
	if (r >= 0 || (r == -ENOENT && test->options->update_expectations))
		return -1;
	screen_say(screen, "%s", err.text);
	return r == -EBADMSG ? EXIT_INVALID_INPUT : EXIT_USAGE;
}

int verb_test(const struct options *options)
{
	struct prepared_run prepared;
	struct test test = { .options = options, .prepared = &prepared };
	struct run_record *runs = NULL;
	struct err err = { 0 };
	int code = prepare_run(options, &prepared);

	if (!code) {
		code = read_expectations(&test, &prepared.screen);
		if (code < 0) {
			runs = calloc(prepared.runtime_count + 1, sizeof(*runs));
			code = runs ? test_all(&test, runs, &err) : fail(&err, -ENOMEM, "test");
		}
		if (code < 0) {
			screen_clear_progress(&prepared.screen);
			screen_say(&prepared.screen, "%s", err.text);
			code = code == -EINTR ? EXIT_INTERRUPTED : EXIT_BROKEN;
		}
	}
	for (size_t i = 0; runs && i < prepared.runtime_count; i++)
		run_record_free(&runs[i]);
	free(runs);
	expect_free(&test.expectations);
	text_free(&test.failures);
	prepared_run_free(&prepared);
	return code;
}
