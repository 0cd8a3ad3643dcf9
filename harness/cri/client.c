/* gRPC core's client side: four batches a call, one completion queue for all. */
#include "harness/cri/client.h"

#include <errno.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"

struct cri_client {
	struct cri_callbacks callbacks;
	grpc_channel *channel;
	grpc_completion_queue *queue;
};

enum part { SENT, HEADERS, MESSAGE, STATUS, PARTS };

/* What gRPC gives back: which part of which call. */
struct tag {
	struct cri_call *call;
	enum part part;
};

struct cri_call {
	struct cri_client *client;
	void *user; /* borrowed */
	grpc_call *call;
	struct tag tags[PARTS];
	int pending; /* batches; the serving thread's once all four are started */
	grpc_metadata_array headers, trailers;
	grpc_byte_buffer *received;
	grpc_status_code code;
	grpc_slice details;
	struct timespec begun;
};

static const char *const status_names[] = {
	"OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
	"NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
	"ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
	"DATA_LOSS", "UNAUTHENTICATED",
};

const char *cri_status_name(int code)
{
	return code >= 0 && (size_t) code < ARRAY_SIZE(status_names) ? status_names[code] : "UNKNOWN";
}

int cri_client_new(const char *endpoint, const struct cri_callbacks *callbacks, struct cri_client **ret,
		   struct err *err)
{
	static const struct {
		const char *key;
		int value;
	} rows[] = {
		/* The kubelet takes no more: maxMsgSize in its remote runtime client. */
		{ GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, 16 << 20 },
		{ GRPC_ARG_ENABLE_HTTP_PROXY, 0 },
		/* A second try would hide what the first one met. */
		{ GRPC_ARG_ENABLE_RETRIES, 0 },
		{ GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100 },
		{ GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000 },
		/* Despite its name also the time a connection may take. */
		{ GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000 },
	};
	auto_free char *target = text_format("%s%s", endpoint[0] == '/' ? "unix:" : "", endpoint);
	struct cri_client *client = calloc(1, sizeof(*client));
	grpc_arg args[ARRAY_SIZE(rows)];
	grpc_channel_args list = { ARRAY_SIZE(rows), args };
	grpc_channel_credentials *credentials;

	if (!client)
		return fail(err, -ENOMEM, "make a client");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		args[i] = (grpc_arg){ .type = GRPC_ARG_INTEGER,
				      .key = (char *) rows[i].key,
				      .value.integer = rows[i].value };
	grpc_init();
	credentials = grpc_insecure_credentials_create();
	client->callbacks = *callbacks;
	client->channel = grpc_channel_create(target, credentials, &list);
	client->queue = grpc_completion_queue_create_for_next(NULL);
	grpc_channel_credentials_release(credentials);
	*ret = client;
	return 0;
}

void cri_client_free(struct cri_client *client)
{
	if (!client)
		return;
	cri_client_stop(client);
	cri_client_serve(client);
	grpc_completion_queue_destroy(client->queue);
	grpc_channel_destroy(client->channel);
	free(client);
	grpc_shutdown();
}

static void start_batch(struct cri_call *call, const grpc_op *ops, size_t count, enum part part)
{
	grpc_call_error error;

	call->tags[part] = (struct tag){ call, part };
	error = grpc_call_start_batch(call->call, ops, count, &call->tags[part], NULL);
	if (error == GRPC_CALL_OK)
		return;
	(void) fprintf(stderr, "plumbline-cri-call: start a batch: %s\n", grpc_call_error_to_string(error));
	abort();
}

static void await_message(struct cri_call *call)
{
	grpc_op op = { 0 };

	op.op = GRPC_OP_RECV_MESSAGE;
	op.data.recv_message.recv_message = &call->received;
	start_batch(call, &op, 1, MESSAGE);
}

static void await_answer(struct cri_call *call)
{
	grpc_op op = { 0 };

	op.op = GRPC_OP_RECV_STATUS_ON_CLIENT;
	op.data.recv_status_on_client.trailing_metadata = &call->trailers;
	op.data.recv_status_on_client.status = &call->code;
	op.data.recv_status_on_client.status_details = &call->details;
	start_batch(call, &op, 1, STATUS);
	op = (grpc_op){ .op = GRPC_OP_RECV_INITIAL_METADATA };
	op.data.recv_initial_metadata.recv_initial_metadata = &call->headers;
	start_batch(call, &op, 1, HEADERS);
	await_message(call);
}

