/* What update is asked to change: a document, options, or both. */
#ifndef OCI_UPDATE_H
#define OCI_UPDATE_H

struct err;
struct json;

enum update_value {
	UPDATE_BLKIO_WEIGHT,
	UPDATE_CPU_PERIOD,
	UPDATE_CPU_QUOTA,
	UPDATE_CPU_BURST,
	UPDATE_CPU_SHARE,
	UPDATE_CPU_IDLE,
	UPDATE_CPU_RT_PERIOD,
	UPDATE_CPU_RT_RUNTIME,
	UPDATE_CPUSET_CPUS,
	UPDATE_CPUSET_MEMS,
	UPDATE_MEMORY,
	UPDATE_MEMORY_RESERVATION,
	UPDATE_MEMORY_SWAP,
	UPDATE_KERNEL_MEMORY,
	UPDATE_KERNEL_MEMORY_TCP,
	UPDATE_PIDS_LIMIT,
	UPDATE_COUNT
};

struct update_options {
	const char *resources; /* a file, "-" for stdin; NULL: none */
	const char *l3_schema, *mem_bw_schema; /* of Intel RDT, not of cgroups; NULL: none */
	const char *values[UPDATE_COUNT]; /* as given; NULL or empty: not given */
};

/* linux.resources as asked for: the document, and on top of it every option. Owned. */
int update_read(const struct update_options *options, struct json **ret, struct err *err);
/* Pure: the options alone, put into resources. */
int update_put_options(const struct update_options *options, struct json *resources, struct err *err);

#endif
