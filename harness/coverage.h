/* Which clauses of the registry the cases claim, and how strongly. */
#ifndef HARNESS_COVERAGE_H
#define HARNESS_COVERAGE_H

#include <stddef.h>

struct clause_entry;
struct fault_registry;

/* strong: a case claims it and a built fault shows that the case can fail; claimed: cases claim it. */
enum coverage { COVERAGE_NONE, COVERAGE_CLAIMED, COVERAGE_STRONG };
const char *coverage_name(enum coverage coverage); /* "none", "claimed", "strong" */

struct clause_coverage {
	enum coverage coverage;
	size_t cases;
};
struct clause_coverage coverage_of(const char *clause, const struct fault_registry *faults);

#endif
