/* What only the runtime's own privileges can give a process: done to it from outside, while it waits. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime-under-test/oci/capabilities.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/process.h"
#include "runtime-under-test/oci/procfs.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/spec_fields.h"
#include "runtime-under-test/oci/spec_tables.h"

/* glibc 2.36 has none, and linux/sched/types.h does not go together with <sched.h>: sched_setattr(2), first version. */
struct schedule {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* Every later look into /proc goes through this descriptor: what an image or a volume calls /proc is never asked. */
int process_open_proc(struct err *err)
{
	auto_fd fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return fail(err, -errno, "open /proc");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return fail_text(err, -ENODEV, "/proc of the runtime is no procfs");
	return TAKE_FD(fd);
}

int process_check_limits(const struct spec_process *process, struct err *err)
{
	for (size_t i = 0; i < process->rlimit_count; i++) {
		const struct spec_rlimit *limit = &process->rlimits[i];
		struct rlimit now;

		if (limit->soft > limit->hard)
			return fail_text(err, -EINVAL, "process.rlimits[%zu]: soft is above hard", i);
		if (getrlimit((__rlimit_resource_t) limit->resource, &now) < 0)
			return fail(err, -errno, "process.rlimits[%zu]: %s", i,
				    name_of_rlimit(limit->resource));
		if (limit->hard > now.rlim_max && !capability_is_effective(CAP_SYS_RESOURCE))
			return fail(err, -EPERM,
				    "process.rlimits[%zu]: raise the hard limit %s from %ju to %ju", i,
				    name_of_rlimit(limit->resource), (uintmax_t) now.rlim_max,
				    (uintmax_t) limit->hard);
	}
	return 0;
}

int process_set_oom(const struct spec_process *process, int proc, pid_t pid, struct err *err)
{
	auto_free char *path = NULL, *value = NULL;
	int r;

	/* "If oomScoreAdj is not set, the runtime MUST NOT change the value." */
	if (!process->has_oom_score_adj || fault("oom-score-skipped"))
		return 0;
	path = text_format("%d/oom_score_adj", (int) pid);
	value = text_format("%d", process->oom_score_adj);
	r = procfs_write(proc, path, value, strlen(value), NULL);
	return r < 0 ? fail(err, r, "process.oomScoreAdj: %s", value) : 0;
}

/* Init sets the limits itself, exactly and late, for a low one would hinder the runtime too; here the ceiling rises. */
static int raise_limits(const struct spec_process *process, pid_t pid, struct err *err)
{
	for (size_t i = 0; i < process->rlimit_count; i++) {
		const struct spec_rlimit *limit = &process->rlimits[i];
		__rlimit_resource_t resource = (__rlimit_resource_t) limit->resource;
		struct rlimit now;

		if (prlimit(pid, resource, NULL, &now) < 0)
			return fail(err, -errno, "process.rlimits[%zu]", i);
		if (limit->hard <= now.rlim_max)
			continue;
		now.rlim_max = limit->hard;
		if (prlimit(pid, resource, &now, NULL) < 0)
			return fail(err, -errno, "process.rlimits[%zu]: raise %s", i,
				    name_of_rlimit(limit->resource));
	}
	return 0;
}

static const char *policy_name(int policy)
{
	const struct word *word = spec_scheduler_policies;

	while (word->name && word->value != policy)
		word++;
	return word->name ? word->name : "policy";
}

/* Policies of real time may lack more than CAP_SYS_NICE: a share of it in a v1 cgroup, or the time that a deadline promises. */
static int set_schedule(const struct spec_scheduler *scheduler, pid_t pid, struct err *err)
{
	const struct schedule schedule = {
		.size = sizeof(schedule),
		.policy = (uint32_t) scheduler->policy,
		.flags = scheduler->flags,
		.nice = scheduler->nice,
		.priority = (uint32_t) scheduler->priority,
		.runtime = scheduler->runtime,
		.deadline = scheduler->deadline,
		.period = scheduler->period,
	};

	if (!scheduler->present || fault("scheduler-skipped"))
		return 0;
	if (syscall(SYS_sched_setattr, pid, &schedule, 0u) < 0)
		return fail(err, -errno, "process.scheduler: %s", policy_name(scheduler->policy));
	return 0;
}

bool process_needs_tuning(const struct spec_process *process)
{
	return process->rlimit_count || process->scheduler.present || process->has_io_priority;
}

int process_tune(const struct spec_process *process, pid_t pid, struct err *err)
{
	int r = raise_limits(process, pid, err);

	if (r == 0)
		r = set_schedule(&process->scheduler, pid, err);
	if (r < 0 || !process->has_io_priority || fault("io-priority-skipped"))
		return r;
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid,
		    IOPRIO_PRIO_VALUE(process->io_class, process->io_priority)) < 0)
		return fail(err, -errno, "process.ioPriority");
	return 0;
}
