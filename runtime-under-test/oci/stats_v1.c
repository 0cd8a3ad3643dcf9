/* Use as the hierarchies of cgroup v1 count it: kernel Documentation/admin-guide/cgroup-v1. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/stats.h"

#define STAT_MAX (1u << 20)

static const struct stat_row numbers[] = {
	{ "cpu.usage.total", "cpuacct", "cpuacct.usage" },
	{ "cpu.throttling.periods", "cpu", "cpu.stat", "nr_periods" },
	{ "cpu.throttling.throttledPeriods", "cpu", "cpu.stat", "nr_throttled" },
	{ "cpu.throttling.throttledTime", "cpu", "cpu.stat", "throttled_time" },
	{ "cpuset.cpu_exclusive", "cpuset", "cpuset.cpu_exclusive" },
	{ "cpuset.mem_exclusive", "cpuset", "cpuset.mem_exclusive" },
	{ "cpuset.mem_hardwall", "cpuset", "cpuset.mem_hardwall" },
	{ "cpuset.memory_migrate", "cpuset", "cpuset.memory_migrate" },
	{ "cpuset.memory_pressure", "cpuset", "cpuset.memory_pressure" },
	{ "cpuset.sched_load_balance", "cpuset", "cpuset.sched_load_balance" },
	{ "memory.cache", "memory", "memory.stat", "cache" },
	{ "memory.usage.usage", "memory", "memory.usage_in_bytes" },
	{ "memory.usage.max", "memory", "memory.max_usage_in_bytes" },
	{ "memory.usage.limit", "memory", "memory.limit_in_bytes" },
	{ "memory.usage.failcnt", "memory", "memory.failcnt" },
	{ "memory.swap.usage", "memory", "memory.memsw.usage_in_bytes" },
	{ "memory.swap.max", "memory", "memory.memsw.max_usage_in_bytes" },
	{ "memory.swap.limit", "memory", "memory.memsw.limit_in_bytes" },
	{ "memory.swap.failcnt", "memory", "memory.memsw.failcnt" },
	{ "memory.kernel.usage", "memory", "memory.kmem.usage_in_bytes" },
	{ "memory.kernel.max", "memory", "memory.kmem.max_usage_in_bytes" },
	{ "memory.kernel.limit", "memory", "memory.kmem.limit_in_bytes" },
	{ "memory.kernel.failcnt", "memory", "memory.kmem.failcnt" },
	{ "memory.kernelTCP.usage", "memory", "memory.kmem.tcp.usage_in_bytes" },
	{ "memory.kernelTCP.max", "memory", "memory.kmem.tcp.max_usage_in_bytes" },
	{ "memory.kernelTCP.limit", "memory", "memory.kmem.tcp.limit_in_bytes" },
	{ "memory.kernelTCP.failcnt", "memory", "memory.kmem.tcp.failcnt" },
};

/* BFQ counts more than throttling does, where it schedules the device; the first file that has lines is taken. */
static const struct {
	const char *path, *files[3];
} block_lists[] = {
	{ "ioServiceBytesRecursive",
	  { "blkio.bfq.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive",
	    "blkio.throttle.io_service_bytes" } },
	{ "ioServicedRecursive",
	  { "blkio.bfq.io_serviced_recursive", "blkio.throttle.io_serviced_recursive",
	    "blkio.throttle.io_serviced" } },
	{ "ioQueueRecursive", { "blkio.bfq.io_queued_recursive" } },
	{ "ioServiceTimeRecursive", { "blkio.bfq.io_service_time_recursive" } },
	{ "ioWaitTimeRecursive", { "blkio.bfq.io_wait_time_recursive" } },
	{ "ioMergedRecursive", { "blkio.bfq.io_merged_recursive" } },
	{ "ioTimeRecursive", { "blkio.bfq.time_recursive" } },
	{ "sectorsRecursive", { "blkio.bfq.sectors_recursive" } },
};

