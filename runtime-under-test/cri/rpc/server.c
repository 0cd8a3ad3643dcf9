/* The server as a whole: its table of methods, its queue, its start and its end. */
#include <errno.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "base/wire/methods.h"
#include "runtime-under-test/cri/rpc/internal.h"

/* Calls that peers may begin at the same instant; each begun one puts the next in front. */
enum { AWAITED = 8 };
/* What handlers have to return after the cancel. */
enum { CANCELLED_MAX_MS = 3000 };

void condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct timespec time_after_ms(int64_t ms)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += ms / 1000;
	time.tv_nsec += ms % 1000 * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_sec++;
		time.tv_nsec -= 1000000000;
	}
	return time;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct method *) a)->path, ((const struct method *) b)->path);
}

static void make_methods(struct rpc_server *server)
{
	size_t services, total = 0;
	const ProtobufCServiceDescriptor *const *rows = method_services(&services);

	for (size_t i = 0; i < services; i++)
		total += rows[i]->n_methods;
	server->methods = calloc(total, sizeof(*server->methods));
	if (!server->methods)
		abort();
	for (size_t i = 0; i < services; i++)
		for (unsigned k = 0; k < rows[i]->n_methods; k++) {
			struct method *method = &server->methods[server->method_count++];

			method->descriptor = &rows[i]->methods[k];
			method->path = text_format("/%s/%s", rows[i]->name, method->descriptor->name);
			method->len = strlen(method->path);
			method->streams = method_streams(method->descriptor->name);
		}
	qsort(server->methods, server->method_count, sizeof(*server->methods), by_path);
}

