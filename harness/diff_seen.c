/* The same difference in a hundred cases is one: what was told is remembered by its words. */
#include "harness/diff.h"

#include "base/cleanup.h"
#include "base/text.h"

static bool remember(struct diff_seen *seen, const char *key)
{
	bool is_new;

	(void) lexicon_put(&seen->keys, key, &is_new);
	return is_new;
}

static bool is_new(const struct difference *d, struct diff_seen *seen)
{
	auto_text key = { 0 };

	text_addf(&key, "%d %d %s", d->kind, d->role, d->object);
	for (int side = 0; side < DIFF_SIDES; side++)
		for (size_t i = 0; i < d->side[side].count; i++)
			text_addf(&key, "\n%d %s %zu", side, d->side[side].items[i].detail,
				  d->side[side].items[i].count);
	return remember(seen, text_str(&key));
}

static bool is_new_order(const struct order_difference *order, struct diff_seen *seen)
{
	auto_free char *key =
	    text_format("order %s\n%s\n%s", order->what, order->after[DIFF_A], order->after[DIFF_B]);

	return remember(seen, key);
}

void diff_drop_seen(struct effects_diff *diff, struct diff_seen *seen)
{
	size_t kept = 0;

	for (size_t i = 0; i < diff->count; i++) {
		if (is_new(&diff->items[i], seen))
			diff->items[kept++] = diff->items[i];
		else
			difference_clear(&diff->items[i]);
	}
	diff->count = kept;
	kept = 0;
	for (size_t i = 0; i < diff->order_count; i++) {
		if (is_new_order(&diff->orders[i], seen))
			diff->orders[kept++] = diff->orders[i];
		else
			order_difference_clear(&diff->orders[i]);
	}
	diff->order_count = kept;
}

void diff_seen_free(struct diff_seen *seen)
{
	lexicon_free(&seen->keys);
}
