/*
 * Asked at every start, and by the build of somebody's own cases: a clause that is not there would never be newer, disputed or
 * counted, and a fault that is not there would refute nothing.
 */
#include "harness/case_check.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "harness/area.h"
#include "harness/clauses.h"
#include "harness/faults.h"

static int check_clauses(const struct conformance_case *c, const struct clause_registry *clauses,
			 struct err *err)
{
	for (size_t i = 0; i < case_clauses(c); i++) {
		const struct clause *claim = c->clause[i];

		/* Hardening is what no specification asks for. */
		if (claim->level != LEVEL_HARDENING && !clause_find(clauses, claim->id))
			return fail_text(
			    err, -EINVAL,
			    "%s:%d: the case %s claims %s, which is no clause of fixtures/clauses", c->file,
			    c->line, c->name, claim->id);
	}
	return 0;
}

static int check_fault(const struct conformance_case *c, const struct fault_registry *faults, struct err *err)
{
	struct fault_entry fault;

	if (!c->refuted_by || fault_find(faults, c->refuted_by, &fault))
		return 0;
	return fail_text(err, -EINVAL,
			 "%s:%d: the case %s is refuted by %s, which is no fault of fixtures/faults.tsv",
			 c->file, c->line, c->name, c->refuted_by);
}

int cases_check(struct err *err)
{
	auto_clauses clauses = { 0 };
	auto_faults faults = { 0 };
	const struct conformance_case *c;
	int r = clauses_load(&clauses, err);

	if (r >= 0)
		r = faults_load(&faults, err);
	for (size_t i = 0; r >= 0 && (c = area_case_at(i, NULL)); i++) {
		r = check_clauses(c, &clauses, err);
		if (r >= 0)
			r = check_fault(c, &faults, err);
	}
	return r < 0 ? r : 0;
}
