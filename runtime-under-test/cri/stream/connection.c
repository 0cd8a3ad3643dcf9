/* Reading, sending and parting, the same for all kinds of streams. */
#include "runtime-under-test/cri/stream/connection.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"

/* How long the last bytes may take without headway, and how long the client may then leave the connection open. */
#define FAREWELL_MS 10000
#define CLOSE_MS 2000

void connection_read(struct connection *connection)
{
	char chunk[CONNECTION_CHUNK];
	ssize_t n = recv(connection->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		connection->gone = true;
		return;
	}
	connection->active_ms = process_now_ms();
	connection->transport->ops->feed(connection->transport, chunk, (size_t) n);
}

void connection_flush(struct connection *connection)
{
	struct text *out = &connection->out;

	while (connection->sent < out->len) {
		ssize_t n = send(connection->fd, out->data + connection->sent, out->len - connection->sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			connection->gone = true;
			return;
		}
		connection->sent += (size_t) n;
		connection->active_ms = process_now_ms();
	}
	text_cut(out, 0);
	connection->sent = 0;
}

bool connection_has_room(const struct connection *connection)
{
	return connection->out.len - connection->sent < CONNECTION_OUT_MAX;
}

/*
 * Answers of the transport's own, to pings and to streams that are refused, come on top of what has room: a client that sends
 * and never reads is not read from either. Output alone does not get that far.
 */
static bool answers_wait(const struct connection *connection)
{
	return connection->out.len - connection->sent > 2 * CONNECTION_OUT_MAX;
}

/* A client that is not read from can only be seen to go by its closing. */
short connection_events(const struct connection *connection, bool wants_input)
{
	return (short) ((wants_input && !answers_wait(connection) ? POLLIN : POLLRDHUP) |
			(connection->sent < connection->out.len ? POLLOUT : 0));
}

void connection_serve(struct connection *connection, short seen)
{
	if (seen & POLLIN)
		connection_read(connection);
	else if (seen & (POLLERR | POLLHUP | POLLRDHUP | POLLNVAL))
		connection->gone = true;
	if (seen & POLLOUT)
		connection_flush(connection);
}

bool connection_next(struct connection *connection, struct channel_event *ret)
{
	struct err err = { 0 };
	int r = connection->transport->ops->next(connection->transport, ret, &connection->out, &err);

	if (r < 0 || (r > 0 && ret->kind == CHANNEL_GOODBYE))
		connection->gone = true;
	return r > 0 && !connection->gone;
}

static int64_t nearer(int64_t one, int64_t two)
{
	if (one < 0)
		return two;
	return two >= 0 && two < one ? two : one;
}

bool connection_wait(struct connection *connection, struct pollfd *fds, size_t count, int64_t deadline)
{
	int64_t idle = connection->active_ms + connection->idle_ms, left;

	left = nearer(deadline, idle) - process_now_ms();
	if (left < 0)
		left = 0;
	fds[0] = (struct pollfd){ .fd = connection->stop, .events = POLLIN };
	if (poll(fds, count, left > INT_MAX ? INT_MAX : (int) left) < 0) {
		for (size_t i = 0; i < count; i++)
			fds[i].revents = 0;
		return errno == EINTR;
	}
	return !fds[0].revents && process_now_ms() < connection->active_ms + connection->idle_ms;
}

void connection_send(struct connection *connection, int channel, const char *data, size_t len)
{
	connection->transport->ops->send(connection->transport, channel, data, len, &connection->out);
}

static void send_rest(struct connection *connection)
{
	int64_t until = process_now_ms() + FAREWELL_MS;

	connection_flush(connection);
	while (!connection->gone && connection->sent < connection->out.len) {
		size_t sent = connection->sent;
		struct pollfd fds[] = { { .fd = -1 }, { .fd = connection->fd, .events = POLLOUT | POLLIN } };

		if (!connection_wait(connection, fds, ARRAY_SIZE(fds), until) || process_now_ms() >= until)
			return;
		if (fds[1].revents & POLLIN)
			connection_read(connection);
		connection_flush(connection);
		if (connection->sent != sent)
			until = process_now_ms() + FAREWELL_MS;
	}
}

/*
 * Closing a socket that has unread bytes resets the connection, and the client may lose the exit code that is on its way:
 * so what it still sends is read, until it closes.
 */
void connection_finish(struct connection *connection)
{
	int64_t until = process_now_ms() + CLOSE_MS;

	if (connection->gone)
		return;
	connection->transport->ops->goodbye(connection->transport, &connection->out);
	send_rest(connection);
	(void) shutdown(connection->fd, SHUT_WR);
	while (!connection->gone && process_now_ms() < until) {
		struct pollfd fds[] = { { .fd = -1 }, { .fd = connection->fd, .events = POLLIN } };

		if (!connection_wait(connection, fds, ARRAY_SIZE(fds), until))
			return;
		if (fds[1].revents) {
			char chunk[CONNECTION_CHUNK];
			ssize_t n = recv(connection->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

			connection->gone = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
		}
	}
}
