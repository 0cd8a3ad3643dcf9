/*
 * TAP 14: https://testanything.org/tap-version-14-specification.html. One runtime is a flat list, several are
 * a subtest each. A broken SHOULD and an expected failure are TODO: not ok, but the run does not fail.
 */
#include <string.h>

#include "base/text.h"
#include "reports/formats.h"
#include "reports/words.h"

#define REASON_MAX 400 /* bytes on a test line */
#define VALUE_MAX 16384 /* bytes of one value in the diagnostics */

static void add_indent(struct text *out, size_t spaces)
{
	text_addf(out, "%*s", (int) spaces, "");
}

/* A description ends at the first bare '#'; a line ends at a newline. Anything odd becomes a space. */
static void add_plain(struct text *out, const char *string, size_t max)
{
	auto_text valid = { 0 };

	text_escape_terminal(&valid, string, clip_length(string, max));
	for (const char *s = text_str(&valid); *s; s++) {
		if (*s == '#' || *s == '\\')
			text_add_char(out, '\\');
		text_add_char(out, *s == '\n' || *s == '\r' ? ' ' : *s);
	}
	if (string[clip_length(string, max)])
		text_add(out, " ...");
}

static void add_yaml_string(struct text *out, const char *string)
{
	size_t len = clip_length(string, VALUE_MAX);

	text_add_char(out, '"');
	text_escape_json(out, string, len);
	if (string[len])
		text_addf(out, " [%zu more bytes]", strlen(string + len));
	text_add(out, "\"\n");
}

static void add_yaml(struct text *out, size_t indent, const char *key, const char *value)
{
	if (!value)
		return;
	add_indent(out, indent);
	text_addf(out, "%s: ", key);
	add_yaml_string(out, value);
}

static void add_yaml_list(struct text *out, size_t indent, const char *key, char *const *values, size_t count)
{
	if (!count)
		return;
	add_indent(out, indent);
	text_addf(out, "%s:\n", key);
	for (size_t i = 0; i < count; i++) {
		add_indent(out, indent + 2);
		text_add(out, "- ");
		add_yaml_string(out, values[i]);
	}
}

static void add_diagnostics(struct text *out, size_t indent, const struct case_record *record)
{
	indent += 2;
	add_indent(out, indent);
	text_add(out, "---\n");
	add_yaml(out, indent, "verdict", verdict_name(record->verdict));
	add_yaml(out, indent, "title", record->title);
	add_yaml(out, indent, "message", record->reason);
	add_yaml_list(out, indent, "clauses", record->clauses, record->clause_count);
	add_yaml(out, indent, "expected", record->expected);
	add_yaml(out, indent, "observed", record->observed);
	add_yaml(out, indent, "rung", record->rung);
	add_yaml(out, indent, "step", record->step);
	add_yaml_list(out, indent, "leaks", record->leaks, record->leak_count);
	add_yaml_list(out, indent, "unseen", record->unseen, record->unseen_count);
	add_yaml(out, indent, "repro", record->repro);
	add_yaml(out, indent, "file", record->file);
	add_indent(out, indent);
	text_addf(out, "duration_ms: %lld\n", (long long) record->ms);
	add_indent(out, indent);
	text_add(out, "...\n");
}

static bool is_ok(const struct case_record *record)
{
	switch (record->verdict) {
	case VERDICT_PASS:
		return !record->unexpected;
	case VERDICT_SKIP:
	case VERDICT_NOTRUN:
		return true;
	default:
		return false;
	}
}

/* NULL: none. What is only worth a warning, or expected, must not fail the run. */
static const char *directive_of(const struct case_record *record)
{
	switch (record->verdict) {
	case VERDICT_SKIP:
		return "SKIP";
	case VERDICT_NOTRUN:
		return "SKIP not run:";
	case VERDICT_WARN:
		return record->unexpected ? NULL : "TODO warning:";
	case VERDICT_FAIL:
	case VERDICT_BROKEN:
		return record->unexpected ? NULL : "TODO expected:";
	default:
		return NULL;
	}
}

static bool add_case(struct text *out, size_t indent, size_t number, const struct case_record *record)
{
	const char *directive = directive_of(record);
	bool ok = is_ok(record);

	add_indent(out, indent);
	text_addf(out, "%s %zu - ", ok ? "ok" : "not ok", number);
	add_plain(out, record->id, REASON_MAX);
	if (directive) {
		text_addf(out, " # %s ", directive);
		add_plain(out, record->reason ? record->reason : "no reason recorded", REASON_MAX);
	}
	text_add_char(out, '\n');
	add_diagnostics(out, indent, record);
	return ok || directive;
}

/* True when a consumer of TAP would call it a success. */
static bool add_cases(struct text *out, size_t indent, const struct run_record *run)
{
	bool good = !run->interrupted;

	add_indent(out, indent);
	text_addf(out, "1..%zu\n", run->case_count);
	for (size_t i = 0; i < run->case_count; i++)
		if (!add_case(out, indent, i + 1, &run->cases[i]))
			good = false;
	return good;
}

void tap_write(const struct run_record *runs, size_t count, struct text *out)
{
	bool interrupted = false;

	text_add(out, "TAP version 14\n");
	if (count != 1)
		text_addf(out, "1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		bool good;

		interrupted |= runs[i].interrupted;
		text_add(out, count == 1 ? "# runtime: " : "# Subtest: ");
		add_plain(out, runtime_name(&runs[i]), REASON_MAX);
		text_add_char(out, '\n');
		good = add_cases(out, count == 1 ? 0 : 4, &runs[i]);
		if (count == 1)
			continue;
		text_addf(out, "%s %zu - ", good ? "ok" : "not ok", i + 1);
		add_plain(out, runtime_name(&runs[i]), REASON_MAX);
		text_add_char(out, '\n');
	}
	if (interrupted)
		text_add(out, "Bail out! The run was interrupted.\n");
}
