/*
 * The 25 rules of docs/DESIGN (kernel/... cases), judged on every recorded case whatever it is about. Pure: effects, the config and the
 * probe's census in, verdicts out. A rule that the evidence cannot decide says so and never passes.
 */
#ifndef BPF_INVARIANTS_H
#define BPF_INVARIANTS_H

#include <stdbool.h>
#include <stddef.h>

struct effects;
struct json;
struct recording;

enum invariant_verdict {
	INVARIANT_HOLDS = 1,
	INVARIANT_BROKEN,
	INVARIANT_INVISIBLE,
	INVARIANT_INCONCLUSIVE,
	INVARIANT_UNRELATED
};

struct invariant {
	int number; /* 1-25 */
	const char *id; /* "kernel/evidence_is_complete" */
	const char *title;
	const char *clause; /* a registry id, or NULL */
	bool must; /* false: hardening, can only warn */
	const char *refuted_by;
	const char *why;
};
extern const struct invariant invariants[];
extern const size_t invariant_count;

struct invariant_result {
	enum invariant_verdict verdict;
	char reason[256]; /* empty when it holds */
};
/* observation: the case's document (inside, host, config under "config"); may be NULL. */
void invariant_check(const struct invariant *invariant, const struct recording *recording,
		     const struct effects *effects, const struct json *observation,
		     struct invariant_result *ret);

#endif
