/* SPDY/3.1 frames: the dictionary, streams with headers, data in pieces, and what breaks the protocol. */
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "base/wire/spdy.h"

START_TEST(the_dictionary_is_the_protocols)
{
	auto_text dictionary = { 0 };

	spdy_dictionary(&dictionary);
	ck_assert_uint_eq(dictionary.len, 1423);
	/* The identifier that every compressed block of the protocol begins with, draft section 2.6.10.1. */
	ck_assert_uint_eq(adler32(adler32(0, NULL, 0), (const Bytef *) dictionary.data, 1423), 0xe3c6a7c2);
}
END_TEST

static void tell(const struct spdy_event *event, struct text *story)
{
	static const char *const names[] = { "data", "syn", "reply", "rst", "ping", "goaway", "other" };

	text_addf(story, "%s%s:%u", names[event->kind], event->fin ? "!" : "", event->stream);
	for (size_t i = 0; i < event->header_count; i++)
		text_addf(story, ",%s=%s", event->headers[i].name, event->headers[i].value);
	if (event->status)
		text_addf(story, ",status=%u", event->status);
	text_add_char(story, ' ');
}

/* Data of pieces is joined, so that the story does not depend on the step. */
static char *story_of(const char *bytes, size_t len, size_t step)
{
	struct spdy *spdy = spdy_new();
	auto_text story = { 0 }, data = { 0 };
	struct spdy_event event;
	struct err err = { 0 };
	int r = 0;

	for (size_t at = 0; r >= 0 && at < len; at += step) {
		spdy_feed(spdy, bytes + at, len - at < step ? len - at : step);
		while ((r = spdy_next(spdy, &event, &err)) > 0) {
			if (event.kind == SPDY_DATA)
				text_add_bytes(&data, event.data, event.len);
			if (event.kind != SPDY_DATA || event.fin)
				tell(&event, &story);
		}
	}
	text_addf(&story, "[%s]%s", text_str(&data), err.text);
	spdy_free(spdy);
	return text_take(&story);
}

START_TEST(streams_and_data)
{
	static const struct spdy_header error[] = { { "streamType", "error" }, { "port", "80" } };
	static const struct spdy_header data[] = { { "streamtype", "data" }, { "port", "80" } };
	struct spdy *client = spdy_new();
	auto_text bytes = { 0 };

	spdy_put_syn(client, 1, true, error, 2, &bytes);
	spdy_put_syn(client, 3, false, data, 2, &bytes);
	spdy_put_reply(client, 5, &bytes);
	spdy_put_data(3, false, "hello ", 6, &bytes);
	spdy_put_ping(7, &bytes);
	spdy_put_data(3, false, "", 0, &bytes);
	spdy_put_data(3, true, "world", 5, &bytes);
	spdy_put_data(5, true, "", 0, &bytes);
	spdy_put_reset(3, SPDY_STATUS_CANCEL, &bytes);
	spdy_put_goaway(3, &bytes);
	for (size_t step = 1; step <= bytes.len; step++) {
		auto_free char *story = story_of(bytes.data, bytes.len, step);

		ck_assert_str_eq(
		    story, "syn!:1,streamType=error,port=80 syn:3,streamtype=data,port=80 reply:5 ping:7 "
			   "data!:3 data!:5 rst:3,status=5 goaway:3 [hello world]");
	}
	spdy_free(client);
}
END_TEST

START_TEST(headers_are_found_in_any_case)
{
	struct spdy_event event = { .headers = { { "streamType", "stdin" } }, .header_count = 1 };

	ck_assert_str_eq(spdy_header(&event, "StreamTYPE"), "stdin");
	ck_assert_ptr_null(spdy_header(&event, "port"));
}
END_TEST

START_TEST(what_breaks_the_protocol_is_refused)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *sentence;
	} rows[] = {
		{ "\x80\x02\0\1\0\0\0\x0a", 8, "not of SPDY/3" },
		{ "\x80\x03\0\1\0\x01\0\x01", 8, "65537 bytes" },
		{ "\x80\x03\0\1\0\0\0\2xx", 10, "cut short" },
		{ "\x80\x03\0\3\0\0\0\4\0\0\0\1", 12, "cut short" },
		{ "\x80\x03\0\1\0\0\0\x0e\0\0\0\1\0\0\0\0\0\0junk", 22, "inflated" },
		{ "\x80\x03\0\1\0\0\0\x0a\0\0\0\1\0\0\0\0\0\0", 18, "or none" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *story = story_of(rows[i].bytes, rows[i].len, 1);

		ck_assert_msg(strstr(story, rows[i].sentence), "row %zu: %s", i, story);
	}
}
END_TEST

/* A SYN_STREAM whose header block is this, compressed as the protocol asks. */
static char *story_of_block(const char *block, size_t len)
{
	auto_text dictionary = { 0 }, bytes = { 0 };
	auto_free unsigned char *packed = malloc(len + 1000);
	z_stream z = { 0 };
	size_t body;

	spdy_dictionary(&dictionary);
	ck_assert_int_eq(deflateInit(&z, 9), Z_OK);
	ck_assert_int_eq(deflateSetDictionary(&z, (const Bytef *) dictionary.data, (uInt) dictionary.len),
			 Z_OK);
	z.next_in = (Bytef *) block;
	z.avail_in = (uInt) len;
	z.next_out = packed;
	z.avail_out = (uInt) len + 1000;
	ck_assert_int_eq(deflate(&z, Z_SYNC_FLUSH), Z_OK);
	body = len + 1000 - z.avail_out;
	(void) deflateEnd(&z);
	text_add_bytes(&bytes, "\x80\x03\0\1\0", 5);
	text_add_char(&bytes, (char) ((body + 10) >> 16));
	text_add_char(&bytes, (char) ((body + 10) >> 8));
	text_add_char(&bytes, (char) (body + 10));
	text_add_bytes(&bytes, "\0\0\0\1\0\0\0\0\0\0", 10);
	text_add_bytes(&bytes, packed, body);
	return story_of(bytes.data, bytes.len, bytes.len);
}

START_TEST(headers_are_bounded)
{
	auto_free char *zeros = calloc(1, 4 << 20);
	auto_free char *bomb = story_of_block(zeros, 4 << 20);
	auto_free char *many = story_of_block("\0\0\0\x41", 4);
	auto_free char *longer = story_of_block("\0\0\0\1\0\0\0\5abc", 11);
	auto_free char *fine = story_of_block("\0\0\0\1\0\0\0\1a\0\0\0\2bc", 15);

	ck_assert_msg(strstr(bomb, "more than 65536 bytes"), "%s", bomb);
	ck_assert_msg(strstr(many, "more than 64"), "%s", many);
	ck_assert_msg(strstr(longer, "cut short"), "%s", longer);
	ck_assert_str_eq(fine, "syn:1,a=bc []");
}
END_TEST

Suite *test_spdy(void)
{
	return UNIT_SUITE("spdy", the_dictionary_is_the_protocols, streams_and_data,
			  headers_are_found_in_any_case, what_breaks_the_protocol_is_refused,
			  headers_are_bounded);
}
