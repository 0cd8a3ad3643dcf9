/* The printed forms of a comparison of two recordings. Pure. */
#ifndef HARNESS_DIFF_H
#define HARNESS_DIFF_H

#include "base/lexicon.h"
#include "bpf/effect_diff.h"
#include "bpf/recording.h"

struct text;

struct diff_side {
	const char *name; /* borrowed: a file, a runtime */
	struct recording recording; /* owned */
	struct effects effects; /* owned */
};

/* name: the case that both recorded, "" when there is none. Appends nothing about what the two have alike. */
void diff_text(const char *name, const struct diff_side sides[DIFF_SIDES], const struct effects_diff *diff,
	       struct text *ret);
void diff_json(const char *name, const struct diff_side sides[DIFF_SIDES], const struct effects_diff *diff,
	       struct text *ret);

/* What earlier cases have told. */
struct diff_seen {
	struct lexicon keys;
};
void diff_drop_seen(struct effects_diff *diff, struct diff_seen *seen);
void diff_seen_free(struct diff_seen *seen);

#endif
