/*
 * JUnit XML as Jenkins, GitLab and GitHub actions read it: one testsuite a runtime. There is no word for most
 * of our verdicts, so: fail is <failure>; broken and flaky are <error>; skip, not run and an expected failure
 * are <skipped>; an unexpected pass is a <failure>; warn passes, and its properties and output say so.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "reports/formats.h"
#include "reports/safe.h"
#include "reports/words.h"

#define MESSAGE_MAX 400 /* bytes of a message attribute: one line in every viewer */
#define EVIDENCE_MAX 16384 /* bytes of one value in the output */

struct junit_counts {
	size_t tests, failures, errors, skipped;
};

static void add_xml(struct text *out, const char *string, size_t max)
{
	safe_add(out, string, max, text_escape_xml);
}

static void add_attribute(struct text *out, const char *name, const char *value, size_t max)
{
	if (!value)
		return;
	text_addf(out, " %s=\"", name);
	add_xml(out, value, max);
	text_add_char(out, '"');
}

static void add_property(struct text *out, const char *indent, const char *name, const char *value)
{
	if (!value || !value[0])
		return;
	text_addf(out, "%s<property", indent);
	add_attribute(out, "name", name, MESSAGE_MAX);
	add_attribute(out, "value", value, MESSAGE_MAX);
	text_add(out, "/>\n");
}

static void add_seconds(struct text *out, int64_t ms)
{
	if (ms < 0)
		ms = 0;
	text_addf(out, " time=\"%lld.%03lld\"", (long long) (ms / 1000), (long long) (ms % 1000));
}

/* The element that holds the verdict; NULL: none, it passed. */
static const char *element_of(const struct case_record *record)
{
	switch (record->verdict) {
	case VERDICT_FAIL:
		return record->unexpected ? "failure" : "skipped";
	case VERDICT_BROKEN:
		return record->unexpected ? "error" : "skipped";
	case VERDICT_FLAKY:
		return "error";
	case VERDICT_SKIP:
	case VERDICT_NOTRUN:
		return "skipped";
	case VERDICT_PASS:
	case VERDICT_WARN:
		break;
	}
	return record->unexpected ? "failure" : NULL;
}

static void count_run(const struct run_record *run, struct junit_counts *counts)
{
	for (size_t i = 0; i < run->case_count; i++) {
		const char *element = element_of(&run->cases[i]);

		counts->tests++;
		if (!element)
			continue;
		counts->failures += element[0] == 'f';
		counts->errors += element[0] == 'e';
		counts->skipped += element[0] == 's';
	}
}

static void add_counts(struct text *out, const struct junit_counts *counts, int64_t ms)
{
	text_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", counts->tests,
		  counts->failures, counts->errors, counts->skipped);
	add_seconds(out, ms);
}

static void add_line(struct text *out, const char *label, const char *value)
{
	if (!value)
		return;
	text_addf(out, "%s: ", label);
	add_xml(out, value, EVIDENCE_MAX);
	text_add_char(out, '\n');
}

static void add_evidence(struct text *out, const struct case_record *record)
{
	add_line(out, "reason", record->reason);
	add_line(out, "expected", record->expected);
	add_line(out, "observed", record->observed);
	add_line(out, "first wrong rung", record->rung);
	add_line(out, "step", record->step);
	add_line(out, "repro", record->repro);
}

/* What a viewer shows below the failure itself is its body; the output is for the rest, and for those that passed. */
static void add_output(struct text *out, const struct case_record *record, bool told)
{
	bool worth = case_is_trouble(record) || record->verdict == VERDICT_WARN || record->leak_count ||
		     record->unseen_count;

	if (!worth)
		return;
	text_add(out, "      <system-out>");
	add_line(out, "verdict", verdict_look(record->verdict)->label);
	add_line(out, "title", record->title);
	if (!told)
		add_evidence(out, record);
	for (size_t i = 0; i < record->leak_count; i++)
		add_line(out, "left over", record->leaks[i]);
	for (size_t i = 0; i < record->unseen_count; i++)
		add_line(out, "not seen", record->unseen[i]);
	text_add(out, "</system-out>\n");
}

