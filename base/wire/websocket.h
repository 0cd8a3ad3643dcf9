/*
 * WebSocket frames, RFC 6455, at either end. Pure: bytes in, messages out. Bounded: a message has at most
 * WEBSOCKET_MESSAGE_MAX bytes, however many frames it comes in.
 */
#ifndef BASE_WIRE_WEBSOCKET_H
#define BASE_WIRE_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct err;

#define WEBSOCKET_MESSAGE_MAX (1u << 20)

enum websocket_kind {
	WEBSOCKET_TEXT = 1, /* the numbers are the opcodes */
	WEBSOCKET_BINARY = 2,
	WEBSOCKET_CLOSE = 8,
	WEBSOCKET_PING = 9,
	WEBSOCKET_PONG = 10,
};
enum websocket_code { WEBSOCKET_NORMAL = 1000, WEBSOCKET_PROTOCOL = 1002, WEBSOCKET_TOO_BIG = 1009 };

struct websocket {
	struct text input; /* not looked at yet */
	size_t taken; /* of it */
	struct text message; /* of the frames so far */
	int kind; /* of the message that has begun; 0: none */
	bool client; /* we are the client: what comes is not masked */
};
void websocket_free(struct websocket *socket);

struct websocket_event {
	enum websocket_kind kind;
	const char *data; /* borrowed until the next call */
	size_t len;
};

void websocket_feed(struct websocket *socket, const char *data, size_t len);
/* 1: an event; 0: more bytes are needed; -EPROTO or -EMSGSIZE with a sentence, after which there is nothing to be read any more. */
int websocket_next(struct websocket *socket, struct websocket_event *ret, struct err *err);

/* One whole unmasked frame, appended. */
void websocket_put(struct text *out, enum websocket_kind kind, const void *data, size_t len);
/* The same from a client: masked, which is all that section 5.3 asks. */
void websocket_put_masked(struct text *out, enum websocket_kind kind, const unsigned char mask[4],
			  const void *data, size_t len);
void websocket_put_close(struct text *out, enum websocket_code code);
/* The value of Sec-WebSocket-Accept. -EBADMSG: the key is not 16 bytes in base64. */
int websocket_accept(const char *key, struct text *out);

#endif
