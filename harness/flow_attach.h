/* Records what a server that runs already has done for a pod: our own program watches it, for a recording has to be drained meanwhile. */
#ifndef HARNESS_FLOW_ATTACH_H
#define HARNESS_FLOW_ATTACH_H

#include <errno.h>
#include <sys/types.h>

#include "base/process.h"

struct err;

struct flow_attach {
	struct process process;
	int said; /* owned: its standard error */
};
#define FLOW_ATTACH_INIT                                                                                     \
	{                                                                                                    \
		.process = PROCESS_INIT, .said = -EBADF                                                      \
	}

/* From its return on all that pid and its descendants do is recorded. Else err says why this machine does not let us. */
int flow_attach_begin(pid_t pid, const char *file, struct flow_attach *ret, struct err *err);
/* The recording lies in the file. Without a begin: no effect. */
int flow_attach_end(struct flow_attach *attach, struct err *err);

#endif
