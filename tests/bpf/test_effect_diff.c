/* Two recordings compared: what is the same is silent, one change is one difference, and order is told where it matters. */
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/effect_diff.h"
#include "tests/bpf/tape.h"

Suite *test_effect_diff(void);

static void effects_of(const struct tape *tape, struct recording *recording, struct effects *ret)
{
	auto_text bytes = { 0 };

	for (size_t i = 0; i < tape->count; i++) {
		text_add_bytes(&bytes, &tape->events[i].event, sizeof(struct event));
		text_add_bytes(&bytes, tape->events[i].parts, tape->events[i].event.size);
	}
	*recording = (struct recording){ .symbols = json_copy(tape->symbols),
					 .size = bytes.len,
					 .event_count = tape->count };
	recording->bytes = (unsigned char *) text_take(&bytes);
	ck_assert_int_eq(effects_from(recording, ret, NULL), 0);
}

struct compared {
	struct recording recordings[DIFF_SIDES];
	struct effects effects[DIFF_SIDES];
	struct effects_diff diff;
};

static void compare(const struct tape *a, const struct tape *b, const char *id_a, const char *id_b,
		    struct compared *ret)
{
	const struct effects *sides[DIFF_SIDES] = { &ret->effects[DIFF_A], &ret->effects[DIFF_B] };
	const char *ids[DIFF_SIDES] = { id_a, id_b };

	*ret = (struct compared){ 0 };
	effects_of(a, &ret->recordings[DIFF_A], &ret->effects[DIFF_A]);
	effects_of(b, &ret->recordings[DIFF_B], &ret->effects[DIFF_B]);
	effects_compare(sides, ids, &ret->diff);
}

static void compared_free(struct compared *compared)
{
	effects_diff_free(&compared->diff);
	for (int side = 0; side < DIFF_SIDES; side++) {
		effects_free(&compared->effects[side]);
		recording_free(&compared->recordings[side]);
	}
}

START_TEST(a_recording_differs_from_itself_in_nothing)
{
	struct tape a, b;
	struct compared compared;

	tape_load("rules-hooks.rec", &a);
	tape_load("rules-hooks.rec", &b);
	for (size_t i = 0; i < b.count; i++) { /* other pids, other times */
		b.events[i].event.time_ns += 1000000;
		b.events[i].event.tgid += 5000;
		b.events[i].event.tid += 5000;
		if (b.events[i].event.type == EVENT_FORK || b.events[i].event.type == EVENT_CGROUP_ATTACH)
			b.events[i].event.args[0] += 5000;
	}
	compare(&a, &b, NULL, NULL, &compared);
	ck_assert_uint_eq(compared.diff.count, 0);
	ck_assert_uint_eq(compared.diff.order_count, 0);
	compared_free(&compared);
	tape_free(&a);
	tape_free(&b);
}
END_TEST

START_TEST(a_call_that_is_missing_is_one_difference)
{
	struct tape a, b;
	struct compared compared;
	size_t at;

	tape_load("rules-user.rec", &a);
	tape_load("rules-user.rec", &b);
	at = tape_find_arg(&b, 0, "prctl", 0, PR_SET_NO_NEW_PRIVS);
	ck_assert_uint_ne(at, TAPE_NONE);
	tape_drop(&b, at);
	compare(&a, &b, NULL, NULL, &compared);
	ck_assert_uint_eq(compared.diff.count, 1);
	ck_assert_int_eq(compared.diff.items[0].kind, SEC_NNP);
	ck_assert_uint_eq(compared.diff.items[0].side[DIFF_A].count, 1);
	ck_assert_uint_eq(compared.diff.items[0].side[DIFF_B].count, 0);
	ck_assert_uint_eq(compared.diff.items[0].side[DIFF_A].items[0].first->raw_count, 1);
	compared_free(&compared);
	tape_free(&a);
	tape_free(&b);
}
END_TEST

START_TEST(another_value_shows_both_sides)
{
	struct tape a, b;
	struct compared compared;
	size_t at;
	unsigned char *name;

	tape_load("rules-user.rec", &a);
	tape_load("rules-user.rec", &b);
	at = tape_find(&b, 0, EVENT_CALL, "sethostname", 0);
	ck_assert_uint_ne(at, TAPE_NONE);
	name = tape_bytes(&b, at, 0, PART_BYTES);
	*name = 'P';
	compare(&a, &b, NULL, NULL, &compared);
	ck_assert_uint_eq(compared.diff.count, 1);
	ck_assert_str_eq(compared.diff.items[0].object, "hostname");
	ck_assert_str_eq(compared.diff.items[0].side[DIFF_A].items[0].detail, "plumbline");
	ck_assert_str_eq(compared.diff.items[0].side[DIFF_B].items[0].detail, "Plumbline");
	ck_assert_uint_eq(compared.diff.order_count, 0);
	compared_free(&compared);
	tape_free(&a);
	tape_free(&b);
}
END_TEST

