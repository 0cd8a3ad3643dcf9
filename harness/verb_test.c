/* plumbline test: every selected case against every runtime; records, reports, one exit code. */
#include "harness/verbs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/recorder.h"
#include "harness/expect.h"
#include "harness/guest.h"
#include "harness/options.h"
#include "harness/prepare_run.h"
#include "harness/profile.h"
#include "harness/session.h"

struct test {
	const struct options *options;
	struct prepared_run *prepared;
	struct expectations expectations;
	struct run_record *records; /* owned, one a runtime */
	size_t record_count;
	struct runtime_dir directory; /* of the runtime that is running */
	const char *runtime; /* its name */
	size_t failures, passes, broken, ran; /* unexpected ones of all runtimes; ran: not skipped */
};

static int settled(void *argument, const struct case_record *record, struct err *err)
{
	struct test *test = argument;
	struct screen *screen = &test->prepared->screen;

	if (screen->json) {
		screen_print_json(screen, case_record_to_json(record, test->runtime));
	} else {
		auto_text line = { 0 };

		report_text_case(record, &screen->style, &line);
		screen_print(screen, &line);
	}
	return runtime_dir_add(&test->directory, record, test->runtime, err);
}

static void count(struct test *test, const struct run_record *run)
{
	for (size_t i = 0; i < run->case_count; i++) {
		const struct case_record *record = &run->cases[i];
		enum verdict expected = expect_find(&test->expectations, run->runtime.name, record->id);
		enum surprise surprise = expect_compare(expected, record->verdict);

		test->ran += record->verdict != VERDICT_SKIP;
		test->broken += surprise == SURPRISE_FAILURE && record->verdict == VERDICT_BROKEN;
		test->failures += surprise == SURPRISE_FAILURE && record->verdict != VERDICT_BROKEN;
		test->passes += surprise == SURPRISE_PASS;
	}
}

static void show_run(struct test *test, const struct run_record *run)
{
	struct screen *screen = &test->prepared->screen;
	auto_text out = { 0 };

	if (screen->json) {
		screen_print_json(screen, run_summary_to_json(run));
		return;
	}
	for (size_t i = 0; i < run->case_count; i++) {
		const struct case_record *record = &run->cases[i];

		if (!record->unexpected && record->verdict != VERDICT_FLAKY)
			continue;
		text_add_char(&out, '\n');
		report_text_failure(record, &screen->style, &out);
	}
	text_add_char(&out, '\n');
	report_text_summary(run, &screen->style, &out);
	screen_print(screen, &out);
}

static int run_one(struct test *test, size_t index, struct err *err)
{
	struct prepared_run *prepared = test->prepared;
	const struct runtime_found *found = &prepared->runtimes[index];
	struct run_record *record = &test->records[test->record_count];
	struct session session = {
		.run = prepared->name,
		.options = test->options,
		.machine = &prepared->machine,
		.clauses = &prepared->clauses,
		.selection = &prepared->shares[index],
		.expectations = &test->expectations,
		.screen = &prepared->screen,
		.recorder = prepared->recorder,
		.not_recorded = prepared->not_recorded,
		.jobs = session_jobs(test->options),
		.settled = settled,
		.argument = test,
	};
	int r = runtime_dir_open(&prepared->directory, found->runtime.name, &test->directory, err);

	if (r < 0)
		return r;
	test->runtime = found->runtime.name;
	session.out = test->directory.fd;
	session_describe(&session, record);
	runtime_facts(found, record);
	test->record_count++;
	screen_say(&prepared->screen, "%s: %s, %s, profile %s, spec %s", found->runtime.name,
		   found->runtime.path, found->version ? found->version : "tells no version",
		   found->runtime.profile->name, found->runtime.spec_version);
	uint64_t lost = prepared->recorder ? recorder_lost(prepared->recorder) : 0;
	record->recording = text_format("%s", prepared->not_recorded                  ? prepared->not_recorded
					      : session_records_needed(test->options) ? "needed"
										      : "on");
	r = session_run(&session, &found->runtime, record, err);
	record->lost_events = prepared->recorder ? recorder_lost(prepared->recorder) - lost : 0;
	if (r >= 0)
		r = run_record_write(test->directory.fd, "run.json", record, err);
	runtime_dir_close(&test->directory);
	return r;
}

static bool interrupted(const struct test *test)
{
	for (size_t i = 0; i < test->record_count; i++)
		if (test->records[i].interrupted)
			return true;
	return false;
}

