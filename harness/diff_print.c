/* Differences by kind, each object with what either side did to it and the kernel calls behind that. */
#include "harness/diff.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/raw.h"
#include "harness/trace.h"

#define CALLS_SHOWN 2 /* of one variant; --json has all */
#define RUN_SHOWN 3 /* of many of a kind that one side alone has */

static const char *const letters[DIFF_SIDES] = { "A", "B" };

static const struct effect_kind_row *row_of(enum effect_kind kind)
{
	for (size_t i = 0; i < effect_kind_count; i++)
		if (effect_kinds[i].kind == kind)
			return &effect_kinds[i];
	return &effect_kinds[0];
}

static void add_escaped(const char *string, struct text *ret)
{
	text_escape_terminal(ret, string, strlen(string));
}

static void add_calls(const struct diff_side *side, const struct effect *effect, struct text *ret)
{
	auto_json lines = trace_raw_of(&side->recording, effect);
	size_t count = json_length(lines);

	for (size_t i = 0; i < count && i < CALLS_SHOWN; i++) {
		text_add(ret, "         ");
		add_escaped(json_string(json_at(lines, i)), ret);
		text_add_char(ret, '\n');
	}
	if (count > CALLS_SHOWN)
		text_addf(ret, "         and %zu calls more\n", count - CALLS_SHOWN);
}

static void add_side(const struct diff_side *side, const struct difference *d, int which, struct text *ret)
{
	if (!d->side[which].count)
		text_addf(ret, "    %s  -\n", letters[which]);
	for (size_t i = 0; i < d->side[which].count; i++) {
		const struct diff_variant *v = &d->side[which].items[i];

		text_addf(ret, "    %s  ", letters[which]);
		if (*v->detail)
			add_escaped(v->detail, ret);
		else
			text_add(ret, "yes");
		if (v->count > 1)
			text_addf(ret, " x%zu", v->count);
		text_add_char(ret, '\n');
		add_calls(side, v->first, ret);
	}
}

static void add_order(const struct order_difference *order, struct text *ret)
{
	text_add(ret, "  ");
	add_escaped(order->what, ret);
	text_add_char(ret, '\n');
	for (int side = 0; side < DIFF_SIDES; side++) {
		text_addf(ret, "    %s  %s", letters[side], *order->after[side] ? "after " : "first");
		add_escaped(order->after[side], ret);
		text_add_char(ret, '\n');
	}
}

/* DIFF_A or DIFF_B when only that side did it; DIFF_SIDES: both did. */
static int only_side(const struct difference *d)
{
	return !d->side[DIFF_A].count ? DIFF_B : !d->side[DIFF_B].count ? DIFF_A : DIFF_SIDES;
}

/* How many from here on are the same kind of news: one side's alone, of one role. */
static size_t run_length(const struct effects_diff *diff, size_t from)
{
	const struct difference *d = &diff->items[from];
	size_t i = from + 1;

	if (only_side(d) == DIFF_SIDES)
		return 1;
	while (i < diff->count && diff->items[i].kind == d->kind && diff->items[i].role == d->role &&
	       only_side(&diff->items[i]) == only_side(d))
		i++;
	return i - from;
}

static void add_difference(const struct diff_side sides[DIFF_SIDES], const struct difference *d,
			   struct text *ret)
{
	text_add(ret, "  ");
	add_escaped(d->object, ret);
	text_addf(ret, " (%s)\n", effect_role_name(d->role));
	for (int side = 0; side < DIFF_SIDES; side++)
		add_side(&sides[side], d, side, ret);
}

/* Names alone, for what is like the ones before. */
static void add_rest(const struct difference *items, size_t count, struct text *ret)
{
	text_addf(ret, "  and %s alone the same way:", letters[only_side(items)]);
	for (size_t i = 0; i < count; i++) {
		text_add_char(ret, ' ');
		add_escaped(items[i].object, ret);
	}
	text_add_char(ret, '\n');
}

