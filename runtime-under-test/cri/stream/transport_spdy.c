/*
 * A channel is a SPDY stream that the client opened under a name. Tunnelled, the frames travel in WebSocket messages, whose
 * borders mean nothing.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "base/wire/spdy.h"
#include "base/wire/websocket.h"
#include "runtime-under-test/cri/stream/transport.h"

/* Connections that one client forwards at the same time. */
#define PAIRS_MAX 1024
#define REQUEST_ID_MAX 64

struct pair {
	char request[REQUEST_ID_MAX];
	uint32_t streams[2]; /* data, error; 0: not opened */
};

struct spdy_transport {
	struct transport transport;
	bool forward, tunnelled, closed;
	struct spdy *spdy;
	struct websocket socket;
	uint32_t streams[CHANNELS]; /* exec and attach; 0: not opened */
	struct pair *pairs; /* owned */
	size_t pair_count;
	uint32_t last;
	/* Of an event that was a stream's data and its end at once: the end comes next. */
	int ended;
};

static struct spdy_transport *own(struct transport *transport)
{
	return (struct spdy_transport *) transport;
}

static void feed(struct transport *transport, const char *data, size_t len)
{
	if (own(transport)->tunnelled)
		websocket_feed(&own(transport)->socket, data, len);
	else
		spdy_feed(own(transport)->spdy, data, len);
}

static void emit(const struct spdy_transport *spdy, const struct text *frames, struct text *out)
{
	if (spdy->tunnelled)
		websocket_put(out, WEBSOCKET_BINARY, frames->data, frames->len);
	else
		text_add_bytes(out, frames->data, frames->len);
}

static int channel_of(const struct spdy_transport *spdy, uint32_t stream)
{
	if (!spdy->forward) {
		for (int i = 0; i < CHANNELS; i++)
			if (stream && spdy->streams[i] == stream)
				return i;
		return -1;
	}
	for (size_t i = 0; i < spdy->pair_count; i++)
		for (int j = 0; j < 2; j++)
			if (stream && spdy->pairs[i].streams[j] == stream)
				return (int) (2 * i) + j;
	return -1;
}

static uint32_t stream_of(const struct spdy_transport *spdy, int channel)
{
	if (!spdy->forward)
		return channel < CHANNELS ? spdy->streams[channel] : 0;
	return (size_t) channel / 2 < spdy->pair_count ? spdy->pairs[channel / 2].streams[channel % 2] : 0;
}

/* The pair of this name, or a free one; SIZE_MAX: there are too many. */
static size_t pair_of(struct spdy_transport *spdy, const char *request)
{
	size_t unused = SIZE_MAX;

	for (size_t i = 0; i < spdy->pair_count; i++) {
		const struct pair *pair = &spdy->pairs[i];

		if (!pair->request[0])
			unused = i;
		else if (strcmp(pair->request, request) == 0)
			return i;
	}
	if (unused == SIZE_MAX && spdy->pair_count < PAIRS_MAX) {
		unused = spdy->pair_count++;
		spdy->pairs = reallocarray(spdy->pairs, spdy->pair_count, sizeof(*spdy->pairs));
		if (!spdy->pairs)
			abort();
	}
	if (unused != SIZE_MAX) {
		spdy->pairs[unused] = (struct pair){ .request = "" };
		strncpy(spdy->pairs[unused].request, request, REQUEST_ID_MAX - 1);
	}
	return unused;
}

/* Clients before Kubernetes 1.8 named no request: the error's stream came first, the data's next. */
static int open_forwarded(struct spdy_transport *spdy, const struct spdy_event *event,
			  struct channel_event *ret)
{
	const char *type = spdy_header(event, "streamtype"), *request = spdy_header(event, "requestid");
	const char *port = spdy_header(event, "port");
	bool is_data = type && strcmp(type, "data") == 0;
	unsigned long long number;
	auto_free char *own_name = text_format("#%u", is_data ? event->stream - 2 : event->stream);
	size_t pair;

	if (!type || (!is_data && strcmp(type, "error") != 0))
		return -EINVAL;
	if (!port || text_to_u64(port, &number) < 0 || number == 0 || number > 65535)
		return -EINVAL;
	if (!request || !*request)
		request = own_name;
	if (strlen(request) >= REQUEST_ID_MAX)
		return -EINVAL;
	pair = pair_of(spdy, request);
	if (pair == SIZE_MAX || spdy->pairs[pair].streams[!is_data])
		return -EINVAL;
	spdy->pairs[pair].streams[!is_data] = event->stream;
	ret->channel = (int) (2 * pair) + !is_data;
	ret->port = (unsigned) number;
	return 0;
}

static int open_named(struct spdy_transport *spdy, const struct spdy_event *event, struct channel_event *ret)
{
	static const char *const names[CHANNELS] = {
		[CHANNEL_IN] = "stdin",    [CHANNEL_OUT] = "stdout",    [CHANNEL_ERR] = "stderr",
		[CHANNEL_ERROR] = "error", [CHANNEL_RESIZE] = "resize",
	};
	const char *type = spdy_header(event, "streamtype");

	for (int i = 0; type && i < CHANNELS; i++) {
		if (strcmp(names[i], type) != 0 || spdy->streams[i])
			continue;
		spdy->streams[i] = event->stream;
		ret->channel = i;
		return 0;
	}
	return -EINVAL;
}

/* 1: an event. */
static int open_stream(struct spdy_transport *spdy, const struct spdy_event *event, struct channel_event *ret,
		       struct text *out)
{
	auto_text frames = { 0 };
	int r = -EINVAL;

