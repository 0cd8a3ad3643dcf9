/* Tries: limits, priorities and sysctls of this process. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/try.h"

static int result(long r)
{
	return r < 0 ? -errno : (int) r;
}

static int limit_value(const char *word, rlim_t *ret)
{
	unsigned long long value;

	if (!strcmp(word, "unlimited")) {
		*ret = RLIM_INFINITY;
		return 0;
	}
	if (text_to_u64(word, &value) < 0)
		return -EINVAL;
	*ret = value;
	return 0;
}

static int try_prlimit(struct try *try)
{
	int resource = name_to_rlimit(try->words[1]);
	struct rlimit limit;

	if (resource < 0 || limit_value(try->words[2], &limit.rlim_cur) < 0 ||
	    limit_value(try->words[3], &limit.rlim_max) < 0)
		return -EINVAL;
	return result(setrlimit((__rlimit_resource_t) resource, &limit));
}

static int try_nice(struct try *try)
{
	long long value;

	if (try_number(try->words[1], &value) < 0)
		return -EINVAL;
	return result(setpriority(PRIO_PROCESS, 0, (int) value));
}

static int try_umask(struct try *try)
{
	long long mask;

	if (try_number(try->words[1], &mask) < 0)
		return -EINVAL;
	return (int) umask((mode_t) mask);
}

static int try_personality(struct try *try)
{
	long long value = 0xffffffff;

	if (try->count > 1 && try_number(try->words[1], &value) < 0)
		return -EINVAL;
	return result(syscall(SYS_personality, (unsigned long) value));
}

/* One CPU number. */
static int try_affinity(struct try *try)
{
	cpu_set_t set;
	long long cpu;

	if (try_number(try->words[1], &cpu) < 0 || cpu < 0 || cpu >= CPU_SETSIZE)
		return -EINVAL;
	CPU_ZERO(&set);
	CPU_SET((size_t) cpu, &set);
	return result(sched_setaffinity(0, sizeof(set), &set));
}

static int try_scheduler(struct try *try)
{
	static const struct {
		const char *name;
		int policy;
	} policies[] = { { "SCHED_OTHER", SCHED_OTHER },
			 { "SCHED_BATCH", SCHED_BATCH },
			 { "SCHED_IDLE", SCHED_IDLE },
			 { "SCHED_FIFO", SCHED_FIFO },
			 { "SCHED_RR", SCHED_RR } };
	long long priority;

	if (try_number(try_word(try, 2, "0"), &priority) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		const struct sched_param param = { .sched_priority = (int) priority };

		if (!strcmp(policies[i].name, try->words[1]))
			return result(sched_setscheduler(0, policies[i].policy, &param));
	}
	return -EINVAL;
}

/* net.ipv4.ip_forward or net/ipv4/ip_forward. */
static int try_sysctl(struct try *try)
{
	auto_free char *path = text_format("/proc/sys/%s", try->words[1]);
	const char *value = try_rest(try, 2);
	auto_fd fd = -EBADF;

	if (!strchr(try->words[1], '/'))
		for (char *dot = path; (dot = strchr(dot, '.'));)
			*dot = '/';
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		out_string(try->out, "step", "open");
		return -errno;
	}
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

/* Opens descriptors until the kernel refuses, then closes them. */
static int try_open_many(struct try *try)
{
	int *fds = NULL, error = 0;
	long long count, made = 0;

	if (try_number(try->words[1], &count) < 0 || count < 0 || count > 1 << 20)
		return -EINVAL;
	fds = malloc(sizeof(*fds) * (size_t) (count + 1));
	if (!fds)
		return -ENOMEM;
	while (made < count && !error) {
		fds[made] = open("/", O_PATH | O_CLOEXEC);
		if (fds[made] < 0)
			error = -errno;
		else
			made++;
	}
	for (long long i = 0; i < made; i++)
		(void) close(fds[i]);
	free(fds);
	out_int(try->out, "made", made);
	return error;
}

const struct try_verb try_limit_verbs[] = {
	{ "prlimit NAME SOFT HARD", try_prlimit, 3, "setrlimit(2); unlimited is a number" },
	{ "nice N", try_nice, 1, "setpriority(2)" },
	{ "umask N", try_umask, 1, "ret: the mask before" },
	{ "personality [N]", try_personality, 0, "ret: the personality before; without N nothing changes" },
	{ "affinity CPU", try_affinity, 1, "sched_setaffinity(2) to one CPU" },
	{ "scheduler POLICY [PRIORITY]", try_scheduler, 1, "sched_setscheduler(2)" },
	{ "sysctl NAME VALUE", try_sysctl, 2, "writes below /proc/sys; step" },
	{ "open-many N", try_open_many, 1, "made: descriptors that could be opened" },
	{ NULL },
};
