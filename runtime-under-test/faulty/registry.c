/* fixtures/faults.tsv, the only source of fault names, embedded in the program by tests/embed.sh. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/faulty/faulty.h"

/* The table that tests/embed.sh writes. */
struct embedded_file {
	const char *name;
	const char *data;
	size_t size;
};
extern const struct embedded_file embedded_files[];

void registry_row_free(struct registry_row *row)
{
	free(row->name);
	free(row->where);
	free(row->area);
	free(row->sentence);
	free(row->status);
	*row = (struct registry_row){ 0 };
}

/* One line into its five fields. False: it has not five. */
static bool split(const char *line, size_t len, struct registry_row *ret)
{
	char **const fields[] = { &ret->name, &ret->where, &ret->area, &ret->sentence, &ret->status };
	const char *end = line + len;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *tab = memchr(line, '\t', (size_t) (end - line));
		const char *stop = tab ? tab : end;

		if (!tab && i + 1 < ARRAY_SIZE(fields)) {
			registry_row_free(ret);
			return false;
		}
		*fields[i] = text_format("%.*s", (int) (stop - line), line);
		line = tab ? tab + 1 : end;
	}
	return true;
}

/* The row at *at, which moves behind it; the first line is the heading. */
static bool next_row(const struct embedded_file *file, size_t *at, struct registry_row *ret)
{
	while (*at < file->size) {
		const char *line = file->data + *at;
		const char *newline = memchr(line, '\n', file->size - *at);
		size_t len = newline ? (size_t) (newline - line) : file->size - *at;
		bool heading = *at == 0;

		*at += len + 1;
		if (!heading && split(line, len, ret))
			return true;
	}
	return false;
}

int registry_find(const char *name, struct registry_row *ret)
{
	struct registry_row row = { 0 };

	for (size_t at = 0; next_row(&embedded_files[0], &at, &row); registry_row_free(&row)) {
		if (strcmp(row.name, name) != 0)
			continue;
		*ret = row;
		return 0;
	}
	return -ENOENT;
}

int registry_print(struct text *out)
{
	struct registry_row row = { 0 };
	int count = 0;

	for (size_t at = 0; next_row(&embedded_files[0], &at, &row); registry_row_free(&row)) {
		if (strcmp(row.status, "built") != 0)
			continue;
		text_addf(out, "%-44s %s\n", row.name, row.sentence);
		count++;
	}
	return count;
}
