/* plumbline diff: what two sides have in common is left out, and what one case has told is not told again by the next. */
#include "harness/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/effect_diff.h"
#include "bpf/recording.h"
#include "harness/diff.h"
#include "harness/diff_pairs.h"
#include "harness/options.h"
#include "harness/screen.h"

struct totals {
	struct diff_seen seen;
	size_t differences, orders, cases; /* told; cases that differ */
	bool lost;
};

static int load(const struct diff_pair *pair, int which, const char *name, struct diff_side *ret,
		struct err *err)
{
	int r = recording_read_at(AT_FDCWD, pair->path[which], &ret->recording, err);

	if (r < 0)
		return r;
	ret->name = name;
	return effects_from(&ret->recording, &ret->effects, err);
}

static void side_free(struct diff_side *side)
{
	effects_free(&side->effects);
	recording_free(&side->recording);
}

static int exit_of(int r)
{
	switch (-r) {
	case EBADMSG:
		return EXIT_INVALID_INPUT;
	case EINVAL:
	case ENOENT:
	case EACCES:
		return EXIT_USAGE;
	}
	return EXIT_BROKEN;
}

static void compare(const struct diff_pair *pair, const struct diff_side sides[DIFF_SIDES],
		    struct totals *totals, struct screen *screen)
{
	const struct effects *effects[DIFF_SIDES] = { &sides[DIFF_A].effects, &sides[DIFF_B].effects };
	const char *ids[DIFF_SIDES] = { json_get_string(sides[DIFF_A].recording.symbols, "id"),
					json_get_string(sides[DIFF_B].recording.symbols, "id") };
	struct effects_diff diff = { 0 };
	auto_text out = { 0 };

	effects_compare(effects, ids, &diff);
	totals->cases += diff.count || diff.order_count;
	diff_drop_seen(&diff, &totals->seen);
	totals->differences += diff.count;
	totals->orders += diff.order_count;
	if (screen->json)
		diff_json(pair->name, sides, &diff, &out);
	else if (diff.count || diff.order_count)
		diff_text(pair->name, sides, &diff, &out);
	screen_print(screen, &out);
	for (int side = 0; side < DIFF_SIDES; side++)
		if (effects[side]->lost || effects[side]->gaps || effects[side]->cut) {
			screen_say(screen,
				   "%s is not whole: what differs, or does not, may be what is missing",
				   sides[side].name);
			totals->lost = true;
		}
	effects_diff_free(&diff);
}

static int compare_pair(const struct diff_pair *pair, const char *const names[DIFF_SIDES],
			struct totals *totals, struct screen *screen, struct err *err)
{
	struct diff_side sides[DIFF_SIDES] = { 0 };
	int r = load(pair, DIFF_A, names[DIFF_A], &sides[DIFF_A], err);

	if (r >= 0)
		r = load(pair, DIFF_B, names[DIFF_B], &sides[DIFF_B], err);
	if (r >= 0)
		compare(pair, sides, totals, screen);
	side_free(&sides[DIFF_A]);
	side_free(&sides[DIFF_B]);
	return r;
}

static void sum_up(const struct diff_pairs *pairs, const struct totals *totals, struct screen *screen)
{
	auto_text out = { 0 };

	if (screen->json) {
		struct json *summary = json_new_object();

		json_put(summary, "type", json_new_string("summary"));
		json_put(summary, "differences", json_new_uint(totals->differences));
		json_put(summary, "order", json_new_uint(totals->orders));
		json_put(summary, "compared", json_new_uint(pairs->count));
		json_put(summary, "different", json_new_uint(totals->cases));
		screen_print_json(screen, summary);
		return;
	}
	if (totals->differences || totals->orders)
		text_addf(&out, "\n%zu differences in what is done, %zu in its order", totals->differences,
			  totals->orders);
	else
		text_add(&out, "no difference");
	if (*pairs->items[0].name)
		text_addf(&out, "; %zu of %zu cases differ", totals->cases, pairs->count);
	text_add_char(&out, '\n');
	screen_print(screen, &out);
}

int verb_diff(const struct options *options)
{
	struct totals totals = { 0 };
	struct diff_pairs pairs = { 0 };
	struct screen screen = { 0 };
	struct err err = { 0 };
	int r;

	if (screen_init(options, &screen, &err) < 0 || options->words.count < 2) {
		screen_say(&screen, "%s",
			   err.text[0] ? err.text : "expected: plumbline diff A B [SELECTOR...]");
		return EXIT_USAGE;
	}
	r = diff_pairs_find(options, &pairs, &err);
	for (size_t i = 0; r >= 0 && i < pairs.count; i++)
		r = compare_pair(&pairs.items[i], options->words.words, &totals, &screen, &err);
	if (r < 0) {
		screen_say(&screen, "%s", err.text);
		r = exit_of(r);
	} else {
		sum_up(&pairs, &totals, &screen);
		r = totals.lost ? EXIT_BROKEN : totals.cases ? EXIT_UNEXPECTED_FAILURE : EXIT_AS_EXPECTED;
	}
	diff_seen_free(&totals.seen);
	diff_pairs_free(&pairs);
	return r;
}
