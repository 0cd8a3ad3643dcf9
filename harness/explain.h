/* What a case, a clause, a fault or a word means, in prose for a stranger. */
#ifndef HARNESS_EXPLAIN_H
#define HARNESS_EXPLAIN_H

#include <stdbool.h>

struct area;
struct clause_entry;
struct clause_registry;
struct conformance_case;
struct fault_entry;
struct fault_registry;
struct text;

void explain_case(const struct area *area, const struct conformance_case *c,
		  const struct clause_registry *clauses, const struct fault_registry *faults,
		  struct text *out);
void explain_clause(const struct clause_entry *clause, const struct fault_registry *faults, struct text *out);
void explain_fault(const struct fault_entry *fault, struct text *out);
bool explain_term(const char *word, struct text *out); /* false: no such word */

bool explain_effect(const char *name, struct text *out); /* false: no such kind */
const char *explain_effect_at(unsigned index); /* NULL past the last */
void effects_manual(struct text *out); /* docs/EFFECTS.md */

/* The terms, for suggestions; NULL past the last. */
const char *explain_term_at(unsigned index);

#endif
