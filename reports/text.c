/* Terminal output: one line a case, a run's summary, the progress line. Words say it, colour only repeats. */
#include "reports/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "reports/columns.h"
#include "reports/formats.h"
#include "reports/report.h"
#include "reports/safe.h"
#include "reports/words.h"

#define WORD_WIDTH 6
#define TIME_WIDTH 9
#define GROUPS_SHOWN 6
#define FAILURES_SHOWN 50

void add_verdict(struct text *out, enum verdict verdict, int width, const struct report_style *style)
{
	const struct verdict_look *look = verdict_look(verdict);

	colour_on(out, look->colour, style);
	text_addf(out, "%s %s", style->unicode ? look->mark : look->ascii, look->word);
	colour_off(out, style);
	columns_space(out, width - (int) strlen(look->word));
}

static void add_time(struct text *out, int64_t ms, int width, const struct report_style *style)
{
	auto_text time = { 0 };

	if (ms < 10000)
		text_addf(&time, "%lld ms", (long long) ms);
	else
		text_addf(&time, "%.1f s", (double) ms / 1000);
	columns_right(out, text_str(&time), width, style);
}

void report_text_case(const struct case_record *record, const struct report_style *style, struct text *out)
{
	int left = style->width - 2 - WORD_WIDTH - 1 - TIME_WIDTH;
	const char *expectation = case_expectation(record);
	auto_text note = { 0 };

	if (expectation)
		text_addf(&note, "%s ", expectation);
	if (record->reason)
		text_add_bytes(&note, record->reason, clip_length(record->reason, 512));
	else if (record->leak_count)
		text_addf(&note, "%zu leak%s", record->leak_count, record->leak_count == 1 ? "" : "s");
	add_verdict(out, record->verdict, WORD_WIDTH + 1, style);
	left -= columns_cut(out, record->id, left, style);
	if (note.len && left > 12) {
		text_add(out, "  ");
		left -= 2 + columns_cut(out, text_str(&note), left - 2, style);
	}
	if (record->verdict != VERDICT_SKIP && record->verdict != VERDICT_NOTRUN) {
		columns_space(out, left);
		add_time(out, record->ms, TIME_WIDTH, style);
	}
	text_add_char(out, '\n');
}

static void add_runtime_line(const struct run_record *run, const struct report_style *style, struct text *out)
{
	const struct runtime_facts *runtime = &run->runtime;
	auto_text line = { 0 };

	text_addf(&line, "%s: %s", runtime_name(run),
		  runtime->version ? runtime->version : "version unknown");
	if (runtime->spec_version)
		text_addf(&line, ", specification %s", runtime->spec_version);
	if (runtime->profile)
		text_addf(&line, ", profile %s", runtime->profile);
	columns_cut(out, text_str(&line), style->width, style);
	text_add_char(out, '\n');
	if (!runtime->behind_version)
		return;
	text_add(out, "  behind it ");
	columns_cut(out, runtime->behind_version, style->width - 12, style);
	text_add_char(out, '\n');
}

/* One item of the headline, on a line of its own when it would not fit. Returns the column after it. */
static int add_count(int column, const char *separator, const char *item, const char *colour,
		     const struct report_style *style, struct text *out)
{
	int width = columns_of(separator) + columns_of(item);

	text_add(out, separator);
	if (column + width > style->width - 1) {
		text_trim_end(out);
		text_add(out, "\n  ");
		column = 2;
	}
	colour_on(out, colour, style);
	text_add(out, item);
	colour_off(out, style);
	return column + width;
}

/* "124 cases in 9.8 s: 2 fail, 1 broken, 100 pass, 21 skip (5 newer)" */
static void add_counts(const struct run_record *run, const struct run_summary *sum,
		       const struct report_style *style, struct text *out)
{
	size_t newer = count_newer(run);
	const char *separator = ": ";
	auto_text head = { 0 };
	int column;

	text_addf(&head, "%zu case%s in %.1f s", sum->selected, sum->selected == 1 ? "" : "s",
		  run_seconds(run));
	text_add(out, text_str(&head));
	column = columns_of(text_str(&head));
	for (size_t i = 0; i < VERDICTS_BY_WEIGHT; i++) {
		const struct verdict_look *look = verdict_look(verdicts_by_weight[i]);
		auto_text item = { 0 };

		if (!sum->by_verdict[verdicts_by_weight[i]])
			continue;
		text_addf(&item, "%zu %s", sum->by_verdict[verdicts_by_weight[i]], look->label);
		if (verdicts_by_weight[i] == VERDICT_SKIP && newer)
			text_addf(&item, " (%zu newer)", newer);
		column = add_count(column, separator, text_str(&item), look->colour, style, out);
		separator = ", ";
	}
	text_add_char(out, '\n');
}

