/* The life of a call on the server's side: awaited, begun, read, handled, answered. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/wire/message.h"
#include "runtime-under-test/cri/rpc/internal.h"

static void forget(struct rpc_call *call)
{
	struct rpc_server *server = call->server;

	pthread_mutex_lock(&server->lock);
	if (call->previous)
		call->previous->next = call->next;
	else
		server->calls = call->next;
	if (call->next)
		call->next->previous = call->previous;
	server->call_count--;
	pthread_cond_broadcast(&server->quieter);
	pthread_mutex_unlock(&server->lock);
}

void call_unref(struct rpc_call *call)
{
	if (atomic_fetch_sub(&call->references, 1) != 1)
		return;
	if (call->received)
		grpc_byte_buffer_destroy(call->received);
	if (call->call)
		grpc_call_unref(call->call);
	grpc_call_details_destroy(&call->details);
	grpc_metadata_array_destroy(&call->metadata);
	arena_free(&call->arena);
	/* Afterwards nobody finds it, not even to wake it; gRPC's parts are gone by then, for the server may be freed next. */
	forget(call);
	if (call->done_fd >= 0)
		(void) close(call->done_fd);
	pthread_mutex_destroy(&call->lock);
	pthread_cond_destroy(&call->changed);
	free(call);
}

void call_start(struct rpc_call *call, const grpc_op *ops, size_t count, struct tag *tag)
{
	grpc_call_error error;

	atomic_fetch_add(&call->references, 1);
	HAND_OVER(tag);
	error = grpc_call_start_batch(call->call, ops, count, tag, NULL);
	if (error == GRPC_CALL_OK)
		return;
	/* A batch in the wrong order: a mistake of this layer, never the peer's doing. */
	(void) fprintf(stderr, "plumbline-cri: start a batch: %s\n", grpc_call_error_to_string(error));
	abort();
}

void call_wake(struct rpc_call *call)
{
	pthread_mutex_lock(&call->lock);
	pthread_cond_broadcast(&call->changed);
	if (call->done_fd >= 0)
		(void) eventfd_write(call->done_fd, 1);
	pthread_mutex_unlock(&call->lock);
}

/* gRPC says "cancelled" of every call that ended before its status was on the way. */
static void on_closed(void *subject, bool ok)
{
	struct rpc_call *call = subject;
	bool lost;

	(void) ok;
	pthread_mutex_lock(&call->lock);
	call->is_closed = true;
	lost = call->is_finished && call->cancelled && call->undo;
	pthread_mutex_unlock(&call->lock);
	call_wake(call);
	/* That may take long, and this thread serves all calls. */
	if (lost)
		(void) pool_add(call->server, call);
	else
		call_unref(call);
}

static void on_sent(void *subject, bool ok)
{
	struct rpc_call *call = subject;

	pthread_mutex_lock(&call->lock);
	call->is_sent = true;
	call->sent_ok = ok;
	pthread_mutex_unlock(&call->lock);
	call_wake(call);
	call_unref(call);
}

static void on_answered(void *subject, bool ok)
{
	(void) ok;
	call_unref(subject);
}

static void on_read(void *subject, bool ok)
{
	struct rpc_call *call = subject;
	grpc_status_code status;

	(void) ok;
	if (call->method->quick) {
		call_run(call);
	} else if (!pool_add(call->server, call)) {
		status = rpc_fail(call, GRPC_STATUS_RESOURCE_EXHAUSTED, "%s: more than %d streams are open",
				  call->method->descriptor->name, call->server->options.streams_max);
		call_finish(call, status, NULL);
		call_unref(call);
	}
	call_unref(call);
}

static void refuse_unknown(struct rpc_call *call)
{
	rpc_fail(call, GRPC_STATUS_UNIMPLEMENTED, "%s method %.*s",
		 call->method ? "unimplemented" : "unknown", (int) GRPC_SLICE_LENGTH(call->details.method),
		 (const char *) GRPC_SLICE_START_PTR(call->details.method));
	call_finish(call, GRPC_STATUS_UNIMPLEMENTED, NULL);
	call_unref(call);
}