/* Returns whether the evidence stands in it. */
static bool add_verdict_element(struct text *out, const struct case_record *record)
{
	const char *element = element_of(record), *reason = record->reason;
	const char *expectation = case_expectation(record);

	if (!element)
		return false;
	if (!reason)
		reason = record->verdict == VERDICT_PASS ? "passes although it is expected to fail"
							 : "no reason recorded";
	text_addf(out, "      <%s message=\"", element);
	if (expectation)
		text_addf(out, "%s ", expectation);
	add_xml(out, reason, MESSAGE_MAX);
	text_addf(out, "\" type=\"%s\"", verdict_name(record->verdict));
	if (element[0] == 's') {
		text_add(out, "/>\n");
		return false;
	}
	text_add_char(out, '>');
	add_evidence(out, record);
	text_addf(out, "</%s>\n", element);
	return true;
}

/* Viewers build their tree from the dots of classname. */
static void add_names(struct text *out, const struct run_record *run, const struct case_record *record)
{
	size_t area = area_length(record->id);
	auto_text class = { 0 };

	text_addf(&class, "%s.%.*s", runtime_name(run), (int) area, record->id);
	for (size_t i = class.len - area; i < class.len; i++)
		if (class.data[i] == '/')
			class.data[i] = '.';
	add_attribute(out, "classname", text_str(&class), MESSAGE_MAX);
	add_attribute(out, "name", record->id + area + (area > 0), MESSAGE_MAX);
}

static void add_place(struct text *out, const struct case_record *record)
{
	auto_text file = { 0 };
	unsigned line = 0;

	if (!record->file)
		return;
	text_add_bytes(&file, record->file, split_place(record->file, &line));
	add_attribute(out, "file", text_str(&file), MESSAGE_MAX);
	if (line)
		text_addf(out, " line=\"%u\"", line);
}

static void add_case(struct text *out, const struct run_record *run, const struct case_record *record)
{
	bool told;

	text_add(out, "    <testcase");
	add_names(out, run, record);
	add_place(out, record);
	add_seconds(out, record->ms);
	text_add(out, ">\n      <properties>\n");
	add_property(out, "        ", "verdict", verdict_name(record->verdict));
	for (size_t i = 0; i < record->clause_count; i++)
		add_property(out, "        ", "clause", record->clauses[i]);
	text_add(out, "      </properties>\n");
	told = add_verdict_element(out, record);
	add_output(out, record, told);
	text_add(out, "    </testcase>\n");
}

static void add_properties(struct text *out, const struct run_record *run)
{
	const struct {
		const char *name, *value;
	} properties[] = {
		{ "run", run->run },
		{ "plumbline", run->tool_version },
		{ "runtime.path", run->runtime.path },
		{ "runtime.sha256", run->runtime.sha256 },
		{ "runtime.version", run->runtime.version },
		{ "runtime.profile", run->runtime.profile },
		{ "runtime.behind", run->runtime.behind },
		{ "runtime.behind_version", run->runtime.behind_version },
		{ "spec_version", run->runtime.spec_version },
		{ "kernel", run->kernel },
		{ "machine", run->machine },
		{ "cgroup_mode", run->cgroup_mode },
		{ "distribution", run->distribution },
	};
	char number[32];

	text_add(out, "    <properties>\n");
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
		add_property(out, "      ", properties[i].name, properties[i].value);
	snprintf(number, sizeof(number), "%llu", (unsigned long long) run->seed);
	add_property(out, "      ", "seed", number);
	snprintf(number, sizeof(number), "%llu", (unsigned long long) run->lost_events);
	add_property(out, "      ", "lost_events", number);
	add_property(out, "      ", "interrupted", run->interrupted ? "true" : "false");
	text_add(out, "    </properties>\n");
}

static void add_suite(struct text *out, const struct run_record *run, size_t number)
{
	struct junit_counts counts = { 0 };

	count_run(run, &counts);
	text_addf(out, "  <testsuite id=\"%zu\"", number);
	add_attribute(out, "name", runtime_name(run), MESSAGE_MAX);
	add_attribute(out, "timestamp", run->started, MESSAGE_MAX);
	add_counts(out, &counts, run->wall_ms);
	text_add(out, ">\n");
	add_properties(out, run);
	for (size_t i = 0; i < run->case_count; i++)
		add_case(out, run, &run->cases[i]);
	text_add(out, "  </testsuite>\n");
}

void junit_write(const struct run_record *runs, size_t count, struct text *out)
{
	struct junit_counts counts = { 0 };
	int64_t ms = 0;

	for (size_t i = 0; i < count; i++) {
		count_run(&runs[i], &counts);
		ms += runs[i].wall_ms;
	}
	text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"plumbline\"");
	add_counts(out, &counts, ms);
	text_add(out, ">\n");
	for (size_t i = 0; i < count; i++)
		add_suite(out, &runs[i], i);
	text_add(out, "</testsuites>\n");
}
