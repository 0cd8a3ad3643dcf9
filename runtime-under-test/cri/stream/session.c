/*
 * Exec and attach: four streams between a client and a command. The command's ends are pipes, or a terminal; what the client
 * types waits here until the command takes it, and meanwhile no more is taken from the client.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/process.h"
#include "runtime-under-test/cri/monitor_client.h"
#include "runtime-under-test/cri/stream/connection.h"
#include "runtime-under-test/oci/faults.h"

/* How long a SPDY client may take to open all its streams, and a command to start. */
#define CHANNELS_MS 30000
#define START_MS 120000
#define TYPED_MAX 65536
#define RESIZE_MAX 256

struct session {
	struct connection *connection;
	const struct stream_request *request; /* borrowed */
	bool open[CHANNELS];
	struct monitor_streams streams;
	struct text typed; /* not taken yet */
	bool typed_ends; /* the client types no more */
	struct text resize; /* of the resize channel, up to a whole object */
	bool exited; /* the command, or the container */
	int code;
	size_t left[2]; /* after the exit: what its pipes can still hold of it */
};

static bool is_complete(const struct session *session)
{
	const struct stream_request *request = session->request;
	const bool *open = session->open;

	return open[CHANNEL_ERROR] && (!request->in || open[CHANNEL_IN]) &&
	       (!request->out || open[CHANNEL_OUT]) && (!request->err || request->tty || open[CHANNEL_ERR]) &&
	       (!request->tty || session->connection->version < 3 || open[CHANNEL_RESIZE]);
}

static void resize(struct session *session, const struct json *size)
{
	unsigned width = (unsigned) json_uint(json_member(size, "Width"), 0) & 0xffff;
	unsigned height = (unsigned) json_uint(json_member(size, "Height"), 0) & 0xffff;
	struct winsize window = { .ws_col = (unsigned short) width, .ws_row = (unsigned short) height };

	if (!session->request->tty || fault("stream-resize-ignored"))
		return;
	if (session->request->kind == STREAM_ATTACH)
		(void) session->connection->ops->resize(session->connection->user, session->request, width,
							height);
	else if (session->streams.out >= 0)
		(void) ioctl(session->streams.out, TIOCSWINSZ, &window);
}

/* {"Width":80,"Height":24}, one after the other, in pieces as they come. */
static void take_resize(struct session *session, const char *data, size_t len)
{
	struct text *text = &session->resize;

	for (size_t i = 0; i < len; i++) {
		auto_json size = NULL;

		if (text->len < RESIZE_MAX)
			text_add_char(text, data[i]);
		if (data[i] != '}')
			continue;
		if (json_parse(text->data, text->len, &size, NULL) == 0)
			resize(session, size);
		text_cut(text, 0);
	}
}

static void close_typed(struct session *session)
{
	/* A terminal's end is its output's too. */
	if (session->streams.in >= 0 && session->streams.in != session->streams.out) {
		(void) close(session->streams.in);
		session->streams.in = -EBADF;
	}
}

static void write_typed(struct session *session)
{
	struct text *typed = &session->typed;
	ssize_t n = 0;

	if (typed->len && session->streams.in >= 0)
		n = write(session->streams.in, typed->data, typed->len);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		/* Nobody reads it: as with a pipe, but the command goes on. */
		text_cut(typed, 0);
		close_typed(session);
	}
	if (n > 0) {
		memmove(typed->data, typed->data + n, typed->len - (size_t) n);
		text_cut(typed, typed->len - (size_t) n);
	}
	if (!typed->len && session->typed_ends)
		close_typed(session);
}

static void take_event(struct session *session, const struct channel_event *event)
{
	if (event->channel < 0 || event->channel >= CHANNELS)
		return;
	switch (event->kind) {
	case CHANNEL_OPENED:
		session->open[event->channel] = true;
		break;
	case CHANNEL_DATA:
		if (event->channel == CHANNEL_IN && session->request->in && !session->typed_ends)
			text_add_bytes(&session->typed, event->data, event->len);
		else if (event->channel == CHANNEL_RESIZE)
			take_resize(session, event->data, event->len);
		break;
	case CHANNEL_ENDED:
	case CHANNEL_BROKEN:
		if (event->channel == CHANNEL_IN && !fault("stream-stdin-never-ends"))
			session->typed_ends = true;
		break;
	case CHANNEL_GOODBYE:
		break;
	}
}

/* Until what is typed fills its buffer: the rest waits in the transport, and then in the socket. */
static void take_events(struct session *session)
{
	struct channel_event event;

	while (session->typed.len < TYPED_MAX && connection_next(session->connection, &event))
		take_event(session, &event);
}

static bool await_channels(struct session *session)
{
	struct connection *connection = session->connection;
	int64_t until = process_now_ms() + CHANNELS_MS;

	if (!connection->transport->opens_channels)
		return true;
	take_events(session);
	while (!connection->gone && !is_complete(session)) {
		struct pollfd fds[2] = { { .fd = -1 }, { .fd = connection->fd } };

		fds[1].events = connection_events(connection, true);
		if (!connection_wait(connection, fds, ARRAY_SIZE(fds), until) || process_now_ms() >= until)
			return false;
		connection_serve(connection, fds[1].revents);
		take_events(session);
	}
	return !connection->gone;
}

static int start(struct session *session, struct err *err)
{
	struct connection *connection = session->connection;
	struct monitor_limit limit = { .deadline_ms = process_now_ms() + START_MS,
				       .cancel = connection->stop };
	int r = connection->ops->run(connection->user, session->request, &limit, &session->streams, err);
	int fds[] = { session->streams.in, session->streams.out, session->streams.err };

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			(void) fcntl(fds[i], F_SETFL, O_NONBLOCK | (fcntl(fds[i], F_GETFL) & O_ACCMODE));
	return r;
}

