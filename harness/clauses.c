/* Loads the clause registry and answers questions about it. */
#include "harness/clauses.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/embedded.h"
#include "harness/table.h"

static const char *const columns[] = { "id",    "file",  "heading",  "level",      "observed",
				       "since", "until", "disputed", "paraphrase", NULL };

const struct specification specifications[SPECIFICATION_COUNT] = {
	{ ".md", "oci", "OCI runtime specification",
	  "https://github.com/opencontainers/runtime-spec/blob/v1.3.0/" },
	{ ".proto", "cri", "Container Runtime Interface",
	  "https://github.com/kubernetes/cri-api/blob/v0.34.0/pkg/apis/runtime/v1/" },
};

const struct specification *clause_specification(const struct clause_entry *clause)
{
	size_t i = 0;

	while (i + 1 < SPECIFICATION_COUNT && !text_ends(clause->file, specifications[i].page_end))
		i++;
	return &specifications[i];
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct clause_entry *) a)->id, ((const struct clause_entry *) b)->id);
}

static void add_rows(struct clause_registry *registry, const struct table *table)
{
	size_t total = registry->count + table->rows;
	struct clause_entry *rows = realloc(registry->rows, (total + 1) * sizeof(*rows));

	assert(rows);
	registry->rows = rows;
	for (size_t i = 0; i < table->rows; i++)
		rows[registry->count++] = (struct clause_entry){
			.id = table_cell(table, i, 0),
			.file = table_cell(table, i, 1),
			.heading = table_cell(table, i, 2),
			.level = table_cell(table, i, 3),
			.observed = table_cell(table, i, 4),
			.since = table_cell(table, i, 5),
			.until = table_cell(table, i, 6),
			.disputed = table_cell(table, i, 7),
			.paraphrase = table_cell(table, i, 8),
		};
}

int clauses_load(struct clause_registry *ret, struct err *err)
{
	struct clause_registry registry = { 0 };

	for (const struct embedded_file *file = embedded_files; file->name; file++) {
		if (!text_starts(file->name, "fixtures/clauses/") || !text_ends(file->name, ".tsv"))
			continue;
		struct table *tables = realloc(registry.tables, (registry.table_count + 1) * sizeof(*tables));

		assert(tables);
		registry.tables = tables;
		int r = table_parse(file->data, file->size, columns, &tables[registry.table_count], err);
		if (r < 0) {
			clauses_free(&registry);
			return fail(err, r, "%s", file->name);
		}
		add_rows(&registry, &tables[registry.table_count++]);
	}
	if (registry.count)
		qsort(registry.rows, registry.count, sizeof(*registry.rows), compare_rows);
	*ret = registry;
	return 0;
}

void clauses_free(struct clause_registry *registry)
{
	for (size_t i = 0; i < registry->table_count; i++)
		table_free(&registry->tables[i]);
	free(registry->tables);
	free(registry->rows);
	*registry = (struct clause_registry){ 0 };
}

const struct clause_entry *clause_find(const struct clause_registry *registry, const char *id)
{
	struct clause_entry key = { .id = id };

	if (!registry->count)
		return NULL;
	return bsearch(&key, registry->rows, registry->count, sizeof(key), compare_rows);
}

bool clause_is_normative(const struct clause_entry *clause)
{
	return strcmp(clause->level, "DEF") != 0 && strcmp(clause->level, "MAY") != 0;
}

bool case_is_disputed(const struct clause_registry *registry, const struct conformance_case *c)
{
	for (size_t i = 0; i < case_clauses(c); i++) {
		const struct clause_entry *clause = clause_find(registry, c->clause[i]->id);

		if (clause && *clause->disputed)
			return true;
	}
	return false;
}

int version_compare(const char *a, const char *b)
{
	for (;;) {
		char *end_a, *end_b;
		unsigned long x = strtoul(a, &end_a, 10), y = strtoul(b, &end_b, 10);

		if (x != y)
			return x < y ? -1 : 1;
		if (*end_a != '.' && *end_b != '.')
			return 0;
		a = *end_a == '.' ? end_a + 1 : "0";
		b = *end_b == '.' ? end_b + 1 : "0";
	}
}
