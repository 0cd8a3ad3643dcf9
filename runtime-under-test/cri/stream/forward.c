/*
 * Port-forward: each pair of channels is a TCP connection to a port of the sandbox's network namespace. The thread enters it:
 * the client's socket stays what it is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "runtime-under-test/cri/stream/connection.h"
#include "runtime-under-test/oci/faults.h"

/* What one port has not taken yet; beyond it nothing is read from the client, for SPDY's has no flow control of its own. */
#define PENDING_MAX (1u << 20)

enum pair_state { PAIR_UNUSED, PAIR_OPENING, PAIR_CONNECTING, PAIR_CONNECTED, PAIR_CLOSED };

struct pair {
	enum pair_state state;
	bool open[2]; /* the channels: data, error */
	unsigned port;
	int family, error; /* what is tried, and why the first did not do */
	int fd; /* owned */
	struct text pending; /* to the port */
	bool client_ended; /* once pending is empty */
	bool port_ended; /* it sends no more, and may read on */
	int64_t until; /* PAIR_CONNECTING: when that has taken too long */
	size_t place; /* in the poll's list; 0: not in it */
};

struct forward {
	struct connection *connection;
	struct pair *pairs; /* owned */
	size_t count;
	struct pollfd *fds; /* owned */
};

static struct pair *pair_at(struct forward *forward, size_t index)
{
	if (index >= forward->count) {
		forward->pairs = reallocarray(forward->pairs, index + 1, sizeof(*forward->pairs));
		forward->fds = reallocarray(forward->fds, index + 3, sizeof(*forward->fds));
		if (!forward->pairs || !forward->fds)
			abort();
		for (size_t i = forward->count; i <= index; i++)
			forward->pairs[i] = (struct pair){ .fd = -EBADF };
		forward->count = index + 1;
	}
	return &forward->pairs[index];
}

static int channel_of(const struct forward *forward, const struct pair *pair)
{
	return (int) (2 * (pair - forward->pairs));
}

static void end_channels(struct forward *forward, struct pair *pair)
{
	const struct transport_ops *ops = forward->connection->transport->ops;
	int channel = channel_of(forward, pair);

	ops->end(forward->connection->transport, channel + 1, &forward->connection->out);
	ops->end(forward->connection->transport, channel, &forward->connection->out);
}

static void close_pair(struct forward *forward, struct pair *pair)
{
	const struct transport_ops *ops = forward->connection->transport->ops;

	if (pair->state == PAIR_CLOSED || pair->state == PAIR_UNUSED)
		return;
	cleanup_fd(&pair->fd);
	pair->fd = -EBADF;
	text_free(&pair->pending);
	if (!pair->port_ended)
		end_channels(forward, pair);
	ops->forget(forward->connection->transport, channel_of(forward, pair));
	*pair = (struct pair){ .fd = -EBADF,
			       .state = forward->connection->transport->opens_channels ? PAIR_UNUSED
										       : PAIR_CLOSED };
}

static void fail_pair(struct forward *forward, struct pair *pair, int error)
{
	auto_free char *sentence = text_format("port %u: cannot be connected to inside the sandbox: %s",
					       pair->port, strerror(error));

	if (!fault("port-forward-error-lost"))
		connection_send(forward->connection, channel_of(forward, pair) + 1, sentence,
				strlen(sentence));
	close_pair(forward, pair);
}