static void on_begun(void *subject, bool ok)
{
	struct rpc_call *call = subject;
	grpc_op op = { 0 };

	if (!ok) { /* the server stops */
		call_unref(call);
		return;
	}
	call_await(call->server);
	op.op = GRPC_OP_RECV_CLOSE_ON_SERVER;
	op.data.recv_close_on_server.cancelled = &call->cancelled;
	call_start(call, &op, 1, &call->closed);
	call->method = method_of(call->server, call->details.method);
	if (!call->method || !call->method->handler) {
		refuse_unknown(call);
		return;
	}
	op = (grpc_op){ .op = GRPC_OP_RECV_MESSAGE };
	op.data.recv_message.recv_message = &call->received;
	/* The first reference goes to the handler by way of the pool. */
	call_start(call, &op, 1, &call->read);
}

void call_await(struct rpc_server *server)
{
	struct rpc_call *call = calloc(1, sizeof(*call));

	if (!call)
		abort();
	call->server = server;
	grpc_call_details_init(&call->details);
	grpc_metadata_array_init(&call->metadata);
	arena_init(&call->arena);
	pthread_mutex_init(&call->lock, NULL);
	condition_init(&call->changed);
	call->done_fd = -EBADF;
	call->begun = (struct tag){ on_begun, call };
	call->read = (struct tag){ on_read, call };
	call->closed = (struct tag){ on_closed, call };
	call->sent = (struct tag){ on_sent, call };
	call->answered = (struct tag){ on_answered, call };
	call->references = 1;
	pthread_mutex_lock(&server->lock);
	call->next = server->calls;
	if (server->calls)
		server->calls->previous = call;
	server->calls = call;
	server->call_count++;
	pthread_mutex_unlock(&server->lock);
	HAND_OVER(&call->begun);
	if (grpc_server_request_call(server->grpc, &call->call, &call->details, &call->metadata,
				     server->queue, server->queue, &call->begun) != GRPC_CALL_OK)
		call_unref(call);
}

void call_finish(struct rpc_call *call, grpc_status_code status, const ProtobufCMessage *response)
{
	grpc_byte_buffer *buffer = NULL;
	struct err err = { 0 };
	grpc_op ops[3] = { 0 };
	grpc_slice details;
	size_t count = 0;

	if (response && status == GRPC_STATUS_OK) {
		buffer = buffer_encode(response, &err);
		if (!buffer)
			status = rpc_fail(call, GRPC_STATUS_INTERNAL, "answer %s", err.text);
	}
	details = grpc_slice_from_copied_string(call->sentence ? call->sentence : "");
	if (!call->headers_sent)
		ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
	if (buffer) {
		ops[count].op = GRPC_OP_SEND_MESSAGE;
		ops[count++].data.send_message.send_message = buffer;
	}
	ops[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
	ops[count].data.send_status_from_server.status = status;
	ops[count++].data.send_status_from_server.status_details = &details;
	call_start(call, ops, count, &call->answered);
	grpc_slice_unref(details);
	if (buffer)
		grpc_byte_buffer_destroy(buffer);
}

static grpc_status_code handle(struct rpc_call *call, ProtobufCMessage **ret_response)
{
	const ProtobufCMethodDescriptor *method = call->method->descriptor;
	ProtobufCMessage *request;
	struct err err = { 0 };

	if (rpc_call_done(call))
		return rpc_fail(call, GRPC_STATUS_CANCELLED, "%s: nobody waits for it any more",
				method->name);
	/* INTERNAL is what gRPC says for a request that cannot be parsed: doc/statuscodes.md in grpc/grpc. */
	if (buffer_decode(method->input, &call->arena, call->received, &request, &err) < 0)
		return rpc_fail(call, GRPC_STATUS_INTERNAL, "%s: %s", method->name, err.text);
	*ret_response = message_new(&call->arena, method->output);
	return call->method->handler(call, request, *ret_response, call->server->options.user);
}

/* Whichever comes second, our answer or the end of the call, knows whether it was lost. */
static bool is_lost(struct rpc_call *call)
{
	bool lost;

	pthread_mutex_lock(&call->lock);
	lost = call->is_closed && call->cancelled && call->undo;
	call->is_finished = true;
	pthread_mutex_unlock(&call->lock);
	return lost;
}

static bool answer(struct rpc_call *call)
{
	ProtobufCMessage *response = NULL;
	grpc_status_code status = handle(call, &response);

	call_finish(call, status, call->method->streams ? NULL : response);
	return !is_lost(call);
}

void call_run(struct rpc_call *call)
{
	if (call->is_finished || !answer(call))
		call->undo(call->undo_data, call->server->options.user);
	call_unref(call);
}
