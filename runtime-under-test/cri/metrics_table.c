/* The names that critest expects, which are cAdvisor's: https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md */
#include "runtime-under-test/cri/metrics.h"

#define COUNTER RUNTIME__V1__METRIC_TYPE__COUNTER
#define GAUGE RUNTIME__V1__METRIC_TYPE__GAUGE
#define SECOND UINT64_C(1000000000)

const char *const metric_base_labels[METRIC_BASE_LABELS] = { "container", "id",        "image",
							     "name",      "namespace", "pod" };

#define INTERFACE                                                                                            \
	{                                                                                                    \
		"interface"                                                                                  \
	}
#define DEVICE                                                                                               \
	{                                                                                                    \
		"device"                                                                                     \
	}
#define PAGES                                                                                                \
	{                                                                                                    \
		"pagesize"                                                                                   \
	}

/* clang-format off */
const struct metric_row metric_rows[METRICS] = {
	[METRIC_BLKIO] = { "container_blkio_device_usage_total", "bytes that went to and from a device", COUNTER, { "device", "major", "minor", "operation" } },
	[METRIC_CPU_TOTAL] = { "container_cpu_usage_seconds_total", "seconds of processor time", COUNTER, { "cpu" } },
	[METRIC_DESCRIPTORS] = { "container_file_descriptors", "open file descriptors", GAUGE },
	[METRIC_FS_INODES_FREE] = { "container_fs_inodes_free", "inodes that are free on the file system", GAUGE, DEVICE },
	[METRIC_FS_INODES] = { "container_fs_inodes_total", "inodes of the file system", GAUGE, DEVICE },
	[METRIC_FS_LIMIT] = { "container_fs_limit_bytes", "bytes of the file system", GAUGE, DEVICE },
	[METRIC_FS_READ_BYTES] = { "container_fs_reads_bytes_total", "bytes read from the device", COUNTER, DEVICE },
	[METRIC_FS_READS] = { "container_fs_reads_total", "reads from the device", COUNTER, DEVICE },
	[METRIC_FS_USAGE] = { "container_fs_usage_bytes", "bytes that the container wrote", GAUGE, DEVICE },
	[METRIC_FS_WRITE_BYTES] = { "container_fs_writes_bytes_total", "bytes written to the device", COUNTER, DEVICE },
	[METRIC_FS_WRITES] = { "container_fs_writes_total", "writes to the device", COUNTER, DEVICE },
	[METRIC_HUGE_PEAK] = { "container_hugetlb_max_usage_bytes", "most bytes of huge pages at a time", GAUGE, PAGES },
	[METRIC_HUGE] = { "container_hugetlb_usage_bytes", "bytes of huge pages", GAUGE, PAGES },
	[METRIC_LAST_SEEN] = { "container_last_seen", "when these numbers were read, in seconds since 1970", GAUGE },
	[METRIC_FAILURES] = { "container_memory_failures_total", "page faults", COUNTER, { "failure_type", "scope" } },
	[METRIC_SWAP_LIMIT] = { "container_spec_memory_swap_limit_bytes", "bytes of swap allowed; 0: no limit", GAUGE },
	[METRIC_WORKING_SET] = { "container_memory_working_set_bytes", "memory in use less inactive pages of files", GAUGE },
	[METRIC_RX_BYTES] = { "container_network_receive_bytes_total", "bytes received", COUNTER, INTERFACE },
	[METRIC_RX_ERRORS] = { "container_network_receive_errors_total", "errors while receiving", COUNTER, INTERFACE },
	[METRIC_RX_DROPPED] = { "container_network_receive_packets_dropped_total", "received packets that were dropped", COUNTER, INTERFACE },
	[METRIC_RX_PACKETS] = { "container_network_receive_packets_total", "packets received", COUNTER, INTERFACE },
	[METRIC_TX_BYTES] = { "container_network_transmit_bytes_total", "bytes sent", COUNTER, INTERFACE },
	[METRIC_TX_ERRORS] = { "container_network_transmit_errors_total", "errors while sending", COUNTER, INTERFACE },
	[METRIC_TX_DROPPED] = { "container_network_transmit_packets_dropped_total", "packets to send that were dropped", COUNTER, INTERFACE },
	[METRIC_TX_PACKETS] = { "container_network_transmit_packets_total", "packets sent", COUNTER, INTERFACE },
	[METRIC_PRESSURE_CPU_FULL] = { "container_pressure_cpu_stalled_seconds_total", "seconds in which every task waited for a processor", COUNTER },
	[METRIC_PRESSURE_CPU_SOME] = { "container_pressure_cpu_waiting_seconds_total", "seconds in which a task waited for a processor", COUNTER },
	[METRIC_PRESSURE_IO_FULL] = { "container_pressure_io_stalled_seconds_total", "seconds in which every task waited for a device", COUNTER },
	[METRIC_PRESSURE_IO_SOME] = { "container_pressure_io_waiting_seconds_total", "seconds in which a task waited for a device", COUNTER },
	[METRIC_PRESSURE_MEMORY_FULL] = { "container_pressure_memory_stalled_seconds_total", "seconds in which every task waited for memory", COUNTER },
	[METRIC_PRESSURE_MEMORY_SOME] = { "container_pressure_memory_waiting_seconds_total", "seconds in which a task waited for memory", COUNTER },
	[METRIC_PROCESSES] = { "container_processes", "processes", GAUGE },
	[METRIC_SOCKETS] = { "container_sockets", "open sockets", GAUGE },
	[METRIC_CPU_PERIOD] = { "container_spec_cpu_period", "microseconds of the period that the quota is of", GAUGE },
	[METRIC_CPU_QUOTA] = { "container_spec_cpu_quota", "microseconds of processor time in a period", GAUGE },
	[METRIC_CPU_SHARES] = { "container_spec_cpu_shares", "share of the processors beside others; 0: not asked for", GAUGE },
	[METRIC_START_TIME] = { "container_start_time_seconds", "when it started, in seconds since 1970", GAUGE },
	[METRIC_ULIMITS] = { "container_ulimits_soft", "soft limit of the first process; 0: none", GAUGE, { "ulimit" } },
	[METRIC_CFS_PERIODS] = { "container_cpu_cfs_periods_total", "periods that passed with a quota", COUNTER, .key = USAGE_CPU_PERIODS },
	[METRIC_CFS_THROTTLED] = { "container_cpu_cfs_throttled_periods_total", "periods in which the quota was used up", COUNTER, .key = USAGE_CPU_THROTTLED },
	[METRIC_CFS_THROTTLED_TIME] = { "container_cpu_cfs_throttled_seconds_total", "seconds without a processor for the quota", COUNTER, .key = USAGE_CPU_THROTTLED_NS, .divisor = SECOND },
	[METRIC_CPU_SYSTEM] = { "container_cpu_system_seconds_total", "seconds of processor time in the kernel", COUNTER, .key = USAGE_CPU_SYSTEM_NS, .divisor = SECOND },
	[METRIC_CPU_USER] = { "container_cpu_user_seconds_total", "seconds of processor time outside the kernel", COUNTER, .key = USAGE_CPU_USER_NS, .divisor = SECOND },
	[METRIC_MEMORY_CACHE] = { "container_memory_cache", "bytes of pages of files", GAUGE, .key = USAGE_MEMORY_CACHE },
	[METRIC_MEMORY_FAILED] = { "container_memory_failcnt", "times that the limit of memory was met", COUNTER, .key = USAGE_MEMORY_FAILED },
	[METRIC_MEMORY_KERNEL] = { "container_memory_kernel_usage", "bytes of memory that the kernel holds for it", GAUGE, .key = USAGE_MEMORY_KERNEL },
	[METRIC_MEMORY_MAPPED] = { "container_memory_mapped_file", "bytes of mapped files", GAUGE, .key = USAGE_MEMORY_MAPPED },
	[METRIC_MEMORY_PEAK] = { "container_memory_max_usage_bytes", "most bytes of memory at a time", GAUGE, .key = USAGE_MEMORY_PEAK },
	[METRIC_MEMORY_RSS] = { "container_memory_rss", "bytes of memory of no file", GAUGE, .key = USAGE_MEMORY_RSS },
	[METRIC_MEMORY_SWAP] = { "container_memory_swap", "bytes that were swapped out", GAUGE, .key = USAGE_SWAP },
	[METRIC_MEMORY_USAGE] = { "container_memory_usage_bytes", "bytes of memory, pages of files among them", GAUGE, .key = USAGE_MEMORY },
	[METRIC_OOM] = { "container_oom_events_total", "processes killed for want of memory", COUNTER, .key = USAGE_OOM_KILLS },
	[METRIC_MEMORY_LIMIT] = { "container_spec_memory_limit_bytes", "bytes of memory allowed; 0: no limit", GAUGE, .key = USAGE_MEMORY_LIMIT },
	[METRIC_MEMORY_LOW] = { "container_spec_memory_reservation_limit_bytes", "bytes of memory that reclaim leaves while it can; 0: none", GAUGE, .key = USAGE_MEMORY_LOW },
	[METRIC_THREADS] = { "container_threads", "threads", GAUGE, .key = USAGE_PIDS },
	[METRIC_THREADS_MAX] = { "container_threads_max", "threads allowed; 0: no limit", GAUGE, .key = USAGE_PIDS_LIMIT },
};
/* clang-format on */
