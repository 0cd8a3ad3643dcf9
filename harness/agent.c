/* One epoll for the listening socket, its connections and the listeners of filters that came over them. */
#include "harness/agent.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "harness/reaper.h"

#define WATCH_AGENT 4 /* of the reaper's watches */
#define MESSAGE_MAX (64u << 10)
#define MESSAGES_MAX 64 /* that are kept: a runtime sends one a filter */
#define EVENTS_MAX 64 /* in a row: whoever floods us must not keep us from looking at the time */
#define FDS_MAX 8
#define ANSWER EXDEV /* no call that a case lets the agent answer fails so by itself */

enum { FROM_SOCKET, FROM_CONNECTION, FROM_FILTER };

static void watch(struct agent *agent, int kind, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t) kind << 32 | (uint32_t) fd };

	if (epoll_ctl(agent->poll, EPOLL_CTL_ADD, fd, &event) < 0)
		(void) close(fd);
}

static void take_connection(struct agent *agent, int socket)
{
	int fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		watch(agent, FROM_CONNECTION, fd);
}

/* All descriptors of one message; how many. */
static int64_t take_filters(struct agent *agent, struct msghdr *message)
{
	int64_t count = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
			watch(agent, FROM_FILTER, fd);
			count++;
		}
	}
	return count;
}

static void take_message(struct agent *agent, int connection)
{
	auto_free char *bytes = calloc(1, MESSAGE_MAX);
	char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct iovec part = { .iov_base = bytes, .iov_len = MESSAGE_MAX };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	ssize_t n = bytes ? recvmsg(connection, &message, MSG_CMSG_CLOEXEC) : -1;
	struct json *seen, *state = NULL;

	if (n <= 0 || json_length(agent->messages) >= MESSAGES_MAX) {
		(void) close(connection);
		return;
	}
	seen = json_new_object();
	json_put(seen, "fds", json_new_int(take_filters(agent, &message)));
	if (json_parse(bytes, (size_t) n, &state, NULL) == 0)
		json_put(seen, "state", state);
	json_append(agent->messages, seen);
}

/*
 * The kernel may know longer structures than this program: it says how long, seccomp(2). false: it is no filter's listener, as
 * whatever a runtime sends need not be, and would be ready to be read for ever. A call may go before it is answered: ENOENT.
 */
static bool answer(int filter)
{
	struct seccomp_notif_sizes sizes;
	auto_free struct seccomp_notif *asked = NULL;
	auto_free struct seccomp_notif_resp *answered = NULL;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return false;
	asked = calloc(1, sizes.seccomp_notif + sizeof(*asked));
	answered = calloc(1, sizes.seccomp_notif_resp + sizeof(*answered));
	if (!asked || !answered)
		return false;
	if (ioctl(filter, SECCOMP_IOCTL_NOTIF_RECV, asked) < 0)
		return errno == ENOENT || errno == EINTR;
	answered->id = asked->id;
	answered->error = -ANSWER;
	(void) ioctl(filter, SECCOMP_IOCTL_NOTIF_SEND, answered);
	return true;
}

static void serve(void *argument)
{
	struct agent *agent = argument;
	struct epoll_event event;

	for (int i = 0; i < EVENTS_MAX && epoll_wait(agent->poll, &event, 1, 0) == 1; i++) {
		int kind = (int) (event.data.u64 >> 32), fd = (int) (uint32_t) event.data.u64;

		if (kind == FROM_SOCKET)
			take_connection(agent, fd);
		else if (kind == FROM_CONNECTION)
			take_message(agent, fd);
		else if (!(event.events & EPOLLIN) || !answer(fd))
			(void) close(
			    fd); /* every process under the filter has gone, or there never was one */
	}
}

int agent_listen(struct agent *agent, struct reaper *reaper, const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return fail_text(err, -ENAMETOOLONG, "agent socket %s: path too long", path);
	(void) strcpy(address.sun_path, path);
	agent->poll = epoll_create1(EPOLL_CLOEXEC);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (agent->poll < 0 || fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 ||
	    listen(fd, 8) < 0)
		return fail(err, -errno, "agent socket %s", path);
	watch(agent, FROM_SOCKET, fd);
	agent->messages = json_new_array();
	agent->reaper = reaper;
	reaper->watches[WATCH_AGENT] =
	    (struct reaper_watch){ .fd = agent->poll, .ready = serve, .argument = agent };
	return 0;
}

void agent_close(struct agent *agent)
{
	if (agent->reaper)
		agent->reaper->watches[WATCH_AGENT] = (struct reaper_watch){ .fd = -EBADF };
	/* What it polls goes with the world. */
	cleanup_fd(&agent->poll);
	json_free(agent->messages);
	*agent = (struct agent) AGENT_INIT;
}
