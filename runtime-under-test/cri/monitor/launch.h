/* Runs the OCI runtime's create or exec, and finds out whom it started. */
#ifndef CRI_MONITOR_LAUNCH_H
#define CRI_MONITOR_LAUNCH_H

#include <sys/types.h>

#include "base/text.h"

struct err;
struct monitor_options;

struct launch {
	const struct monitor_options *options; /* borrowed */
	int work; /* the folder for pid, runtime.log and console.sock; borrowed */
	const char *work_path; /* the same as a path; borrowed */
	int stdio[3]; /* of the runtime, and so of what it starts; borrowed; -1: /dev/null */
	int words
	    [2]; /* read ends of what the runtime says itself; borrowed; -EBADF: none. Emptied meanwhile */
	unsigned mark; /* of what it starts, see tree.h */
	int client; /* at its end-of-file all is given up: -ECANCELED */
	/* Results; of a failure the last two. */
	pid_t pid;
	int pidfd; /* owned */
	int master; /* of a terminal; owned */
	struct text said; /* on words */
	struct text log; /* the last line of runtime.log */
};
#define LAUNCH_INIT                                                                                          \
	{                                                                                                    \
		.stdio = { -1, -1, -1 }, .words = { -EBADF, -EBADF }, .pidfd = -EBADF, .master = -EBADF      \
	}

/* On an error everything that was started is dead. */
int launch(struct launch *launch, struct err *err);
void launch_close(struct launch *launch);

#endif
