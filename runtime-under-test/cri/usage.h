/* What the processes of a cgroup use, from either version of cgroups, under one set of names. */
#ifndef CRI_USAGE_H
#define CRI_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroup_layout;
struct err;

enum usage_key {
	USAGE_CPU_NS,
	USAGE_CPU_USER_NS,
	USAGE_CPU_SYSTEM_NS,
	USAGE_CPU_PERIODS,
	USAGE_CPU_THROTTLED,
	USAGE_CPU_THROTTLED_NS,
	USAGE_MEMORY,
	USAGE_MEMORY_LIMIT,
	USAGE_MEMORY_LOW, /* what reclaim leaves while it can */
	USAGE_MEMORY_PEAK,
	USAGE_MEMORY_FAILED, /* charges that met the limit */
	USAGE_MEMORY_RSS,
	USAGE_MEMORY_CACHE,
	USAGE_MEMORY_MAPPED,
	USAGE_MEMORY_INACTIVE_FILE,
	USAGE_MEMORY_KERNEL,
	USAGE_FAULTS,
	USAGE_MAJOR_FAULTS,
	USAGE_OOM_KILLS,
	USAGE_SWAP,
	USAGE_SWAP_LIMIT,
	USAGE_PIDS,
	USAGE_PIDS_LIMIT,
	USAGE_KEYS,
};

/* Stalls: kernel Documentation/accounting/psi.rst. Kept by v2 alone. */
enum pressure_kind { PRESSURE_CPU, PRESSURE_MEMORY, PRESSURE_IO, PRESSURE_KINDS };
struct pressure_line {
	uint64_t total_ns;
	double avg10, avg60, avg300;
};
struct pressure {
	bool known;
	struct pressure_line some, full;
};

/* One device of one kind of operation. */
struct block_io {
	unsigned major, minor;
	uint64_t read_bytes, write_bytes, reads, writes;
};
struct huge_pages {
	char size[16]; /* "2MB" */
	uint64_t bytes, peak_bytes;
};
enum { BLOCK_MAX = 16, HUGE_MAX = 4 };

struct usage {
	uint64_t value[USAGE_KEYS];
	bool known[USAGE_KEYS]; /* a limit that is none is not known */
	struct pressure pressure[PRESSURE_KINDS];
	struct block_io blocks[BLOCK_MAX];
	size_t block_count;
	struct huge_pages huge[HUGE_MAX];
	size_t huge_count;
};

/* The cgroup in each hierarchy that counts something. */
enum usage_controller {
	BY_CPU,
	BY_CPUACCT,
	BY_MEMORY,
	BY_PIDS,
	BY_IO,
	BY_HUGETLB,
	BY_PRESSURE,
	USAGE_CONTROLLERS
};
struct usage_place {
	int fd; /* of the cgroup's directory; -EBADF: none */
	bool unified;
};
struct usage_places {
	struct usage_place rows[USAGE_CONTROLLERS];
};

/*
 * The cgroups of a process, cut behind the folder whose name has the id: what runs in it may have moved itself further down.
 * parent: one above that, a pod's. -ESRCH or -ENOENT: the process has ended.
 */
int usage_open(const struct cgroup_layout *layout, pid_t pid, const char *id, bool parent,
	       struct usage_places *ret, struct err *err);
void usage_close(struct usage_places *places);
void usage_read(const struct usage_places *places, struct usage *ret);
void usage_add(struct usage *sum, const struct usage *part); /* limits and pressure are not sums: they stay */
/* Memory in use less what could be given back at once, as the kubelet reckons before it evicts; 0 when not known. */
uint64_t usage_working_set(const struct usage *usage);

/* Processes of the cgroup itself; owned list. */
int usage_members(const struct usage_places *places, pid_t **ret, size_t *ret_count, struct err *err);

#endif
