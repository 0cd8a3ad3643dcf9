/* Wall time is the median of the rounds; a ratio is the median of the rounds' ratios, so a slow round weighs on both sides. */
#include "harness/measure_show.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/measure.h"
#include "harness/screen.h"

#define NAME_WIDTH 14
#define BAR_WIDTH 40

static const struct measure_series *floor_of(const struct measured *measured)
{
	return &measured->subjects[0].series[MEASURE_RUN];
}

/* The kernel accounts processor time in ticks longer than a whole run: only the mean of many says something. */
static double mean_of(const struct measured *measured, const struct measure_series *series,
		      double (*value)(const struct stopwatch_lap *lap))
{
	double sum = 0;

	for (size_t i = 0; i < measured->rounds; i++)
		if (series->laps[i].status == 0)
			sum += value(&series->laps[i]);
	return series->count ? sum / (double) series->count : NAN;
}

static double median_of(const struct measured *measured, const struct measure_series *series,
			double (*value)(const struct stopwatch_lap *lap))
{
	auto_free double *values = calloc(measured->rounds + 1, sizeof(*values));
	size_t count = 0;

	assert(values);
	for (size_t i = 0; i < measured->rounds; i++)
		if (series->laps[i].status == 0)
			values[count++] = value(&series->laps[i]);
	return measure_median(values, count);
}

static double user_ms(const struct stopwatch_lap *lap)
{
	return (double) lap->user_us / 1e3;
}

static double sys_ms(const struct stopwatch_lap *lap)
{
	return (double) lap->sys_us / 1e3;
}

static double peak_mb(const struct stopwatch_lap *lap)
{
	return (double) lap->peak_kb / 1024;
}

static void add_number(struct text *out, int width, int digits, double value)
{
	if (isnan(value))
		text_addf(out, " %*s", width, "-");
	else
		text_addf(out, " %*.*f", width, digits, value);
}

static void add_row(const struct measured *measured, const struct measure_subject *subject, struct text *out)
{
	const struct measure_series *run = &subject->series[MEASURE_RUN];
	struct measure_series cycle;

	measure_cycle(measured, subject, &cycle);
	text_addf(out, "%-*.*s", NAME_WIDTH, NAME_WIDTH, subject->name);
	for (size_t i = 0; i < MEASURE_OPERATIONS; i++)
		add_number(out, 7, 2, measure_wall_ms(measured, &subject->series[i]));
	add_number(out, 7, 2, measure_wall_ms(measured, &cycle));
	free(cycle.laps);
	text_add_char(out, '\n');
	text_addf(out, "%*s", NAME_WIDTH, "");
	text_add(out, " run: user");
	add_number(out, 0, 2, mean_of(measured, run, user_ms));
	text_add(out, ", sys");
	add_number(out, 0, 2, mean_of(measured, run, sys_ms));
	text_add(out, " ms, peak");
	add_number(out, 0, 1, median_of(measured, run, peak_mb));
	text_addf(out, " MB; %zu rounds\n", run->count);
}

static void add_bar(struct text *out, const char *name, double value, double most, const char *unit)
{
	int length = isnan(value) || most <= 0 ? 0 : (int) lround(value / most * BAR_WIDTH);

	text_addf(out, "%-*.*s |", NAME_WIDTH, NAME_WIDTH, name);
	for (int i = 0; i < length; i++)
		text_add_char(out, '#');
	add_number(out, 0, 2, value);
	text_addf(out, "%s\n", isnan(value) ? "" : unit);
}

/* The base of a plot is the floor or the first runtime; what is compared is one operation, or the cycle. */
static void add_plot(const struct measured *measured, const char *title, bool cycles,
		     const struct measure_series *base, struct text *out)
{
	auto_free double *ratios = calloc(measured->count, sizeof(*ratios));
	double most = 0;

	assert(ratios);
	for (size_t i = 1; i < measured->count; i++) {
		struct measure_series cycle = { 0 };

		if (cycles)
			measure_cycle(measured, &measured->subjects[i], &cycle);
		ratios[i] = measure_ratio(measured,
					  cycles ? &cycle : &measured->subjects[i].series[MEASURE_RUN], base);
		free(cycle.laps);
		if (ratios[i] > most)
			most = ratios[i];
	}
	text_addf(out, "\n%s\n", title);
	for (size_t i = 1; i < measured->count; i++)
		add_bar(out, measured->subjects[i].name, ratios[i], most, "");
}

