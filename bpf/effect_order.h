/* Inside of the comparison: the order in which init does what both sides do. */
#ifndef BPF_EFFECT_ORDER_H
#define BPF_EFFECT_ORDER_H

#include "bpf/effect_diff.h"

void effects_compare_order(const struct effects *const sides[DIFF_SIDES], struct effects_diff *diff);

#endif