/* "8:0 Read 4096", and "8:0 12" where there is but one kind. The "Total" line has no device. */
static struct json *read_block_list(const struct cgroup_place *place, const char *file)
{
	struct json *list = json_new_array();
	auto_text content = { 0 };
	char *rest;

	if (file_read_at(place->directory, file, STAT_MAX, &content, NULL) < 0)
		return list;
	rest = content.data;
	for (char *line; rest && (line = strsep(&rest, "\n"));) {
		uint64_t major, minor, value;
		char op[16] = "";

		if (sscanf(line, "%" SCNu64 ":%" SCNu64 " %15[A-Za-z] %" SCNu64, &major, &minor, op,
			   &value) == 4 ||
		    sscanf(line, "%" SCNu64 ":%" SCNu64 " %" SCNu64, &major, &minor, &value) == 3)
			json_append(list, stats_block_entry(major, minor, op, value));
	}
	return list;
}

static void put_block_io(const struct cgroup_place *place, struct json *stats)
{
	struct json *block_io = json_member(stats, "blkio");

	for (size_t i = 0; i < ARRAY_SIZE(block_lists); i++)
		for (size_t j = 0; j < ARRAY_SIZE(block_lists[i].files) && block_lists[i].files[j]; j++) {
			auto_json list = read_block_list(place, block_lists[i].files[j]);

			if (json_length(list) == 0)
				continue;
			json_put(block_io, block_lists[i].path, TAKE(list));
			break;
		}
}

static void put_numbers_of(const struct cgroup_place *place, const char *file, const char *path,
			   struct json *stats)
{
	struct json *list;
	auto_text content = { 0 };
	char *rest;

	if (file_read_at(place->directory, file, STAT_MAX, &content, NULL) < 0)
		return;
	list = json_new_array();
	rest = content.data;
	for (char *word; rest && (word = strsep(&rest, " \n"));) {
		unsigned long long number;

		if (text_to_u64(word, &number) == 0)
			json_append(list, json_new_uint(number));
	}
	(void) json_set(stats, path, list, NULL);
}

/* cpuacct.stat counts in ticks of the clock that user space is told of. */
static void put_cpu_time(const struct cgroups *cgroups, struct json *stats)
{
	uint64_t tick_ns = 1000000000u / (uint64_t) sysconf(_SC_CLK_TCK);
	const struct stat_row rows[] = {
		{ "cpu.usage.kernel", "cpuacct", "cpuacct.stat", "system", tick_ns },
		{ "cpu.usage.user", "cpuacct", "cpuacct.stat", "user", tick_ns },
	};

	stats_put_rows(rows, ARRAY_SIZE(rows), cgroups, stats);
}

static const struct cgroup_place *find_v1(const struct cgroups *cgroups, const char *controller)
{
	const struct cgroup_place *place = cgroups_find(cgroups, controller);

	return place && !place->unified ? place : NULL;
}

void stats_put_v1(const struct cgroups *cgroups, struct json *stats)
{
	const struct cgroup_place *cpu = find_v1(cgroups, "cpuacct"), *memory = find_v1(cgroups, "memory");
	const struct cgroup_place *block_io = find_v1(cgroups, "blkio");

	stats_put_rows(numbers, ARRAY_SIZE(numbers), cgroups, stats);
	if (cpu) {
		put_cpu_time(cgroups, stats);
		put_numbers_of(cpu, "cpuacct.usage_percpu", "cpu.usage.percpu", stats);
		put_numbers_of(cpu, "cpuacct.usage_percpu_sys", "cpu.usage.percpu_kernel", stats);
		put_numbers_of(cpu, "cpuacct.usage_percpu_user", "cpu.usage.percpu_user", stats);
	}
	if (memory)
		(void) json_set(stats, "memory.raw", stats_read_keys(memory, "memory.stat"), NULL);
	if (block_io)
		put_block_io(block_io, stats);
}