static void add_skips(const struct run_record *run, enum verdict verdict, const struct report_style *style,
		      struct text *out)
{
	auto_free struct reason_group *groups = NULL;
	size_t count = group_reasons(run, verdict, &groups), shown = 0, rest = 0;

	if (count)
		text_addf(out, "  %s because\n", verdict == VERDICT_SKIP ? "skipped" : "not run");
	for (; shown < count && shown < GROUPS_SHOWN; shown++) {
		text_addf(out, "  %6zu  ", groups[shown].count);
		columns_cut(out, groups[shown].reason, style->width - 10, style);
		text_add_char(out, '\n');
	}
	for (size_t i = shown; i < count; i++)
		rest += groups[i].count;
	if (rest)
		text_addf(out, "  %6zu  for %zu other reason%s\n", rest, count - shown,
			  count - shown == 1 ? "" : "s");
}

void report_text_summary(const struct run_record *run, const struct report_style *style, struct text *out)
{
	struct run_summary sum = { 0 };

	run_summarize(run, &sum);
	add_runtime_line(run, style, out);
	add_counts(run, &sum, style, out);
	if (sum.unexpected)
		text_addf(out, "  %zu unexpected\n", sum.unexpected);
	if (sum.leaks)
		text_addf(out, "  %zu thing%s left behind\n", sum.leaks, sum.leaks == 1 ? "" : "s");
	if (run->lost_events)
		text_addf(out, "  %llu kernel events lost\n", (unsigned long long) run->lost_events);
	if (run->interrupted)
		text_add(out, "  interrupted before the end\n");
	add_skips(run, VERDICT_SKIP, style, out);
	add_skips(run, VERDICT_NOTRUN, style, out);
}

void report_text_progress(size_t done, size_t total, const size_t by_verdict[VERDICT_COUNT], const char *id,
			  const struct report_style *style, struct text *out)
{
	static const enum verdict shown[] = { VERDICT_FAIL, VERDICT_BROKEN, VERDICT_FLAKY };
	auto_text line = { 0 };
	int digits = 1;

	for (size_t n = total; n >= 10; n /= 10)
		digits++;
	text_addf(&line, "[%*zu/%zu]", digits, done, total);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		if (by_verdict[shown[i]])
			text_addf(&line, " %zu %s", by_verdict[shown[i]], verdict_look(shown[i])->label);
	text_addf(&line, "  %s", id ? id : "");
	columns_cut(out, text_str(&line), style->width, style);
}

/* The whole of a run for a file: failures as blocks, then the summary. */
void text_write(const struct run_record *runs, size_t count, struct text *out)
{
	static const struct report_style plain = { .width = 80, .unicode = true };

	for (size_t i = 0; i < count; i++) {
		size_t blocks = 0, trouble = 0;

		for (size_t k = 0; k < runs[i].case_count; k++)
			report_text_case(&runs[i].cases[k], &plain, out);
		text_add_char(out, '\n');
		for (size_t k = 0; k < runs[i].case_count; k++) {
			if (!case_is_trouble(&runs[i].cases[k]))
				continue;
			if (trouble++ >= FAILURES_SHOWN)
				continue;
			report_text_failure(&runs[i].cases[k], &plain, out);
			text_add_char(out, '\n');
			blocks++;
		}
		if (trouble > blocks)
			text_addf(out, "... and %zu more\n\n", trouble - blocks);
		report_text_summary(&runs[i], &plain, out);
		text_add(out, i + 1 < count ? "\n" : "");
	}
	if (count > 1) {
		text_add_char(out, '\n');
		report_text_compare(runs, count, &plain, out);
	}
}
