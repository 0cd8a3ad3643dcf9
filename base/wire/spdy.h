/*
 * SPDY/3.1 frames, draft-mbelshe-httpbis-spdy-00 and -3.1, as Kubernetes' clients speak it: streams that the client opens,
 * headers compressed, no flow control. Pure: bytes in, events out. Bounded: a control frame has at most SPDY_CONTROL_MAX bytes
 * and its headers, inflated, no more than that; data is given on as it comes.
 */
#ifndef BASE_WIRE_SPDY_H
#define BASE_WIRE_SPDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct spdy;
struct text;

#define SPDY_CONTROL_MAX 65536u
#define SPDY_HEADERS_MAX 64

enum spdy_kind {
	SPDY_DATA, /* part of a stream's data; fin: the last */
	SPDY_SYN_STREAM, /* a new stream with headers */
	SPDY_SYN_REPLY, /* to a client */
	SPDY_RST_STREAM, /* a stream is broken off: status */
	SPDY_PING, /* to be sent back: its number is in `stream` */
	SPDY_GOAWAY, /* no new streams */
	SPDY_OTHER, /* SETTINGS, WINDOW_UPDATE, HEADERS and what came later: nothing to do */
};

struct spdy_header {
	const char *name,
	    *value; /* borrowed until the next call; a value may have NULs, at the first of which it ends here */
};

struct spdy_event {
	enum spdy_kind kind;
	uint32_t stream;
	uint32_t status;
	bool fin;
	const char *data; /* borrowed until the next call */
	size_t len;
	struct spdy_header headers[SPDY_HEADERS_MAX];
	size_t header_count;
};

struct spdy *spdy_new(void);
void spdy_free(struct spdy *spdy);
void spdy_feed(struct spdy *spdy, const char *data, size_t len);
/* 1: an event; 0: more bytes are needed; -EPROTO or -EMSGSIZE with a sentence: then there is nothing to be read any more. */
int spdy_next(struct spdy *spdy, struct spdy_event *ret, struct err *err);
const char *spdy_header(const struct spdy_event *event, const char *name); /* any case; NULL: none */

/* Frames, appended. The headers of both are compressed in the order of the calls: none may be dropped. */
void spdy_put_syn(struct spdy *spdy, uint32_t stream, bool fin, const struct spdy_header *headers,
		  size_t count, struct text *out);
void spdy_put_reply(struct spdy *spdy, uint32_t stream, struct text *out);
void spdy_put_data(uint32_t stream, bool fin, const void *data, size_t len, struct text *out);
void spdy_put_reset(uint32_t stream, uint32_t status, struct text *out);
void spdy_put_ping(uint32_t number, struct text *out);
void spdy_put_goaway(uint32_t last_stream, struct text *out);

#define SPDY_STATUS_INVALID_STREAM 2u
#define SPDY_STATUS_REFUSED 3u
#define SPDY_STATUS_CANCEL 5u

void spdy_dictionary(struct text *out); /* 1423 bytes */

#endif
