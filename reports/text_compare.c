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
#define ID_WIDTH 48 /* what ids keep beside the columns */

struct layout {
	int label, column; /* widths */
	size_t per_block; /* runtimes that stand beside each other */
};

/* What the longest name takes. */
static int column_for(const struct run_record *runs, size_t count)
{
	int column = COLUMN_MIN;

	for (size_t i = 0; i < count; i++) {
		int wanted = columns_of(runtime_name(&runs[i])) + 2;

		if (wanted > column)
			column = wanted < COLUMN_MAX ? wanted : COLUMN_MAX;
	}
	return column;
}

static struct layout layout_for(const struct run_record *runs, size_t count, int label,
				const struct report_style *style)
{
	struct layout layout = { .label = label, .column = column_for(runs, count) };
	int room = style->width - label;

	if (room < layout.column)
		room = layout.column;
	if ((int) count * layout.column > room && (int) count * COLUMN_MIN <= room)
		layout.column = room / (int) count;
	layout.per_block = (size_t) (room / layout.column);
	return layout;
}

typedef void cut(struct text *out, const char *string, int width, const struct report_style *style);

/* Two names that would be cut to one and the same, and are not. */
static bool are_alike(const struct run_record *runs, size_t count, int width, cut *by,
		      const struct report_style *style)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++) {
			auto_text a = { 0 }, b = { 0 };

			if (!strcmp(runtime_name(&runs[i]), runtime_name(&runs[k])))
				continue;
			by(&a, runtime_name(&runs[i]), width, style);
			by(&b, runtime_name(&runs[k]), width, style);
			if (!strcmp(text_str(&a), text_str(&b)))
				return true;
		}
	return false;
}

/* The end of a name is shown where its beginning tells no difference. */
static cut *cut_for(const struct run_record *runs, size_t count, int width, const struct report_style *style)
{
	return are_alike(runs, count, width, columns_right, style) ? columns_right_end : columns_right;
}

/* A column as narrow as it may be for every name to be told from the others. */
static int widen(const struct run_record *runs, size_t count, int column, const struct report_style *style)
{
	while (column < COLUMN_MAX && are_alike(runs, count, column - 2, columns_right, style) &&
	       are_alike(runs, count, column - 2, columns_right_end, style))
		column++;
	return column;
}

static void add_names(const struct run_record *runs, size_t count, const struct layout *layout,
		      const char *label, const struct report_style *style, struct text *out)
{
	cut *name = cut_for(runs, count, layout->column - 2, style);

	columns_left(out, label, layout->label, style);
	for (size_t i = 0; i < count; i++) {
		columns_space(out, 2);
		name(out, runtime_name(&runs[i]), layout->column - 2, style);
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
		columns_right(out, look ? look->word : "-", layout->column, style);
		if (look)
			colour_off(out, style);
	}
	text_add_char(out, '\n');
}

static void add_differences(const struct run_record *runs, size_t count, const struct matrix *matrix,
			    const struct report_style *style, struct text *out)
{
	int most = (style->width - ID_WIDTH) / (int) count, wanted = column_for(runs, count);
	int column = wanted < most ? wanted : most > COLUMN_MIN ? most : COLUMN_MIN;

	column = widen(runs, count, column, style);
	int label = style->width - (int) count * column - 1;
	struct layout layout = layout_for(runs, count, label < 30 ? 30 : label, style);

	layout.column = column;
	layout.per_block = (size_t) ((style->width - layout.label) / column);
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
	else if (matrix.shared)
		text_addf(out, "\nthe same verdict for each of %zu case%s\n", matrix.shared,
			  matrix.shared == 1 ? "" : "s");
	if (matrix.partial && matrix.shared)
		text_addf(out, "\n%zu of %zu cases stand in every column, %zu in two or more\n",
			  matrix.row_count - matrix.partial, matrix.row_count, matrix.shared);
	matrix_free(&matrix);
}
