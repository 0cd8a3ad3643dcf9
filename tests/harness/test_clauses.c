/* The clause registry: every page's file is whole, so that coverage numbers mean something. */
#include <check.h>
#undef fail

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "harness/embedded.h"

enum { ID, FILE_NAME, HEADING, LEVEL, OBSERVED, SINCE, UNTIL, DISPUTED, PARAPHRASE, COLUMNS };

static const char header[] = "id\tfile\theading\tlevel\tobserved\tsince\tuntil\tdisputed\tparaphrase";

Suite *test_clauses(void);

struct row {
	char *column[COLUMNS];
};
struct registry {
	struct row rows[1024];
	size_t count, files;
	char *copies[16];
};

static void split_row(char *line, struct row *ret, const char *file)
{
	size_t n = 0;

	for (char *field = line; field; n++) {
		char *tab = strchr(field, '\t');

		ck_assert_msg(n < COLUMNS, "%s: too many columns at '%s'", file, line);
		if (tab)
			*tab++ = '\0';
		ret->column[n] = field;
		field = tab;
	}
	ck_assert_msg(n == COLUMNS, "%s: %zu columns at '%s'", file, n, line);
}

static void load_file(struct registry *registry, const struct embedded_file *file)
{
	char *copy = strdup(file->data), *save = NULL;
	char *line = strtok_r(copy, "\n", &save);

	registry->copies[registry->files++] = copy;
	ck_assert_str_eq(line, header);
	ck_assert_int_eq(file->data[file->size - 1], '\n');
	while ((line = strtok_r(NULL, "\n", &save))) {
		ck_assert_uint_lt(registry->count, ARRAY_SIZE(registry->rows));
		split_row(line, &registry->rows[registry->count++], file->name);
	}
}

static struct registry *registry_load(void)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	for (const struct embedded_file *f = embedded_files; f->name; f++)
		if (text_starts(f->name, "fixtures/clauses/"))
			load_file(registry, f);
	return registry;
}

static void registry_drop(struct registry *registry)
{
	for (size_t i = 0; i < registry->files; i++)
		free(registry->copies[i]);
	free(registry);
}

static bool one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

/* The runtime specification's chapters are Markdown; the CRI is told by the comments of its api.proto. */
static bool is_of_cri(char *const *column)
{
	return !strcmp(column[FILE_NAME], "api.proto");
}

/* Of the runtime specification; level NULL: any. */
static size_t count_level(const struct registry *registry, const char *level)
{
	size_t n = 0;

	for (size_t i = 0; i < registry->count; i++) {
		char *const *column = registry->rows[i].column;

		n += !is_of_cri(column) && (!level || !strcmp(column[LEVEL], level));
	}
	return n;
}

START_TEST(counts_are_the_published_ones)
{
	struct registry *registry = registry_load();
	size_t defined = count_level(registry, "DEF"), may = count_level(registry, "MAY");

	ck_assert_uint_eq(registry->files, 8);
	ck_assert_uint_eq(count_level(registry, NULL), 428);
	ck_assert_uint_eq(defined, 57);
	ck_assert_uint_eq(may, 3);
	ck_assert_uint_eq(count_level(registry, NULL) - defined - may, 368);
	registry_drop(registry);
}
END_TEST

START_TEST(ids_are_unique)
{
	struct registry *registry = registry_load();

	for (size_t i = 0; i < registry->count; i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(registry->rows[i].column[ID], registry->rows[k].column[ID]);
	registry_drop(registry);
}
END_TEST

START_TEST(fields_hold_known_words)
{
	static const char *const levels[] = { "MUST", "MUST NOT",        "REQUIRED", "SHOULD", "SHOULD NOT",
					      "MAY",  "NOT RECOMMENDED", "DEF",      NULL };
	static const char *const observed[] = { "B", "I", "K", "C", "B+I", "B+K", "I+K", NULL };
	static const char *const versions[] = {
		"", "1.0.1", "1.0.2", "1.1.0", "1.2.0", "1.2.1", "1.3.0", NULL
	};
	struct registry *registry = registry_load();

	for (size_t i = 0; i < registry->count; i++) {
		char *const *c = registry->rows[i].column;

		ck_assert_msg(one_of(c[LEVEL], levels), "%s: level '%s'", c[ID], c[LEVEL]);
		ck_assert_msg(one_of(c[OBSERVED], observed), "%s: observed '%s'", c[ID], c[OBSERVED]);
		ck_assert_msg(one_of(c[SINCE], versions), "%s: since '%s'", c[ID], c[SINCE]);
		ck_assert_msg(one_of(c[UNTIL], versions), "%s: until '%s'", c[ID], c[UNTIL]);
		ck_assert_msg(is_of_cri(c) || text_ends(c[FILE_NAME], ".md"), "%s: file '%s'", c[ID],
			      c[FILE_NAME]);
		ck_assert_msg(is_of_cri(c) == text_starts(c[ID], "cri."), "%s is of file '%s'", c[ID],
			      c[FILE_NAME]);
		ck_assert_msg(c[HEADING][0] && c[PARAPHRASE][0], "%s: empty text", c[ID]);
	}
	registry_drop(registry);
}
END_TEST

START_TEST(disputes_name_a_public_page)
{
	struct registry *registry = registry_load();
	size_t disputes = 0;

	for (size_t i = 0; i < registry->count; i++) {
		const char *link = registry->rows[i].column[DISPUTED];

		if (!link[0])
			continue;
		disputes++;
		ck_assert_msg(text_starts(link, "https://") && !strpbrk(link, " \"<>"), "%s: '%s'",
			      registry->rows[i].column[ID], link);
	}
	ck_assert_uint_ge(disputes, 1);
	registry_drop(registry);
}
END_TEST

/* Anchors of the version rules: a wrong `since` either skips a clause or demands it too early. */
START_TEST(versions_of_known_additions)
{
	static const struct {
		const char *id, *since;
	} known[] = {
		{ "config.mounts.opt.ro", "" },
		{ "config.mounts.opt.rro", "1.1.0" },
		{ "config.mounts.opt.idmap", "1.2.0" },
		{ "runtime.lifecycle.poststart.fail", "1.3.0" },
		{ "runtime.lifecycle.createRuntime.invoked", "1.0.2" },
		{ "linux.ns.supported.time", "1.1.0" },
		{ "linux.netdev.up", "1.3.0" },
		{ "features.min.required", "1.1.0" },
		{ "config.process.execCPUAffinity.final-unset", "1.2.1" },
	};
	struct registry *registry = registry_load();
	size_t found = 0;

	for (size_t i = 0; i < registry->count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(known); k++)
			if (!strcmp(registry->rows[i].column[ID], known[k].id)) {
				ck_assert_str_eq(registry->rows[i].column[SINCE], known[k].since);
				found++;
			}
	ck_assert_uint_eq(found, ARRAY_SIZE(known));
	registry_drop(registry);
}
END_TEST

Suite *test_clauses(void)
{
	Suite *suite = suite_create("clauses");
	TCase *tcase = tcase_create("registry");

	tcase_add_test(tcase, counts_are_the_published_ones);
	tcase_add_test(tcase, ids_are_unique);
	tcase_add_test(tcase, fields_hold_known_words);
	tcase_add_test(tcase, disputes_name_a_public_page);
	tcase_add_test(tcase, versions_of_known_additions);
	suite_add_tcase(suite, tcase);
	return suite;
}
