/* What a handler may ask its call, and how it fails. */
#include <errno.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "runtime-under-test/cri/rpc/internal.h"
#include "runtime-under-test/oci/faults.h"

/* A peer that takes nothing for this long is cut off: until then its handler waits. */
enum { SEND_MAX_MS = 60000 };

struct arena *rpc_call_arena(struct rpc_call *call)
{
	return &call->arena;
}

void rpc_call_unanswered(struct rpc_call *call, rpc_undo *undo, const void *data)
{
	call->undo = undo;
	call->undo_data = data;
}

const char *rpc_call_method(struct rpc_call *call)
{
	return call->method->descriptor->name;
}

bool rpc_call_done(struct rpc_call *call)
{
	bool done;

	pthread_mutex_lock(&call->lock);
	done = call->is_closed;
	pthread_mutex_unlock(&call->lock);
	return done || atomic_load(&call->server->stopping);
}

int rpc_call_done_fd(struct rpc_call *call)
{
	int fd;

	pthread_mutex_lock(&call->lock);
	if (call->done_fd < 0)
		call->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fd = call->done_fd >= 0 ? call->done_fd : -errno;
	pthread_mutex_unlock(&call->lock);
	/* It may have happened before there was a descriptor to tell it. */
	if (fd >= 0 && rpc_call_done(call))
		(void) eventfd_write(fd, 1);
	return fd;
}

bool rpc_call_wait_ms(struct rpc_call *call, int64_t ms)
{
	struct timespec until = time_after_ms(ms);
	bool done;
	int r = 0;

	pthread_mutex_lock(&call->lock);
	while (!(done = call->is_closed || atomic_load(&call->server->stopping)) && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&call->changed, &call->lock, &until);
	pthread_mutex_unlock(&call->lock);
	return done;
}

int64_t rpc_call_left_ms(struct rpc_call *call)
{
	gpr_timespec deadline = call->details.deadline;
	gpr_timespec now = gpr_now(deadline.clock_type);

	if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0)
		return INT64_MAX;
	return gpr_time_cmp(deadline, now) <= 0 ? 0
						: (int64_t) gpr_time_to_millis(gpr_time_sub(deadline, now));
}

grpc_status_code rpc_fail(struct rpc_call *call, grpc_status_code status, const char *format, ...)
{
	auto_text sentence = { 0 };
	va_list args;

	va_start(args, format);
	text_addv(&sentence, format, args);
	va_end(args);
	call->sentence = arena_string(&call->arena, text_str(&sentence));
	return status == GRPC_STATUS_NOT_FOUND && fault("cri-not-found-is-unknown") ? GRPC_STATUS_UNKNOWN
										    : status;
}

grpc_status_code rpc_status_of(int r)
{
	static const struct {
		int error;
		grpc_status_code status;
	} rows[] = {
		{ ENOENT, GRPC_STATUS_NOT_FOUND },          { EEXIST, GRPC_STATUS_ALREADY_EXISTS },
		{ EINVAL, GRPC_STATUS_INVALID_ARGUMENT },   { EOPNOTSUPP, GRPC_STATUS_UNIMPLEMENTED },
		{ ENOSYS, GRPC_STATUS_UNIMPLEMENTED },      { ETIMEDOUT, GRPC_STATUS_DEADLINE_EXCEEDED },
		{ ECANCELED, GRPC_STATUS_CANCELLED },       { EBUSY, GRPC_STATUS_FAILED_PRECONDITION },
		{ ENOSPC, GRPC_STATUS_RESOURCE_EXHAUSTED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].error == -r)
			return rows[i].status;
	return r < 0 ? GRPC_STATUS_UNKNOWN : GRPC_STATUS_OK;
}

grpc_status_code rpc_fail_err(struct rpc_call *call, int r, const struct err *err)
{
	return rpc_fail(call, rpc_status_of(r), "%s", err->text[0] ? err->text : strerror(-r));
}

/* gRPC frees no write that the peer does not take, not even when the call is cancelled: the connection has to go. */
static void cut_peer(struct rpc_call *call)
{
	char *peer = grpc_call_get_peer(call->call);

	if (strncmp(peer, "fd:", 3) == 0)
		listener_cut(&call->server->listener, atoi(peer + 3));
	gpr_free(peer);
}

static bool wait_until_sent(struct rpc_call *call)
{
	int64_t max = call->server->options.send_max_ms;
	struct timespec until = time_after_ms(max ? max : SEND_MAX_MS);
	bool ok;
	int r = 0;

	pthread_mutex_lock(&call->lock);
	while (!call->is_sent && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&call->changed, &call->lock, &until);
	if (!call->is_sent) {
		pthread_mutex_unlock(&call->lock);
		cut_peer(call);
		pthread_mutex_lock(&call->lock);
		while (!call->is_sent)
			pthread_cond_wait(&call->changed, &call->lock);
	}
	ok = call->sent_ok;
	pthread_mutex_unlock(&call->lock);
	return ok;
}

int rpc_send(struct rpc_call *call, const void *message)
{
	grpc_byte_buffer *buffer = NULL;
	grpc_op ops[2] = { 0 };
	size_t count = 0;
	bool ok;

	if (rpc_call_done(call))
		return -EPIPE;
	if (message) {
		buffer = buffer_encode(message, NULL);
		if (!buffer)
			return -EINVAL;
	}
	if (!call->headers_sent)
		ops[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
	call->headers_sent = true;
	if (buffer) {
		ops[count].op = GRPC_OP_SEND_MESSAGE;
		ops[count++].data.send_message.send_message = buffer;
	}
	if (count == 0)
		return 0;
	pthread_mutex_lock(&call->lock);
	call->is_sent = false;
	pthread_mutex_unlock(&call->lock);
	call_start(call, ops, count, &call->sent);
	ok = wait_until_sent(call);
	if (buffer)
		grpc_byte_buffer_destroy(buffer);
	return ok ? 0 : -EPIPE;
}
