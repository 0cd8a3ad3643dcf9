/* What callers of create, run and exec ask to be told of the new process. A path of NULL: nothing is asked. */
#ifndef OCI_HANDOVER_H
#define OCI_HANDOVER_H

#include <sys/types.h>

struct err;

int handover_pid_file(const char *path, pid_t number, struct err *err); /* --pid-file, by rename */
int handover_pidfd(const char *path, int pidfd, struct err *err); /* --pidfd-socket */

#endif
