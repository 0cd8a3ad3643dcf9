/* Runs each case plainly and then against the fault that must refute it. */
#ifndef HARNESS_PROVE_H
#define HARNESS_PROVE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/faults.h"
#include "harness/record.h"

struct err;
struct options;
struct prepared_run;
struct runtime;

enum proof_kind {
	PROOF_CAUGHT = 1, /* the control passed, and under the fault the case failed */
	/* the control passed, and so did the faulty runtime, or the case could not tell */
	PROOF_SURVIVED,
	PROOF_NO_FAULT, /* the case names none */
	PROOF_NOT_BUILT, /* the fault it names is planned, or unknown */
	PROOF_NO_CONTROL, /* without the fault it does not pass, so a failure would prove nothing */
	/* a clause that this runtime does not keep and need not: the case has been seen to fail, never to pass */
	PROOF_WARNS,
	PROOF_SKIPPED, /* its needs are not met here */
	PROOF_NOT_RUN, /* interrupted */
};

struct proof {
	const char *id, *fault; /* borrowed; fault NULL: none named */
	size_t selected; /* index of the case in the selection */
	bool further; /* the fault names the case as its witness; the case itself names another fault */
	enum proof_kind kind;
	enum verdict control, faulty; /* 0: not run */
	char *reason; /* owned: of the run that decided; may be NULL */
};

struct proofs {
	struct proof *rows; /* owned: one a selected case, in their order, then the further ones */
	size_t count;
	struct fault_registry faults; /* owned: names in rows point into it */
	bool interrupted;
};

const char *proof_name(enum proof_kind kind); /* "caught", "survived", "no fault" ... */

/*
 * From the two verdicts to a kind: pure. soft: the case is a SHOULD, a MAY or disputed, so a warn is its
 * fail.
 */
enum proof_kind proof_decide(enum verdict control, enum verdict faulty, bool soft);

/* Of the index-th runtime, on its share of the selection. */
int prove_cases(const struct options *options, struct prepared_run *prepared, size_t index,
		struct proofs *ret, struct err *err);
void proofs_free(struct proofs *proofs);

#endif
