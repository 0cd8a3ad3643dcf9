/*
 * Metrics as the kubelet hands them to Prometheus in place of cAdvisor's, under cAdvisor's names: KEP 2371. The values are
 * whole numbers by the interface, so that seconds are cut.
 */
#ifndef CRI_METRICS_H
#define CRI_METRICS_H

#include <stddef.h>

#include "cri/runtime_v1.pb-c.h"
#include "runtime-under-test/cri/usage.h"

/* What has more to it than one number of a cgroup. */
enum metric {
	METRIC_BLKIO,
	METRIC_CPU_TOTAL,
	METRIC_DESCRIPTORS,
	METRIC_FS_INODES_FREE,
	METRIC_FS_INODES,
	METRIC_FS_LIMIT,
	METRIC_FS_READ_BYTES,
	METRIC_FS_READS,
	METRIC_FS_USAGE,
	METRIC_FS_WRITE_BYTES,
	METRIC_FS_WRITES,
	METRIC_HUGE_PEAK,
	METRIC_HUGE,
	METRIC_LAST_SEEN,
	METRIC_FAILURES,
	METRIC_SWAP_LIMIT,
	METRIC_WORKING_SET,
	METRIC_RX_BYTES,
	METRIC_RX_ERRORS,
	METRIC_RX_DROPPED,
	METRIC_RX_PACKETS,
	METRIC_TX_BYTES,
	METRIC_TX_ERRORS,
	METRIC_TX_DROPPED,
	METRIC_TX_PACKETS,
	METRIC_PRESSURE_CPU_FULL,
	METRIC_PRESSURE_CPU_SOME,
	METRIC_PRESSURE_IO_FULL,
	METRIC_PRESSURE_IO_SOME,
	METRIC_PRESSURE_MEMORY_FULL,
	METRIC_PRESSURE_MEMORY_SOME,
	METRIC_PROCESSES,
	METRIC_SOCKETS,
	METRIC_CPU_PERIOD,
	METRIC_CPU_QUOTA,
	METRIC_CPU_SHARES,
	METRIC_START_TIME,
	METRIC_ULIMITS,
	METRIC_OF_USAGE, /* from here on: numbers of a cgroup as they are */
	METRIC_CFS_PERIODS = METRIC_OF_USAGE,
	METRIC_CFS_THROTTLED,
	METRIC_CFS_THROTTLED_TIME,
	METRIC_CPU_SYSTEM,
	METRIC_CPU_USER,
	METRIC_MEMORY_CACHE,
	METRIC_MEMORY_FAILED,
	METRIC_MEMORY_KERNEL,
	METRIC_MEMORY_MAPPED,
	METRIC_MEMORY_PEAK,
	METRIC_MEMORY_RSS,
	METRIC_MEMORY_SWAP,
	METRIC_MEMORY_USAGE,
	METRIC_OOM,
	METRIC_MEMORY_LIMIT,
	METRIC_MEMORY_LOW,
	METRIC_THREADS,
	METRIC_THREADS_MAX,
	METRICS,
};

enum { METRIC_LABELS_MAX = 4 };
struct metric_row {
	const char *name, *help;
	Runtime__V1__MetricType type;
	const char *labels[METRIC_LABELS_MAX]; /* beside those that every metric has */
	/* Of METRIC_OF_USAGE and later. A limit that is none is told as 0. */
	enum usage_key key;
	uint64_t divisor;
};

extern const struct metric_row metric_rows[METRICS];

enum { METRIC_BASE_LABELS = 6 };
extern const char *const metric_base_labels[METRIC_BASE_LABELS];

#endif
