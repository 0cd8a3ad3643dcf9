/*
 * What an operation of a runtime costs: every runtime in the same world, in turn, with the floor (stopwatch/floor.c) first in
 * each round, so that a machine whose speed drifts slows all of them alike. It measures; judging is for the reader.
 */
#ifndef HARNESS_MEASURE_H
#define HARNESS_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include "harness/stopwatch/stopwatch.h"

struct err;
struct runtime;

enum measure_operation {
	MEASURE_RUN, /* of a payload that ends at once: create, start, wait and delete in one command */
	MEASURE_CREATE,
	MEASURE_START,
	MEASURE_DELETE, /* of the container that has ended by itself */
	MEASURE_STATE, /* of a running container */
	MEASURE_EXEC, /* of a payload that ends at once */
	MEASURE_OPERATIONS
};
const char *measure_name(enum measure_operation operation);

struct measure_plan {
	const char *run; /* names every cgroup and mount */
	const struct runtime *const *runtimes;
	size_t count;
	size_t rounds;
	/* A runtime that has used this much time sits the remaining rounds out: some need seconds for a delete. */
	int64_t budget_ms;
};

struct measure_series {
	struct stopwatch_lap *laps; /* owned; by round. status -1: not measured in this round */
	size_t count; /* laps that were measured */
};
struct measure_subject {
	const char *name; /* borrowed; "floor" for the first */
	struct measure_series series[MEASURE_OPERATIONS];
	char *trouble; /* owned: the first operation that did not work, and what it said; NULL: none */
};
struct measured {
	struct measure_subject *subjects; /* owned; the floor, then the runtimes in the plan's order */
	size_t count, rounds;
};
/* Asks nothing of the terminal; takes rounds times what the runtimes need. */
int measure_run(const struct measure_plan *plan, struct measured *ret, struct err *err);
void measured_free(struct measured *measured);
#define auto_measured __attribute__((cleanup(measured_free))) struct measured

/* The one in the middle; NaN without any. */
double measure_median(double *values, size_t count);
/* Milliseconds of a series' laps; ratio: round by round to another series, of rounds that both have. */
double measure_wall_ms(const struct measured *measured, const struct measure_series *series);
double measure_ratio(const struct measured *measured, const struct measure_series *series,
		     const struct measure_series *to);
/* create, start and delete of the same round added up. Owned laps. */
void measure_cycle(const struct measured *measured, const struct measure_subject *subject,
		   struct measure_series *ret);

#endif
