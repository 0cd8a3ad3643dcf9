/* The options of update, which are those of runc and crun, as the members of linux.resources that they stand for. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/update.h"
#include "runtime-under-test/oci/verbs.h"

#define RESOURCES_MAX (16u << 20)

#define VALUE(which) OPTION_STRING, offsetof(struct update_options, values[UPDATE_##which])

const struct option_row update_rows[] = {
	{ "resources", 'r', OPTION_STRING, offsetof(struct update_options, resources),
	  "file with linux.resources as JSON, - for stdin" },
	{ "blkio-weight", 0, VALUE(BLKIO_WEIGHT), "share of block I/O, 10 to 1000" },
	{ "cpu-period", 0, VALUE(CPU_PERIOD), "period of the CPU quota, in microseconds" },
	{ "cpu-quota", 0, VALUE(CPU_QUOTA), "CPU time in a period, in microseconds; -1: no limit" },
	{ "cpu-burst", 0, VALUE(CPU_BURST), "CPU time that may be saved up, in microseconds" },
	{ "cpu-share", 0, VALUE(CPU_SHARE), "share of CPU time, 2 to 262144" },
	{ "cpu-idle", 0, VALUE(CPU_IDLE), "1: run only when nobody else would" },
	{ "cpu-rt-period", 0, VALUE(CPU_RT_PERIOD), "period of realtime scheduling, in microseconds" },
	{ "cpu-rt-runtime", 0, VALUE(CPU_RT_RUNTIME), "realtime CPU time in a period" },
	{ "cpuset-cpus", 0, VALUE(CPUSET_CPUS), "CPUs to run on, as 0-2,4" },
	{ "cpuset-mems", 0, VALUE(CPUSET_MEMS), "memory nodes to use" },
	{ "memory", 0, VALUE(MEMORY), "limit of memory, as 64M; -1: none" },
	{ "memory-reservation", 0, VALUE(MEMORY_RESERVATION), "memory that is kept for it" },
	{ "memory-swap", 0, VALUE(MEMORY_SWAP), "limit of memory and swap together; -1: none" },
	{ "kernel-memory", 0, VALUE(KERNEL_MEMORY), "limit of kernel memory, v1 of old kernels" },
	{ "kernel-memory-tcp", 0, VALUE(KERNEL_MEMORY_TCP), "limit of TCP buffers, v1" },
	{ "pids-limit", 0, VALUE(PIDS_LIMIT), "number of processes; -1: no limit" },
	{ "l3-cache-schema", 0, OPTION_STRING, offsetof(struct update_options, l3_schema),
	  "schema of the L3 cache, as L3:0=ff" },
	{ "mem-bw-schema", 0, OPTION_STRING, offsetof(struct update_options, mem_bw_schema),
	  "schema of memory bandwidth, as MB:0=50" },
	{ NULL },
};

enum kind { KIND_NUMBER, KIND_SIZE, KIND_TEXT };

static const struct {
	const char *path;
	enum kind kind;
} targets[UPDATE_COUNT] = {
	[UPDATE_BLKIO_WEIGHT] = { "blockIO.weight", KIND_NUMBER },
	[UPDATE_CPU_PERIOD] = { "cpu.period", KIND_NUMBER },
	[UPDATE_CPU_QUOTA] = { "cpu.quota", KIND_NUMBER },
	[UPDATE_CPU_BURST] = { "cpu.burst", KIND_NUMBER },
	[UPDATE_CPU_SHARE] = { "cpu.shares", KIND_NUMBER },
	[UPDATE_CPU_IDLE] = { "cpu.idle", KIND_NUMBER },
	[UPDATE_CPU_RT_PERIOD] = { "cpu.realtimePeriod", KIND_NUMBER },
	[UPDATE_CPU_RT_RUNTIME] = { "cpu.realtimeRuntime", KIND_NUMBER },
	[UPDATE_CPUSET_CPUS] = { "cpu.cpus", KIND_TEXT },
	[UPDATE_CPUSET_MEMS] = { "cpu.mems", KIND_TEXT },
	[UPDATE_MEMORY] = { "memory.limit", KIND_SIZE },
	[UPDATE_MEMORY_RESERVATION] = { "memory.reservation", KIND_SIZE },
	[UPDATE_MEMORY_SWAP] = { "memory.swap", KIND_SIZE },
	[UPDATE_KERNEL_MEMORY] = { "memory.kernel", KIND_SIZE },
	[UPDATE_KERNEL_MEMORY_TCP] = { "memory.kernelTCP", KIND_SIZE },
	[UPDATE_PIDS_LIMIT] = { "pids.limit", KIND_NUMBER },
};

/* Zero in these is how callers leave something out: runc documents a file of zeros as "unchanged". */
static const char *const unset_by_zero[] = {
	"cpu.shares",   "cpu.quota",          "cpu.period",  "cpu.realtimePeriod", "cpu.realtimeRuntime",
	"memory.limit", "memory.reservation", "memory.swap", "blockIO.weight",
};

