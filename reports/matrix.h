/* Runs as a table: a row a case, a cell a runtime's record of it. All of it is borrowed from the runs. */
#ifndef REPORTS_MATRIX_H
#define REPORTS_MATRIX_H

#include <stddef.h>

#include "harness/record.h"

struct matrix_row {
	const char *id;
	const struct case_record **cells; /* one a run, NULL: that run has no such case */
	size_t present; /* cells that are there */
	bool
	    differs; /* not the same verdict wherever it is: a run that lacks the case says nothing about it */
};

struct matrix {
	struct matrix_row *rows; /* ordered by id */
	size_t row_count, differences;
	size_t partial, shared; /* rows that some run lacks; rows that two runs have */
	const struct case_record **cells; /* the rows' cells, owned in one piece */
};

void matrix_make(const struct run_record *runs, size_t count, struct matrix *ret);
void matrix_free(struct matrix *matrix);

#endif