static void add_troubles(const struct measured *measured, struct text *out)
{
	for (size_t i = 0; i < measured->count; i++) {
		const struct measure_subject *subject = &measured->subjects[i];

		if (!subject->trouble)
			continue;
		text_addf(out, "\n%s: ", subject->name);
		text_escape_terminal(out, subject->trouble, strlen(subject->trouble));
		text_add_char(out, '\n');
	}
}

void measure_show_text(struct screen *screen, const struct measured *measured)
{
	auto_text out = { 0 }, title = { 0 };
	struct measure_series cycle;

	text_addf(&out, "milliseconds, medians of %zu rounds in turn\n%*s", measured->rounds, NAME_WIDTH, "");
	for (size_t i = 0; i < MEASURE_OPERATIONS; i++)
		text_addf(&out, " %7s", measure_name((enum measure_operation) i));
	text_addf(&out, " %7s\n", "cycle");
	for (size_t i = 0; i < measured->count; i++)
		add_row(measured, &measured->subjects[i], &out);
	text_add(&out, "cycle: create, start and delete added up\n");
	add_plot(measured, "run, as a multiple of the floor", false, floor_of(measured), &out);
	if (measured->count > 2) {
		text_addf(&title, "run, as a multiple of %s", measured->subjects[1].name);
		add_plot(measured, text_str(&title), false, &measured->subjects[1].series[MEASURE_RUN], &out);
		text_cut(&title, 0);
		text_addf(&title, "create, start and delete, as a multiple of %s",
			  measured->subjects[1].name);
		measure_cycle(measured, &measured->subjects[1], &cycle);
		add_plot(measured, text_str(&title), true, &cycle, &out);
		free(cycle.laps);
	}
	add_troubles(measured, &out);
	screen_print(screen, &out);
}

static void put_number(struct json *row, const char *key, double value)
{
	/* JSON has no word for what was not measured. */
	json_put(row, key, isnan(value) ? NULL : json_new_double(value));
}

static void show_series(struct screen *screen, const struct measured *measured, const char *runtime,
			const char *operation, const struct measure_series *series,
			const struct measure_series *first)
{
	struct json *row = json_new_object();

	json_put(row, "type", json_new_string("bench"));
	json_put(row, "runtime", json_new_string(runtime));
	json_put(row, "operation", json_new_string(operation));
	json_put(row, "rounds", json_new_uint(series->count));
	put_number(row, "median_ms", measure_wall_ms(measured, series));
	put_number(row, "to_floor", measure_ratio(measured, series, floor_of(measured)));
	put_number(row, "to_first", measure_ratio(measured, series, first));
	put_number(row, "user_ms", mean_of(measured, series, user_ms));
	put_number(row, "sys_ms", mean_of(measured, series, sys_ms));
	put_number(row, "peak_mb", median_of(measured, series, peak_mb));
	screen_print_json(screen, row);
}

void measure_show_json(struct screen *screen, const struct measured *measured)
{
	const struct measure_subject *first = &measured->subjects[measured->count > 1];
	struct measure_series first_cycle, cycle;

	measure_cycle(measured, first, &first_cycle);
	for (size_t i = 0; i < measured->count; i++) {
		const struct measure_subject *subject = &measured->subjects[i];

		for (size_t k = 0; k < (i ? (size_t) MEASURE_OPERATIONS : 1); k++)
			show_series(screen, measured, subject->name, measure_name((enum measure_operation) k),
				    &subject->series[k], &first->series[k]);
		if (i) {
			measure_cycle(measured, subject, &cycle);
			show_series(screen, measured, subject->name, "cycle", &cycle, &first_cycle);
			free(cycle.laps);
		}
		if (subject->trouble) {
			struct json *row = json_new_object();

			json_put(row, "type", json_new_string("trouble"));
			json_put(row, "runtime", json_new_string(subject->name));
			json_put(row, "reason", json_new_bytes(subject->trouble, strlen(subject->trouble)));
			screen_print_json(screen, row);
		}
	}
	free(first_cycle.laps);
}
