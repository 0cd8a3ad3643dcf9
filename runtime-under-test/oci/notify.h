/*
 * $NOTIFY_SOCKET, sd_notify(3): a service manager that waits for a container to be ready. The program of the container gets a
 * socket of its own at /run/notify; that it is ready is passed on with init's pid as the service's main one. As in runc.
 */
#ifndef OCI_NOTIFY_H
#define OCI_NOTIFY_H

#include <sys/types.h>

struct err;
struct log;
struct spec;

/* Before mounts are made: the directory ROOT/ID/notify, its mount and the variable. directory: of ROOT/ID, whose path is path. */
int notify_prepare(int directory, const char *path, struct spec *spec, struct err *err);
/* Before the program runs: the socket in that directory; -EBADF: nobody waits. */
int notify_listen(int directory, struct err *err);
/* Reads what there is; once the program has said that it is ready tells the manager, and returns 1. */
int notify_pass_on(int socket, pid_t main_pid, const struct log *log);
/* Until it is ready or has ended. */
void notify_wait(int socket, pid_t main_pid, const struct log *log);

#endif
