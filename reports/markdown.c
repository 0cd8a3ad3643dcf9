/* Markdown for a job summary: runtimes x verdicts, failures, skips. Bounded: GitHub takes 1 MiB at most. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "reports/formats.h"
#include "reports/matrix.h"
#include "reports/safe.h"
#include "reports/words.h"

#define CELL_MAX 300
#define FAILURES_SHOWN 200
#define REASONS_SHOWN 30

static void add_cell(struct text *out, const char *string)
{
	safe_add(out, string, CELL_MAX, text_escape_markdown);
}

/* A code span cannot be escaped: what would end it is replaced. */
static void add_code(struct text *out, const char *string)
{
	auto_text clean = { 0 };

	safe_add_bytes(&clean, string, clip_length(string, CELL_MAX));
	text_add_char(out, '`');
	for (const char *s = text_str(&clean); *s; s++)
		text_add_char(out, *s == '`' || *s == '|' ? '?' : *s == '\n' || *s == '\t' ? ' ' : *s);
	text_add_char(out, '`');
}

static void add_runtimes(const struct run_record *runs, size_t count, struct text *out)
{
	text_add(out, "| runtime | version |");
	for (size_t v = 0; v < VERDICTS_BY_WEIGHT; v++)
		text_addf(out, " %s |", verdict_look(verdicts_by_weight[v])->label);
	text_add(out, " leaks | time |\n| --- | --- |");
	for (size_t v = 0; v < VERDICTS_BY_WEIGHT + 2; v++)
		text_add(out, " ---: |");
	text_add_char(out, '\n');
	for (size_t i = 0; i < count; i++) {
		struct run_summary sum = { 0 };
		auto_text version = { 0 };

		run_summarize(&runs[i], &sum);
		text_add(out, "| ");
		add_cell(out, runtime_name(&runs[i]));
		text_add(out, " | ");
		add_version(&runs[i], &version);
		add_cell(out, text_str(&version));
		text_add(out, " |");
		for (size_t v = 0; v < VERDICTS_BY_WEIGHT; v++)
			text_addf(out, " %zu |", sum.by_verdict[verdicts_by_weight[v]]);
		text_addf(out, " %zu | %.1f s |\n", sum.leaks, run_seconds(&runs[i]));
	}
}

static void add_headline(const struct run_record *runs, size_t count, struct text *out)
{
	size_t verdicts = 0, unexpected = 0, newer = 0;
	struct matrix matrix = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct run_summary sum = { 0 };

		run_summarize(&runs[i], &sum);
		verdicts += sum.selected;
		unexpected += sum.unexpected;
		newer += count_newer(&runs[i]);
	}
	matrix_make(runs, count, &matrix);
	text_addf(out, "%zu case%s, ", matrix.row_count, matrix.row_count == 1 ? "" : "s");
	if (count > 1)
		text_addf(out, "%zu verdicts, ", verdicts);
	text_addf(out, "%zu unexpected", unexpected);
	matrix_free(&matrix);
	if (newer)
		text_addf(out, ", %zu newer than the runtime's specification version", newer);
	text_add(out, ".\n\n");
	for (size_t i = 0; i < count; i++) {
		if (runs[i].lost_events)
			text_addf(out, "Lost %llu kernel events. ", (unsigned long long) runs[i].lost_events);
		if (runs[i].interrupted)
			text_add(out, "Interrupted before the end. ");
		if (runs[i].lost_events || runs[i].interrupted) {
			text_add_char(out, '(');
			add_cell(out, runtime_name(&runs[i]));
			text_add(out, ")\n\n");
		}
	}
}

static void add_failure(const struct run_record *run, const struct case_record *record, struct text *out)
{
	const char *expectation = case_expectation(record);
	auto_text clauses = { 0 };

	add_clauses(record, &clauses);
	text_addf(out, "| %s | ", verdict_look(record->verdict)->label);
	add_cell(out, runtime_name(run));
	text_add(out, " | ");
	add_code(out, record->id);
	text_add(out, " | ");
	add_cell(out, text_str(&clauses));
	text_add(out, " | ");
	if (expectation)
		text_addf(out, "%s%s", expectation, record->reason ? " " : "");
	add_cell(out, record->reason ? record->reason : "");
	text_add(out, " |\n");
}

static bool worth_a_row(const struct case_record *record)
{
	return case_is_trouble(record) || record->verdict == VERDICT_WARN;
}

static void add_failures(const struct run_record *runs, size_t count, struct text *out)
{
	size_t rows = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < runs[i].case_count; k++) {
			if (!worth_a_row(&runs[i].cases[k]))
				continue;
			if (!rows)
				text_add(out, "\n### Not as it should be\n\n| verdict | runtime | case | "
					      "clause | reason |\n"
					      "| --- | --- | --- | --- | --- |\n");
			if (rows++ < FAILURES_SHOWN)
				add_failure(&runs[i], &runs[i].cases[k], out);
		}
	if (rows > FAILURES_SHOWN)
		text_addf(out, "\n... and %zu more\n", rows - FAILURES_SHOWN);
}

static void add_reasons(const struct run_record *runs, size_t count, struct text *out)
{
	bool begun = false;

	for (size_t i = 0; i < count; i++) {
		auto_free struct reason_group *groups = NULL;
		size_t n = group_reasons(&runs[i], VERDICT_SKIP, &groups);

		for (size_t k = 0; k < n && k < REASONS_SHOWN; k++) {
			if (!begun)
				text_add(
				    out,
				    "\n### Skipped\n\n| runtime | cases | because |\n| --- | ---: | --- |\n");
			begun = true;
			text_add(out, "| ");
			add_cell(out, runtime_name(&runs[i]));
			text_addf(out, " | %zu | ", groups[k].count);
			add_cell(out, groups[k].reason);
			text_add(out, " |\n");
		}
		if (n > REASONS_SHOWN) {
			text_add(out, "| ");
			add_cell(out, runtime_name(&runs[i]));
			text_addf(out, " | | and %zu other reasons |\n", n - REASONS_SHOWN);
		}
	}
}

void markdown_write(const struct run_record *runs, size_t count, struct text *out)
{
	text_add(out, "## Container runtime conformance\n\n");
	add_headline(runs, count, out);
	add_runtimes(runs, count, out);
	add_failures(runs, count, out);
	add_reasons(runs, count, out);
}
