/* The inside of a measurement: what the world's first process does, and how its laps travel. */
#ifndef HARNESS_MEASURE_WORLD_H
#define HARNESS_MEASURE_WORLD_H

#include "harness/measure.h"
#include "harness/world.h"

/* One record in the result; trouble has one, too, with operation MEASURE_OPERATIONS. */
struct measure_record {
	uint32_t subject, round, operation;
	struct stopwatch_lap lap;
	char trouble[500];
};

int measure_world(struct world_place *place, void *plan); /* a world_body; plan: struct measure_plan */

#endif
