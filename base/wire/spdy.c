/* Control frames are taken whole, data in whatever pieces it comes. */
#include "base/wire/spdy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"

#define HEAD 8
#define CONTROL 0x80u
#define VERSION 3
#define FLAG_FIN 1u

enum frame_type { SYN_STREAM = 1, SYN_REPLY = 2, RST_STREAM = 3, PING = 6, GOAWAY = 7 };

struct spdy {
	struct text input; /* not looked at yet */
	size_t taken; /* of it */
	struct text headers; /* inflated */
	z_stream inflater, deflater;
	uint32_t data_stream, data_left; /* of a data frame that has begun */
	bool data_fin, in_data;
};

static uint32_t number_at(const char *bytes)
{
	const unsigned char *at = (const unsigned char *) bytes;

	return (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];
}

static void put_number(struct text *out, uint32_t number)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		text_add_char(out, (char) (number >> shift));
}

struct spdy *spdy_new(void)
{
	struct spdy *spdy = calloc(1, sizeof(*spdy));
	auto_text dictionary = { 0 };

	spdy_dictionary(&dictionary);
	/* A window of 2 KiB holds the dictionary and takes 8 KiB of memory instead of 256: the headers are short. */
	if (!spdy || inflateInit(&spdy->inflater) != Z_OK ||
	    deflateInit2(&spdy->deflater, Z_BEST_SPEED, Z_DEFLATED, 11, 1, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflateSetDictionary(&spdy->deflater, (const Bytef *) dictionary.data, (uInt) dictionary.len) !=
		Z_OK)
		abort();
	return spdy;
}

void spdy_free(struct spdy *spdy)
{
	if (!spdy)
		return;
	(void) inflateEnd(&spdy->inflater);
	(void) deflateEnd(&spdy->deflater);
	text_free(&spdy->input);
	text_free(&spdy->headers);
	free(spdy);
}

void spdy_feed(struct spdy *spdy, const char *data, size_t len)
{
	struct text *input = &spdy->input;

	if (spdy->taken) {
		memmove(input->data, input->data + spdy->taken, input->len - spdy->taken);
		text_cut(input, input->len - spdy->taken);
		spdy->taken = 0;
	}
	text_add_bytes(input, data, len);
}

/* Until the input is used up. A block of a megabyte of zeros is a kilobyte here: the output is bounded, not the input. */
static int inflate_some(struct spdy *spdy, struct err *err)
{
	z_stream *z = &spdy->inflater;
	unsigned char chunk[4096];
	int r;

	do {
		z->next_out = chunk;
		z->avail_out = sizeof(chunk);
		r = inflate(z, Z_SYNC_FLUSH);
		if (r == Z_NEED_DICT) {
			auto_text dictionary = { 0 };

			spdy_dictionary(&dictionary);
			r = inflateSetDictionary(z, (const Bytef *) dictionary.data, (uInt) dictionary.len);
			if (r != Z_OK)
				return fail_text(err, -EPROTO,
						 "headers are compressed with another dictionary");
			r = inflate(z, Z_SYNC_FLUSH);
		}
		text_add_bytes(&spdy->headers, chunk, sizeof(chunk) - z->avail_out);
		if (spdy->headers.len > SPDY_CONTROL_MAX)
			return fail_text(err, -EMSGSIZE, "headers have more than %u bytes", SPDY_CONTROL_MAX);
		/* Z_BUF_ERROR: no progress was possible, which is how a whole block ends. */
		if (r != Z_OK && r != Z_BUF_ERROR)
			return fail_text(err, -EPROTO, "headers cannot be inflated");
	} while (r == Z_OK && (z->avail_in || !z->avail_out));
	return z->avail_in ? fail_text(err, -EPROTO, "headers cannot be inflated") : 0;
}

/* "length, bytes" at *at; the string is ended by a NUL over the next length's first byte, which has been read by then. */
static int take_string(struct text *block, size_t *at, const char **ret, size_t *ret_len)
{
	uint32_t len;

	if (block->len - *at < 4)
		return -EPROTO;
	len = number_at(block->data + *at);
	*at += 4;
	if (len > block->len - *at)
		return -EPROTO;
	*ret = block->data + *at;
	*ret_len = len;
	*at += len;
	return 0;
}

static int read_headers(struct spdy *spdy, const char *block, size_t len, struct spdy_event *event,
			struct err *err)
{
	struct text *headers = &spdy->headers;
	size_t at = 4, lengths[SPDY_HEADERS_MAX][2];
	uint32_t count;
	int r;