const struct method *method_of(const struct rpc_server *server, grpc_slice path)
{
	size_t low = 0, high = server->method_count, len = GRPC_SLICE_LENGTH(path), middle;
	const struct method *method;
	int order;

	while (low < high) {
		middle = (low + high) / 2;
		method = &server->methods[middle];
		order =
		    memcmp(GRPC_SLICE_START_PTR(path), method->path, len < method->len ? len : method->len);
		if (order == 0 && len == method->len)
			return method;
		if (order < 0 || (order == 0 && len < method->len))
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static void on_down(void *subject, bool ok)
{
	struct rpc_server *server = subject;

	(void) ok;
	pthread_mutex_lock(&server->lock);
	server->is_down = true;
	pthread_cond_broadcast(&server->quieter);
	pthread_mutex_unlock(&server->lock);
}

int rpc_server_new(const struct rpc_options *options, struct rpc_server **ret, struct err *err)
{
	struct rpc_server *server = calloc(1, sizeof(*server));
	grpc_arg rows[] = {
		{ .type = GRPC_ARG_INTEGER,
		  .key = (char *) GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
		  .value.integer = options->message_max },
		/* An answer may be longer than gRPC's 4 MiB: a list of everything. */
		{ .type = GRPC_ARG_INTEGER,
		  .key = (char *) GRPC_ARG_MAX_SEND_MESSAGE_LENGTH,
		  .value.integer = -1 },
	};
	grpc_channel_args args = { ARRAY_SIZE(rows), rows };

	if (!server)
		return fail(err, -ENOMEM, "make the server");
	grpc_init();
	server->options = *options;
	pthread_mutex_init(&server->lock, NULL);
	condition_init(&server->job);
	condition_init(&server->quieter);
	listener_init(&server->listener);
	make_methods(server);
	server->grpc = grpc_server_create(&args, NULL);
	server->queue = grpc_completion_queue_create_for_next(NULL);
	grpc_server_register_completion_queue(server->grpc, server->queue, NULL);
	server->down = (struct tag){ on_down, server };
	*ret = server;
	return 0;
}

static struct method *method_named(const struct rpc_server *server, const char *name)
{
	for (size_t i = 0; i < server->method_count; i++)
		if (strcmp(server->methods[i].descriptor->name, name) == 0)
			return &server->methods[i];
	return NULL;
}

int rpc_server_bind(struct rpc_server *server, const struct rpc_binding *rows, struct err *err)
{
	struct method *method;

	for (; rows->name; rows++) {
		method = method_named(server, rows->name);
		if (!method)
			return fail_text(err, -EINVAL, "bind %s: the interface has no such method",
					 rows->name);
		if (method->handler)
			return fail_text(err, -EINVAL, "bind %s: bound twice", rows->name);
		method->handler = rows->handler;
		method->quick = rows->quick;
	}
	return 0;
}

rpc_handler *rpc_server_handler(const struct rpc_server *server, const char *name)
{
	const struct method *method = method_named(server, name);

	return method ? method->handler : NULL;
}

int rpc_server_listen(struct rpc_server *server, const char *address, struct err *err)
{
	return listener_open(&server->listener, address, err);
}

static void *serve_queue(void *data)
{
	struct rpc_server *server = data;
	grpc_event event;
	struct tag *tag;

	for (;;) {
		event = grpc_completion_queue_next(server->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
		if (event.type == GRPC_QUEUE_SHUTDOWN)
			return NULL;
		tag = event.tag;
		TAKE_OVER(tag);
		tag->ended(tag->subject, event.success);
	}
}

int rpc_server_start(struct rpc_server *server, struct err *err)
{
	int r;

	grpc_server_start(server->grpc);
	for (int i = 0; i < AWAITED; i++)
		call_await(server);
	for (size_t i = 0; i < ARRAY_SIZE(server->queue_threads); i++) {
		r = pthread_create(&server->queue_threads[i], NULL, serve_queue, server);
		if (r)
			return fail(err, -r, "start a thread of the queue");
		server->queue_thread_count++;
	}
	return listener_start(server, err);
}

static void wake_calls(struct rpc_server *server)
{
	pthread_mutex_lock(&server->lock);
	for (struct rpc_call *call = server->calls; call; call = call->next)
		call_wake(call);
	pthread_mutex_unlock(&server->lock);
}

/* False: the time passed. */
static bool wait_until_quiet(struct rpc_server *server, int64_t ms)
{
	struct timespec until = time_after_ms(ms);
	bool quiet;
	int r = 0;

	pthread_mutex_lock(&server->lock);
	while (!(quiet = server->is_down && server->call_count == 0) && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&server->quieter, &server->lock, &until);
	pthread_mutex_unlock(&server->lock);
	return quiet;
}

static const char *running_method(struct rpc_server *server)
{
	const char *name = "a call";

	pthread_mutex_lock(&server->lock);
	for (const struct rpc_call *call = server->calls; call; call = call->next)
		if (call->method)
			name = call->method->descriptor->name;
	pthread_mutex_unlock(&server->lock);
	return name;
}

int rpc_server_stop(struct rpc_server *server, int64_t grace_ms, struct err *err)
{
	atomic_store(&server->stopping, true);
	listener_stop(&server->listener);
	wake_calls(server);
	HAND_OVER(&server->down);
	grpc_server_shutdown_and_notify(server->grpc, server->queue, &server->down);
	if (!wait_until_quiet(server, grace_ms)) {
		grpc_server_cancel_all_calls(server->grpc);
		/* Completes the writes that the cancel cannot. */
		listener_cut(&server->listener, -1);
		if (!wait_until_quiet(server, CANCELLED_MAX_MS))
			return fail_text(err, -ETIMEDOUT, "stop: %s does not end", running_method(server));
	}
	pool_quit(server);
	grpc_completion_queue_shutdown(server->queue);
	for (size_t i = 0; i < server->queue_thread_count; i++)
		pthread_join(server->queue_threads[i], NULL);
	server->queue_thread_count = 0;
	server->quit = true;
	return 0;
}

void rpc_server_free(struct rpc_server *server)
{
	if (!server)
		return;
	if (!server->quit) { /* never started */
		grpc_completion_queue_shutdown(server->queue);
		(void) grpc_completion_queue_next(server->queue, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
	}
	grpc_server_destroy(server->grpc);
	grpc_completion_queue_destroy(server->queue);
	for (size_t i = 0; i < server->method_count; i++)
		free(server->methods[i].path);
	free(server->methods);
	listener_close(&server->listener);
	pthread_mutex_destroy(&server->lock);
	pthread_cond_destroy(&server->job);
	pthread_cond_destroy(&server->quieter);
	free(server);
	grpc_shutdown();
}
