/* Messages between the halves: fixed datagrams, at most one descriptor each. */
#include "runtime-under-test/oci/sync.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "runtime-under-test/oci/log.h"

static const char *const type_names[SYNC_COUNT] = {
	[SYNC_ERROR] = "error",     [SYNC_WARNING] = "warning",   [SYNC_USER] = "user namespace made",
	[SYNC_PID] = "pid",         [SYNC_MOUNTED] = "mounted",   [SYNC_CONSOLE] = "console",
	[SYNC_READY] = "ready",     [SYNC_SECCOMP] = "seccomp",   [SYNC_EXEC] = "exec",
	[SYNC_MAPPED] = "mapped",   [SYNC_ATTACHED] = "attached", [SYNC_HOOKED] = "hooks have run",
	[SYNC_CREATED] = "created", [SYNC_START] = "start",       [SYNC_LISTENED] = "listened to",
};

/* What travels: only as much of text as there is. */
struct wire {
	uint32_t type;
	int32_t number;
	char text[ERR_MAX];
};

#define WIRE_HEADER offsetof(struct wire, text)

int sync_pair(int ret[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0)
		return fail(err, -errno, "make a socket pair");
	return 0;
}

static int send_wire(int socket, const struct wire *wire, int fd)
{
	struct iovec iov = { .iov_base = (void *) wire, .iov_len = WIRE_HEADER + strlen(wire->text) };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *cmsg = &control.header;

		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	}
	while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int send_message(int socket, const struct wire *wire, int fd, struct err *err)
{
	int r = send_wire(socket, wire, fd);

	return r < 0 ? fail(err, r, "tell the other side \"%s\"", type_names[wire->type]) : 0;
}

int sync_send(int socket, enum sync_type type, struct err *err)
{
	return sync_send_number(socket, type, 0, err);
}

int sync_send_number(int socket, enum sync_type type, int32_t number, struct err *err)
{
	struct wire wire = { .type = type, .number = number };

	return send_message(socket, &wire, -EBADF, err);
}

int sync_send_fd(int socket, enum sync_type type, int fd, struct err *err)
{
	struct wire wire = { .type = type };

	return send_message(socket, &wire, fd, err);
}

void sync_send_error(int socket, int r, const char *text)
{
	struct wire wire = { .type = SYNC_ERROR, .number = r };

	(void) snprintf(wire.text, sizeof(wire.text), "%s", text);
	(void) send_wire(socket, &wire, -EBADF);
}

void sync_send_warning(int socket, const char *format, ...)
{
	struct wire wire = { .type = SYNC_WARNING };
	va_list args;

	va_start(args, format);
	(void) vsnprintf(wire.text, sizeof(wire.text), format, args);
	va_end(args);
	(void) send_wire(socket, &wire, -EBADF);
}

/* At most one descriptor was asked for; what a stranger adds is closed. */
static int take_descriptor(struct msghdr *message)
{
	int fd = -EBADF;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(message); cmsg; cmsg = CMSG_NXTHDR(message, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		cleanup_fd(&fd);
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	}
	return fd;
}

int sync_receive(int socket, struct sync_message *ret, struct err *err)
{
	struct wire wire = { 0 };
	struct iovec iov = { .iov_base = &wire, .iov_len = sizeof(wire) - 1 };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	/* The other side ended with something of ours unread: an end like any other. */
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return fail(err, -errno, "hear from the other side");
	if ((size_t) n < WIRE_HEADER || wire.type >= SYNC_COUNT)
		return fail_text(err, -EPROTO, "the other side sent %zd bytes that are no message", n);
	ret->type = (enum sync_type) wire.type;
	ret->number = wire.number;
	ret->fd = take_descriptor(&message);
	memcpy(ret->text, wire.text, sizeof(wire.text));
	return 1;
}

/* False: the process has ended, and what it may have said before was read. */
static bool has_more(int socket, int pidfd)
{
	struct pollfd fds[2] = { { .fd = socket, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };

	if (pidfd < 0)
		return true;
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return fds[0].revents || poll(fds, 1, 0) > 0;
}

int sync_await(int socket, enum sync_type wanted, const struct log *log, struct sync_message *ret,
	       struct err *err)
{
	return sync_await_from(socket, -EBADF, wanted, log, ret, err);
}

void sync_end(int socket)
{
	struct sync_message message;

	(void) shutdown(socket, SHUT_WR);
	while (sync_receive(socket, &message, NULL) > 0)
		cleanup_fd(&message.fd);
}

int sync_await_from(int socket, int pidfd, enum sync_type wanted, const struct log *log,
		    struct sync_message *ret, struct err *err)
{
	for (;;) {
		struct sync_message message;
		int r = has_more(socket, pidfd) ? sync_receive(socket, &message, err) : 0;

		if (r < 0)
			return r;
		if (r == 0)
			return fail_text(err, -EPIPE, "the other side ended before it said \"%s\"",
					 type_names[wanted]);
		if (message.type == wanted) {
			if (ret)
				*ret = message;
			else
				cleanup_fd(&message.fd);
			return 0;
		}
		cleanup_fd(&message.fd);
		if (message.type == SYNC_ERROR)
			return fail_text(err, message.number < 0 ? message.number : -EIO, "%s", message.text);
		if (message.type != SYNC_WARNING)
			return fail_text(err, -EPROTO, "the other side said \"%s\" instead of \"%s\"",
					 type_names[message.type], type_names[wanted]);
		log_warning(log, "%s", message.text);
	}
}
