/* WebSocket frames: the examples of RFC 6455, parts of every size, and what breaks the protocol. */
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "base/wire/websocket.h"

/* A client's frame under the mask 1 2 3 4. */
static void put_masked(struct text *out, unsigned char first, const char *data, size_t len)
{
	static const char mask[] = { 1, 2, 3, 4 };

	text_add_char(out, (char) first);
	if (len < 126) {
		text_add_char(out, (char) (0x80 | len));
	} else if (len <= 0xffff) {
		text_add_char(out, (char) (0x80 | 126));
		text_add_char(out, (char) (len >> 8));
		text_add_char(out, (char) len);
	} else {
		text_add_char(out, (char) (0x80 | 127));
		for (int shift = 56; shift >= 0; shift -= 8)
			text_add_char(out, (char) ((unsigned long long) len >> shift));
	}
	text_add_bytes(out, mask, sizeof(mask));
	for (size_t i = 0; i < len; i++)
		text_add_char(out, (char) (data[i] ^ mask[i & 3]));
}

/* What the bytes say, fed in steps: "2:hello 9: ", an error's sentence last. */
static char *story_of(const char *data, size_t len, size_t step)
{
	struct websocket socket = { .taken = 0 };
	struct websocket_event event;
	struct err err = { 0 };
	auto_text story = { 0 };
	int r = 0;

	for (size_t at = 0; r >= 0 && at < len; at += step) {
		websocket_feed(&socket, data + at, len - at < step ? len - at : step);
		while ((r = websocket_next(&socket, &event, &err)) > 0)
			text_addf(&story, "%d:%.*s ", (int) event.kind, event.len > 20 ? 0 : (int) event.len,
				  event.data);
	}
	text_add(&story, err.text);
	websocket_free(&socket);
	return text_take(&story);
}

