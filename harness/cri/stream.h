/*
 * A client of the URLs that Exec, Attach and PortForward answer: SPDY/3.1 as the kubelet speaks it, or a WebSocket. It types
 * what it is told to, reads until the other side is done, a word was read or the time is over, and says what it saw.
 */
#ifndef HARNESS_CRI_STREAM_H
#define HARNESS_CRI_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/wire/websocket.h"

struct err;
struct json;
struct spdy;

/* Numbers of the WebSocket subprotocols; of a forwarded port the first is its data and the last its error. */
enum { STREAM_IN, STREAM_OUT, STREAM_ERR, STREAM_ERROR, STREAM_RESIZE, STREAMS };

struct stream_wish {
	const char *url; /* borrowed, all of it */
	bool websocket;
	const char *protocol; /* "v4.channel.k8s.io" */
	bool streams[STREAMS]; /* that the URL was asked for with */
	const char *typed, *until; /* until NULL: to the end */
	const char *after; /* what is said waits until this was read; NULL: for nothing */
	size_t typed_len;
	bool ends; /* the input, once all is typed */
	int width, height; /* 0: not told */
	int port; /* forwarded; 0: none is */
	int64_t deadline; /* absolute, ms */
	void (*heard)(void *user); /* once, at the first bytes; NULL: nobody wants to know */
	void *user; /* borrowed */
};

/* What one has seen. */
struct stream_sight {
	int http; /* status of the answer */
	struct text head; /* its head, or of a refusal what it says */
	struct text protocol; /* the one chosen */
	struct text read[STREAMS];
	bool ended; /* the other side was done */
	bool met; /* `until` was read */
	bool heard;
};
void stream_sight_free(struct stream_sight *sight);

/* 0, also of a refusal; -ETIMEDOUT, or another error with a sentence. */
int stream_visit(const struct stream_wish *wish, struct stream_sight *ret, struct err *err);

/* The frames of either protocol; stream_frames.c. */
struct stream_frames {
	bool websocket, closes; /* closes: v5, whose input can end */
	struct spdy *spdy; /* owned */
	struct websocket socket;
	uint32_t ids[STREAMS]; /* of SPDY; 0: not opened */
	bool fins[STREAMS];
};
int stream_frames_open(const struct stream_wish *wish, struct stream_frames *ret, struct text *out,
		       struct err *err);
void stream_frames_free(struct stream_frames *frames);
void stream_frames_type(struct stream_frames *frames, int stream, const char *data, size_t len,
			struct text *out);
void stream_frames_end(struct stream_frames *frames, int stream, struct text *out);
/* Takes bytes in; what they carry is appended to `ret`, what has to be answered to `out`. 1: the other side is done. */
int stream_frames_take(struct stream_frames *frames, const char *data, size_t len, struct stream_sight *ret,
		       struct text *out, struct err *err);

/* Connects and asks for the other protocol: the socket, owned. *rest: what came behind the head. stream_upgrade.c */
int stream_upgrade(const struct stream_wish *wish, struct stream_sight *ret, struct text *rest,
		   struct err *err);

/* {"open": URL, ...} to {"status", "message", "response"}; stream_call.c. Owned. */
struct json *stream_call(const struct json *line, void (*heard)(void *user), void *user);

#endif