static void add_differences(const struct diff_side sides[DIFF_SIDES], const struct effects_diff *diff,
			    struct text *ret)
{
	for (size_t i = 0, run; i < diff->count; i += run) {
		const struct difference *d = &diff->items[i];
		size_t shown;

		if (!i || d->kind != diff->items[i - 1].kind)
			text_addf(ret, "\n%s: %s\n", row_of(d->kind)->name, row_of(d->kind)->help);
		run = run_length(diff, i);
		shown = run > RUN_SHOWN + 1 ? RUN_SHOWN : run;
		for (size_t k = 0; k < shown; k++)
			add_difference(sides, d + k, ret);
		if (shown < run)
			add_rest(d + shown, run - shown, ret);
	}
}

void diff_text(const char *name, const struct diff_side sides[DIFF_SIDES], const struct effects_diff *diff,
	       struct text *ret)
{
	if (*name) {
		text_add(ret, "\n== ");
		add_escaped(name, ret);
		text_add_char(ret, '\n');
	}
	for (int side = 0; side < DIFF_SIDES; side++) {
		text_addf(ret, "%s  ", letters[side]);
		add_escaped(sides[side].name, ret);
		text_addf(ret, ", %llu events\n", (unsigned long long) sides[side].effects.events);
	}
	add_differences(sides, diff, ret);
	if (diff->order_count)
		text_add(ret, "\norder: steps of init that both take, at another place\n");
	for (size_t i = 0; i < diff->order_count; i++)
		add_order(&diff->orders[i], ret);
}

static struct json *side_to_json(const struct diff_side *side, const struct difference *d, int which)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < d->side[which].count; i++) {
		const struct diff_variant *v = &d->side[which].items[i];
		struct json *row = json_new_object();

		json_put(row, "detail", json_new_bytes(v->detail, strlen(v->detail)));
		json_put(row, "count", json_new_uint(v->count));
		json_put(row, "phase", json_new_string(effect_phase_name(v->first->phase)));
		if (v->first->via)
			json_put(row, "via", json_new_bytes(v->first->via, strlen(v->first->via)));
		if (v->first->field)
			json_put(row, "field", json_new_bytes(v->first->field, strlen(v->first->field)));
		json_put(row, "raw", trace_raw_of(&side->recording, v->first));
		json_append(list, row);
	}
	return list;
}

static void put_case(struct json *row, const char *name)
{
	if (*name)
		json_put(row, "case", json_new_string(name));
}

static void add_json(struct json *taken, struct text *ret)
{
	auto_json row = taken;

	json_print(row, 0, ret);
	text_add_char(ret, '\n');
}

void diff_json(const char *name, const struct diff_side sides[DIFF_SIDES], const struct effects_diff *diff,
	       struct text *ret)
{
	for (size_t i = 0; i < diff->count; i++) {
		const struct difference *d = &diff->items[i];
		struct json *row = json_new_object();

		json_put(row, "type", json_new_string("difference"));
		put_case(row, name);
		json_put(row, "kind", json_new_string(row_of(d->kind)->name));
		json_put(row, "role", json_new_string(effect_role_name(d->role)));
		json_put(row, "object", json_new_bytes(d->object, strlen(d->object)));
		json_put(row, "a", side_to_json(&sides[DIFF_A], d, DIFF_A));
		json_put(row, "b", side_to_json(&sides[DIFF_B], d, DIFF_B));
		add_json(row, ret);
	}
	for (size_t i = 0; i < diff->order_count; i++) {
		struct json *row = json_new_object();

		json_put(row, "type", json_new_string("order"));
		put_case(row, name);
		json_put(row, "what", json_new_bytes(diff->orders[i].what, strlen(diff->orders[i].what)));
		json_put(
		    row, "a_after",
		    json_new_bytes(diff->orders[i].after[DIFF_A], strlen(diff->orders[i].after[DIFF_A])));
		json_put(
		    row, "b_after",
		    json_new_bytes(diff->orders[i].after[DIFF_B], strlen(diff->orders[i].after[DIFF_B])));
		add_json(row, ret);
	}
}