/* "64M", "64MB", "64MiB", "64m": powers of 1024, whatever the spelling, as in every container tool. */
static int read_size(const char *text, long long *ret)
{
	static const char units[] = "kmgtp";
	size_t digits = strspn(text, "-0123456789");
	auto_free char *number = text_format("%.*s", (int) digits, text);
	const char *unit = text + digits, *found = *unit ? strchr(units, *unit | ' ') : NULL;
	const char *rest = found ? unit + 1 : unit;
	long long value;
	int r = text_to_i64(number, &value);

	if (r < 0)
		return r;
	if (found && *rest == 'i')
		rest++;
	if (*rest && strcmp(rest, "b") != 0 && strcmp(rest, "B") != 0)
		return -EINVAL;
	for (const char *unit_at = units; found && unit_at <= found; unit_at++)
		if (__builtin_mul_overflow(value, 1024, &value))
			return -ERANGE;
	*ret = value;
	return 0;
}

int update_put_options(const struct update_options *options, struct json *resources, struct err *err)
{
	for (size_t i = 0; i < UPDATE_COUNT; i++) {
		const char *given = options->values[i];
		struct json *json;
		long long number = 0;
		int r = 0;

		if (!given || !*given)
			continue;
		if (targets[i].kind != KIND_TEXT)
			r = targets[i].kind == KIND_SIZE ? read_size(given, &number)
							 : text_to_i64(given, &number);
		if (r < 0)
			return fail_text(err, r, "update: \"%s\" is no value for %s", given, targets[i].path);
		json = targets[i].kind == KIND_TEXT ? json_new_bytes(given, strlen(given))
						    : json_new_int(number);
		r = json_set(resources, targets[i].path, json, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_document(const char *path, struct json **ret, struct err *err)
{
	auto_fd fd = -EBADF;
	auto_text text = { 0 };
	int r;

	if (strcmp(path, "-") != 0) {
		fd = file_open_at(AT_FDCWD, path, O_RDONLY, 0, err);
		if (fd < 0)
			return fd;
	}
	r = file_read_fd(fd < 0 ? STDIN_FILENO : fd, RESOURCES_MAX, &text, err);
	if (r == 0)
		r = json_parse(text_str(&text), text.len, ret, err);
	if (r < 0)
		return r;
	if (json_kind(*ret) != JSON_OBJECT)
		return fail_text(err, -EINVAL, "it is no JSON object");
	return 0;
}

int update_read(const struct update_options *options, struct json **ret, struct err *err)
{
	auto_json resources = NULL;
	int r;

	if (options->resources && *options->resources) {
		r = read_document(options->resources, &resources, err);
		if (r < 0)
			return fail(err, r, "update: --resources %s", options->resources);
	} else {
		resources = json_new_object();
	}
	r = update_put_options(options, resources, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(unset_by_zero); i++) {
		const struct json *value = json_get(resources, unset_by_zero[i]);

		if (json_kind(value) == JSON_INT && json_int(value, 1) == 0)
			(void) json_drop(resources, unset_by_zero[i], NULL);
	}
	*ret = TAKE(resources);
	return 0;
}
