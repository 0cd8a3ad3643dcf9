/*
 * The streaming server: exec, attach and port-forward over SPDY/3.1 and WebSocket, at URLs that are good for one use within a
 * minute. It listens where it is told, on loopback by default; who knows a URL needs no other credentials.
 */
#ifndef CRI_STREAM_STREAM_H
#define CRI_STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct monitor_limit;
struct monitor_streams;
struct stream_server;

enum stream_kind { STREAM_EXEC, STREAM_ATTACH, STREAM_PORT_FORWARD };

struct stream_request {
	enum stream_kind kind;
	const char *id; /* of the container, or of the sandbox */
	const char *const *command; /* exec */
	size_t command_count;
	bool in, out, err, tty;
	const int32_t *ports; /* port-forward; may be none: SPDY clients name each when they need it */
	size_t port_count;
};

/* What the server does for a stream. Called from any thread; an error becomes the client's, as a sentence. */
struct stream_ops {
	/* Starts the command, or attaches. */
	int (*run)(void *user, const struct stream_request *request, const struct monitor_limit *limit,
		   struct monitor_streams *ret, struct err *err);
	/* The terminal of an attached container; that of an exec is resized here. */
	int (*resize)(void *user, const struct stream_request *request, unsigned width, unsigned height);
	/* The network namespace that ports are looked for in: a descriptor, owned; -1: the host's. */
	int (*network)(void *user, const struct stream_request *request, int *ret_netns, struct err *err);
};

struct stream_times {
	int64_t token_ms; /* 0: a minute */
	int64_t idle_ms; /* without a byte either way; 0: four hours */
	int64_t connect_ms; /* to a port that neither takes nor refuses; 0: ten seconds */
};

/* address: "127.0.0.1:0", "[::1]:10010". The ops are borrowed. */
int stream_server_open(const char *address, const struct stream_ops *ops, void *user,
		       const struct stream_times *times, struct stream_server **ret, struct err *err);
/* Breaks all streams off and returns when they have ended. */
void stream_server_close(struct stream_server *server);
/* Where the request, which is copied, can be fetched. Owned. -ENOSPC: a thousand wait already. */
int stream_server_url(struct stream_server *server, const struct stream_request *request, char **ret,
		      struct err *err);

#endif
