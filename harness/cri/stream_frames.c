/* Frames of SPDY/3.1 and of WebSocket messages, as a client of Kubernetes' streams sends and reads them. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/wire/spdy.h"
#include "harness/cri/stream.h"

#define READ_MAX (4u << 20) /* of each stream; more is dropped */
#define CLOSE_CHANNEL 255

static const char *const names[STREAMS] = {
	[STREAM_IN] = "stdin",    [STREAM_OUT] = "stdout",    [STREAM_ERR] = "stderr",
	[STREAM_ERROR] = "error", [STREAM_RESIZE] = "resize",
};

static void open_spdy(struct stream_frames *frames, const struct stream_wish *wish, int stream, int *last,
		      struct text *out)
{
	auto_text port = { 0 };
	bool forwards = wish->port > 0;
	struct spdy_header headers[] = { { "streamtype", names[stream] },
					 { "port", "" },
					 { "requestid", "0" } };

	if (forwards) {
		text_addf(&port, "%d", wish->port);
		headers[0].value = stream == STREAM_ERROR ? "error" : "data";
		headers[1].value = text_str(&port);
	}
	/* A client's streams are odd and rise. */
	frames->ids[stream] = (uint32_t) (*last += 2) - 1;
	spdy_put_syn(frames->spdy, frames->ids[stream], false, headers, forwards ? 3 : 1, out);
}

/* Kubernetes' own client opens the error's stream first. */
int stream_frames_open(const struct stream_wish *wish, struct stream_frames *ret, struct text *out,
		       struct err *err)
{
	static const int order[] = { STREAM_ERROR, STREAM_IN, STREAM_OUT, STREAM_ERR, STREAM_RESIZE };
	int last = 0;

	*ret = (struct stream_frames){ .websocket = wish->websocket, .socket.client = true };
	ret->closes = wish->websocket && text_starts(wish->protocol, "v5.");
	if (wish->websocket)
		return 0;
	ret->spdy = spdy_new();
	if (!ret->spdy)
		return fail(err, -ENOMEM, "make a SPDY session");
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (order[i] == STREAM_ERROR || wish->streams[order[i]])
			open_spdy(ret, wish, order[i], &last, out);
	/* Nothing is typed there. */
	spdy_put_data(ret->ids[STREAM_ERROR], true, NULL, 0, out);
	return 0;
}

void stream_frames_free(struct stream_frames *frames)
{
	spdy_free(frames->spdy);
	websocket_free(&frames->socket);
	*frames = (struct stream_frames){ .websocket = false };
}

static void put_message(const void *data, size_t len, struct text *out)
{
	unsigned char mask[4] = { 0 };

	(void) !getrandom(mask, sizeof(mask), 0);
	websocket_put_masked(out, WEBSOCKET_BINARY, mask, data, len);
}

void stream_frames_type(struct stream_frames *frames, int stream, const char *data, size_t len,
			struct text *out)
{
	auto_text message = { 0 };

	if (frames->websocket) {
		text_add_char(&message, (char) stream);
		text_add_bytes(&message, data, len);
		put_message(message.data, message.len, out);
	} else if (frames->ids[stream]) {
		spdy_put_data(frames->ids[stream], false, data, len, out);
	}
}

void stream_frames_end(struct stream_frames *frames, int stream, struct text *out)
{
	const unsigned char message[] = { CLOSE_CHANNEL, (unsigned char) stream };

	if (frames->closes)
		put_message(message, sizeof(message), out);
	else if (!frames->websocket && frames->ids[stream])
		spdy_put_data(frames->ids[stream], true, NULL, 0, out);
}

static void keep(struct stream_sight *sight, int stream, const char *data, size_t len)
{
	struct text *read = &sight->read[stream];
	size_t left = READ_MAX - read->len;

	text_add_bytes(read, data, len < left ? len : left);
}

static int stream_of(const struct stream_frames *frames, uint32_t id)
{
	for (int i = 0; i < STREAMS; i++)
		if (id && frames->ids[i] == id)
			return i;
	return -1;
}

/* Done when every stream that the other side writes has ended. */
static bool all_ended(const struct stream_frames *frames)
{
	for (int i = 0; i < STREAMS; i++)
		if (frames->ids[i] && !frames->fins[i] &&
		    (i == STREAM_OUT || i == STREAM_ERR || i == STREAM_ERROR))
			return false;
	return true;
}

static int take_spdy(struct stream_frames *frames, struct stream_sight *ret, struct text *out,
		     struct err *err)
{
	struct spdy_event event;
	int r;

	while ((r = spdy_next(frames->spdy, &event, err)) > 0) {
		int stream = stream_of(frames, event.stream);

		if (event.kind == SPDY_GOAWAY)
			return 1;
		if (event.kind == SPDY_PING && event.stream % 2 == 0)
			spdy_put_ping(event.stream, out);
		if (event.kind == SPDY_DATA && stream >= 0)
			keep(ret, stream, event.data, event.len);
		if (stream >= 0 && (event.fin || event.kind == SPDY_RST_STREAM))
			frames->fins[stream] = true;
	}
	return r < 0 ? r : all_ended(frames);
}

static int take_websocket(struct stream_frames *frames, struct stream_sight *ret, struct err *err)
{
	struct websocket_event event;
	int r;

	while ((r = websocket_next(&frames->socket, &event, err)) > 0) {
		unsigned char stream = event.len ? (unsigned char) event.data[0] : CLOSE_CHANNEL;

		if (event.kind == WEBSOCKET_CLOSE)
			return 1;
		if ((event.kind == WEBSOCKET_BINARY || event.kind == WEBSOCKET_TEXT) && stream < STREAMS)
			keep(ret, stream, event.data + 1, event.len - 1);
	}
	return r;
}

int stream_frames_take(struct stream_frames *frames, const char *data, size_t len, struct stream_sight *ret,
		       struct text *out, struct err *err)
{
	if (frames->websocket) {
		websocket_feed(&frames->socket, data, len);
		return take_websocket(frames, ret, err);
	}
	spdy_feed(frames->spdy, data, len);
	return take_spdy(frames, ret, out, err);
}