START_TEST(examples_of_the_rfc)
{
	/* Section 5.7: a masked text message, and a masked pong. */
	static const char hello[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
	static const char pong[] = "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
	auto_free char *one = story_of(hello, sizeof(hello) - 1, 100);
	auto_free char *two = story_of(pong, sizeof(pong) - 1, 1);
	auto_text accept = { 0 }, out = { 0 };

	ck_assert_str_eq(one, "1:Hello ");
	ck_assert_str_eq(two, "10:Hello ");
	/* Section 1.3 */
	ck_assert_int_eq(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==", &accept), 0);
	ck_assert_str_eq(text_str(&accept), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	ck_assert_int_eq(websocket_accept("dGhlIHNhbXBsZQ==", &accept), -EBADMSG);
	websocket_put(&out, WEBSOCKET_TEXT, "Hello", 5);
	ck_assert_uint_eq(out.len, 7);
	ck_assert_mem_eq(out.data, "\x81\x05Hello", 7);
}
END_TEST

START_TEST(messages_come_in_parts)
{
	auto_text bytes = { 0 };

	put_masked(&bytes, 0x02, "ab", 2);
	put_masked(&bytes, 0x89, "p", 1);
	put_masked(&bytes, 0x00, "cd", 2);
	put_masked(&bytes, 0x80, "e", 1);
	put_masked(&bytes, 0x82, "next", 4);
	put_masked(&bytes, 0x88, "", 0);
	for (size_t step = 1; step <= bytes.len; step++) {
		auto_free char *story = story_of(bytes.data, bytes.len, step);

		ck_assert_str_eq(story, "9:p 2:abcde 2:next 8: ");
	}
}
END_TEST

START_TEST(lengths_have_three_forms)
{
	static const size_t lengths[] = { 0, 125, 126, 65535, 65536, WEBSOCKET_MESSAGE_MAX };
	auto_free char *data = calloc(1, WEBSOCKET_MESSAGE_MAX);

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct websocket socket = { .taken = 0 };
		struct websocket_event event;
		auto_text bytes = { 0 }, back = { 0 };

		put_masked(&bytes, 0x82, data, lengths[i]);
		websocket_feed(&socket, bytes.data, bytes.len);
		ck_assert_int_eq(websocket_next(&socket, &event, NULL), 1);
		ck_assert_uint_eq(event.len, lengths[i]);
		ck_assert_mem_eq(event.data, data, event.len);
		ck_assert_int_eq(websocket_next(&socket, &event, NULL), 0);
		websocket_free(&socket);
		websocket_put(&back, WEBSOCKET_BINARY, data, lengths[i]);
		ck_assert_uint_eq(back.len + 4, bytes.len);
	}
}
END_TEST

START_TEST(what_breaks_the_protocol_is_refused)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *sentence;
	} rows[] = {
		{ "\x82\x01x", 3, "not masked" },
		{ "\xc2\x80\1\2\3\4", 6, "extension" },
		{ "\x83\x80\1\2\3\4", 6, "opcode 3" },
		{ "\x8b\x80\1\2\3\4", 6, "opcode 11" },
		{ "\x09\x80\1\2\3\4", 6, "control frame" },
		{ "\x89\xfe\0\x7e\1\2\3\4", 8, "control frame" },
		{ "\x80\x80\1\2\3\4", 6, "never began" },
		{ "\x02\x80\1\2\3\4\x82\x80\1\2\3\4", 12, "inside another" },
		{ "\x82\xff\0\0\0\0\0\x10\0\1\1\2\3\4", 14, "more than" },
		{ "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\2\3\4", 14, "more than" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *story = story_of(rows[i].bytes, rows[i].len, 1);

		ck_assert_msg(strstr(story, rows[i].sentence), "row %zu: %s", i, story);
	}
}
END_TEST

START_TEST(a_message_of_many_frames_is_bounded)
{
	struct websocket socket = { .taken = 0 };
	struct websocket_event event;
	auto_free char *data = calloc(1, 60000);
	int r = 0;

	for (int i = 0; r == 0 && i < 100; i++) {
		auto_text bytes = { 0 };

		put_masked(&bytes, i ? 0x00 : 0x02, data, 60000);
		websocket_feed(&socket, bytes.data, bytes.len);
		r = websocket_next(&socket, &event, NULL);
	}
	ck_assert_int_eq(r, -EMSGSIZE);
	ck_assert_uint_le(socket.message.len, WEBSOCKET_MESSAGE_MAX);
	websocket_free(&socket);
}
END_TEST

START_TEST(a_client_hears_a_server)
{
	struct websocket socket = { .client = true };
	struct websocket_event event;
	struct err err = { 0 };
	auto_text bytes = { 0 };

	websocket_put(&bytes, WEBSOCKET_BINARY, "heard", 5);
	websocket_feed(&socket, bytes.data, bytes.len);
	ck_assert_int_eq(websocket_next(&socket, &event, &err), 1);
	ck_assert_int_eq(event.kind, WEBSOCKET_BINARY);
	ck_assert_uint_eq(event.len, 5);
	ck_assert_int_eq(memcmp(event.data, "heard", 5), 0);
	/* Section 5.1: a client fails the connection on a masked frame. */
	text_cut(&bytes, 0);
	put_masked(&bytes, 0x82, "hello", 5);
	websocket_feed(&socket, bytes.data, bytes.len);
	ck_assert_int_eq(websocket_next(&socket, &event, &err), -EPROTO);
	ck_assert_str_eq(err.text, "a server's frame is masked");
	websocket_free(&socket);
}
END_TEST

START_TEST(what_a_client_masks_is_read_by_a_server)
{
	static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
	static const size_t sizes[] = { 0, 5, 125, 126, 65535, 65536 };
	auto_free char *data = calloc(1, 65536);

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct websocket socket = { .taken = 0 };
		struct websocket_event event;
		auto_text bytes = { 0 };

		memset(data, 'x', sizes[i]);
		websocket_put_masked(&bytes, WEBSOCKET_TEXT, mask, data, sizes[i]);
		websocket_feed(&socket, bytes.data, bytes.len);
		ck_assert_int_eq(websocket_next(&socket, &event, NULL), 1);
		ck_assert_uint_eq(event.len, sizes[i]);
		ck_assert_int_eq(memcmp(event.data, data, sizes[i]), 0);
		websocket_free(&socket);
	}
}
END_TEST

Suite *test_websocket(void)
{
	return UNIT_SUITE("websocket", examples_of_the_rfc, messages_come_in_parts, lengths_have_three_forms,
			  what_breaks_the_protocol_is_refused, a_message_of_many_frames_is_bounded,
			  a_client_hears_a_server, what_a_client_masks_is_read_by_a_server);
}
