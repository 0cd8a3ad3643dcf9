/* Use as the unified hierarchy counts it: kernel Documentation/admin-guide/cgroup-v2.rst. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/stats.h"

#define STAT_MAX (1u << 20)

static const struct stat_row numbers[] = {
	{ "cpu.usage.total", "", "cpu.stat", "usage_usec", 1000 },
	{ "cpu.usage.kernel", "", "cpu.stat", "system_usec", 1000 },
	{ "cpu.usage.user", "", "cpu.stat", "user_usec", 1000 },
	{ "cpu.throttling.periods", "", "cpu.stat", "nr_periods" },
	{ "cpu.throttling.throttledPeriods", "", "cpu.stat", "nr_throttled" },
	{ "cpu.throttling.throttledTime", "", "cpu.stat", "throttled_usec", 1000 },
	{ "memory.cache", "", "memory.stat", "file" },
	{ "memory.usage.usage", "", "memory.current" },
	{ "memory.usage.max", "", "memory.peak" },
	{ "memory.usage.limit", "", "memory.max" },
	{ "memory.usage.failcnt", "", "memory.events", "max" },
	{ "memory.swap.usage", "", "memory.swap.current" },
	{ "memory.swap.max", "", "memory.swap.peak" },
	{ "memory.swap.limit", "", "memory.swap.max" },
	{ "memory.swap.failcnt", "", "memory.swap.events", "fail" },
	{ "memory.event_count.low", "", "memory.events", "low" },
	{ "memory.event_count.high", "", "memory.events", "high" },
	{ "memory.event_count.max", "", "memory.events", "max" },
	{ "memory.event_count.oom", "", "memory.events", "oom" },
	{ "memory.event_count.oom_kill", "", "memory.events", "oom_kill" },
	{ "memory.event_count.oom_group_kill", "", "memory.events", "oom_group_kill" },
};

/* v1 counts swap together with memory, and so do the readers of this document. */
static void add_memory_to_swap(struct json *stats)
{
	static const char *const members[] = { "usage", "limit" };

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		auto_free char *swap = text_format("memory.swap.%s", members[i]);
		auto_free char *memory = text_format("memory.usage.%s", members[i]);
		const struct json *a = json_get(stats, swap), *b = json_get(stats, memory);

		if (!a || !b || (i == 1 && (json_uint(a, 0) == 0 || json_uint(b, 0) == 0)))
			continue;
		(void) json_set(stats, swap, json_new_uint(json_uint(a, 0) + json_uint(b, 0)), NULL);
	}
}

/* "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0" */
static void put_block_io(const struct cgroup_place *place, struct json *stats)
{
	static const struct {
		const char *key, *list, *op;
	} kinds[] = {
		{ "rbytes", "blkio.ioServiceBytesRecursive[]", "Read" },
		{ "wbytes", "blkio.ioServiceBytesRecursive[]", "Write" },
		{ "dbytes", "blkio.ioServiceBytesRecursive[]", "Discard" },
		{ "rios", "blkio.ioServicedRecursive[]", "Read" },
		{ "wios", "blkio.ioServicedRecursive[]", "Write" },
		{ "dios", "blkio.ioServicedRecursive[]", "Discard" },
	};
	auto_text content = { 0 };
	char *rest;

	if (file_read_at(place->directory, "io.stat", STAT_MAX, &content, NULL) < 0)
		return;
	rest = content.data;
	for (char *line; rest && (line = strsep(&rest, "\n"));) {
		uint64_t major, minor, value;

		if (sscanf(line, "%" SCNu64 ":%" SCNu64, &major, &minor) != 2)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			auto_free char *pattern = text_format(" %s=", kinds[i].key);
			const char *at = strstr(line, pattern);

			if (!at || sscanf(at + strlen(pattern), "%" SCNu64, &value) != 1)
				continue;
			(void) json_set(stats, kinds[i].list,
					stats_block_entry(major, minor, kinds[i].op, value), NULL);
		}
	}
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0": kernel Documentation/accounting/psi.rst. */
static void put_pressure(const struct cgroup_place *place, const char *file, const char *path,
			 struct json *stats)
{
	auto_text content = { 0 };
	char *rest;

	if (file_read_at(place->directory, file, STAT_MAX, &content, NULL) < 0)
		return;
	rest = content.data;
	for (char *line; rest && (line = strsep(&rest, "\n"));) {
		double avg10, avg60, avg300;
		uint64_t total;
		char kind[8];
		struct json *one;

		if (sscanf(line, "%7s avg10=%lf avg60=%lf avg300=%lf total=%" SCNu64, kind, &avg10, &avg60,
			   &avg300, &total) != 5)
			continue;
		auto_free char *at = text_format("%s.%s", path, kind);
		one = json_new_object();
		json_put(one, "avg10", json_new_double(avg10));
		json_put(one, "avg60", json_new_double(avg60));
		json_put(one, "avg300", json_new_double(avg300));
		json_put(one, "total", json_new_uint(total));
		(void) json_set(stats, at, one, NULL);
	}
}

void stats_put_v2(const struct cgroup_place *unified, const struct cgroups *cgroups, struct json *stats)
{
	const struct cgroup_place *memory = cgroups_find(cgroups, "memory");

	/* Beside v1 hierarchies it has no controllers; what is there is theirs to tell. */
	if (memory != unified)
		return;
	stats_put_rows(numbers, ARRAY_SIZE(numbers), cgroups, stats);
	add_memory_to_swap(stats);
	(void) json_set(stats, "memory.raw", stats_read_keys(unified, "memory.stat"), NULL);
	put_block_io(unified, stats);
	put_pressure(unified, "cpu.pressure", "cpu.psi", stats);
	put_pressure(unified, "memory.pressure", "memory.psi", stats);
	put_pressure(unified, "io.pressure", "blkio.psi", stats);
}
