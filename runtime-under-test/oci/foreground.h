/* Waiting for a process of the container in its caller's place: signals go through, a terminal is relayed, the exit code comes back. */
#ifndef OCI_FOREGROUND_H
#define OCI_FOREGROUND_H

#include <signal.h>
#include <sys/types.h>

struct err;
struct log;

/* From here on signals wait in the descriptor returned; before is what sigprocmask(2) is to restore. */
int foreground_open_signals(sigset_t *ret_before, struct err *err);

struct foreground {
	int pidfd, signals; /* of the process; from foreground_open_signals() */
	int master; /* of its terminal; -EBADF: none */
	int notify; /* where it says that it is ready; -EBADF: nobody waits for that */
	pid_t pid;
	const struct log *log;
};

/* Reaps. *ret_code: the exit code, 128 + N for signal N. */
int foreground_wait(const struct foreground *foreground, int *ret_code, struct err *err);

#endif
