/*
 * Calls to a CRI endpoint, made by a helper program: gRPC starts threads, after which nothing may fork, and a case forks all the
 * time. One JSON object a line: {"id", "method", "request", "deadline_ms"} goes in; {"id", "item"} for each message of a stream
 * and at last {"id", "status", "message", "response", "ms"} comes out.
 */
#ifndef HARNESS_CRI_HELPER_H
#define HARNESS_CRI_HELPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/process.h"
#include "base/text.h"

struct err;
struct json;
struct world_place;

struct cri_helper {
	struct world_place *place; /* borrowed; its reaper reads the answers */
	struct process process;
	int in, out;
	struct text buffer; /* answers that are not whole lines yet */
	struct json *answers; /* owned: by id, {"items": [...], "answer": {...}} */
	size_t received; /* bytes of answers */
	int64_t next;
	bool ended; /* the helper is gone */
};
#define CRI_HELPER_INIT                                                                                      \
	{                                                                                                    \
		.process = PROCESS_INIT, .in = -EBADF, .out = -EBADF                                         \
	}

/* program: its path. call must not move until cri_helper_stop(): the reaper points at it. */
int cri_helper_start(struct world_place *place, const char *program, const char *endpoint,
		     struct cri_helper *helper, struct err *err);
void cri_helper_stop(struct cri_helper *helper);

/* Sends and does not wait: the id of the call. request NULL: {}. */
int64_t cri_helper_send(struct cri_helper *helper, const char *method, const struct json *request,
			int64_t deadline_ms, struct err *err);
/* Visits a stream: {"open": URL, ...}. Also answered as a call is. */
int64_t cri_helper_open(struct cri_helper *helper, const struct json *wish, int64_t deadline_ms,
			struct err *err);
int cri_helper_cancel(struct cri_helper *helper, int64_t id, struct err *err);
/*
 * The answer with "items" added for a stream; owned. -ETIMEDOUT at the absolute deadline, -EPIPE when the helper is gone, -EFBIG
 * when the answers of a case are too much to keep.
 */
int cri_helper_await(struct cri_helper *helper, int64_t id, int64_t deadline, struct json **ret,
		     struct err *err);
/* How many messages of a stream have come by now. */
size_t cri_helper_items(const struct cri_helper *helper, int64_t id);
/* Waits until there are that many, or the stream has ended: 1; 0 at the deadline. */
int cri_helper_await_items(struct cri_helper *helper, int64_t id, size_t count, int64_t deadline);
/* Waits until a stream has begun: who subscribes to events misses none after that. As above. */
int cri_helper_await_headers(struct cri_helper *helper, int64_t id, int64_t deadline);

#endif
