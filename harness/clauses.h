/*
 * The registry of clauses: what the specification demands, one row a sentence, embedded from
 * fixtures/clauses.
 */
#ifndef HARNESS_CLAUSES_H
#define HARNESS_CLAUSES_H

#include <stdbool.h>
#include <stddef.h>

struct conformance_case;
struct err;
struct table;

/* All strings are borrowed from the registry and never NULL; "" where the column is empty. */
struct clause_entry {
	const char *id, *file, *heading;
	const char *level; /* the specification's word, "MUST NOT"; DEF: defined without a keyword */
	const char *observed; /* how it can be seen: letters of B, I, H, K, C */
	const char *since, *until; /* specification versions, "1.1.0" */
	const char *disputed; /* a public link; "" when nobody disputes it */
	const char *paraphrase;
};

/* Where a clause stands: one specification a page's kind. */
struct specification {
	const char *page_end; /* of its pages' names, ".md" */
	const char *word, *name; /* "oci", "OCI runtime specification" */
	const char *url; /* its pages lie below */
};
#define SPECIFICATION_COUNT 2
extern const struct specification specifications[SPECIFICATION_COUNT];
const struct specification *clause_specification(const struct clause_entry *clause);

struct clause_registry {
	struct clause_entry *rows; /* owned, sorted by id */
	size_t count;
	struct table *tables; /* owned: hold the strings */
	size_t table_count;
};

int clauses_load(struct clause_registry *ret, struct err *err);
void clauses_free(struct clause_registry *registry);
#define auto_clauses __attribute__((cleanup(clauses_free))) struct clause_registry
/* NULL: unknown */
const struct clause_entry *clause_find(const struct clause_registry *registry, const char *id);

/* A normative row counts for coverage: everything but DEF and MAY. */
bool clause_is_normative(const struct clause_entry *clause);
bool case_is_disputed(const struct clause_registry *registry, const struct conformance_case *c);

/* Dotted versions by number; what follows a '-' or '+' is ignored. <0, 0, >0. */
int version_compare(const char *a, const char *b);

#endif
