/* Census: resource limits, scheduling, personality and memory policy. */
#include <errno.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"

int census_rlimits(const struct probe *probe, struct out *out, const char *key)
{
	int error = 0;
	size_t count = 0;

	out_object(out, key);
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		const char *name = name_of_rlimit(i);
		struct rlimit limit;

		if (!name)
			continue;
		if (getrlimit((__rlimit_resource_t) i, &limit) < 0) {
			error = -errno;
			continue;
		}
		if (i == RLIMIT_NOFILE && probe->nofile_raised)
			limit = probe->nofile;
		out_object(out, name);
		out_uint(out, "soft", limit.rlim_cur);
		out_uint(out, "hard", limit.rlim_max);
		out_end(out);
		count++;
	}
	out_end(out);
	return count ? 0 : error;
}

int census_nice(const struct probe *probe, struct out *out, const char *key)
{
	int value;

	(void) probe;
	errno = 0;
	value = getpriority(PRIO_PROCESS, 0);
	if (value == -1 && errno)
		return -errno;
	out_int(out, key, value);
	return 0;
}

int census_personality(const struct probe *probe, struct out *out, const char *key)
{
	auto_text text = { 0 };
	long value;

	/* The file first: a seccomp filter may well have its say about personality(2). */
	if (probe->proc >= 0 && !read_line(probe->proc, "self/personality", &text)) {
		out_uint(out, key, strtoul(text.data, NULL, 16));
		return 0;
	}
	value = personality(0xffffffff);
	if (value < 0)
		return -errno;
	out_uint(out, key, (unsigned long) value);
	return 0;
}

/* sched_setattr(2), the first published size. */
struct scheduler_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static const char *const policy_names[] = { "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR",       "SCHED_BATCH",
					    "SCHED_ISO",   "SCHED_IDLE", "SCHED_DEADLINE", "SCHED_EXT" };
/* By bit, spelt as in config.md. */
static const char *const scheduler_flags[] = { "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",
					       "SCHED_FLAG_DL_OVERRUN",    "SCHED_FLAG_KEEP_POLICY",
					       "SCHED_FLAG_KEEP_PARAMS",   "SCHED_FLAG_UTIL_CLAMP_MIN",
					       "SCHED_FLAG_UTIL_CLAMP_MAX" };

int census_scheduler(const struct probe *probe, struct out *out, const char *key)
{
	struct scheduler_attributes attributes = { 0 };
	const char *flags[ARRAY_SIZE(scheduler_flags)];
	size_t count = 0;

	(void) probe;
	if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(scheduler_flags); i++)
		if (attributes.flags >> i & 1)
			flags[count++] = scheduler_flags[i];
	out_object(out, key);
	out_string(out, "policy",
		   attributes.policy < ARRAY_SIZE(policy_names) ? policy_names[attributes.policy]
								: "unknown");
	out_uint(out, "priority", attributes.priority);
	out_int(out, "nice", attributes.nice);
	out_sorted(out, "flags", flags, count);
	if (attributes.period) {
		out_uint(out, "runtime", attributes.runtime);
		out_uint(out, "deadline", attributes.deadline);
		out_uint(out, "period", attributes.period);
	}
	out_end(out);
	return 0;
}

int census_io_priority(const struct probe *probe, struct out *out, const char *key)
{
	static const char *const classes[] = { "IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE",
					       "IOPRIO_CLASS_IDLE" };
	long value = syscall(SYS_ioprio_get, 1 /* IOPRIO_WHO_PROCESS */, 0);

	(void) probe;
	if (value < 0)
		return -errno;
	out_object(out, key);
	out_string(out, "class",
		   (size_t) (value >> 13) < ARRAY_SIZE(classes) ? classes[value >> 13] : "unknown");
	/* Bits 3 and up became hints in Linux 6.5. */
	out_int(out, "priority", value & 7);
	out_end(out);
	return 0;
}

/* Numbers of the set bits. */
static void bits_row(struct out *out, const char *key, const unsigned long *mask, size_t bits)
{
	const size_t width = 8 * sizeof(*mask);

	out_array(out, key);
	for (size_t i = 0; i < bits; i++)
		if (mask[i / width] >> i % width & 1)
			out_uint(out, NULL, i);
	out_end(out);
}

int census_affinity(const struct probe *probe, struct out *out, const char *key)
{
	unsigned long mask[8192 / (8 * sizeof(unsigned long))] = { 0 };
	long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);

	(void) probe;
	if (bytes < 0)
		return -errno;
	bits_row(out, key, mask, (size_t) bytes * 8);
	return 0;
}

int census_memory_policy(const struct probe *probe, struct out *out, const char *key)
{
	static const char *const modes[] = { "MPOL_DEFAULT",
					     "MPOL_PREFERRED",
					     "MPOL_BIND",
					     "MPOL_INTERLEAVE",
					     "MPOL_LOCAL",
					     "MPOL_PREFERRED_MANY",
					     "MPOL_WEIGHTED_INTERLEAVE" };
	static const struct {
		unsigned bit;
		const char *name;
	} known[] = { { 1u << 15, "MPOL_F_STATIC_NODES" },
		      { 1u << 14, "MPOL_F_RELATIVE_NODES" },
		      { 1u << 13, "MPOL_F_NUMA_BALANCING" } };
	unsigned long nodes[1024 / (8 * sizeof(unsigned long))] = { 0 };
	const char *flags[ARRAY_SIZE(known)];
	size_t count = 0;
	unsigned mode = 0;

	(void) probe;
	if (syscall(SYS_get_mempolicy, &mode, nodes, 1024 + 1, NULL, 0) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (mode & known[i].bit)
			flags[count++] = known[i].name;
	mode &= (1u << 13) - 1;
	out_object(out, key);
	out_string(out, "mode", mode < ARRAY_SIZE(modes) ? modes[mode] : "unknown");
	bits_row(out, "nodes", nodes, 1024);
	out_sorted(out, "flags", flags, count);
	out_end(out);
	return 0;
}
