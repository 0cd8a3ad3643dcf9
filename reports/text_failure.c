/* The failure block, at most 15 lines: what was demanded, what was seen, where, and how to see it again. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "reports/columns.h"
#include "reports/report.h"
#include "reports/safe.h"
#include "reports/text.h"
#include "reports/words.h"

#define INDENT 2
#define LABEL_WIDTH 10
#define LEAKS_SHOWN 2
#define REPRO_MAX 8192

/* The lines: head, title 2, clause, expected 2, observed 2, rung, reason 2, step, left over 2, repro: 15. */
static void add_row(const char *label, const char *value, int lines, const struct report_style *style,
		    struct text *out)
{
	if (!value || !value[0])
		return;
	columns_space(out, INDENT);
	columns_left(out, label, LABEL_WIDTH, style);
	columns_wrap(out, value, INDENT + LABEL_WIDTH, lines, style);
	text_add_char(out, '\n');
}

static void add_leaks(const struct case_record *record, const struct report_style *style, struct text *out)
{
	for (size_t i = 0; i < record->leak_count && i < LEAKS_SHOWN; i++) {
		auto_text line = { 0 };

		text_add_bytes(&line, record->leaks[i], clip_length(record->leaks[i], 512));
		if (i + 1 == LEAKS_SHOWN && record->leak_count > LEAKS_SHOWN) {
			text_cut(&line, 0);
			text_addf(&line, "and %zu more", record->leak_count - i);
		}
		add_row(i ? "" : "left over", text_str(&line), 1, style, out);
	}
}

/* Not cut to the width: it is there to be copied. Control characters would not survive that: escaped. */
static void add_repro(const char *repro, struct text *out)
{
	if (!repro)
		return;
	columns_space(out, INDENT);
	text_add(out, "repro:    ");
	safe_add(out, repro, REPRO_MAX, text_escape_terminal);
	text_add_char(out, '\n');
}

void report_text_failure(const struct case_record *record, const struct report_style *style, struct text *out)
{
	const char *expectation = case_expectation(record);
	int word_width = (int) strlen(verdict_look(record->verdict)->word) + 1;
	auto_text clauses = { 0 }, head = { 0 };

	text_add(&head, record->id);
	if (expectation)
		text_addf(&head, " %s", expectation);
	add_clauses(record, &clauses);
	add_verdict(out, record->verdict, word_width, style);
	columns_cut(out, text_str(&head), style->width - 2 - word_width, style);
	text_add_char(out, '\n');
	if (record->title) {
		columns_space(out, INDENT);
		columns_wrap(out, record->title, INDENT, 2, style);
		text_add_char(out, '\n');
	}
	add_row("clause", text_str(&clauses), 1, style, out);
	add_row("expected", record->expected, 2, style, out);
	add_row("observed", record->observed, 2, style, out);
	add_row("wrong at", record->rung, 1, style, out);
	add_row("reason", reason_adds(record) ? record->reason : NULL, 2, style, out);
	add_row("step", record->step, 1, style, out);
	add_leaks(record, style, out);
	add_repro(record->repro, out);
}
