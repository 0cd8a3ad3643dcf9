/*
 * The first process of a world waits for everything at once: it inherits every orphan and must reap them while it
 * waits for one command (`runsc delete` needs five seconds otherwise), and it drains the terminal meanwhile.
 */
#ifndef HARNESS_REAPER_H
#define HARNESS_REAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/process.h"

struct err;

struct reaper_death {
	pid_t pid;
	struct process_status status;
};

/* A descriptor that is looked at while waiting; ready() reads it. fd < 0: none. */
struct reaper_watch {
	int fd;
	void (*ready)(void *argument);
	void *argument;
};
#define REAPER_WATCHES 6

struct reaper {
	int signal_fd; /* SIGCHLD */
	struct reaper_death *dead; /* owned; who ended, in order */
	size_t count, space;
	struct reaper_watch watches[REAPER_WATCHES];
};

int reaper_start(struct reaper *reaper, struct err *err); /* blocks SIGCHLD in the caller */
void reaper_stop(struct reaper *reaper);
void reaper_collect(struct reaper *reaper); /* reaps what has ended; never blocks */
/* How a reaped child ended; false: it has not, or was never ours. */
bool reaper_find(const struct reaper *reaper, pid_t pid, struct process_status *ret);
void reaper_forget(struct reaper *reaper, pid_t pid); /* before a number can come back */

/* Reaps and serves the watches until done() says so: 1; 0 at the deadline (absolute ms). */
int reaper_wait_until(struct reaper *reaper, bool (*done)(void *argument), void *argument, int64_t deadline);
int reaper_wait_pid(struct reaper *reaper, pid_t pid, int64_t deadline,
		    struct process_status *ret); /* likewise */
void reaper_pause(struct reaper *reaper, int64_t ms); /* between two questions */

#endif
