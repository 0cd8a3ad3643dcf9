/* The printed forms of a comparison of two recordings. Pure. */
#ifndef HARNESS_DIFF_H
#define HARNESS_DIFF_H

#include "bpf/effect_diff.h"
#include "bpf/recording.h"

struct text;

struct diff_side {
	const char *name; /* borrowed: a file, a runtime */
	struct recording recording; /* owned */
	struct effects effects; /* owned */
};

void diff_text(const struct diff_side sides[DIFF_SIDES], const struct effects_diff *diff, struct text *ret);
void diff_json(const struct diff_side sides[DIFF_SIDES], const struct effects_diff *diff, struct text *ret);

#endif
