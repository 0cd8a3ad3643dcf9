/*
 * Two lists of effects compared: what one side did and the other did not, and what both did in another order. How something was done
 * (via), when, and by which pid is not compared; effects that have no order among themselves are compared as sets.
 */
#ifndef BPF_EFFECT_DIFF_H
#define BPF_EFFECT_DIFF_H

#include <stddef.h>

#include "bpf/effects.h"

enum { DIFF_A, DIFF_B, DIFF_SIDES };

/* What one side did to the object: the rest of the effect's text with the errno's name. */
struct diff_variant {
	char *detail, *plain; /* owned; plain: with the container's id as it was */
	size_t count;
	const struct effect *first; /* borrowed from the effects */
};

struct difference {
	enum effect_kind kind;
	enum effect_role role;
	char *object; /* owned */
	struct {
		struct diff_variant *items; /* owned */
		size_t count;
	} side[DIFF_SIDES];
};

/* Both sides did it, and not at the same place of the sequence of what both did. */
struct order_difference {
	char *what; /* owned: "sec.nnp" */
	char *after[DIFF_SIDES]; /* owned: what came before it; "" when it came first */
};

struct effects_diff {
	struct difference *items; /* by kind */
	size_t count;
	struct order_difference *orders;
	size_t order_count;
};

/* ids: the containers' ids, which are the same thing; NULL: unknown. The effects must live as long as the result. */
void effects_compare(const struct effects *const sides[DIFF_SIDES], const char *const ids[DIFF_SIDES],
		     struct effects_diff *ret);
void effects_diff_free(struct effects_diff *diff);
void difference_clear(struct difference *difference);
void order_difference_clear(struct order_difference *order);

#endif
