/* Figures of plumbline bench: medians, ratios by round, and rounds that some runtime sat out. */
#include "tests/unit.h"

#include <math.h>
#include <stdlib.h>

#include "harness/measure.h"

Suite *test_measure(void);

#define ROUNDS 3
#define MISSING (-1)

static struct measure_series series_of(const int64_t ms[ROUNDS])
{
	struct measure_series series = { .laps = calloc(ROUNDS, sizeof(struct stopwatch_lap)) };

	for (size_t i = 0; i < ROUNDS; i++) {
		series.laps[i].status = ms[i] == MISSING ? -1 : 0;
		series.laps[i].wall_ns = ms[i] * 1000000;
		series.count += ms[i] != MISSING;
	}
	return series;
}

START_TEST(median_is_the_middle)
{
	double odd[] = { 9, 1, 5 }, even[] = { 4, 1, 2, 9 };

	ck_assert_double_eq(measure_median(odd, 3), 5);
	ck_assert_double_eq(measure_median(even, 4), 3);
	ck_assert_double_nan(measure_median(NULL, 0));
}
END_TEST

START_TEST(ratio_is_taken_round_by_round)
{
	const struct measured measured = { .rounds = ROUNDS };
	/* The machine became ten times slower in the last round; the ratio did not change. */
	struct measure_series a = series_of((int64_t[]){ 2, 4, 40 }), b = series_of((int64_t[]){ 1, 2, 20 });

	ck_assert_double_eq(measure_ratio(&measured, &a, &b), 2);
	ck_assert_double_eq(measure_wall_ms(&measured, &a), 4);
	free(a.laps);
	free(b.laps);
}
END_TEST

START_TEST(missing_rounds_count_on_neither_side)
{
	const struct measured measured = { .rounds = ROUNDS };
	struct measure_series a = series_of((int64_t[]){ MISSING, 6, 100 }),
			      b = series_of((int64_t[]){ 1, 2, MISSING });
	struct measure_series none = series_of((int64_t[]){ MISSING, MISSING, MISSING });

	ck_assert_double_eq(measure_ratio(&measured, &a, &b), 3);
	ck_assert_double_eq(measure_wall_ms(&measured, &a), 53);
	ck_assert_double_nan(measure_ratio(&measured, &a, &none));
	ck_assert_double_nan(measure_wall_ms(&measured, &none));
	free(a.laps);
	free(b.laps);
	free(none.laps);
}
END_TEST

START_TEST(cycle_adds_what_one_round_has)
{
	struct measured measured = { .rounds = ROUNDS };
	struct measure_subject subject = { .name = "x" };
	struct measure_series cycle;

	for (size_t i = 0; i < MEASURE_OPERATIONS; i++)
		subject.series[i] = series_of((int64_t[]){ 10, 20, 30 });
	subject.series[MEASURE_START].laps[1].status = -1;
	measure_cycle(&measured, &subject, &cycle);
	ck_assert_uint_eq(cycle.count, 2);
	ck_assert_int_eq(cycle.laps[0].wall_ns, 30000000);
	ck_assert_int_eq(cycle.laps[1].status, -1);
	ck_assert_double_eq(measure_wall_ms(&measured, &cycle), 60);
	free(cycle.laps);
	for (size_t i = 0; i < MEASURE_OPERATIONS; i++)
		free(subject.series[i].laps);
}
END_TEST

Suite *test_measure(void)
{
	return UNIT_SUITE("measure", median_is_the_middle, ratio_is_taken_round_by_round,
			  missing_rounds_count_on_neither_side, cycle_adds_what_one_round_has);
}
