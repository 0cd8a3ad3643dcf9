/* What the container uses, in the shape that runc's `events --stats` has and its callers read. */
#ifndef OCI_STATS_H
#define OCI_STATS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroup_place;
struct cgroups;
struct json;

/* {"cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "network_interfaces"}; what cannot be read is left out. Owned. */
struct json *stats_read(const struct cgroups *cgroups, pid_t init);

/* One number of one file, at one place of the document. */
struct stat_row {
	const char *path; /* "memory.usage.limit" */
	const char *controller;
	const char *file;
	const char *key; /* of a file with "key value" lines; NULL: the file is the number */
	uint64_t scale; /* 0: 1 */
};
void stats_put_rows(const struct stat_row *rows, size_t count, const struct cgroups *cgroups,
		    struct json *stats);
/* "key value" lines as members; a value that is no number is left out. */
struct json *stats_read_keys(const struct cgroup_place *place, const char *file);
/* One entry of a blkio list. */
struct json *stats_block_entry(uint64_t major, uint64_t minor, const char *op, uint64_t value);

void stats_put_v1(const struct cgroups *cgroups, struct json *stats);
void stats_put_v2(const struct cgroup_place *unified, const struct cgroups *cgroups, struct json *stats);

#endif
