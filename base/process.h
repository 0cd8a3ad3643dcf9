/*
 * Child processes: an exact descriptor list, default signal handling, pidfds, deadlines.
 * Times are CLOCK_MONOTONIC milliseconds. Nothing here waits for end-of-file: a container keeps its
 * parent's pipes open, so a command has ended when its pidfd says so.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct text;

struct process_options {
	const char *const *argv; /* argv[0] is looked up in PATH when it has no slash */
	const char *const *env; /* NULL: inherit */
	int stdio[3]; /* -1: /dev/null */
	const int *keep; /* becomes 3, 4, ... in the child, in this order */
	size_t keep_count;
	int directory; /* working directory as a descriptor; -1: inherit */
	int death_signal; /* PR_SET_PDEATHSIG; 0: none. It is sent when the thread that started it ends: prctl(2) */
	bool new_session;
	bool new_group;
};
#define PROCESS_OPTIONS_INIT                                                                                 \
	{                                                                                                    \
		.stdio = { -1, -1, -1 }, .directory = -1                                                     \
	}

struct process {
	pid_t pid;
	int pidfd; /* owned; -EBADF when unused */
};
#define PROCESS_INIT                                                                                         \
	{                                                                                                    \
		.pid = -1, .pidfd = -EBADF                                                                   \
	}
void process_close(struct process *process); /* closes the pidfd only */

/* How a process ended. Neither set: it has not. */
struct process_status {
	bool exited;
	int code; /* exit code when exited */
	int signal; /* else the signal that ended it */
};

int64_t process_now_ms(void);

/* An exec failure in the child is reported here, with its errno. From any thread: nothing is forked. */
int process_spawn(const struct process_options *options, struct process *ret, struct err *err);
/* Reaps. -ETIMEDOUT when deadline (absolute ms; < 0: none) passes first. */
int process_wait(const struct process *process, int64_t deadline, struct process_status *ret,
		 struct err *err);
int process_kill(const struct process *process, int signal); /* by pidfd; -ESRCH when gone */
int process_pidfd_open(pid_t pid); /* descriptor or -errno */
/* poll(2) for POLLIN until an absolute deadline: 1 ready, 0 timed out, -errno. Restarts on EINTR. */
int process_poll(int fd, int64_t deadline);

/*
 * Runs a command with stdout and stderr captured, each at most max bytes (more is read and dropped, and
 * *ret_dropped, if given, counts it). At the deadline it is killed and -ETIMEDOUT returned.
 */
struct process_capture {
	struct text *out, *err; /* borrowed; either may be NULL: /dev/null */
	size_t max;
	int64_t timeout_ms;
	uint64_t *ret_dropped;
};
int process_run(const struct process_options *options, const struct process_capture *capture,
		struct process_status *ret, struct err *err);

#endif
