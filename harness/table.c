/* Splits tab-separated text in place. */
#include "harness/table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

static int check_header(char *line, const char *const *columns, struct err *err)
{
	for (size_t i = 0; columns[i]; i++) {
		char *cell = strsep(&line, "\t");

		if (!cell || strcmp(cell, columns[i]) != 0)
			return fail_text(err, -EINVAL, "column %zu is \"%s\", expected \"%s\"", i + 1,
					 cell ? cell : "", columns[i]);
	}
	return 0;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n + 1;
}

int table_parse(const char *data, size_t len, const char *const *columns, struct table *ret, struct err *err)
{
	struct table table = { .bytes = strndup(data, len) };
	char *rest = table.bytes, *line;

	assert(table.bytes);
	while (columns[table.columns])
		table.columns++;
	table.cells = calloc(count_lines(table.bytes) * table.columns, sizeof(*table.cells));
	assert(table.cells);
	line = strsep(&rest, "\n");
	int r = check_header(line, columns, err);
	if (r < 0) {
		table_free(&table);
		return r;
	}
	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		for (size_t i = 0; i < table.columns; i++) {
			const char *cell = line ? strsep(&line, "\t") : "";

			table.cells[table.rows * table.columns + i] = cell;
		}
		table.rows++;
	}
	*ret = table;
	return 0;
}

void table_free(struct table *table)
{
	free(table->cells);
	free(table->bytes);
	*table = (struct table){ 0 };
}

const char *table_cell(const struct table *table, size_t row, size_t column)
{
	return table->cells[row * table->columns + column];
}
