/*
 * What a session speaks through: numbered channels, whatever carries them. The numbers are those of the WebSocket subprotocols:
 * for exec and attach see enum channel, for the nth forwarded port 2n carries data and 2n+1 the error.
 */
#ifndef CRI_STREAM_TRANSPORT_H
#define CRI_STREAM_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct text;
struct transport;

enum channel { CHANNEL_IN, CHANNEL_OUT, CHANNEL_ERR, CHANNEL_ERROR, CHANNEL_RESIZE, CHANNELS };

enum channel_kind {
	CHANNEL_OPENED,
	CHANNEL_DATA,
	CHANNEL_ENDED, /* the client sends no more there */
	CHANNEL_BROKEN, /* nor does it want anything from there */
	CHANNEL_GOODBYE, /* of all: the client wants to go */
};

struct channel_event {
	enum channel_kind kind;
	int channel;
	unsigned port; /* CHANNEL_OPENED of a forwarded one */
	const char *data; /* borrowed until the next call */
	size_t len;
};

/* Frames to be sent are appended to out. */
struct transport_ops {
	void (*feed)(struct transport *transport, const char *data, size_t len);
	/* 1: an event; 0: more bytes are needed; or an error, after which there is nothing to be read. */
	int (*next)(struct transport *transport, struct channel_event *ret, struct text *out,
		    struct err *err);
	void (*send)(struct transport *transport, int channel, const char *data, size_t len,
		     struct text *out);
	void (*end)(struct transport *transport, int channel, struct text *out);
	/* Both channels of a forwarded port are done with; their numbers may mean another one from now on. */
	void (*forget)(struct transport *transport, int channel);
	void (*goodbye)(struct transport *transport, struct text *out);
	void (*free)(struct transport *transport);
};

/* The first member of each kind. */
struct transport {
	const struct transport_ops *ops;
	bool opens_channels; /* the client opens each, and says so; else all are there from the start */
};

struct transport *transport_spdy(bool forward, bool tunnelled);
/* What a subprotocol means to its frames. */
struct websocket_form {
	bool base64, closes; /* v5: channel 255 carries half-closes */
};
struct transport *transport_websocket(const struct websocket_form *form);

#endif
