/* Reading what the container uses: the parts that both versions of cgroups have, and its network interfaces. */
#include "runtime-under-test/oci/stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"

#define STAT_MAX (1u << 20)

struct json *stats_read_keys(const struct cgroup_place *place, const char *file)
{
	struct json *json = json_new_object();
	auto_text content = { 0 };
	char *rest;

	if (file_read_at(place->directory, file, STAT_MAX, &content, NULL) < 0)
		return json;
	rest = content.data;
	for (char *line; rest && (line = strsep(&rest, "\n"));) {
		char *value = strchr(line, ' ');
		unsigned long long number;

		if (!value)
			continue;
		*value++ = '\0';
		if (text_to_u64(value, &number) == 0)
			json_put(json, line, json_new_uint(number));
	}
	return json;
}

/* "max" is no limit: zero here, as callers of runc know it. */
static struct json *read_number(const struct cgroup_place *place, const struct stat_row *row)
{
	auto_text content = { 0 };
	unsigned long long number;

	if (row->key) {
		auto_json keys = stats_read_keys(place, row->file);
		const struct json *value = json_member(keys, row->key);

		return value ? json_new_uint(json_uint(value, 0) * (row->scale ? row->scale : 1)) : NULL;
	}
	if (file_read_at(place->directory, row->file, STAT_MAX, &content, NULL) < 0)
		return NULL;
	text_trim_end(&content);
	if (strcmp(text_str(&content), "max") == 0)
		return json_new_uint(0);
	if (text_to_u64(text_str(&content), &number) < 0)
		return NULL;
	return json_new_uint(number * (row->scale ? row->scale : 1));
}

void stats_put_rows(const struct stat_row *rows, size_t count, const struct cgroups *cgroups,
		    struct json *stats)
{
	for (size_t i = 0; i < count; i++) {
		const struct cgroup_place *place = cgroups_find(cgroups, rows[i].controller);
		struct json *number = place ? read_number(place, &rows[i]) : NULL;

		if (number)
			(void) json_set(stats, rows[i].path, number, NULL);
	}
}

struct json *stats_block_entry(uint64_t major, uint64_t minor, const char *op, uint64_t value)
{
	struct json *entry = json_new_object();

	json_put(entry, "major", json_new_uint(major));
	json_put(entry, "minor", json_new_uint(minor));
	json_put(entry, "op", json_new_string(op));
	json_put(entry, "value", json_new_uint(value));
	return entry;
}

/* "0-2,4" as numbers. */
static struct json *list_to_json(const char *list)
{
	struct json *array = json_new_array();

	while (*list) {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (end == list)
			break;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (; from <= to && to < 8192; from++)
			json_append(array, json_new_uint(from));
		list = end + (*end == ',');
	}
	return array;
}

static void put_cpuset(const struct cgroups *cgroups, struct json *stats)
{
	static const struct {
		const char *path, *file, *effective;
	} lists[] = {
		{ "cpuset.cpus", "cpuset.cpus", "cpuset.cpus.effective" },
		{ "cpuset.mems", "cpuset.mems", "cpuset.mems.effective" },
	};
	const struct cgroup_place *place = cgroups_find(cgroups, "cpuset");

	for (size_t i = 0; place && i < ARRAY_SIZE(lists); i++) {
		const char *file = place->unified ? lists[i].effective : lists[i].file;
		auto_text content = { 0 };

		if (file_read_at(place->directory, file, STAT_MAX, &content, NULL) < 0)
			continue;
		text_trim_end(&content);
		(void) json_set(stats, lists[i].path, list_to_json(text_str(&content)), NULL);
	}
}

/* Which sizes there are is told by the files: hugetlb.2MB.limit_in_bytes, hugetlb.2MB.max. */
static void put_hugetlb(const struct cgroups *cgroups, struct json *stats)
{
	const struct cgroup_place *place = cgroups_find(cgroups, "hugetlb");
	auto_fd again = place ? openat(place->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -EBADF;
	auto_dir dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	if (dir)
		(void) TAKE_FD(again);
	while (dir && (entry = readdir(dir))) {
		bool v1 = !place->unified;
		char size[32], rest[32];

		if (sscanf(entry->d_name, "hugetlb.%31[^.].%31s", size, rest) != 2 ||
		    strcmp(rest, v1 ? "limit_in_bytes" : "max") != 0)
			continue;
		auto_free char *usage = text_format("hugetlb.%s.%s", size, v1 ? "usage_in_bytes" : "current");
		auto_free char *max = text_format("hugetlb.%s.max_usage_in_bytes", size);
		auto_free char *failed = text_format("hugetlb.%s.%s", size, v1 ? "failcnt" : "events");
		auto_free char *at[3] = { text_format("hugetlb.%s.usage", size),
					  text_format("hugetlb.%s.max", size),
					  text_format("hugetlb.%s.failcnt", size) };
		const struct stat_row rows[] = {
			{ at[0], "hugetlb", usage },
			{ at[1], "hugetlb", max },
			{ at[2], "hugetlb", failed, v1 ? NULL : "max" },
		};
		stats_put_rows(rows, ARRAY_SIZE(rows), cgroups, stats);
	}
}

/* proc_pid_net(5): two lines of titles, then "name: " and sixteen numbers. The names are those of runc's Go type. */
static void put_network(pid_t init, struct json *stats)
{
	auto_free char *path = text_format("/proc/%d/net/dev", (int) init);
	struct json *list = json_new_array();
	auto_text content = { 0 };
	char *rest;

	json_put(stats, "network_interfaces", list);
	if (init <= 0 || file_read_at(AT_FDCWD, path, STAT_MAX, &content, NULL) < 0)
		return;
	rest = content.data;
	for (char *line; rest && (line = strsep(&rest, "\n"));) {
		static const char *const names[] = { "RxBytes", "RxPackets", "RxErrors", "RxDropped",
						     "TxBytes", "TxPackets", "TxErrors", "TxDropped" };
		char name[32];
		uint64_t n[8];
		struct json *one;

		if (sscanf(line,
			   " %31[^:]: %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
			   name, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]) != 9)
			continue;
		one = json_new_object();
		json_put(one, "Name", json_new_bytes(name, strlen(name)));
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			json_put(one, names[i], json_new_uint(n[i]));
		json_append(list, one);
	}
}

struct json *stats_read(const struct cgroups *cgroups, pid_t init)
{
	static const char *const parts[] = { "cpu", "cpuset", "memory", "pids", "blkio", "hugetlb" };
	static const struct stat_row common[] = {
		{ "pids.current", "pids", "pids.current" },
		{ "pids.limit", "pids", "pids.max" },
	};
	const struct cgroup_place *unified = cgroups_find(cgroups, "");
	struct json *stats = json_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		json_put(stats, parts[i], json_new_object());
	stats_put_rows(common, ARRAY_SIZE(common), cgroups, stats);
	put_cpuset(cgroups, stats);
	stats_put_v1(cgroups, stats);
	if (unified && unified->unified)
		stats_put_v2(unified, cgroups, stats);
	put_hugetlb(cgroups, stats);
	put_network(init, stats);
	return stats;
}
