/* Rows of /proc/PID/mountinfo. Fields are split at single blanks: an empty source is an empty field. */
#include "base/mountinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"

/* 100,000 mounts (the kernel's default limit, sysctl fs.mount-max) of 640 bytes each. */
#define MOUNTINFO_MAX (64u << 20)

/* Blank, tab, newline, backslash and '#' come as \ooo. */
static char *unescape(const char *from, size_t len)
{
	struct text out = { 0 };
	const char *first = memchr(from, '\\', len);
	size_t plain = first ? (size_t) (first - from) : len;

	text_add_bytes(&out, from, plain);
	for (size_t i = plain; i < len; i++) {
		const char *c = from + i;

		if (*c == '\\' && len - i > 3 && strspn(c + 1, "01234567") >= 3 && c[1] <= '3') {
			text_add_char(&out, (char) ((c[1] - '0') << 6 | (c[2] - '0') << 3 | (c[3] - '0')));
			i += 3;
		} else {
			text_add_char(&out, *c);
		}
	}
	return text_take(&out);
}

/* The next field, unescaped; NULL when the line has ended. */
static char *take_field(const char **line)
{
	const char *start = *line;
	size_t len;

	if (!start)
		return NULL;
	len = strcspn(start, " ");
	*line = start[len] ? start + len + 1 : NULL;
	return unescape(start, len);
}

static int take_number(const char **line, char end, int *ret)
{
	char *stop;
	long value;

	if (!*line || **line < '0' || **line > '9')
		return -EINVAL;
	errno = 0;
	value = strtol(*line, &stop, 10);
	if (errno || value > 0x7fffffff || *stop != end)
		return -EINVAL;
	*line = stop + 1;
	*ret = (int) value;
	return 0;
}

static void row_free(struct mount_row *row)
{
	free(row->root);
	free(row->target);
	free(row->options);
	free(row->propagation);
	free(row->type);
	free(row->source);
	free(row->super_options);
}

/* Optional fields up to the "-". */
static int take_propagation(const char **line, char **ret)
{
	auto_text joined = { 0 };

	for (;;) {
		auto_free char *field = take_field(line);

		if (!field)
			return -EINVAL;
		if (strcmp(field, "-") == 0)
			break;
		if (joined.len)
			text_add_char(&joined, ' ');
		text_add(&joined, field);
	}
	*ret = text_take(&joined);
	return 0;
}

static int parse_row(const char *line, struct mount_row *row)
{
	int major, minor;

	if (take_number(&line, ' ', &row->id) < 0 || take_number(&line, ' ', &row->parent) < 0 ||
	    take_number(&line, ':', &major) < 0 || take_number(&line, ' ', &minor) < 0)
		return -EINVAL;
	row->major = (unsigned) major;
	row->minor = (unsigned) minor;
	row->root = take_field(&line);
	row->target = take_field(&line);
	row->options = take_field(&line);
	if (take_propagation(&line, &row->propagation) < 0)
		return -EINVAL;
	row->type = take_field(&line);
	row->source = take_field(&line);
	row->super_options = take_field(&line);
	return row->super_options && !line ? 0 : -EINVAL;
}

static void add_row(struct mount_table *table, struct mount_row row)
{
	/* Grows at powers of two. */
	if ((table->count & (table->count - 1)) == 0) {
		size_t space = table->count ? table->count * 2 : 1;
		struct mount_row *rows = reallocarray(table->rows, space, sizeof(*rows));

		if (!rows)
			abort();
		table->rows = rows;
	}
	table->rows[table->count++] = row;
}

int mount_table_parse(const char *text, struct mount_table *ret, struct err *err)
{
	auto_mount_table table = { 0 };
	size_t number = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");
		auto_free char *line = text_format("%.*s", (int) len, text);
		struct mount_row row = { 0 };

		number++;
		if (parse_row(line, &row) < 0) {
			row_free(&row);
			return fail_text(err, -EINVAL, "mountinfo line %zu: not a mount: %.100s", number,
					 line);
		}
		add_row(&table, row);
		text += len + (text[len] == '\n');
	}
	*ret = table;
	table = (struct mount_table){ 0 };
	return 0;
}

int mount_table_read(int proc_pid_dir, struct mount_table *ret, struct err *err)
{
	auto_text content = { 0 };
	int r = file_read_at(proc_pid_dir, "mountinfo", MOUNTINFO_MAX, &content, err);

	return r < 0 ? r : mount_table_parse(text_str(&content), ret, err);
}

void mount_table_free(struct mount_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		row_free(&table->rows[i]);
	free(table->rows);
	*table = (struct mount_table){ 0 };
}

static bool is_above(const char *path, const char *below)
{
	size_t len = strlen(path);

	if (strcmp(path, "/") == 0)
		return strcmp(below, "/") != 0;
	return strncmp(path, below, len) == 0 && below[len] == '/';
}

static const struct mount_row *parent_of(const struct mount_table *table, const struct mount_row *row)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].id == row->parent && &table->rows[i] != row)
			return &table->rows[i];
	return NULL;
}

/* A sibling on a directory above the row's: had it been there first, it would be the row's parent. */
static bool has_sibling_above(const struct mount_table *table, const struct mount_row *row)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct mount_row *other = &table->rows[i];

		if (other != row && other->parent == row->parent && is_above(other->target, row->target))
			return true;
	}
	return false;
}

bool mount_row_is_visible(const struct mount_table *table, const struct mount_row *row)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].parent == row->id && &table->rows[i] != row &&
		    strcmp(table->rows[i].target, row->target) == 0)
			return false;
	/* A damaged table may have a circle of parents: no chain is longer than the table. */
	for (size_t steps = 0; row && steps <= table->count; steps++) {
		if (has_sibling_above(table, row))
			return false;
		row = parent_of(table, row);
	}
	return true;
}

const struct mount_row *mount_table_find(const struct mount_table *table, const char *target)
{
	const struct mount_row *last = NULL;

	for (size_t i = table->count; i-- > 0;) {
		const struct mount_row *row = &table->rows[i];

		if (strcmp(row->target, target) != 0)
			continue;
		if (mount_row_is_visible(table, row))
			return row;
		last = last ? last : row;
	}
	return last;
}
