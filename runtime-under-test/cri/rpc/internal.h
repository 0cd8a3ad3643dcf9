/*
 * What the files of the layer share. One completion queue serves everything; two threads take from it and only move state;
 * handlers run on the pool's threads, one a call. A call lives while a batch or its handler holds a reference.
 */
#ifndef CRI_RPC_INTERNAL_H
#define CRI_RPC_INTERNAL_H

#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/wire/arena.h"
#include "runtime-under-test/cri/rpc/rpc.h"

/* gRPC's queues are not built with -fsanitize=thread, so that it cannot see a tag being handed over. */
#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *);
void __tsan_release(void *);
#define HAND_OVER(pointer) __tsan_release(pointer)
#define TAKE_OVER(pointer) __tsan_acquire(pointer)
#else
#define HAND_OVER(pointer) ((void) (pointer))
#define TAKE_OVER(pointer) ((void) (pointer))
#endif

struct text;

struct method {
	char *path; /* owned: "/runtime.v1.RuntimeService/Version" */
	size_t len;
	const ProtobufCMethodDescriptor *descriptor; /* static */
	rpc_handler *handler; /* NULL: answers UNIMPLEMENTED */
	bool streams, quick;
};

/* What gRPC gives back when a batch has ended. */
struct tag {
	void (*ended)(void *subject, bool ok);
	void *subject;
};

struct rpc_call {
	struct rpc_server *server;
	grpc_call *call;
	grpc_call_details details;
	grpc_metadata_array metadata;
	grpc_byte_buffer *received;
	const struct method *method;
	struct arena arena;
	struct tag begun, read, closed, sent, answered;
	atomic_int references;
	int cancelled; /* written by gRPC */
	pthread_mutex_t lock; /* of the fields down to done_fd */
	pthread_cond_t changed;
	bool is_closed, is_finished, is_sent, sent_ok;
	int done_fd;
	bool headers_sent; /* the handler's thread alone, down to undo_data */
	rpc_undo *undo; /* NULL: nothing to undo, or done */
	const void *undo_data;
	const char *sentence;
	struct rpc_call *next_job;
	struct rpc_call *previous, *next; /* all calls of the server */
};

enum { CONNECTIONS_MAX = 256 };
struct connection {
	int fd; /* ours: a dup of gRPC's, so that a peer who stopped reading can be cut */
	int theirs; /* the number of gRPC's, by which a call tells its peer: "fd:N" */
};

struct listener {
	int fd, lock_fd, wake[2];
	char *path; /* owned */
	pthread_t thread;
	bool is_running;
	pthread_mutex_t lock; /* of the connections; the thread alone changes them */
	struct connection connections[CONNECTIONS_MAX];
	size_t count;
};

struct rpc_server {
	struct rpc_options options;
	grpc_server *grpc;
	grpc_completion_queue *queue;
	struct method *methods; /* owned, sorted by path */
	size_t method_count;
	struct listener listener;
	pthread_t queue_threads[2];
	size_t queue_thread_count;
	struct tag down;
	atomic_bool stopping;
	pthread_mutex_t lock; /* of everything below */
	pthread_cond_t job; /* there is one, or quit */
	pthread_cond_t quieter; /* a call, a worker or the server ended */
	struct rpc_call *first_job, *last_job, *calls;
	int jobs, call_count, workers, idle, streams;
	bool quit, is_down;
};

void condition_init(pthread_cond_t *condition); /* with the monotonic clock */
struct timespec time_after_ms(int64_t ms);

/* Puts one more call in front of the peers; its batches keep it alive. */
void call_await(struct rpc_server *server);
void call_start(struct rpc_call *call, const grpc_op *ops, size_t count, struct tag *tag);
void call_unref(struct rpc_call *call);
void call_finish(struct rpc_call *call, grpc_status_code status, const ProtobufCMessage *response);
void call_wake(struct rpc_call *call); /* those who wait for its end look again */
void call_run(
    struct rpc_call *call); /* decodes, calls the handler, answers, or undoes; takes the reference */

const struct method *method_of(const struct rpc_server *server, grpc_slice path);

/* Takes the call's reference. False: too many streams. */
bool pool_add(struct rpc_server *server, struct rpc_call *call);
void pool_quit(struct rpc_server *server); /* returns when the last worker has ended */

grpc_byte_buffer *buffer_encode(const ProtobufCMessage *message, struct err *err); /* NULL: not UTF-8 */
int buffer_decode(const ProtobufCMessageDescriptor *type, struct arena *arena, grpc_byte_buffer *buffer,
		  ProtobufCMessage **ret, struct err *err);

void listener_init(struct listener *listener);
int listener_open(struct listener *listener, const char *address, struct err *err);
int listener_start(struct rpc_server *server, struct err *err);
void listener_stop(struct listener *listener); /* accepts no more; connections stay */
void listener_cut(struct listener *listener, int theirs); /* one connection, or all with -1 */
void listener_close(struct listener *listener);

#endif
