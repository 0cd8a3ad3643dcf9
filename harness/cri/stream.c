/* One visit of a stream's URL. */
#include "harness/cri/stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"

void stream_sight_free(struct stream_sight *sight)
{
	text_free(&sight->head);
	text_free(&sight->protocol);
	for (int i = 0; i < STREAMS; i++)
		text_free(&sight->read[i]);
}

static void say(const struct stream_wish *wish, struct stream_frames *frames, struct text *out)
{
	if (wish->width > 0) {
		auto_text size = { 0 };

		text_addf(&size, "{\"Width\":%d,\"Height\":%d}", wish->width, wish->height);
		stream_frames_type(frames, STREAM_RESIZE, text_str(&size), size.len, out);
	}
	if (wish->typed_len)
		stream_frames_type(frames, STREAM_IN, wish->typed, wish->typed_len, out);
	if (wish->ends)
		stream_frames_end(frames, STREAM_IN, out);
}

static bool has_read(const struct stream_wish *wish, const struct stream_sight *sight, const char *word)
{
	const struct text *read = &sight->read[wish->port ? STREAM_IN : STREAM_OUT];

	return read->len && memmem(read->data, read->len, word, strlen(word));
}

static void say_heard(const struct stream_wish *wish, struct stream_sight *sight)
{
	if (sight->heard || !wish->heard)
		return;
	for (int i = 0; i < STREAMS; i++)
		sight->heard |= sight->read[i].len > 0;
	if (sight->heard)
		wish->heard(wish->user);
}

/* Sends what the socket takes: both ends may be full, and then nobody would read. */
static int send_some(int fd, struct text *out, struct err *err)
{
	auto_text rest = { 0 };
	ssize_t n = send(fd, out->data, out->len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : fail(err, -errno, "send to the stream");
	text_add_bytes(&rest, out->data + n, out->len - (size_t) n);
	text_cut(out, 0);
	text_add_bytes(out, text_str(&rest), rest.len);
	return 0;
}

/* 1: the other side is done. A reset after that is no news: it has closed with something of ours unread. */
static int read_some(int fd, struct stream_frames *frames, struct stream_sight *ret, struct text *out,
		     struct err *err)
{
	char bytes[65536];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return 1;
	return stream_frames_take(frames, bytes, (size_t) n, ret, out, err);
}

static int talk(int fd, const struct stream_wish *wish, struct stream_frames *frames, struct text *out,
		struct stream_sight *ret, struct err *err)
{
	bool said = false;

	for (;;) {
		struct pollfd waits = { .fd = fd };
		int64_t left = wish->deadline - process_now_ms();
		int r = 0;

		say_heard(wish, ret);
		if (!said && (!wish->after || has_read(wish, ret, wish->after))) {
			say(wish, frames, out);
			said = true;
		}
		ret->met = wish->until && has_read(wish, ret, wish->until);
		if (ret->met || ret->ended)
			return 0;
		if (left <= 0)
			return fail_text(err, -ETIMEDOUT, "the stream goes on");
		waits.events = (short) (POLLIN | (out->len ? POLLOUT : 0));
		(void) poll(&waits, 1, left > 1000 ? 1000 : (int) left);
		if (waits.revents & POLLOUT)
			r = send_some(fd, out, err);
		if (r >= 0 && (waits.revents & (POLLIN | POLLHUP | POLLERR)))
			r = read_some(fd, frames, ret, out, err);
		if (r < 0)
			return r;
		ret->ended = r > 0;
	}
}

int stream_visit(const struct stream_wish *wish, struct stream_sight *ret, struct err *err)
{
	struct stream_frames frames = { .websocket = false };
	auto_text rest = { 0 }, out = { 0 };
	auto_fd fd = stream_upgrade(wish, ret, &rest, err);
	int r;

	if (fd < 0)
		return fd;
	if (ret->http != 101) {
		text_add_bytes(&ret->head, text_str(&rest), rest.len);
		return 0;
	}
	r = stream_frames_open(wish, &frames, &out, err);
	if (r >= 0) {
		r = stream_frames_take(&frames, text_str(&rest), rest.len, ret, &out, err);
		ret->ended = r > 0;
	}
	if (r >= 0)
		r = talk(fd, wish, &frames, &out, ret, err);
	stream_frames_free(&frames);
	return r < 0 ? r : 0;
}