START_TEST(a_failure_is_told_from_a_success)
{
	struct tape a, b;
	struct compared compared;
	size_t at;

	tape_load("rules-user.rec", &a);
	tape_load("rules-user.rec", &b);
	at = tape_find(&b, 0, EVENT_CALL, "sethostname", 0);
	b.events[at].event.result = -1; /* EPERM */
	compare(&a, &b, NULL, NULL, &compared);
	ck_assert_uint_eq(compared.diff.count, 1);
	ck_assert_str_eq(compared.diff.items[0].side[DIFF_B].items[0].detail, "plumbline -EPERM");
	compared_free(&compared);
	tape_free(&a);
	tape_free(&b);
}
END_TEST

START_TEST(what_moved_is_told_with_its_neighbours)
{
	struct tape a, b;
	struct compared compared;
	size_t name, pivot;

	tape_load("rules-user.rec", &a);
	tape_load("rules-user.rec", &b);
	name = tape_find(&b, 0, EVENT_CALL, "sethostname", 0);
	pivot = tape_find(&b, 0, EVENT_CALL, "pivot_root", 0);
	ck_assert(name != TAPE_NONE && pivot != TAPE_NONE && name < pivot);
	tape_move(&b, name, pivot + 1);
	compare(&a, &b, NULL, NULL, &compared);
	ck_assert_uint_eq(compared.diff.count, 0);
	ck_assert_uint_eq(compared.diff.order_count, 1);
	ck_assert_str_eq(compared.diff.orders[0].what, "uts.set:hostname");
	ck_assert_str_eq(compared.diff.orders[0].after[DIFF_B], "root.switch");
	ck_assert_str_ne(compared.diff.orders[0].after[DIFF_A], "root.switch");
	compared_free(&compared);
	tape_free(&a);
	tape_free(&b);
}
END_TEST

/* A name stands for the container where it stands alone, not inside of other words. */
START_TEST(ids_are_the_same_thing)
{
	struct tape a, b;
	struct compared compared;
	size_t at;
	const char *names[DIFF_SIDES] = { "plumb-one", "plumb-two" };

	tape_load("rules-user.rec", &a);
	tape_load("rules-user.rec", &b);
	at = tape_find(&a, 0, EVENT_CALL, "sethostname", 0);
	memcpy(tape_bytes(&a, at, 0, PART_BYTES), names[DIFF_A], 9);
	memcpy(tape_bytes(&b, at, 0, PART_BYTES), names[DIFF_B], 9);
	compare(&a, &b, NULL, NULL, &compared);
	ck_assert_uint_eq(compared.diff.count, 1);
	compared_free(&compared);
	compare(&a, &b, "one", "two", &compared);
	ck_assert_uint_eq(compared.diff.count, 0);
	compared_free(&compared);
	compare(&a, &b, "ne", "wo", &compared);
	ck_assert_uint_eq(compared.diff.count, 1);
	compared_free(&compared);
	tape_free(&a);
	tape_free(&b);
}
END_TEST

/* The kernel tells of signals in whatever task an interrupt hit. */
START_TEST(a_timer_of_a_stranger_is_no_signal_of_ours)
{
	struct tape a, b;
	struct compared compared;
	size_t at;

	tape_load("rules-user.rec", &a);
	tape_load("rules-user.rec", &b);
	at = tape_find(&b, 0, EVENT_CALL, "sethostname", 0);
	ck_assert_uint_ne(at, TAPE_NONE);
	b.events[at].event.type = EVENT_SIGNAL;
	b.events[at].event.args[0] = 26; /* SIGVTALRM */
	b.events[at].event.args[1] = 1;
	compare(&a, &b, NULL, NULL, &compared);
	ck_assert_uint_eq(compared.diff.count, 1); /* the name that is missing */
	ck_assert_int_eq(compared.diff.items[0].kind, UTS_SET);
	compared_free(&compared);
	tape_free(&a);
	tape_free(&b);
}
END_TEST

Suite *test_effect_diff(void)
{
	return UNIT_SUITE("effect_diff", a_recording_differs_from_itself_in_nothing,
			  a_call_that_is_missing_is_one_difference, another_value_shows_both_sides,
			  a_failure_is_told_from_a_success, what_moved_is_told_with_its_neighbours,
			  ids_are_the_same_thing, a_timer_of_a_stranger_is_no_signal_of_ours);
}
