/* Tab-separated tables that lie inside the program: a header line with column names, then one row a line. */
#ifndef HARNESS_TABLE_H
#define HARNESS_TABLE_H

#include <stddef.h>

struct err;

struct table {
	char *bytes; /* owned: cells point into it */
	const char **cells; /* owned; row major, without the header; a missing cell is "" */
	size_t rows, columns;
};

/*
 * columns: the names the header must begin with, in this order, NULL-terminated; further ones are ignored.
 * -EINVAL when the header is another one.
 */
int table_parse(const char *data, size_t len, const char *const *columns, struct table *ret, struct err *err);
void table_free(struct table *table);
#define auto_table __attribute__((cleanup(table_free))) struct table

const char *table_cell(const struct table *table, size_t row, size_t column); /* never NULL */

#endif
