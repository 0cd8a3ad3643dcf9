/* Decides before a case starts whether it can run here: one sentence for every need that is not met. */
#ifndef HARNESS_NEEDS_H
#define HARNESS_NEEDS_H

#include <stdbool.h>

struct clause_registry;
struct conformance_case;
struct machine;
struct runtime;
struct text;

struct needs_context {
	const struct machine *machine;
	const struct runtime *runtime;
	const struct clause_registry *clauses;
	const char *not_recorded; /* why the run records no kernel calls; NULL: it does, or there is no run */
};

/* true: it can run. Otherwise the reason is appended to why; it starts with "newer" when the clause is. */
bool needs_met(const struct needs_context *context, const struct conformance_case *c, struct text *why);

#endif
