/* Reads the table of faults. */
#include "harness/faults.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "harness/embedded.h"

static const char *const columns[] = { "name", "where", "area", "sentence", "status", "witness", NULL };

int faults_load(struct fault_registry *ret, struct err *err)
{
	const struct embedded_file *file = embedded_find("fixtures/faults.tsv");
	struct table table = { 0 };

	if (!file)
		return fail_text(err, -ENOENT, "fixtures/faults.tsv is not part of this program");
	int r = table_parse(file->data, file->size, columns, &table, err);
	if (r < 0)
		return fail(err, r, "%s", file->name);
	ret->table = table;
	return 0;
}

void faults_free(struct fault_registry *registry)
{
	table_free(&registry->table);
}

size_t faults_count(const struct fault_registry *registry)
{
	return registry->table.rows;
}

struct fault_entry fault_at(const struct fault_registry *registry, size_t index)
{
	return (struct fault_entry){
		.name = table_cell(&registry->table, index, 0),
		.where = table_cell(&registry->table, index, 1),
		.area = table_cell(&registry->table, index, 2),
		.sentence = table_cell(&registry->table, index, 3),
		.built = !strcmp(table_cell(&registry->table, index, 4), "built"),
		.witness = table_cell(&registry->table, index, 5),
	};
}

bool fault_find(const struct fault_registry *registry, const char *name, struct fault_entry *ret)
{
	for (size_t i = 0; i < faults_count(registry); i++) {
		struct fault_entry fault = fault_at(registry, i);

		if (strcmp(fault.name, name) != 0)
			continue;
		*ret = fault;
		return true;
	}
	return false;
}
