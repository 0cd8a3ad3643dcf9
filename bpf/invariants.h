/*
 * The 25 rules of the kernel/... cases, judged on every recorded case whatever it is about. Pure: a recording, its effects and the
 * case's observation in, verdicts out. They judge states, most of them at the payload's exec, and no script: two runtimes may
 * reach the same state in different orders. What the evidence cannot decide is said to be so and never holds.
 */
#ifndef BPF_INVARIANTS_H
#define BPF_INVARIANTS_H

#include <stdbool.h>
#include <stddef.h>

struct effects;
struct json;
struct recording;
struct witness;

enum invariant_verdict {
	INVARIANT_HOLDS = 1,
	INVARIANT_BROKEN,
	INVARIANT_INVISIBLE, /* the host cannot see it: a sandbox's payload, a table that no census tells */
	INVARIANT_INCONCLUSIVE, /* it would be visible, but evidence is missing */
	INVARIANT_UNRELATED, /* the case has nothing to do with it */
};
const char *invariant_verdict_name(enum invariant_verdict verdict);

struct invariant_result {
	enum invariant_verdict verdict;
	char reason[256]; /* empty when it holds */
};

/* What each one claims, demands and is refuted by stands in cases/kernel.c. */
struct invariant {
	int number; /* 1-25 */
	const char *id; /* "kernel/evidence_is_complete" */
	bool of_payload; /* says nothing where no payload was executed, or none that is visible */
	void (*check)(const struct witness *witness, struct invariant_result *ret);
};
#define INVARIANT_COUNT 25
extern const struct invariant invariants[INVARIANT_COUNT];
const struct invariant *invariant_find(const char *id); /* NULL: none */

/* observation: the case's document; NULL: none, and what only the census tells is invisible. ret by number - 1. */
void invariants_check(const struct recording *recording, const struct effects *effects,
		      const struct json *observation, struct invariant_result ret[INVARIANT_COUNT]);

#endif
