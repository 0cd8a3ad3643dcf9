/*
 * What the two halves of creation, and later `start` and init, say to each other: one named message a datagram, over
 * SOCK_SEQPACKET, so that the end of the other side is seen at once and a message is whole or not there.
 */
#ifndef OCI_SYNC_H
#define OCI_SYNC_H

#include <stdint.h>

#include "base/err.h"

struct log;

enum sync_type {
	/* From the container's half. */
	SYNC_ERROR, /* number: -errno, text: the sentence. The sender ends after it */
	SYNC_WARNING, /* text: goes to the log */
	SYNC_USER, /* the user namespace exists: write its maps */
	SYNC_PID, /* number: init's pid in the parent's pid namespace, from the helper that made it */
	SYNC_MOUNTED, /* every mount is made, the root is not switched: hooks of the runtime's namespaces, please */
	SYNC_CONSOLE, /* descriptor: the master of the terminal, for `run` in the foreground */
	SYNC_READY, /* the container is set up; only the payload is missing */
	SYNC_SECCOMP, /* descriptor: the listener of the filter just installed */
	SYNC_EXEC, /* everything is applied, execve comes next: the end of the socket is its success */
	/* From the parent's half, or from `start`. */
	SYNC_MAPPED, /* the maps of the user namespace are written */
	SYNC_ATTACHED, /* init is in its cgroups */
	SYNC_HOOKED, /* prestart and createRuntime hooks have run */
	SYNC_CREATED, /* the state is on disk: from now on the container outlives the runtime */
	SYNC_START, /* run the payload */
	SYNC_LISTENED, /* whoever answers for the filter has its listener */
	SYNC_COUNT
};

struct sync_message {
	enum sync_type type;
	int32_t number;
	int fd; /* owned by the receiver; -EBADF: none came */
	char text[ERR_MAX];
};

int sync_pair(int ret[2], struct err *err); /* both O_CLOEXEC */
int sync_send(int socket, enum sync_type type, struct err *err);
int sync_send_number(int socket, enum sync_type type, int32_t number, struct err *err);
int sync_send_fd(int socket, enum sync_type type, int fd, struct err *err); /* fd stays the sender's */
/* Best effort: an error that cannot be told finds nobody listening. */
void sync_send_error(int socket, int r, const char *text);
void sync_send_warning(int socket, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* 1: a message, 0: the other side has ended, else -errno. */
int sync_receive(int socket, struct sync_message *ret, struct err *err);
/*
 * Waits for one type. Warnings on the way go to log (may be NULL); SYNC_ERROR becomes this function's error;
 * an end is -EPIPE; anything else is -EPROTO. ret may be NULL.
 */
int sync_await(int socket, enum sync_type wanted, const struct log *log, struct sync_message *ret,
	       struct err *err);
/* The same of a process that others share the socket with: its own end (pidfd) is the end, too. */
int sync_await_from(int socket, int pidfd, enum sync_type wanted, const struct log *log,
		    struct sync_message *ret, struct err *err);
/* Nothing more is said from here; returns when everybody who could answer has ended. */
void sync_end(int socket);

#endif
