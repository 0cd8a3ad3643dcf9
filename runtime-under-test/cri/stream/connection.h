/* One client: its socket, its transport, and what waits to be sent to it. Each has a thread, so none waits for another. */
#ifndef CRI_STREAM_CONNECTION_H
#define CRI_STREAM_CONNECTION_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "runtime-under-test/cri/stream/stream.h"
#include "runtime-under-test/cri/stream/transport.h"

struct err;

/* While more than this waits for the client, what produces it is not read. */
#define CONNECTION_OUT_MAX (256u << 10)
#define CONNECTION_CHUNK 32768

struct connection {
	int fd; /* owned; does not block */
	int stop; /* readable when the server closes; borrowed */
	const struct stream_ops *ops;
	void *user;
	int64_t idle_ms, connect_ms;
	struct stream_request *request; /* owned */
	struct transport *transport; /* owned; NULL before the upgrade */
	int version; /* of remotecommand, 1 to 5; 4 and up tell the exit as JSON */
	struct text out; /* bytes to be sent */
	size_t sent; /* of them */
	bool gone; /* the client has, or broke the protocol */
	int64_t active_ms; /* when a byte came or went last */
};

/* upgrade.c: from the request's head to a transport; false: it was answered with an error. */
struct tokens;
bool connection_upgrade(struct connection *connection, struct tokens *tokens);

/* One read, to the transport. */
void connection_read(struct connection *connection);
void connection_flush(struct connection *connection);
bool connection_has_room(const struct connection *connection);
/* What poll(2) should look for; wants_input: whether more can be taken from the client. */
short connection_events(const struct connection *connection, bool wants_input);
/* After a poll. */
void connection_serve(struct connection *connection, short seen);
/* 1: an event. Sets gone instead of returning errors. */
bool connection_next(struct connection *connection, struct channel_event *ret);
/* Waits; false: the server stops, or nothing has moved for too long. deadline: absolute, < 0: none. */
bool connection_wait(struct connection *connection, struct pollfd *fds, size_t count, int64_t deadline);
void connection_send(struct connection *connection, int channel, const char *data, size_t len);
/* Says goodbye, sends what waits as long as it is taken, and lets the client close first. */
void connection_finish(struct connection *connection);

/* session.c, forward.c: until their end. */
void session_run(struct connection *connection);
void forward_run(struct connection *connection);

/* status.c: the last word on the error's channel. exit_code < 0: an error of ours, in a sentence. */
void status_print(int version, int exit_code, const char *sentence, struct text *out);

#endif
