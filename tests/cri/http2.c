/* Frames: RFC 9113 section 4.1. Headers: RFC 7541 section 6.2.2, literals that enter no table, without Huffman's code. */
#include "tests/cri/http2.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { FRAME_HEAD = 9, INITIAL_WINDOW_SIZE = 4, END_HEADERS = 4 };

static void add_number(struct text *out, unsigned number)
{
	const unsigned char bytes[] = { number >> 24, number >> 16, number >> 8, number };

	text_add_bytes(out, (const char *) bytes, sizeof(bytes));
}

static void add_frame(struct text *out, int type, int flags, unsigned stream, const char *payload, size_t len)
{
	const unsigned char head[] = { len >> 16, len >> 8, len, type, flags };

	text_add_bytes(out, (const char *) head, sizeof(head));
	add_number(out, stream);
	text_add_bytes(out, payload, len);
}

static void add_header(struct text *out, const char *name, const char *value)
{
	text_add_char(out, 0);
	text_add_char(out, (char) strlen(name));
	text_add(out, name);
	text_add_char(out, (char) strlen(value));
	text_add(out, value);
}

void http2_call(struct text *out, const char *method, unsigned window)
{
	auto_free char *path = text_format("/runtime.v1.RuntimeService/%s", method);
	auto_text headers = { 0 }, settings = { 0 };

	add_header(&headers, ":method", "POST");
	add_header(&headers, ":scheme", "http");
	add_header(&headers, ":path", path);
	add_header(&headers, ":authority", "localhost");
	add_header(&headers, "te", "trailers");
	add_header(&headers, "content-type", "application/grpc");
	text_add_char(&settings, 0);
	text_add_char(&settings, INITIAL_WINDOW_SIZE);
	add_number(&settings, window);
	text_add(out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	add_frame(out, HTTP2_SETTINGS, 0, 0, settings.data, settings.len);
	add_frame(out, HTTP2_HEADERS, END_HEADERS, 1, headers.data, headers.len);
	add_frame(out, HTTP2_DATA, HTTP2_END_STREAM, 1, "\0\0\0\0", 5); /* an empty message */
}

void http2_give_room(struct text *out, unsigned stream, unsigned bytes)
{
	auto_text payload = { 0 };

	add_number(&payload, bytes);
	add_frame(out, HTTP2_WINDOW_UPDATE, 0, stream, payload.data, payload.len);
}

bool http2_frame(const struct text *in, size_t *at, struct http2_frame *ret)
{
	const unsigned char *head = (const unsigned char *) in->data + *at;
	size_t len;

	if (in->len - *at < FRAME_HEAD)
		return false;
	len = (size_t) head[0] << 16 | (size_t) head[1] << 8 | head[2];
	if (in->len - *at < FRAME_HEAD + len)
		return false;
	*ret = (struct http2_frame){ head[3], head[4], head + FRAME_HEAD, len };
	*at += FRAME_HEAD + len;
	return true;
}