static int connect_to(struct pair *pair)
{
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t) pair->port),
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons((uint16_t) pair->port),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	bool is_four = pair->family == AF_INET;
	int one = 1, r;

	cleanup_fd(&pair->fd);
	pair->fd = socket(pair->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (pair->fd < 0)
		return -errno;
	(void) setsockopt(pair->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	r = connect(pair->fd, is_four ? (const struct sockaddr *) &four : (const struct sockaddr *) &six,
		    is_four ? sizeof(four) : sizeof(six));
	return r < 0 && errno != EINPROGRESS ? -errno : 0;
}

/* IPv4 first, as the kubelet's documentation has it; the sentence is about that one, where both refuse. */
static void try_next(struct forward *forward, struct pair *pair, int error)
{
	while (pair->family != AF_INET6) {
		bool first = pair->family == 0;

		pair->family = first ? AF_INET : AF_INET6;
		if (!first && !pair->error)
			pair->error = error;
		if (!first && fault("port-forward-ipv4-only"))
			break;
		error = -connect_to(pair);
		if (!error) {
			pair->state = PAIR_CONNECTING;
			pair->until = process_now_ms() + forward->connection->connect_ms;
			return;
		}
	}
	fail_pair(forward, pair, pair->error ? pair->error : error);
}

static void open_channel(struct forward *forward, int channel, unsigned port)
{
	struct pair *pair = pair_at(forward, (size_t) channel / 2);

	if (pair->state == PAIR_UNUSED)
		pair->state = PAIR_OPENING;
	pair->open[channel % 2] = true;
	pair->port = port;
	if (pair->open[0] && pair->open[1] && pair->state == PAIR_OPENING)
		try_next(forward, pair, 0);
}

static void write_pending(struct forward *forward, struct pair *pair)
{
	struct text *pending = &pair->pending;
	ssize_t n =
	    pending->len ? send(pair->fd, pending->data, pending->len, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		close_pair(forward, pair);
		return;
	}
	if (n > 0) {
		memmove(pending->data, pending->data + n, pending->len - (size_t) n);
		text_cut(pending, pending->len - (size_t) n);
	}
	if (pending->len || !pair->client_ended)
		return;
	if (pair->port_ended)
		close_pair(forward, pair);
	else
		(void) shutdown(pair->fd, SHUT_WR);
}

static void take_event(struct forward *forward, const struct channel_event *event)
{
	struct pair *pair;

	if (event->kind == CHANNEL_OPENED) {
		open_channel(forward, event->channel, event->port);
		return;
	}
	if (event->channel < 0 || (size_t) event->channel / 2 >= forward->count)
		return;
	pair = &forward->pairs[event->channel / 2];
	if (pair->state == PAIR_UNUSED || pair->state == PAIR_CLOSED)
		return;
	if (event->kind == CHANNEL_BROKEN) {
		close_pair(forward, pair);
	} else if (event->channel % 2 == 0 && event->kind == CHANNEL_DATA) {
		text_add_bytes(&pair->pending, event->data, event->len);
	} else if (event->channel % 2 == 0 && event->kind == CHANNEL_ENDED) {
		pair->client_ended = true;
	} else {
		return;
	}
	if (pair->state == PAIR_CONNECTED)
		write_pending(forward, pair);
}

static void take_events(struct forward *forward)
{
	struct channel_event event;

	while (connection_next(forward->connection, &event))
		take_event(forward, &event);
}

static void note_connected(struct forward *forward, struct pair *pair)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(pair->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error) {
		try_next(forward, pair, error);
		return;
	}
	pair->state = PAIR_CONNECTED;
	write_pending(forward, pair);
}

/* kubectl waits for the end of the error's channel before it lets go of what it forwards: that ends with the data's. */
static void end_port(struct forward *forward, struct pair *pair)
{
	end_channels(forward, pair);
	pair->port_ended = true;
	write_pending(forward, pair);
}

static void relay(struct forward *forward, struct pair *pair)
{
	char chunk[CONNECTION_CHUNK];
	ssize_t n = recv(pair->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n > 0)
		connection_send(forward->connection, channel_of(forward, pair), chunk, (size_t) n);
	else if (n == 0)
		end_port(forward, pair);
	else if (errno != EAGAIN && errno != EINTR)
		close_pair(forward, pair);
}

static bool is_full(const struct forward *forward)
{
	for (size_t i = 0; i < forward->count; i++)
		if (forward->pairs[i].pending.len > PENDING_MAX)
			return true;
	return false;
}

static short wanted_of(const struct pair *pair, bool room)
{
	if (pair->state == PAIR_CONNECTING)
		return POLLOUT;
	return (short) ((room && !pair->port_ended ? POLLIN : 0) | (pair->pending.len ? POLLOUT : 0));
}