	text_cut(headers, 0);
	spdy->inflater.next_in = (Bytef *) block;
	spdy->inflater.avail_in = (uInt) len;
	r = inflate_some(spdy, err);
	if (r < 0)
		return r;
	count = headers->len >= 4 ? number_at(headers->data) : SPDY_HEADERS_MAX + 1;
	if (count > SPDY_HEADERS_MAX)
		return fail_text(err, -EPROTO, "headers are more than %d, or none", SPDY_HEADERS_MAX);
	for (uint32_t i = 0; r == 0 && i < count; i++) {
		struct spdy_header *header = &event->headers[i];

		r = take_string(headers, &at, &header->name, &lengths[i][0]);
		if (r == 0)
			r = take_string(headers, &at, &header->value, &lengths[i][1]);
	}
	if (r < 0)
		return fail_text(err, r, "headers are cut short");
	for (uint32_t i = 0; i < count; i++) {
		((char *) event->headers[i].name)[lengths[i][0]] = '\0';
		((char *) event->headers[i].value)[lengths[i][1]] = '\0';
	}
	event->header_count = count;
	return 0;
}

static const struct {
	enum spdy_kind kind;
	size_t fixed; /* bytes before the headers */
	bool has_headers;
} types[] = {
	[SYN_STREAM] = { SPDY_SYN_STREAM, 10, true }, [SYN_REPLY] = { SPDY_SYN_REPLY, 4, true },
	[RST_STREAM] = { SPDY_RST_STREAM, 8, false }, [PING] = { SPDY_PING, 4, false },
	[GOAWAY] = { SPDY_GOAWAY, 8, false },
};

/* A whole control frame without its head. */
static int read_control(struct spdy *spdy, unsigned type, bool fin, const char *body, size_t len,
			struct spdy_event *event, struct err *err)
{
	event->kind = SPDY_OTHER;
	if (type >= ARRAY_SIZE(types) || !types[type].fixed)
		return 1;
	if (len < types[type].fixed)
		return fail_text(err, -EPROTO, "a frame of type %u is cut short", type);
	event->kind = types[type].kind;
	event->fin = fin;
	event->stream = number_at(body);
	if (event->kind != SPDY_PING)
		event->stream &= 0x7fffffffu;
	if (type == RST_STREAM || type == GOAWAY)
		event->status = number_at(body + 4);
	if (types[type].has_headers) {
		int r = read_headers(spdy, body + types[type].fixed, len - types[type].fixed, event, err);

		return r < 0 ? r : 1;
	}
	return 1;
}

/* What there is of the data frame that has begun. */
static int read_data(struct spdy *spdy, struct spdy_event *event)
{
	size_t left = spdy->input.len - spdy->taken;
	size_t len = left < spdy->data_left ? left : spdy->data_left;

	if (!len && spdy->data_left)
		return 0;
	event->kind = SPDY_DATA;
	event->stream = spdy->data_stream;
	event->data = text_str(&spdy->input) + spdy->taken;
	event->len = len;
	spdy->taken += len;
	spdy->data_left -= (uint32_t) len;
	spdy->in_data = spdy->data_left > 0;
	event->fin = spdy->data_fin && !spdy->in_data;
	return 1;
}

int spdy_next(struct spdy *spdy, struct spdy_event *ret, struct err *err)
{
	const char *at = text_str(&spdy->input) + spdy->taken;
	size_t left = spdy->input.len - spdy->taken;
	uint32_t len;
	bool fin;

	ret->stream = ret->status = 0;
	ret->fin = false;
	ret->data = NULL;
	ret->len = ret->header_count = 0;
	if (spdy->in_data)
		return read_data(spdy, ret);
	if (left < HEAD)
		return 0;
	len = number_at(at + 4) & 0xffffffu;
	fin = (unsigned char) at[4] & FLAG_FIN;
	if (!((unsigned char) at[0] & CONTROL)) {
		spdy->data_stream = number_at(at);
		spdy->data_left = len;
		spdy->data_fin = fin;
		spdy->in_data = true;
		spdy->taken += HEAD;
		return read_data(spdy, ret);
	}
	if ((number_at(at) >> 16 & 0x7fff) != VERSION)
		return fail_text(err, -EPROTO, "a frame is not of SPDY/3");
	if (len > SPDY_CONTROL_MAX)
		return fail_text(err, -EMSGSIZE, "a control frame has %u bytes", len);
	if (left < HEAD + len)
		return 0;
	spdy->taken += HEAD + len;
	return read_control(spdy, number_at(at) & 0xffff, fin, at + HEAD, len, ret, err);
}

const char *spdy_header(const struct spdy_event *event, const char *name)
{
	for (size_t i = 0; i < event->header_count; i++)
		if (strcasecmp(event->headers[i].name, name) == 0)
			return event->headers[i].value;
	return NULL;
}

static void put_control(enum frame_type type, bool fin, const struct text *body, struct text *out)
{
	put_number(out, CONTROL << 24 | VERSION << 16 | type);
	put_number(out, (fin ? FLAG_FIN << 24 : 0) | (uint32_t) body->len);
	text_add_bytes(out, body->data, body->len);
}

static void deflate_block(struct spdy *spdy, struct text *block, struct text *out)
{
	z_stream *z = &spdy->deflater;
	unsigned char chunk[1024];

	z->next_in = (Bytef *) block->data;
	z->avail_in = (uInt) block->len;
	do {
		z->next_out = chunk;
		z->avail_out = sizeof(chunk);
		(void) deflate(z, Z_SYNC_FLUSH);
		text_add_bytes(out, chunk, sizeof(chunk) - z->avail_out);
	} while (!z->avail_out);
}

static void add_string(struct text *block, const char *string)
{
	put_number(block, (uint32_t) strlen(string));
	text_add(block, string);
}

void spdy_put_syn(struct spdy *spdy, uint32_t stream, bool fin, const struct spdy_header *headers,
		  size_t count, struct text *out)
{
	auto_text body = { 0 }, block = { 0 };

	put_number(&body, stream);
	put_number(&body, 0);
	text_add_bytes(&body, "\0", 2); /* priority, slot */
	put_number(&block, (uint32_t) count);
	for (size_t i = 0; i < count; i++) {
		add_string(&block, headers[i].name);
		add_string(&block, headers[i].value);
	}
	deflate_block(spdy, &block, &body);
	put_control(SYN_STREAM, fin, &body, out);
}

void spdy_put_reply(struct spdy *spdy, uint32_t stream, struct text *out)
{
	auto_text body = { 0 }, block = { 0 };

	put_number(&body, stream);
	put_number(&block, 0);
	deflate_block(spdy, &block, &body);
	put_control(SYN_REPLY, false, &body, out);
}

void spdy_put_data(uint32_t stream, bool fin, const void *data, size_t len, struct text *out)
{
	put_number(out, stream & 0x7fffffffu);
	put_number(out, (fin ? FLAG_FIN << 24 : 0) | ((uint32_t) len & 0xffffffu));
	text_add_bytes(out, data, len);
}

void spdy_put_reset(uint32_t stream, uint32_t status, struct text *out)
{
	auto_text body = { 0 };

	put_number(&body, stream);
	put_number(&body, status);
	put_control(RST_STREAM, false, &body, out);
}

void spdy_put_ping(uint32_t number, struct text *out)
{
	auto_text body = { 0 };

	put_number(&body, number);
	put_control(PING, false, &body, out);
}

void spdy_put_goaway(uint32_t last_stream, struct text *out)
{
	auto_text body = { 0 };

	put_number(&body, last_stream);
	put_number(&body, 0);
	put_control(GOAWAY, false, &body, out);
}
