/* Packets over Unix sockets, and the sockets by directory and name. */
#include "base/packet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"

union rights {
	struct cmsghdr header;
	char space[CMSG_SPACE(PACKET_FDS * sizeof(int))];
};

int packet_send(int socket, const char *data, size_t len, const int *fds, size_t fd_count, struct err *err)
{
	struct iovec iov = { .iov_base = (void *) data, .iov_len = len };
	union rights control = { 0 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd_count) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
	}
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? fail(err, -errno, "send a packet") : 0;
}

int packet_send_text(int socket, const struct text *text, struct err *err)
{
	return packet_send(socket, text_str(text), text->len, NULL, 0, err);
}

static void take_rights(struct msghdr *message, int *ret_fds, size_t *ret_count)
{
	size_t room = ret_fds ? *ret_count : 0, count = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
			if (count < room)
				ret_fds[count++] = fd;
			else
				(void) close(fd);
		}
	}
	if (ret_fds)
		*ret_count = count;
}

int packet_receive(int socket, char *data, size_t space, int *ret_fds, size_t *ret_fd_count, struct err *err)
{
	struct iovec iov = { .iov_base = data, .iov_len = space - 1 };
	union rights control = { 0 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(err, -errno, "receive a packet");
	take_rights(&message, ret_fds, ret_fd_count);
	data[n] = '\0';
	return (int) n;
}

int packet_shut(int socket)
{
	return shutdown(socket, SHUT_WR) < 0 ? -errno : 0;
}

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

int packet_listen_at(int directory, const char *name, int type, struct err *err)
{
	auto_fd fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { 0 };
	int r = address_at(directory, name, &address, err);

	if (r < 0)
		return r;
	/* Left by a monitor that was killed. */
	(void) unlinkat(directory, name, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 || listen(fd, 64) < 0)
		return fail(err, -errno, "listen on %s", name);
	return TAKE_FD(fd);
}

int packet_connect_at(int directory, const char *name, struct err *err)
{
	auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { 0 };
	int r = address_at(directory, name, &address, err);

	if (r < 0)
		return r;
	if (fd < 0 || connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
		return fail(err, -errno, "connect to %s", name);
	return TAKE_FD(fd);
}
