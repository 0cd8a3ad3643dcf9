/* Joins the records of several runs by case id: see matrix.h. */
#include "reports/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct entry {
	const struct case_record *record;
	size_t run;
};

static int by_id(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->record->id, y->record->id);

	return order ? order : (x->run > y->run) - (x->run < y->run);
}

static void *zeroed(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		abort();
	return memory;
}

static void compare_cells(struct matrix_row *row, size_t count)
{
	const struct case_record *first = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!row->cells[i])
			continue;
		first = first ? first : row->cells[i];
		row->present++;
		row->differs = row->differs || row->cells[i]->verdict != first->verdict;
	}
}

void matrix_make(const struct run_record *runs, size_t count, struct matrix *ret)
{
	auto_free struct entry *entries = NULL;
	size_t total = 0, n = 0;

	for (size_t i = 0; i < count; i++)
		total += runs[i].case_count;
	entries = zeroed(total, sizeof(*entries));
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < runs[i].case_count; k++)
			entries[n++] = (struct entry){ &runs[i].cases[k], i };
	qsort(entries, n, sizeof(*entries), by_id);
	*ret = (struct matrix){ .rows = zeroed(n, sizeof(*ret->rows)),
				.cells = zeroed(n * count, sizeof(*ret->cells)) };
	for (size_t i = 0; i < n; i++) {
		struct matrix_row *row = &ret->rows[ret->row_count ? ret->row_count - 1 : 0];

		if (!ret->row_count || strcmp(row->id, entries[i].record->id) != 0) {
			row = &ret->rows[ret->row_count++];
			row->id = entries[i].record->id;
			row->cells = ret->cells + (ret->row_count - 1) * count;
		}
		row->cells[entries[i].run] = entries[i].record;
	}
	for (size_t i = 0; i < ret->row_count; i++) {
		compare_cells(&ret->rows[i], count);
		ret->differences += ret->rows[i].differs;
		ret->partial += ret->rows[i].present < count;
		ret->shared += ret->rows[i].present > 1;
	}
}

void matrix_free(struct matrix *matrix)
{
	free(matrix->rows);
	free(matrix->cells);
	*matrix = (struct matrix){ 0 };
}