/* When the next port has been waited for long enough; -1: none is. */
static int64_t next_deadline(const struct forward *forward)
{
	int64_t next = -1;

	for (size_t i = 0; i < forward->count; i++) {
		const struct pair *pair = &forward->pairs[i];

		if (pair->state == PAIR_CONNECTING && (next < 0 || pair->until < next))
			next = pair->until;
	}
	return next;
}

static size_t list_pairs(struct forward *forward)
{
	bool room = connection_has_room(forward->connection);
	size_t count = 2;

	for (size_t i = 0; i < forward->count; i++) {
		struct pair *pair = &forward->pairs[i];
		short wanted = pair->fd < 0 ? 0 : wanted_of(pair, room);

		pair->place = 0;
		if (!wanted)
			continue;
		pair->place = count;
		forward->fds[count++] = (struct pollfd){ .fd = pair->fd, .events = wanted };
	}
	return count;
}

static void serve_pair(struct forward *forward, struct pair *pair, short seen)
{
	if (pair->state == PAIR_CONNECTING) {
		note_connected(forward, pair);
		return;
	}
	if (seen & POLLOUT)
		write_pending(forward, pair);
	if (pair->state == PAIR_CONNECTED && !pair->port_ended && seen & (POLLIN | POLLHUP | POLLERR))
		relay(forward, pair);
}

static bool turn(struct forward *forward)
{
	struct connection *connection = forward->connection;
	size_t count = list_pairs(forward);

	forward->fds[1] = (struct pollfd){ .fd = connection->fd,
					   .events = connection_events(connection, !is_full(forward)) };
	if (!connection_wait(connection, forward->fds, count, next_deadline(forward)))
		return false;
	for (size_t i = 0; i < forward->count; i++) {
		struct pair *pair = &forward->pairs[i];
		short seen = pair->place ? forward->fds[pair->place].revents : 0;

		if (seen)
			serve_pair(forward, pair, seen);
		else if (pair->state == PAIR_CONNECTING && process_now_ms() >= pair->until)
			try_next(forward, pair, ETIMEDOUT);
	}
	connection_serve(connection, forward->fds[1].revents);
	take_events(forward);
	connection_flush(connection);
	return !connection->gone;
}

/* The ports of a WebSocket are those of the request, all at once; each channel begins by naming its port. */
static void open_requested(struct forward *forward)
{
	const struct stream_request *request = forward->connection->request;

	for (size_t i = 0; i < request->port_count && i < 128; i++) {
		uint16_t port = (uint16_t) request->ports[i];
		const char bytes[2] = { (char) port, (char) (port >> 8) };

		for (int channel = (int) (2 * i); channel <= (int) (2 * i) + 1; channel++) {
			connection_send(forward->connection, channel, bytes, sizeof(bytes));
			open_channel(forward, channel, port);
		}
	}
}

static int enter_network(const struct connection *connection, struct err *err)
{
	auto_fd netns = -EBADF;
	int r = connection->ops->network(connection->user, connection->request, &netns, err);

	if (r < 0 || netns < 0 || fault("port-forward-on-host"))
		return r;
	return setns(netns, CLONE_NEWNET) < 0 ? fail(err, -errno, "enter the sandbox's network") : 0;
}

void forward_run(struct connection *connection)
{
	struct forward forward = { .connection = connection };
	struct err err = { 0 };

	(void) pair_at(&forward, 0);
	if (enter_network(connection, &err) < 0) {
		/* There is no channel yet to say so on. */
		connection_finish(connection);
	} else {
		if (!connection->transport->opens_channels)
			open_requested(&forward);
		take_events(&forward);
		connection_flush(connection);
		while (!connection->gone && turn(&forward))
			;
	}
	for (size_t i = 0; i < forward.count; i++) {
		cleanup_fd(&forward.pairs[i].fd);
		text_free(&forward.pairs[i].pending);
	}
	free(forward.pairs);
	free(forward.fds);
}
