/* One socket towards the container, one towards the manager, and little that passes between them. */
#include "runtime-under-test/oci/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/sockets.h"
#include "runtime-under-test/oci/spec.h"

#define DIRECTORY "notify"
#define SOCKET "notify.sock"
#define INSIDE "/run/notify"
#define MESSAGE_MAX 4096
#define BARRIER_MS 30000

static void append(struct spec_strings *strings, const char *string)
{
	strings->items = reallocarray(strings->items, strings->count + 2, sizeof(*strings->items));
	if (!strings->items)
		abort();
	strings->items[strings->count++] = text_format("%s", string);
	strings->items[strings->count] = NULL;
}

static void add_mount(struct spec *spec, const char *path)
{
	static const char *const options[] = { "bind", "ro", "nosuid", "nodev", "noexec" };
	struct spec_mount *mount;

	spec->mounts = reallocarray(spec->mounts, spec->mount_count + 1, sizeof(*spec->mounts));
	if (!spec->mounts)
		abort();
	mount = &spec->mounts[spec->mount_count++];
	*mount = (struct spec_mount){ .destination = text_format(INSIDE),
				      .type = text_format("bind"),
				      .source = text_format("%s/" DIRECTORY, path) };
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		append(&mount->options, options[i]);
}

static const char *manager(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && (path[0] == '/' || path[0] == '@') ? path : NULL;
}

int notify_prepare(int directory, const char *path, struct spec *spec, struct err *err)
{
	if (!manager() || !spec->process.present || !spec_find_namespace(spec, CLONE_NEWNS))
		return 0;
	if (mkdirat(directory, DIRECTORY, 0755) < 0)
		return fail(err, -errno, "NOTIFY_SOCKET: make %s/" DIRECTORY, path);
	add_mount(spec, path);
	append(&spec->process.env, "NOTIFY_SOCKET=" INSIDE "/" SOCKET);
	return 0;
}

int notify_listen(int directory, struct err *err)
{
	auto_fd place = openat(directory, DIRECTORY, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd fd = -EBADF;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (!manager() || place < 0)
		return -EBADF;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void) snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" SOCKET, place);
	/* Any user of the container may be the one that is ready. */
	if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ||
	    fchmodat(place, SOCKET, 0777, 0) < 0)
		return fail(err, -errno, "NOTIFY_SOCKET: listen in the container's directory");
	return TAKE_FD(fd);
}

/* unix(7): a name that begins with @ is an abstract one, without the NUL at its end. */
static int connect_manager(void)
{
	const char *path = manager();
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t length = path ? strlen(path) : 0;

	if (!path)
		return -ENOENT;
	if (fd < 0 || length >= sizeof(address.sun_path))
		return fd < 0 ? -errno : -ENAMETOOLONG;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	if (connect(fd, (const struct sockaddr *) &address,
		    (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* The manager asks the kernel who sent a message: this process must live until it has, sd_notify_barrier(3). */
static void wait_for_manager(int fd)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	(void) socket_send_fd(fd, ends[1], "BARRIER=1", strlen("BARRIER=1"), NULL);
	(void) close(ends[1]);
	(void) poll(&(struct pollfd){ .fd = ends[0] }, 1, BARRIER_MS);
	(void) close(ends[0]);
}

static void tell_manager(pid_t main_pid, const struct log *log)
{
	auto_free char *message = text_format("MAINPID=%d\nREADY=1\n", (int) main_pid);
	auto_fd fd = connect_manager();

	if (fd < 0 || send(fd, message, strlen(message), MSG_NOSIGNAL) < 0) {
		log_warning(log, "tell NOTIFY_SOCKET: %s", strerror(fd < 0 ? -fd : errno));
		return;
	}
	wait_for_manager(fd);
}

static bool says_ready(const char *message)
{
	for (const char *line = message; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (text_starts(line, "READY=1") && (line[7] == '\0' || line[7] == '\n'))
			return true;
	}
	return false;
}

/* Nothing else of what a container says goes on: it could name any process as the main one. */
int notify_pass_on(int socket, pid_t main_pid, const struct log *log)
{
	char message[MESSAGE_MAX + 1];
	ssize_t n;

	while ((n = recv(socket, message, MESSAGE_MAX, MSG_DONTWAIT)) >= 0) {
		message[n] = '\0';
		if (!says_ready(message))
			continue;
		tell_manager(main_pid, log);
		return 1;
	}
	return 0;
}

void notify_wait(int socket, pid_t main_pid, const struct log *log)
{
	auto_fd pidfd = process_pidfd_open(main_pid);
	struct pollfd fds[2] = { { .fd = socket, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };

	while (socket >= 0 && pidfd >= 0) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		if (notify_pass_on(socket, main_pid, log) > 0 || fds[1].revents)
			return;
	}
}
