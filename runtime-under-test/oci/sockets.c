/* Connecting, listening, and handing descriptors over. */
#include "runtime-under-test/oci/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"

/* sun_path has 108 bytes and a state directory may be deeper: the descriptor's name in /proc is short. */
static int address_at(int directory, const char *name, struct sockaddr_un *ret, struct err *err)
{
	int n;

	ret->sun_family = AF_UNIX;
	n = snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", directory, name);
	if (n < 0 || (size_t) n >= sizeof(ret->sun_path))
		return fail_text(err, -ENAMETOOLONG, "socket %s: its name is too long", name);
	return 0;
}

int socket_connect_at(int directory, const char *name, struct err *err)
{
	struct sockaddr_un address = { 0 };
	auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int r = address_at(directory, name, &address, err);

	if (r < 0)
		return r;
	if (fd < 0 || connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
		return fail(err, -errno, "connect to %s", name);
	return TAKE_FD(fd);
}

int socket_listen_at(int directory, const char *name, struct err *err)
{
	struct sockaddr_un address = { 0 };
	auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int r = address_at(directory, name, &address, err);

	if (r < 0)
		return r;
	if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 || listen(fd, 8) < 0)
		return fail(err, -errno, "listen on %s", name);
	return TAKE_FD(fd);
}

int socket_connect(const char *path, struct err *err)
{
	auto_free char *parent = text_format("%s", path), *last = text_format("%s", path);
	auto_fd directory = open(dirname(parent), O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { 0 };
	int r;

	if (directory < 0 || fd < 0)
		return fail(err, -errno, "connect to %s", path);
	r = address_at(directory, basename(last), &address, err);
	if (r < 0)
		return r;
	if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
		return fail(err, -errno, "connect to %s", path);
	return TAKE_FD(fd);
}

static ssize_t send_first(int socket, int fd, const void *data, size_t len)
{
	struct iovec iov = { .iov_base = (void *) data, .iov_len = len };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n;

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

int socket_send_fd(int socket, int fd, const void *data, size_t len, struct err *err)
{
	ssize_t n = send_first(socket, fd, data, len);

	for (size_t sent = 0; n >= 0;
	     n = send(socket, (const char *) data + sent, len - sent, MSG_NOSIGNAL)) {
		sent += (size_t) n;
		if (sent == len)
			return 0;
	}
	return fail(err, -errno, "send a descriptor");
}
