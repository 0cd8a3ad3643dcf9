/* From laps to figures: medians, and ratios taken round by round. */
#include "harness/measure.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"

const char *measure_name(enum measure_operation operation)
{
	static const char *const names[MEASURE_OPERATIONS] = { "run",    "create", "start",
							       "delete", "state",  "exec" };

	return names[operation];
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return x < y ? -1 : x > y;
}

double measure_median(double *values, size_t count)
{
	if (!count)
		return NAN;
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double *room(const struct measured *measured)
{
	double *values = calloc(measured->rounds + 1, sizeof(*values));

	assert(values);
	return values;
}

static double wall(const struct stopwatch_lap *lap)
{
	return (double) lap->wall_ns / 1e6;
}

double measure_wall_ms(const struct measured *measured, const struct measure_series *series)
{
	auto_free double *values = room(measured);
	size_t count = 0;

	for (size_t i = 0; i < measured->rounds; i++)
		if (series->laps[i].status == 0)
			values[count++] = wall(&series->laps[i]);
	return measure_median(values, count);
}

double measure_ratio(const struct measured *measured, const struct measure_series *series,
		     const struct measure_series *to)
{
	auto_free double *values = room(measured);
	size_t count = 0;

	for (size_t i = 0; i < measured->rounds; i++)
		if (series->laps[i].status == 0 && to->laps[i].status == 0)
			values[count++] = wall(&series->laps[i]) / wall(&to->laps[i]);
	return measure_median(values, count);
}

void measure_cycle(const struct measured *measured, const struct measure_subject *subject,
		   struct measure_series *ret)
{
	const struct measure_series *series = subject->series;

	*ret = (struct measure_series){ .laps = calloc(measured->rounds + 1, sizeof(*ret->laps)) };
	assert(ret->laps);
	for (size_t i = 0; i < measured->rounds; i++) {
		const struct stopwatch_lap *create = &series[MEASURE_CREATE].laps[i],
					   *start = &series[MEASURE_START].laps[i],
					   *end = &series[MEASURE_DELETE].laps[i];

		ret->laps[i].status = create->status || start->status || end->status ? -1 : 0;
		ret->laps[i].wall_ns = create->wall_ns + start->wall_ns + end->wall_ns;
		ret->count += ret->laps[i].status == 0;
	}
}

void measured_free(struct measured *measured)
{
	for (size_t i = 0; i < measured->count; i++) {
		for (size_t k = 0; k < MEASURE_OPERATIONS; k++)
			free(measured->subjects[i].series[k].laps);
		free(measured->subjects[i].trouble);
	}
	free(measured->subjects);
	*measured = (struct measured){ 0 };
}
