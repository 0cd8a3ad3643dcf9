/* Heads of upgrade requests: what is read out of them, and what is refused. */
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "base/wire/http.h"

static int parse(const char *head, struct http_request *ret, struct err *err)
{
	return http_request_parse(head, strlen(head), ret, err);
}

START_TEST(fields_are_found)
{
	static const char head[] =
	    "POST /exec/abc?x=1 HTTP/1.1\r\nHost: h\r\nCONNECTION: keep-alive , Upgrade\r\n"
	    "X-P: a,b\r\nx-p:  c \t\r\nEmpty:\r\n\r\n";
	auto_http_request request = { 0 };
	auto_text word = { 0 };

	ck_assert_int_eq(parse(head, &request, NULL), 0);
	ck_assert_str_eq(request.method, "POST");
	ck_assert_str_eq(request.target, "/exec/abc?x=1");
	ck_assert_str_eq(http_field(&request, "host"), "h");
	ck_assert_str_eq(http_field(&request, "empty"), "");
	ck_assert_ptr_null(http_field(&request, "absent"));
	ck_assert(http_field_lists(&request, "connection", "upgrade"));
	ck_assert(!http_field_lists(&request, "connection", "close"));
	ck_assert(http_field_word(&request, "x-p", 2, &word));
	ck_assert_str_eq(text_str(&word), "c");
	ck_assert(!http_field_word(&request, "x-p", 3, &word));
}
END_TEST

START_TEST(the_head_ends_at_its_empty_line)
{
	static const char data[] = "GET / HTTP/1.1\r\n\r\nrest\r\n\r\n";
	auto_free char *long_one = malloc(HTTP_HEAD_MAX + 1);

	ck_assert_int_eq(http_head_length(data, sizeof(data) - 1), 18);
	for (size_t len = 0; len < 18; len++)
		ck_assert_int_eq(http_head_length(data, len), 0);
	memset(long_one, 'x', HTTP_HEAD_MAX + 1);
	ck_assert_int_eq(http_head_length(long_one, HTTP_HEAD_MAX - 1), 0);
	ck_assert_int_eq(http_head_length(long_one, HTTP_HEAD_MAX), -EMSGSIZE);
}
END_TEST

START_TEST(what_is_malformed_is_refused)
{
	static const char *const heads[] = {
		"GET /\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
		"GET http://h/ HTTP/1.1\r\n\r\n",
		"GE T / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nno colon\r\n\r\n",
		"GET / HTTP/1.1\r\nName : x\r\n\r\n",
		"GET / HTTP/1.1\r\n: x\r\n\r\n",
		"GET / HTTP/1.1\r\nA: x\r\n folded\r\n\r\n",
		"GET / HTTP/1.1\r\nA: x\ny\r\n\r\n",
		"GET /\x7f HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		auto_http_request request = { 0 };
		struct err err = { 0 };

		ck_assert_msg(parse(heads[i], &request, &err) == -EBADMSG, "%s", heads[i]);
		ck_assert_str_ne(err.text, "");
	}
}
END_TEST

START_TEST(fields_are_bounded)
{
	auto_http_request request = { 0 };
	auto_text head = { 0 };

	text_add(&head, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < HTTP_FIELDS_MAX; i++)
		text_add(&head, "a:b\r\n");
	text_add(&head, "\r\n");
	ck_assert_int_eq(parse(text_str(&head), &request, NULL), 0);
	ck_assert_uint_eq(request.count, HTTP_FIELDS_MAX);
	text_cut(&head, head.len - 2);
	text_add(&head, "a:b\r\n\r\n");
	http_request_free(&request);
	ck_assert_int_eq(parse(text_str(&head), &request, NULL), -EBADMSG);
}
END_TEST

Suite *test_http(void)
{
	return UNIT_SUITE("http", fields_are_found, the_head_ends_at_its_empty_line,
			  what_is_malformed_is_refused, fields_are_bounded);
}
