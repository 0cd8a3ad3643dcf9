/*
 * The steps of init, each at its last success: what comes after what. Only init is looked at, for it is one sequence; the runtime
 * beside it runs at its own pace. Steps that keep the longest common order stand still, the others have moved.
 */
#include "bpf/effect_order.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define STEPS_MAX 128

/* Of these every object is a step of its own; of the other kinds all objects are one. */
static bool objects_matter(enum effect_kind kind)
{
	return kind == CAP_CHANGE || kind == CRED_IDS || kind == UTS_SET || kind == SEC_BITS ||
	       kind == PROC_TUNE;
}

/* Looking at paths and ends of processes are no steps of making a container. */
static bool is_step(const struct effect *e)
{
	static const enum effect_kind kinds[] = { PROC_SESSION,  NS_NEW,    NS_JOIN,     UTS_SET,
						  NET_LINK,      MNT_NEW,   ROOT_SWITCH, PATH_MASK,
						  PATH_READONLY, FS_NODE,   FS_SYMLINK,  CRED_IDS,
						  CAP_CHANGE,    SEC_NNP,   SEC_SECCOMP, SEC_LSM,
						  SEC_KEYRING,   PROC_TUNE, SEC_BITS,    CG_ATTACH };

	if (e->role != ROLE_INIT || e->error)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i] == e->kind)
			return true;
	return false;
}

struct steps {
	char *items[STEPS_MAX]; /* owned */
	size_t count;
};

static size_t steps_find(const struct steps *steps, const char *what)
{
	size_t i;

	for (i = 0; i < steps->count && strcmp(steps->items[i], what) != 0; i++)
		;
	return i;
}

static void steps_remove(struct steps *steps, size_t at)
{
	free(steps->items[at]);
	memmove(&steps->items[at], &steps->items[at + 1], (--steps->count - at) * sizeof(steps->items[0]));
}

static void steps_collect(const struct effects *effects, struct steps *ret)
{
	for (size_t i = 0; i < effects->count; i++) {
		const struct effect *e = &effects->items[i];
		size_t len = strcspn(e->text, ":"), at;
		auto_free char *what = NULL;

		if (!is_step(e))
			continue;
		if (e->text[len] && objects_matter(e->kind))
			len += 1 + strcspn(e->text + len + 1, ":");
		what = text_format("%.*s", (int) len, e->text);
		at = steps_find(ret, what);
		if (at < ret->count)
			steps_remove(ret, at);
		if (ret->count < STEPS_MAX)
			ret->items[ret->count++] = TAKE(what);
	}
}

static void steps_keep_common(struct steps *steps, const struct steps *other)
{
	for (size_t i = steps->count; i-- > 0;)
		if (steps_find(other, steps->items[i]) == other->count)
			steps_remove(steps, i);
}

static void steps_free(struct steps *steps)
{
	while (steps->count)
		steps_remove(steps, steps->count - 1);
}

/* Marks the steps of a, by their places in b, that form the longest rising sequence. */
static void stand_still(const size_t *places, size_t count, bool *ret)
{
	size_t length[STEPS_MAX] = { 0 }, before[STEPS_MAX] = { 0 }, best = 0;

	for (size_t i = 0; i < count; i++) {
		length[i] = 1;
		before[i] = SIZE_MAX;
		for (size_t k = 0; k < i; k++)
			if (places[k] < places[i] && length[k] + 1 > length[i]) {
				length[i] = length[k] + 1;
				before[i] = k;
			}
		if (length[i] > length[best])
			best = i;
	}
	/* cppcheck-suppress uninitvar ; best is below count, and so is what lies before it */
	for (size_t i = count ? best : SIZE_MAX; i != SIZE_MAX; i = before[i])
		ret[i] = true;
}

static void order_add(struct effects_diff *diff, const struct steps *a, size_t at, const struct steps *b,
		      size_t place)
{
	struct order_difference *grown = reallocarray(diff->orders, diff->order_count + 1, sizeof(*grown));

	if (!grown)
		abort();
	diff->orders = grown;
	grown[diff->order_count++] = (struct order_difference){
		.what = text_format("%s", a->items[at]),
		.after = { text_format("%s", at ? a->items[at - 1] : ""),
			   text_format("%s", place ? b->items[place - 1] : "") },
	};
}

void effects_compare_order(const struct effects *const sides[DIFF_SIDES], struct effects_diff *diff)
{
	struct steps a = { 0 }, b = { 0 };
	size_t places[STEPS_MAX];
	bool still[STEPS_MAX] = { false };

	steps_collect(sides[DIFF_A], &a);
	steps_collect(sides[DIFF_B], &b);
	steps_keep_common(&a, &b);
	steps_keep_common(&b, &a);
	for (size_t i = 0; i < a.count; i++)
		places[i] = steps_find(&b, a.items[i]);
	stand_still(places, a.count, still);
	for (size_t i = 0; i < a.count; i++)
		if (!still[i])
			order_add(diff, &a, i, &b, places[i]);
	steps_free(&a);
	steps_free(&b);
}
