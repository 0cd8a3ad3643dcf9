/* Two buffers and four descriptors: each is read only when there is room, and polled for writing only when there is something. */
#include "runtime-under-test/oci/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"

/*
 * What was written before the end lies in the terminal, which holds less than this: 8192 bytes on their way (pty_common_install())
 * and 4096 that can be read. Who floods it after the end is not listened to for ever.
 */
#define LAST_WORDS_MAX 65536

enum { POLL_STDIN, POLL_MASTER_IN, POLL_MASTER_OUT, POLL_STDOUT };

int relay_open(struct relay *relay, int master, struct err *err)
{
	relay->master = master;
	if (master < 0)
		return 0;
	if (fcntl(master, F_SETFL, O_NONBLOCK) < 0)
		return fail(err, -errno, "use the terminal");
	relay_resize(relay);
	if (tcgetattr(STDIN_FILENO, &relay->before) == 0) {
		struct termios raw = relay->before;

		/* The container's terminal has made line ends of what it passes on: made again they would be doubled. */
		cfmakeraw(&raw);
		relay->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	}
	return 0;
}

void relay_resize(struct relay *relay)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void) ioctl(relay->master, TIOCSWINSZ, &size);
}

static bool has_room(const struct relay_way *way)
{
	return !way->ended && way->from == way->until;
}

static bool has_bytes(const struct relay_way *way)
{
	return way->from < way->until;
}

void relay_prepare(const struct relay *relay, struct pollfd *fds)
{
	bool on = relay->master >= 0;

	fds[POLL_STDIN] =
	    (struct pollfd){ .fd = on && has_room(&relay->in) ? STDIN_FILENO : -1, .events = POLLIN };
	fds[POLL_MASTER_IN] =
	    (struct pollfd){ .fd = on && has_bytes(&relay->in) ? relay->master : -1, .events = POLLOUT };
	fds[POLL_MASTER_OUT] =
	    (struct pollfd){ .fd = on && has_room(&relay->out) ? relay->master : -1, .events = POLLIN };
	fds[POLL_STDOUT] =
	    (struct pollfd){ .fd = on && has_bytes(&relay->out) ? STDOUT_FILENO : -1, .events = POLLOUT };
}

/* EIO is how a master says that no slave is open: perhaps none is yet, and the pidfd tells when none will be. */
static void fill(struct relay_way *way, int fd)
{
	ssize_t n = read(fd, way->bytes, sizeof(way->bytes));

	if (n > 0) {
		way->from = 0;
		way->until = (size_t) n;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		way->ended = true;
	}
}

static void empty(struct relay_way *way, int fd)
{
	ssize_t n = write(fd, way->bytes + way->from, way->until - way->from);

	if (n > 0)
		way->from += (size_t) n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		way->from = way->until; /* nobody takes it any more */
}

void relay_move(struct relay *relay, const struct pollfd *fds)
{
	if (fds[POLL_MASTER_IN].revents)
		empty(&relay->in, relay->master);
	if (fds[POLL_STDOUT].revents)
		empty(&relay->out, STDOUT_FILENO);
	if (fds[POLL_STDIN].revents)
		fill(&relay->in, STDIN_FILENO);
	if (fds[POLL_MASTER_OUT].revents)
		fill(&relay->out, relay->master);
}

/* For standard output that does not block: it is waited for, not asked again and again. */
static void empty_patiently(struct relay_way *way, int fd)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };

	empty(way, fd);
	if (has_bytes(way))
		(void) poll(&writable, 1, -1);
}

void relay_close(struct relay *relay)
{
	for (size_t taken = 0; relay->master >= 0; taken += relay->out.until) {
		while (has_bytes(&relay->out))
			empty_patiently(&relay->out, STDOUT_FILENO);
		if (relay->out.ended || taken >= LAST_WORDS_MAX)
			break;
		fill(&relay->out, relay->master);
		if (!has_bytes(&relay->out))
			break;
	}
	if (relay->raw)
		(void) tcsetattr(STDIN_FILENO, TCSANOW, &relay->before);
}
