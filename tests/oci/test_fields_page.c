/* docs/FIELDS.md tells of every field, of no other, and quotes sentences and files that exist. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "tests/oci/full_config.h"
#include "tests/unit.h"

#define PAGE "docs/FIELDS.md"
#define SOURCES "runtime-under-test/oci"
#define PAGE_MAX (1u << 20)

/* Objects whose keys are data. */
static const char *const maps[] = { "annotations", "linux.netDevices", "linux.sysctl", "linux.resources.rdma",
				    "linux.resources.unified" };

static bool is_map(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		if (strcmp(path, maps[i]) == 0)
			return true;
	return false;
}

typedef void visit_fn(const char *path, void *context);

/* Values, and lists of values, as the page names them. */
static void walk(const char *path, const struct json *node, visit_fn *visit, void *context)
{
	bool array = json_kind(node) == JSON_ARRAY;
	enum json_kind inner = array ? json_kind(json_at(node, 0)) : JSON_NULL;

	if (json_kind(node) != JSON_OBJECT && inner != JSON_OBJECT) {
		visit(path, context);
		return;
	}
	for (size_t i = 0; i < json_length(node); i++) {
		const char *key = is_map(path) ? "*" : array ? "[]" : json_key_at(node, i);
		auto_free char *below = text_format("%s%s%s", path, *path && !array ? "." : "", key);

		walk(below, array ? json_at(node, i) : json_value_at(node, i), visit, context);
	}
}

static void visit_config(visit_fn *visit, void *context)
{
	auto_json config = NULL;

	ck_assert_int_eq(json_parse(full_config, strlen(full_config), &config, NULL), 0);
	walk("", config, visit, context);
}

static void read_page(struct text *page)
{
	ck_assert_int_eq(file_read_at(AT_FDCWD, PAGE, PAGE_MAX, page, NULL), 0);
}

static void has_row(const char *path, void *context)
{
	auto_free char *row = text_format("\n| `%s` | ", path);

	ck_assert_msg(strstr(context, row) != NULL, PAGE " has no row of %s", path);
}

START_TEST(every_field_has_a_row)
{
	auto_text page = { 0 };

	read_page(&page);
	visit_config(has_row, page.data);
}
END_TEST

struct wanted {
	const char *path;
	bool found;
};

static void match(const char *path, void *context)
{
	struct wanted *wanted = context;

	wanted->found |= strcmp(path, wanted->path) == 0;
}

/* "`process.c`" is a file of the sources, "`linux.x is not supported`" a sentence in one of them. */
static void check_quote(const char *quote)
{
	auto_dir dir = opendir(SOURCES);
	struct dirent *entry;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir))) {
		auto_text source = { 0 };

		if (strcmp(entry->d_name, quote) == 0)
			return;
		if (text_ends(entry->d_name, ".c") &&
		    file_read_at(dirfd(dir), entry->d_name, PAGE_MAX, &source, NULL) == 0 &&
		    strstr(text_str(&source), quote))
			return;
	}
	ck_abort_msg(PAGE ": \"%s\" is neither a file nor a sentence of " SOURCES, quote);
}

static void check_row(char *row)
{
	char *rest = row, *cells[4] = { NULL };
	struct wanted wanted = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cells) && rest; i++)
		cells[i] = strsep(&rest, "|");
	ck_assert_msg(cells[3] && strlen(cells[1]) > 4, "an odd row: %s", row);
	cells[1][strlen(cells[1]) - 2] = '\0';
	wanted.path = cells[1] + 2;
	visit_config(match, &wanted);
	ck_assert_msg(wanted.found, PAGE ": there is no field %s", wanted.path);
	ck_assert_msg(strcmp(cells[2], " implemented ") == 0 || strcmp(cells[2], " refused ") == 0, "%s:%s",
		      wanted.path, cells[2]);
	for (char *quote = strchr(cells[3], '`'); quote; quote = quote ? strchr(quote, '`') : NULL) {
		char *start = quote + 1, *end = strchr(start, '`');

		ck_assert_ptr_nonnull(end);
		*end = '\0';
		if (strpbrk(start, ". ") && strlen(start) > 2)
			check_quote(start);
		quote = end + 1;
	}
}

START_TEST(every_row_is_a_field_and_true)
{
	auto_text page = { 0 };
	size_t rows = 0;
	char *rest, *line;

	read_page(&page);
	rest = page.data;
	while (rest && (line = strsep(&rest, "\n")))
		if (text_starts(line, "| `")) {
			check_row(line);
			rows++;
		}
	ck_assert_uint_gt(rows, 100);
}
END_TEST

Suite *test_fields_page(void)
{
	return UNIT_SUITE("fields page", every_field_has_a_row, every_row_is_a_field_and_true);
}
