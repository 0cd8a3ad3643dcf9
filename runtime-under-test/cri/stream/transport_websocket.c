/* A message is a byte for the channel and what is carried on it; in base64 the byte is a digit and the rest is encoded. */
#include <errno.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/text.h"
#include "base/wire/websocket.h"
#include "runtime-under-test/cri/stream/transport.h"

#define CLOSE_CHANNEL 255

struct websocket_transport {
	struct transport transport;
	struct websocket_form form;
	struct websocket socket;
	struct text decoded;
};

static struct websocket_transport *own(struct transport *transport)
{
	return (struct websocket_transport *) transport;
}

static void feed(struct transport *transport, const char *data, size_t len)
{
	websocket_feed(&own(transport)->socket, data, len);
}

/* 1: an event; 0: nothing that matters. */
static int read_message(struct websocket_transport *own_, const struct websocket_event *message,
			struct channel_event *ret, struct err *err)
{
	unsigned char first;

	if (!message->len)
		return 0;
	first = (unsigned char) message->data[0];
	*ret = (struct channel_event){
		.kind = CHANNEL_DATA, .channel = first, .data = message->data + 1, .len = message->len - 1
	};
	if (own_->form.closes && first == CLOSE_CHANNEL) {
		ret->kind = CHANNEL_ENDED;
		ret->channel = ret->len ? (unsigned char) ret->data[0] : -1;
		return ret->len > 0;
	}
	if (own_->form.base64) {
		auto_text encoded = { 0 };

		text_add_bytes(&encoded, ret->data, ret->len);
		text_cut(&own_->decoded, 0);
		if (first < '0' || base64_decode(text_str(&encoded), &own_->decoded) < 0)
			return fail_text(err, -EPROTO, "a message is not a digit and base64");
		ret->channel = first - '0';
		ret->data = text_str(&own_->decoded);
		ret->len = own_->decoded.len;
	}
	return 1;
}

static int next(struct transport *transport, struct channel_event *ret, struct text *out, struct err *err)
{
	struct websocket_transport *own_ = own(transport);
	struct websocket_event message;
	int r;

	while ((r = websocket_next(&own_->socket, &message, err)) > 0) {
		switch (message.kind) {
		case WEBSOCKET_PING:
			websocket_put(out, WEBSOCKET_PONG, message.data, message.len);
			continue;
		case WEBSOCKET_PONG:
			continue;
		case WEBSOCKET_CLOSE:
			*ret = (struct channel_event){ .kind = CHANNEL_GOODBYE };
			return 1;
		case WEBSOCKET_TEXT:
		case WEBSOCKET_BINARY:
			r = read_message(own_, &message, ret, err);
			if (r != 0)
				return r;
		}
	}
	return r;
}

static void send_message(struct transport *transport, int channel, const char *data, size_t len,
			 struct text *out)
{
	struct websocket_transport *own_ = own(transport);
	auto_text message = { 0 };

	text_add_char(&message, (char) (own_->form.base64 ? '0' + channel : channel));
	if (own_->form.base64)
		base64_encode(data, len, &message);
	else
		text_add_bytes(&message, data, len);
	websocket_put(out, own_->form.base64 ? WEBSOCKET_TEXT : WEBSOCKET_BINARY, message.data, message.len);
}

/* The subprotocols have no way to say that one of the server's channels has ended, but for all at once. */
static void end(struct transport *transport, int channel, struct text *out)
{
	(void) transport;
	(void) channel;
	(void) out;
}

static void forget(struct transport *transport, int channel)
{
	(void) transport;
	(void) channel;
}

static void goodbye(struct transport *transport, struct text *out)
{
	(void) transport;
	websocket_put_close(out, WEBSOCKET_NORMAL);
}

static void free_transport(struct transport *transport)
{
	websocket_free(&own(transport)->socket);
	text_free(&own(transport)->decoded);
	free(transport);
}

struct transport *transport_websocket(const struct websocket_form *form)
{
	static const struct transport_ops ops = { feed,   next,    send_message,  end,
						  forget, goodbye, free_transport };
	struct websocket_transport *own_ = calloc(1, sizeof(*own_));

	if (!own_)
		abort();
	own_->transport.ops = &ops;
	own_->form = *form;
	return &own_->transport;
}
