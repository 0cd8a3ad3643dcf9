/*
 * From a case and an observation to a verdict: pure, no I/O and no clock. docs/OUTCOMES.md says what each
 * word means.
 */
#ifndef HARNESS_JUDGE_H
#define HARNESS_JUDGE_H

#include "harness/record.h"

struct conformance_case;
struct json;

struct judgement {
	enum verdict verdict;
	char *reason; /* owned, NULL for pass */
	char *expected, *observed; /* owned, of the first row that failed */
	char *rung; /* owned: "L3 OCI", "L5 kernel now", ... */
	char **unseen; /* owned */
	size_t unseen_count;
};

/*
 * observation NULL: there is none (broken). disputed: the clause registry marks the case's clauses so (fail
 * -> warn).
 */
void judge(const struct conformance_case *c, const struct json *observation, bool disputed,
	   struct judgement *ret);
void judgement_free(struct judgement *judgement);

#endif
