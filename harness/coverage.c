/* Walks the cases for one clause. */
#include "harness/coverage.h"

#include <string.h>

#include "base/cleanup.h"
#include "harness/area.h"
#include "harness/faults.h"

const char *coverage_name(enum coverage coverage)
{
	static const char *const names[] = {
		[COVERAGE_NONE] = "none",
		[COVERAGE_CLAIMED] = "claimed",
		[COVERAGE_STRONG] = "strong",
	};

	return names[coverage];
}

/*
 * A row about kernel calls cannot be seen without a recording: a case of such rows only proves nothing by
 * itself.
 */
static bool sees_something(const struct conformance_case *c)
{
	size_t rows = case_rows(c), unseen = 0;

	for (size_t i = 0; i < rows; i++)
		unseen += c->then[i]->from == FROM_KERNEL;
	return !rows || unseen < rows;
}

static bool is_proven(const struct conformance_case *c, const struct fault_registry *faults)
{
	struct fault_entry fault;

	return c->refuted_by && fault_find(faults, c->refuted_by, &fault) && fault.built && sees_something(c);
}

struct clause_coverage coverage_of(const char *clause, const struct fault_registry *faults)
{
	struct clause_coverage ret = { .coverage = COVERAGE_NONE };
	const struct conformance_case *c;

	for (size_t i = 0; (c = area_case_at(i, NULL)); i++) {
		bool claims = false;

		for (size_t k = 0; k < case_clauses(c); k++)
			claims = claims || !strcmp(c->clause[k]->id, clause);
		if (!claims)
			continue;
		ret.cases++;
		if (is_proven(c, faults))
			ret.coverage = COVERAGE_STRONG;
		else if (ret.coverage == COVERAGE_NONE)
			ret.coverage = COVERAGE_CLAIMED;
	}
	return ret;
}
