/* What happened when: hooks, steps and the program, read on clocks that need not be the same. */
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "harness/case_run.h"

#define SHIFT_NS INT64_C(1000000000)

struct moment {
	int64_t ns;
	size_t index; /* keeps the order of equal times */
	const char *label;
};

static int compare_moments(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	return clock_gettime(clock, &now) == 0 ? now.tv_sec * INT64_C(1000000000) + now.tv_nsec : 0;
}

/*
 * When the program began, by the world's monotonic clock. A time namespace and a sandbox's own kernel give the
 * program another one; the real-time clock is the same everywhere, so the distance of the two tells the shift. A
 * short one is no shift: somebody was scheduled between two readings.
 */
static int64_t payload_began_ns(const struct json *top, const struct json *started)
{
	int64_t inside = json_int(json_get(top, "inside.clocks.realtime_ns"), 0) -
			 json_int(json_get(top, "inside.clocks.monotonic_ns"), 0);
	int64_t shift = inside - (clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC));
	bool shifted = json_get(top, "inside.clocks") && (shift > SHIFT_NS || shift < -SHIFT_NS);

	return json_int(started, 0) + (shifted ? shift : 0);
}

struct json *case_timeline(const struct json *entries, const struct json *top)
{
	const struct json *started = json_get(top, "inside.started_ns");
	size_t count = json_length(entries);
	auto_free struct moment *moments = calloc(count + 1, sizeof(*moments));
	struct json *sorted = json_new_array();

	for (size_t i = 0; moments && i < count; i++)
		moments[i] = (struct moment){ json_int(json_at(json_at(entries, i), 0), 0), i,
					      json_string(json_at(json_at(entries, i), 1)) };
	if (moments && started)
		moments[count] = (struct moment){ payload_began_ns(top, started), count, "payload" };
	count += moments && started;
	if (moments)
		qsort(moments, count, sizeof(*moments), compare_moments);
	for (size_t i = 0; moments && i < count; i++)
		json_append(sorted, json_new_string(moments[i].label));
	return sorted;
}
