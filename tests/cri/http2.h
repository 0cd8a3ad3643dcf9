/* A peer of gRPC that speaks HTTP/2 by hand, so that it can do what no client library does: not read, not give room, cost nothing. */
#ifndef TESTS_CRI_HTTP2_H
#define TESTS_CRI_HTTP2_H

#include <stdbool.h>
#include <stddef.h>

struct text;

enum { HTTP2_DATA, HTTP2_HEADERS, HTTP2_SETTINGS = 4, HTTP2_WINDOW_UPDATE = 8 };
enum { HTTP2_END_STREAM = 1 };

/* Adds the preface and a call of runtime.v1.RuntimeService/METHOD with an empty request, on stream 1; window: what each stream may send. */
void http2_call(struct text *out, const char *method, unsigned window);
/* Stream 0: of the connection. */
void http2_give_room(struct text *out, unsigned stream, unsigned bytes);

struct http2_frame {
	unsigned type, flags;
	const unsigned char *payload; /* borrowed from in */
	size_t len;
};
/* Takes the frame at *at, which moves behind it; false: it is not there as a whole. */
bool http2_frame(const struct text *in, size_t *at, struct http2_frame *ret);

#endif
