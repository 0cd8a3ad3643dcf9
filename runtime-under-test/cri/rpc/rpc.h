/*
 * The server layer over gRPC core: methods are bound by name, a handler is a plain function that blocks as long as it likes.
 * gRPC is seen by the files of this folder alone; handlers need <grpc/status.h> only, which comes with this header.
 */
#ifndef CRI_RPC_RPC_H
#define CRI_RPC_RPC_H

#include <grpc/status.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct rpc_call;
struct rpc_server;

/* request and response are messages of the method's types; both live in the call's arena, as must all that response points to. */
typedef grpc_status_code rpc_handler(struct rpc_call *call, const void *request, void *response, void *user);

/* Each area has a table of these, ended by an empty row; runtime-under-test/cri/services.c gathers the tables. */
struct rpc_binding {
	const char *name; /* "RunPodSandbox" */
	rpc_handler *handler;
	bool quick; /* waits for nothing: runs on the thread that reads requests, which spares two switches */
};

struct arena *rpc_call_arena(struct rpc_call *call);
/* Cancelled, past its deadline, or the server stops: nobody waits for the answer. */
bool rpc_call_done(struct rpc_call *call);
/* Becomes readable (POLLIN) when rpc_call_done() turns true: for poll(2) beside a pidfd. Borrowed; -errno. */
int rpc_call_done_fd(struct rpc_call *call);
/* True when the call is done, false when the time has passed. */
bool rpc_call_wait_ms(struct rpc_call *call, int64_t ms);
int64_t rpc_call_left_ms(struct rpc_call *call); /* to the caller's deadline; INT64_MAX: none */
/*
 * For a handler that has made something. Should the answer reach nobody, for the deadline passed or the peer left behind the handler's
 * last look, undo() is called once, on a worker's thread. data lives in the call's arena.
 */
typedef void rpc_undo(const void *data, void *user);
void rpc_call_unanswered(struct rpc_call *call, rpc_undo *undo, const void *data);
const char *rpc_call_method(struct rpc_call *call);
/* return rpc_fail(call, GRPC_STATUS_NOT_FOUND, "container %s: no such container", id); */
grpc_status_code rpc_fail(struct rpc_call *call, grpc_status_code status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* From base's errors: r (negative errno) gives the status, err the sentence. */
grpc_status_code rpc_fail_err(struct rpc_call *call, int r, const struct err *err);
grpc_status_code rpc_status_of(int r);
/*
 * Streams only. NULL sends the headers, by which the peer knows that it is subscribed. 0, or -EPIPE: the peer has gone, or
 * took nothing for send_max_ms and was cut off.
 */
int rpc_send(struct rpc_call *call, const void *message);

struct rpc_options {
	int message_max; /* bytes of a request */
	int workers_max, streams_max;
	int64_t send_max_ms; /* a peer that takes nothing of a stream for so long is cut off; 0: a minute */
	void *user; /* handed to every handler */
};

int rpc_server_new(const struct rpc_options *options, struct rpc_server **ret, struct err *err);
/* Of rows that name a method of this service; services[] of base/wire/methods.h is served, and unbound methods answer UNIMPLEMENTED. */
int rpc_server_bind(struct rpc_server *server, const struct rpc_binding *rows, struct err *err);
/* NULL: bound to nothing. */
rpc_handler *rpc_server_handler(const struct rpc_server *server, const char *name);
/* "unix:///run/x.sock" or a path. -EADDRINUSE with a sentence when another server lives there; a dead one's socket is replaced. */
int rpc_server_listen(struct rpc_server *server, const char *address, struct err *err);
int rpc_server_start(struct rpc_server *server, struct err *err);
/* No new calls; waits for the running ones, cancels them after grace_ms and cuts connections. -ETIMEDOUT: a handler does not
 * return even so; then the process has to end without rpc_server_free(). */
int rpc_server_stop(struct rpc_server *server, int64_t grace_ms, struct err *err);
void rpc_server_free(struct rpc_server *server);

#endif