static void send_request(struct cri_call *call, const void *request, size_t len)
{
	grpc_slice slice = grpc_slice_from_copied_buffer(request, len);
	grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
	grpc_op ops[] = { { .op = GRPC_OP_SEND_INITIAL_METADATA },
			  { .op = GRPC_OP_SEND_MESSAGE },
			  { .op = GRPC_OP_SEND_CLOSE_FROM_CLIENT } };

	ops[1].data.send_message.send_message = buffer;
	start_batch(call, ops, ARRAY_SIZE(ops), SENT);
	grpc_byte_buffer_destroy(buffer);
	grpc_slice_unref(slice);
}

struct cri_call *cri_call_start(struct cri_client *client, const char *path, const void *request, size_t len,
				int64_t deadline_ms, void *user)
{
	struct cri_call *call = calloc(1, sizeof(*call));
	gpr_timespec deadline = gpr_inf_future(GPR_CLOCK_MONOTONIC);
	grpc_slice name = grpc_slice_from_copied_string(path);

	if (!call)
		abort();
	if (deadline_ms >= 0)
		deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
					gpr_time_from_millis(deadline_ms, GPR_TIMESPAN));
	call->client = client;
	call->user = user;
	grpc_metadata_array_init(&call->headers);
	grpc_metadata_array_init(&call->trailers);
	clock_gettime(CLOCK_MONOTONIC, &call->begun);
	call->call = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS, client->queue,
					      name, NULL, deadline, NULL);
	grpc_slice_unref(name);
	/* Counted before the first can end on the serving thread: so the call lives until the last was started. */
	call->pending = PARTS;
	send_request(call, request, len);
	await_answer(call);
	return call;
}

void cri_call_cancel(struct cri_call *call)
{
	(void) grpc_call_cancel(call->call, NULL);
}

static double ms_since(const struct timespec *begun)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) (now.tv_sec - begun->tv_sec) * 1e3 + (double) (now.tv_nsec - begun->tv_nsec) / 1e6;
}

static void end_call(struct cri_call *call)
{
	auto_text sentence = { 0 };

	text_add_bytes(&sentence, GRPC_SLICE_START_PTR(call->details), GRPC_SLICE_LENGTH(call->details));
	/* Whoever asks again asks now: a server that has just been started must not be waited for. */
	if (call->code == GRPC_STATUS_UNAVAILABLE)
		grpc_channel_reset_connect_backoff(call->client->channel);
	call->client->callbacks.ended(call, call->code, text_str(&sentence), ms_since(&call->begun),
				      call->user);
	grpc_slice_unref(call->details);
	grpc_metadata_array_destroy(&call->headers);
	grpc_metadata_array_destroy(&call->trailers);
	grpc_call_unref(call->call);
	free(call);
}

static void take_message(struct cri_call *call)
{
	grpc_byte_buffer *buffer = TAKE(call->received);
	grpc_byte_buffer_reader reader;
	grpc_slice slice;

	if (!buffer) /* there are no more */
		return;
	if (grpc_byte_buffer_reader_init(&reader, buffer)) {
		slice = grpc_byte_buffer_reader_readall(&reader);
		grpc_byte_buffer_reader_destroy(&reader);
		call->client->callbacks.message(call, GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice),
						call->user);
		grpc_slice_unref(slice);
	}
	grpc_byte_buffer_destroy(buffer);
	call->pending++;
	await_message(call);
}

/* One batch. True when a call has ended with it; *ret_down when the queue is empty for ever. */
static bool serve_batch(struct cri_client *client, bool *ret_down)
{
	grpc_event event =
	    grpc_completion_queue_next(client->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
	struct tag *tag = event.tag;
	struct cri_call *call;

	*ret_down = event.type == GRPC_QUEUE_SHUTDOWN;
	if (*ret_down)
		return false;
	call = tag->call;
	if (tag->part == HEADERS && event.success)
		client->callbacks.headers(call, call->user);
	if (tag->part == MESSAGE)
		take_message(call);
	if (--call->pending > 0)
		return false;
	end_call(call);
	return true;
}

void cri_client_serve(struct cri_client *client)
{
	bool down = false;

	while (!down)
		(void) serve_batch(client, &down);
}

void cri_client_serve_one(struct cri_client *client)
{
	bool down = false;

	while (!serve_batch(client, &down) && !down)
		;
}

void cri_client_stop(struct cri_client *client)
{
	grpc_completion_queue_shutdown(client->queue);
}