static int run_all(struct test *test, struct err *err)
{
	struct prepared_run *prepared = test->prepared;

	for (size_t i = 0; i < prepared->runtime_count && !interrupted(test); i++) {
		int r = run_one(test, i, err);

		if (r < 0)
			return r;
		count(test, &test->records[i]);
		show_run(test, &test->records[i]);
	}
	if (test->record_count > 1 && !prepared->screen.json) {
		auto_text out = { 0 };

		report_text_compare(test->records, test->record_count, &prepared->screen.style, &out);
		screen_print(&prepared->screen, &out);
	}
	return 0;
}

static int write_expectations(struct test *test, struct err *err)
{
	const char *path = test->options->expect;
	auto_text changes = { 0 }, out = { 0 };

	for (size_t i = 0; i < test->record_count; i++)
		expect_update(&test->expectations, &test->records[i], &changes);
	if (!changes.len) {
		screen_say(&test->prepared->screen, "%s is up to date", path);
		return 0;
	}
	text_trim_end(&changes);
	screen_say(&test->prepared->screen, "changes of %s:\n%s", path, text_str(&changes));
	expect_print(&test->expectations, &out);
	return file_replace_at(AT_FDCWD, path, text_str(&out), out.len, 0644, err);
}

static int write_results(struct test *test, struct err *err)
{
	struct prepared_run *prepared = test->prepared;
	int r = run_dir_write_reports(&prepared->directory, test->records, test->record_count, err);

	if (r >= 0)
		r = write_asked_reports(test->options, test->records, test->record_count, err);
	if (r >= 0 && test->options->update_expectations)
		r = write_expectations(test, err);
	if (r >= 0)
		screen_say(&prepared->screen, "results are in %s", prepared->directory.path);
	return r;
}

/* Where several hold: 7, 6, 1, 5, 0. */
static int exit_code(const struct test *test)
{
	if (interrupted(test))
		return EXIT_INTERRUPTED;
	if (test->options->update_expectations)
		return test->broken ? EXIT_BROKEN : EXIT_AS_EXPECTED;
	if (test->broken)
		return EXIT_BROKEN;
	if (test->failures)
		return EXIT_UNEXPECTED_FAILURE;
	if (test->passes)
		return EXIT_UNEXPECTED_PASS;
	return test->ran ? EXIT_AS_EXPECTED : EXIT_MACHINE_CANNOT;
}

static int run_test(struct test *test)
{
	struct prepared_run *prepared = test->prepared;
	struct err err = { 0 };
	int r;

	r = run_dir_open(test->options->out, prepared->name, &prepared->directory, &err);
	if (r < 0) {
		screen_say(&prepared->screen, "%s", err.text);
		return EXIT_USAGE;
	}
	test->records = calloc(prepared->runtime_count, sizeof(*test->records));
	assert(test->records);
	r = run_all(test, &err);
	if (r >= 0)
		r = write_results(test, &err);
	if (r >= 0)
		return exit_code(test);
	screen_say(&prepared->screen, "%s", err.text);
	return EXIT_BROKEN;
}

/* 0, or an exit code: an expectations file that does not exist yet may be made, but only when asked to. */
static int read_expectations(const struct options *options, struct expectations *ret)
{
	struct screen quiet = { 0 };
	struct err err = { 0 };
	int r;

	if (!options->expect && !options->update_expectations)
		return 0;
	if (!options->expect) {
		screen_say(&quiet, "--update-expectations needs --expect FILE");
		return EXIT_USAGE;
	}
	r = expect_read(options->expect, ret, &err);
	if (r >= 0 || (r == -ENOENT && options->update_expectations))
		return 0;
	screen_say(&quiet, "%s", err.text);
	return EXIT_INVALID_INPUT;
}

int verb_test(const struct options *options)
{
	auto_prepared_run prepared = { .directory = { .fd = -EBADF } };
	struct test test = { .options = options, .prepared = &prepared };
	int code;

	if (options->in)
		return guest_run(verb_find("test"), options);
	code = read_expectations(options, &test.expectations);
	if (!code)
		code = prepare_run(options, &prepared);
	if (!code)
		code = run_test(&test);
	code = prepared_run_end(&prepared, code);
	for (size_t i = 0; i < test.record_count; i++)
		run_record_free(&test.records[i]);
	free(test.records);
	expect_free(&test.expectations);
	return code;
}
