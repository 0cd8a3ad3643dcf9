/* Waiting for a process of the container in its caller's place: signals go through, a terminal is relayed, the exit code comes back. */
#ifndef OCI_FOREGROUND_H
#define OCI_FOREGROUND_H

#include <signal.h>

struct err;

/* From here on signals wait in the descriptor returned; before is what sigprocmask(2) is to restore. */
int foreground_open_signals(sigset_t *ret_before, struct err *err);
/* master: of the process's terminal, else -EBADF. Reaps. *ret_code: the exit code, 128 + N for signal N. */
int foreground_wait(int pidfd, int master, int signals, int *ret_code, struct err *err);

#endif
