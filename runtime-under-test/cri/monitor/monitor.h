/* A container as its monitor knows it. */
#ifndef CRI_MONITOR_MONITOR_H
#define CRI_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "runtime-under-test/cri/monitor/client.h"
#include "runtime-under-test/cri/monitor/log.h"
#include "runtime-under-test/cri/monitor/oom.h"

struct err;
struct monitor_options;

/* What the container writes: two pipes, or a terminal's master alone. */
struct source {
	int fd; /* owned; -EBADF: at its end */
	struct log_line line;
	int place;
};

struct monitor {
	const struct monitor_options *options; /* borrowed */
	int directory; /* owned, as all descriptors here */
	int exit_file; /* not yet under its name */
	pid_t pid;
	int pidfd;
	pid_t waiter; /* the runtime's wait, where pid is not the container's alone; 0: it is */
	int answer; /* what that says; owned */
	bool ended, status_known;
	int code, signal;
	struct source sources[2];
	int in; /* write end of its stdin, or a dup of the master */
	struct text typed; /* what it has not taken yet */
	bool in_ends; /* once typed is empty */
	int in_place;
	int master, slave; /* of a terminal */
	int listener, signals;
	struct client *clients;
	struct log log;
	struct oom oom;
};
#define MONITOR_INIT                                                                                         \
	{                                                                                                    \
		.directory = -EBADF, .exit_file = -EBADF, .pidfd = -EBADF, .answer = -EBADF, .in = -EBADF,   \
		.master = -EBADF, .slave = -EBADF, .listener = -EBADF, .signals = -EBADF, .log = LOG_INIT,   \
		.oom = OOM_INIT, .sources = {                                                                \
			{ .fd = -EBADF },                                                                    \
			{ .fd = -EBADF }                                                                     \
		}                                                                                            \
	}

/* The verbs of the program: exit statuses. The connection that gets the answers is MONITOR_REPLY_FD. */
int monitor_create_verb(const struct monitor_options *options);
int monitor_exec_verb(const struct monitor_options *options);

/* serve.c: until the container has ended and its output is written. */
void monitor_serve(struct monitor *monitor);
/* wait.c: --wait. A container in a sandbox with a kernel of its own is no process here, and the pid that the runtime tells lives on. */
int monitor_wait_begin(struct monitor *monitor, struct err *err);
void monitor_wait_end(struct monitor *monitor, int code);
/* request.c: one request of a client. */
void monitor_answer(struct monitor *monitor, struct client *client, char *request);
/* reap.c: collects every child that has ended; when pid was one of them its end is kept. */
struct reaped {
	bool known;
	int code, signal;
};
void reap_children(pid_t pid, struct reaped *ret);
/* A descriptor that is readable when a child has ended; blocks SIGCHLD. */
int reap_signals(struct err *err);

#endif