	/* A client's streams are odd and rise: draft-mbelshe-httpbis-spdy-00, section 2.3.2. */
	if (event->stream % 2 == 1 && event->stream > spdy->last) {
		spdy->last = event->stream;
		r = spdy->forward ? open_forwarded(spdy, event, ret) : open_named(spdy, event, ret);
	}
	if (r < 0) {
		spdy_put_reset(event->stream, SPDY_STATUS_REFUSED, &frames);
	} else {
		spdy_put_reply(spdy->spdy, event->stream, &frames);
		ret->kind = CHANNEL_OPENED;
		if (event->fin)
			spdy->ended = ret->channel;
	}
	emit(spdy, &frames, out);
	return r == 0;
}

static int read_event(struct spdy_transport *spdy, const struct spdy_event *event, struct channel_event *ret,
		      struct text *out)
{
	auto_text frames = { 0 };

	*ret = (struct channel_event){ .channel = channel_of(spdy, event->stream),
				       .data = event->data,
				       .len = event->len };
	switch (event->kind) {
	case SPDY_SYN_STREAM:
		return open_stream(spdy, event, ret, out);
	case SPDY_DATA:
		ret->kind = CHANNEL_DATA;
		if (event->fin)
			spdy->ended = ret->channel;
		return ret->channel >= 0;
	case SPDY_RST_STREAM:
		ret->kind = CHANNEL_BROKEN;
		return ret->channel >= 0;
	case SPDY_PING:
		/* Even numbers would be answers to pings of ours, and we send none. */
		if (event->stream % 2 == 1) {
			spdy_put_ping(event->stream, &frames);
			emit(spdy, &frames, out);
		}
		return 0;
	case SPDY_GOAWAY:
		ret->kind = CHANNEL_GOODBYE;
		return 1;
	case SPDY_SYN_REPLY:
	case SPDY_OTHER:
		return 0;
	}
	return 0;
}

/* 1: something was unwrapped; 0: more bytes are needed. */
static int unwrap(struct spdy_transport *spdy, struct text *out, struct err *err)
{
	struct websocket_event message;
	int r = websocket_next(&spdy->socket, &message, err);

	if (r <= 0)
		return r;
	switch (message.kind) {
	case WEBSOCKET_TEXT:
	case WEBSOCKET_BINARY:
		spdy_feed(spdy->spdy, message.data, message.len);
		break;
	case WEBSOCKET_CLOSE:
		spdy->closed = true;
		break;
	case WEBSOCKET_PING:
		websocket_put(out, WEBSOCKET_PONG, message.data, message.len);
		break;
	case WEBSOCKET_PONG:
		break;
	}
	return 1;
}

static int next(struct transport *transport, struct channel_event *ret, struct text *out, struct err *err)
{
	struct spdy_transport *spdy = own(transport);
	struct spdy_event event;
	int r;

	if (spdy->ended >= 0) {
		*ret = (struct channel_event){ .kind = CHANNEL_ENDED, .channel = spdy->ended };
		spdy->ended = -1;
		return 1;
	}
	for (;;) {
		while ((r = spdy_next(spdy->spdy, &event, err)) > 0) {
			r = read_event(spdy, &event, ret, out);
			if (r != 0)
				return r;
			spdy->ended = -1;
		}
		if (r < 0 || !spdy->tunnelled)
			return r;
		if (spdy->closed) {
			*ret = (struct channel_event){ .kind = CHANNEL_GOODBYE };
			return 1;
		}
		r = unwrap(spdy, out, err);
		if (r <= 0)
			return r;
	}
}

static void send_data(struct transport *transport, int channel, const char *data, size_t len,
		      struct text *out)
{
	uint32_t stream = stream_of(own(transport), channel);
	auto_text frames = { 0 };

	if (!stream)
		return;
	spdy_put_data(stream, false, data, len, &frames);
	emit(own(transport), &frames, out);
}

static void end(struct transport *transport, int channel, struct text *out)
{
	uint32_t stream = stream_of(own(transport), channel);
	auto_text frames = { 0 };

	if (!stream)
		return;
	spdy_put_data(stream, true, NULL, 0, &frames);
	emit(own(transport), &frames, out);
}

static void forget(struct transport *transport, int channel)
{
	struct spdy_transport *spdy = own(transport);

	if (spdy->forward && (size_t) channel / 2 < spdy->pair_count)
		spdy->pairs[channel / 2] = (struct pair){ .request = "" };
}

static void goodbye(struct transport *transport, struct text *out)
{
	struct spdy_transport *spdy = own(transport);
	auto_text frames = { 0 };

	spdy_put_goaway(spdy->last, &frames);
	emit(spdy, &frames, out);
	if (spdy->tunnelled)
		websocket_put_close(out, WEBSOCKET_NORMAL);
}

static void free_transport(struct transport *transport)
{
	spdy_free(own(transport)->spdy);
	websocket_free(&own(transport)->socket);
	free(own(transport)->pairs);
	free(transport);
}

struct transport *transport_spdy(bool forward, bool tunnelled)
{
	static const struct transport_ops ops = {
		feed, next, send_data, end, forget, goodbye, free_transport
	};
	struct spdy_transport *spdy = calloc(1, sizeof(*spdy));

	if (!spdy)
		abort();
	spdy->transport.ops = &ops;
	spdy->transport.opens_channels = true;
	spdy->forward = forward;
	spdy->tunnelled = tunnelled;
	spdy->spdy = spdy_new();
	spdy->ended = -1;
	return &spdy->transport;
}