/* One read from the command; false: nothing is there, or its stream has ended. */
static bool relay(struct session *session, int index)
{
	int *fd = index ? &session->streams.err : &session->streams.out;
	int channel = index ? CHANNEL_ERR : CHANNEL_OUT;
	char chunk[CONNECTION_CHUNK];
	ssize_t n = *fd < 0 ? 0 : read(*fd, chunk, sizeof(chunk));

	if (n > 0) {
		if (fault("stream-stderr-mixed"))
			channel = CHANNEL_OUT;
		if (fault("stream-output-cut") && n > 4096)
			n = 4096;
		connection_send(session->connection, channel, chunk, (size_t) n);
		if (session->exited)
			session->left[index] -=
			    (size_t) n < session->left[index] ? (size_t) n : session->left[index];
		return true;
	}
	/* EIO: every process has closed the terminal. */
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		bool is_terminal = *fd >= 0 && *fd == session->streams.in;

		cleanup_fd(fd);
		*fd = -EBADF;
		if (is_terminal)
			session->streams.in = -EBADF;
	}
	return false;
}

static void note_exit(struct session *session)
{
	struct monitor_limit limit = { .deadline_ms = process_now_ms() + START_MS, .cancel = -1 };
	int fds[] = { session->streams.out, session->streams.err };
	struct monitor_exit how = { .code = 0 };
	struct err err = { 0 };

	session->exited = true;
	/* Of an attached container nobody asked how it ended. */
	if (session->request->kind == STREAM_EXEC)
		session->code =
		    monitor_exec_wait(session->streams.control, &limit, &how, &err) < 0 ? 255 : how.code;
	cleanup_fd(&session->streams.control);
	session->streams.control = -EBADF;
	for (size_t i = 0; i < 2; i++) {
		int size = fds[i] < 0 ? 0 : fcntl(fds[i], F_GETPIPE_SZ);

		session->left[i] = fds[i] < 0 ? 0 : size > 0 ? (size_t) size : 65536;
	}
}

/* One round: whatever is ready is moved. False: broken off. */
static bool turn(struct session *session)
{
	struct connection *connection = session->connection;
	struct monitor_streams *streams = &session->streams;
	bool room = connection_has_room(connection);
	struct pollfd fds[] = {
		{ .fd = -1 },
		{ .fd = connection->fd,
		  .events = connection_events(connection, session->typed.len < TYPED_MAX) },
		{ .fd = room ? streams->out : -1, .events = POLLIN },
		{ .fd = room ? streams->err : -1, .events = POLLIN },
		{ .fd = session->typed.len ? streams->in : -1, .events = POLLOUT },
		{ .fd = streams->control, .events = POLLIN },
	};

	if (!connection_wait(connection, fds, ARRAY_SIZE(fds), session->exited && room ? 0 : -1))
		return false;
	if (fds[2].revents)
		(void) relay(session, 0);
	if (fds[3].revents)
		(void) relay(session, 1);
	if (fds[5].revents && !fault("stream-never-ends"))
		note_exit(session);
	connection_serve(connection, fds[1].revents);
	take_events(session);
	write_typed(session);
	connection_flush(connection);
	return !connection->gone;
}

/* After the exit: what is in the pipes, as the client takes it. A child in the background may hold them open for ever. */
static bool has_rest(struct session *session)
{
	for (int i = 0; i < 2; i++) {
		int fd = i ? session->streams.err : session->streams.out;
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

		if (fd >= 0 && session->left[i] && poll(&poll_fd, 1, 0) > 0)
			return true;
	}
	return false;
}

static void finish(struct session *session, int code, const char *sentence)
{
	struct connection *connection = session->connection;
	const struct transport_ops *ops = connection->transport->ops;
	auto_text status = { 0 };

	if (fault("stream-exit-code-lost"))
		code = 0;
	status_print(connection->version, code, sentence, &status);
	if (status.len)
		connection_send(connection, CHANNEL_ERROR, status.data, status.len);
	ops->end(connection->transport, CHANNEL_ERROR, &connection->out);
	ops->end(connection->transport, CHANNEL_OUT, &connection->out);
	ops->end(connection->transport, CHANNEL_ERR, &connection->out);
	connection_finish(connection);
}

/* A client of a WebSocket learns by an empty message that there is somebody: on the first channel it will hear from. */
static void greet(struct session *session)
{
	if (!session->connection->transport->opens_channels)
		connection_send(session->connection,
				session->request->out   ? CHANNEL_OUT
				: session->request->err ? CHANNEL_ERR
							: CHANNEL_ERROR,
				NULL, 0);
}

static void serve(struct session *session)
{
	bool goes_on = true;

	while (goes_on && !(session->exited && !has_rest(session)))
		goes_on = turn(session);
	if (goes_on)
		finish(session, session->code, "");
	else if (session->request->kind == STREAM_EXEC && session->streams.control >= 0)
		(void) monitor_exec_kill(session->streams.control, NULL);
}

void session_run(struct connection *connection)
{
	struct session session = { .connection = connection,
				   .request = connection->request,
				   .streams = { -EBADF, -EBADF, -EBADF, -EBADF } };
	struct err err = { 0 };

	connection_flush(connection);
	if (await_channels(&session)) {
		greet(&session);
		if (start(&session, &err) < 0)
			finish(&session, -1, err.text);
		else
			serve(&session);
	}
	monitor_streams_close(&session.streams);
	text_free(&session.typed);
	text_free(&session.resize);
}
