/* Several runtimes side by side: a row a verdict, a column a runtime, then the cases on which they part. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "reports/columns.h"
#include "reports/matrix.h"
#include "reports/report.h"
#include "reports/words.h"

#define LABEL_WIDTH 12
#define COLUMN_MIN 8
#define COLUMN_MAX 20
#define DIFFERENCES_SHOWN 40

struct layout {
	int label, column; /* widths */
	size_t per_block; /* runtimes that stand beside each other */
};

static struct layout layout_for(const struct run_record *runs, size_t count, int label,
				const struct report_style *style)
{
	struct layout layout = { .label = label, .column = COLUMN_MIN };
	int room = style->width - label;

	for (size_t i = 0; i < count; i++) {
		int wanted = columns_of(runtime_name(&runs[i])) + 2;

		if (wanted > layout.column)
			layout.column = wanted < COLUMN_MAX ? wanted : COLUMN_MAX;
	}
	if (room < layout.column)
		room = layout.column;
	if ((int) count * layout.column > room && (int) count * COLUMN_MIN <= room)
		layout.column = room / (int) count;
	layout.per_block = (size_t) (room / layout.column);
	return layout;
}

static void add_names(const struct run_record *runs, size_t count, const struct layout *layout,
		      const char *label, const struct report_style *style, struct text *out)
{
	columns_left(out, label, layout->label, style);
	for (size_t i = 0; i < count; i++) {
		columns_space(out, 2);
		columns_right(out, runtime_name(&runs[i]), layout->column - 2, style);
	}
	text_add_char(out, '\n');
}

static void add_number(size_t number, int width, struct text *out)
{
	text_addf(out, "%*zu", width, number);
}

static void add_verdict_rows(const struct run_record *runs, size_t count, const struct layout *layout,
			     const struct report_style *style, struct text *out)
{
	for (size_t v = 0; v < VERDICTS_BY_WEIGHT; v++) {
		const struct verdict_look *look = verdict_look(verdicts_by_weight[v]);

		columns_left(out, look->word, layout->label, style);
		for (size_t i = 0; i < count; i++) {
			struct run_summary sum = { 0 };

			run_summarize(&runs[i], &sum);
			colour_on(out, sum.by_verdict[verdicts_by_weight[v]] ? look->colour : "2", style);
			add_number(sum.by_verdict[verdicts_by_weight[v]], layout->column, out);
			colour_off(out, style);
		}
		text_add_char(out, '\n');
	}
}

static void add_total_rows(const struct run_record *runs, size_t count, const struct layout *layout,
			   const struct report_style *style, struct text *out)
{
	static const char *const labels[] = { "selected", "unexpected", "leaks" };

	for (size_t row = 0; row < ARRAY_SIZE(labels); row++) {
		columns_left(out, labels[row], layout->label, style);
		for (size_t i = 0; i < count; i++) {
			struct run_summary sum = { 0 };

			run_summarize(&runs[i], &sum);
			add_number(row == 0   ? sum.selected
				   : row == 1 ? sum.unexpected
					      : sum.leaks,
				   layout->column, out);
		}
		text_add_char(out, '\n');
	}
}

static void add_counts(const struct run_record *runs, size_t count, const struct report_style *style,
		       struct text *out)
{
	struct layout layout = layout_for(runs, count, LABEL_WIDTH, style);

	for (size_t from = 0; from < count; from += layout.per_block) {
		size_t n = count - from < layout.per_block ? count - from : layout.per_block;

		text_add(out, from ? "\n" : "");
		add_names(runs + from, n, &layout, "", style, out);
		add_verdict_rows(runs + from, n, &layout, style, out);
		add_total_rows(runs + from, n, &layout, style, out);
	}
}

static void add_difference(const struct matrix_row *row, size_t from, size_t count,
			   const struct layout *layout, const struct report_style *style, struct text *out)
{
	columns_left(out, row->id, layout->label, style);
	for (size_t i = from; i < from + count; i++) {
		const struct verdict_look *look = row->cells[i] ? verdict_look(row->cells[i]->verdict) : NULL;

		if (look)
			colour_on(out, look->colour, style);
		columns_right(out, look ? look->word : "absent", layout->column, style);
		if (look)
			colour_off(out, style);
	}
	text_add_char(out, '\n');
}

static void add_differences(const struct run_record *runs, size_t count, const struct matrix *matrix,
			    const struct report_style *style, struct text *out)
{
	int label = style->width - (int) count * COLUMN_MIN - 1;
	struct layout layout = layout_for(runs, count, label < 30 ? 30 : label, style);

	layout.column = COLUMN_MIN;
	for (size_t from = 0; from < count; from += layout.per_block) {
		size_t n = count - from < layout.per_block ? count - from : layout.per_block, shown = 0;

		text_add_char(out, '\n');
		add_names(runs + from, n, &layout, from ? "" : "they differ on", style, out);
		for (size_t i = 0; i < matrix->row_count && shown < DIFFERENCES_SHOWN; i++) {
			if (!matrix->rows[i].differs)
				continue;
			add_difference(&matrix->rows[i], from, n, &layout, style, out);
			shown++;
		}
		if (matrix->differences > shown)
			text_addf(out, "... and %zu more\n", matrix->differences - shown);
	}
}

void report_text_compare(const struct run_record *runs, size_t count, const struct report_style *style,
			 struct text *out)
{
	struct matrix matrix = { 0 };

	if (!count)
		return;
	add_counts(runs, count, style, out);
	matrix_make(runs, count, &matrix);
	if (matrix.differences)
		add_differences(runs, count, &matrix, style, out);
	else if (count > 1)
		text_addf(out, "\nthe same verdict for each of %zu cases\n", matrix.row_count);
	matrix_free(&matrix);
}
