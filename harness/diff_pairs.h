/* What there is to compare: two recordings, or the recordings of the same cases in two runs, which may have to be made first. */
#ifndef HARNESS_DIFF_PAIRS_H
#define HARNESS_DIFF_PAIRS_H

#include <stddef.h>

#include "bpf/effect_diff.h"

struct err;
struct options;

struct diff_pair {
	char *name; /* owned: the case's id; "" for two recordings */
	char *path[DIFF_SIDES]; /* owned */
};
struct diff_pairs {
	struct diff_pair *items; /* owned; by name */
	size_t count;
	char *made; /* owned: a directory of runs that were made for this and go with it; NULL: none */
};

/* words: A, B, then selectors. -EINVAL and -ENOENT are the user's, -ECHILD is a run that did not work out; each with a sentence. */
int diff_pairs_find(const struct options *options, struct diff_pairs *ret, struct err *err);
void diff_pairs_free(struct diff_pairs *pairs); /* removes what was made */

#endif
