/* Receives a pty master over a socket and keeps what comes out of it. */
#include "harness/console.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "harness/reaper.h"

enum { WATCH_LISTENER, WATCH_CONNECTION, WATCH_MASTER };

static void watch(struct console *console, int which, int fd, void (*ready)(void *argument))
{
	console->reaper->watches[which] =
	    (struct reaper_watch){ .fd = fd, .ready = ready, .argument = console };
}

static void drain_master(void *argument)
{
	struct console *console = argument;
	char buffer[4096];
	ssize_t n;

	while ((n = read(console->master, buffer, sizeof(buffer))) > 0) {
		size_t room = CONSOLE_OUTPUT_MAX - console->output.len;

		text_add_bytes(&console->output, buffer, (size_t) n < room ? (size_t) n : room);
	}
	/* EIO: no process has the other end open. A hung-up descriptor would wake every poll. */
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		watch(console, WATCH_MASTER, -EBADF, NULL);
}

void console_resume(struct console *console)
{
	if (console->master >= 0)
		watch(console, WATCH_MASTER, console->master, drain_master);
}

static void take_master(struct console *console, int fd)
{
	struct winsize size = { 0 };

	(void) ioctl(fd, TIOCGWINSZ, &size);
	cleanup_fd(&console->master);
	console->master = fd;
	console->received = true;
	console->rows = size.ws_row;
	console->cols = size.ws_col;
	(void) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	console_resume(console);
}

/* One message with one descriptor is the whole protocol; a second connection of an exec does the same again. */
static void receive(void *argument)
{
	struct console *console = argument;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec part = { .iov_base = console->name, .iov_len = sizeof(console->name) - 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n = recvmsg(console->connection, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
		int fd;

		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
		console->name[n] = '\0';
		take_master(console, fd);
		return;
	}
	watch(console, WATCH_CONNECTION, -EBADF, NULL);
	cleanup_fd(&console->connection);
	console->connection = -EBADF;
}

static void accept_one(void *argument)
{
	struct console *console = argument;
	int fd = accept4(console->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	cleanup_fd(&console->connection);
	console->connection = fd;
	watch(console, WATCH_CONNECTION, fd, receive);
}

int console_listen(struct console *console, struct reaper *reaper, const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return fail_text(err, -ENAMETOOLONG, "console socket %s: path too long", path);
	(void) strcpy(address.sun_path, path);
	console->reaper = reaper;
	console->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (console->listener < 0)
		return fail(err, -errno, "console socket");
	if (bind(console->listener, (struct sockaddr *) &address, sizeof(address)) < 0 ||
	    listen(console->listener, 8) < 0)
		return fail(err, -errno, "console socket %s", path);
	watch(console, WATCH_LISTENER, console->listener, accept_one);
	return 0;
}

void console_close(struct console *console)
{
	for (int i = WATCH_LISTENER; console->reaper && i <= WATCH_MASTER; i++)
		watch(console, i, -EBADF, NULL);
	cleanup_fd(&console->listener);
	cleanup_fd(&console->connection);
	cleanup_fd(&console->master);
	text_free(&console->output);
	*console = (struct console) CONSOLE_INIT;
}

struct json *console_facts(const struct console *console)
{
	struct json *facts = json_new_object();

	json_put(facts, "received", json_new_bool(console->received));
	if (!console->received)
		return facts;
	json_put(facts, "rows", json_new_int(console->rows));
	json_put(facts, "cols", json_new_int(console->cols));
	json_put(facts, "name", json_new_bytes(console->name, strlen(console->name)));
	size_t shown = console->output.len < 65536 ? console->output.len : 65536;
	json_put(facts, "output", json_new_bytes(text_str(&console->output), shown));
	return facts;
}
