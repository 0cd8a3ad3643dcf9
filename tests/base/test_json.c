/* Parsing: all of RFC 8259, nothing else, in bounded depth and with the place of the mistake; then printing. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_check.h"
#include "base/text.h"

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
	const char *text;
	size_t len;
	const char *printed; /* NULL: as it was */
} good[] = {
	{ BYTES("null"), NULL },
	{ BYTES(" true\n"), "true" },
	{ BYTES("0"), NULL },
	{ BYTES("-0"), "0" },
	{ BYTES("-12"), NULL },
	{ BYTES("18446744073709551615"), NULL },
	{ BYTES("-9223372036854775808"), NULL },
	{ BYTES("1.5e3"), "1500.0" },
	{ BYTES("0.1"), NULL },
	{ BYTES("1E-2"), "0.01" },
	{ BYTES("1.7976931348623157e308"), "1.7976931348623157e+308" },
	{ BYTES("\"\""), NULL },
	{ BYTES("\"\\u0041\\/\\n\\\"\""), "\"A/\\n\\\"\"" },
	{ BYTES("\"\\ud83d\\ude00\""), "\"\xf0\x9f\x98\x80\"" },
	{ BYTES("\"a\\u0000b\""), NULL },
	{ BYTES("[]"), NULL },
	{ BYTES("[ 1 ,\t2 ,\r\n[ ] ]"), "[1,2,[]]" },
	{ BYTES("{}"), NULL },
	{ BYTES("{\"b\":null,\"a\":[null,false],\"\":\"\xc3\xa9\"}"), NULL },
};

START_TEST(accepts_json)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		auto_json value = NULL;
		auto_text out = { 0 };
		struct err err = { 0 };

		ck_assert_msg(json_parse(good[i].text, good[i].len, &value, &err) == 0, "%s: %s",
			      good[i].text, err.text);
		json_print(value, 0, &out);
		ck_assert_str_eq(text_str(&out), good[i].printed ? good[i].printed : good[i].text);
	}
}
END_TEST

static const struct {
	const char *text;
	size_t len;
	const char *complaint;
} bad[] = {
	{ BYTES(""), "line 1, column 1: the text ends" },
	{ BYTES("  \n "), "line 2, column 2: the text ends" },
	{ BYTES("{"), "line 1, column 2: a member's name" },
	{ BYTES("{\n  \"a\": 1,\n}"), "line 3, column 1: a member's name" },
	{ BYTES("[1,]"), "line 1, column 4: no JSON value" },
	{ BYTES("[1 2]"), "line 1, column 4: a comma or ]" },
	{ BYTES("{\"a\" 1}"), "line 1, column 6: a colon" },
	{ BYTES("{\"a\":1 \"b\":2}"), "line 1, column 8: a comma or }" },
	{ BYTES("{a:1}"), "line 1, column 2: a member's name" },
	{ BYTES("{} x"), "line 1, column 4: text after" },
	{ BYTES("1 1"), "line 1, column 3: text after" },
	{ BYTES("[]\0"), "line 1, column 3: text after" },
	{ BYTES("\0"), "line 1, column 1: a NUL byte" },
	{ BYTES("\"a\0b\""), "line 1, column 3: a NUL byte" },
	{ BYTES("'a'"), "no JSON value" },
	{ BYTES("True"), "no JSON value" },
	{ BYTES("nul"), "no JSON value" },
	{ BYTES("truex"), "line 1, column 5: text after" },
	{ BYTES("NaN"), "no JSON value" },
	{ BYTES("-Infinity"), "a number needs digits" },
	{ BYTES("+1"), "no JSON value" },
	{ BYTES("01"), "must not begin with 0" },
	{ BYTES("-01"), "must not begin with 0" },
	{ BYTES(".5"), "no JSON value" },
	{ BYTES("1."), "digits after the point" },
	{ BYTES("1e"), "digits in its exponent" },
	{ BYTES("1e+"), "digits in its exponent" },
	{ BYTES("0x10"), "text after" },
	{ BYTES("18446744073709551616"), "line 1, column 1: the number is out of range" },
	{ BYTES("-9223372036854775809"), "out of range" },
	{ BYTES("[1e999]"), "line 1, column 2: [0]: the number is out of range" },
	{ BYTES("{\"a\": {\"b.c\": [1, {\"d\": 1}, {\"\": 1e999}]}}"),
	  "line 1, column 34: a[b.c][2][]: the number is out of range" },
	{ BYTES("\"abc"), "ends inside a string" },
	{ BYTES("\"\\"), "unknown escape" },
	{ BYTES("\"\\x41\""), "unknown escape" },
	{ BYTES("\"\\u12g4\""), "four hexadecimal" },
	{ BYTES("\"\\ud800\""), "surrogate" },
	{ BYTES("\"\\ud800\\u0041\""), "surrogate" },
	{ BYTES("\"\\udc00\""), "surrogate" },
	{ BYTES("{\"a\\u0000b\":1}"), "a NUL in a member's name" },
	{ BYTES("\"a\nb\""), "line 1, column 3: a bare control" },
	{ BYTES("\"\xff\""), "line 1, column 2: invalid UTF-8" },
	{ BYTES("\"\xed\xa0\x80\""), "invalid UTF-8" },
	{ BYTES("{\"\xc3\":1}"), "invalid UTF-8" },
	{ BYTES("\xef\xbb\xbf{}"), "no JSON value" },
	{ BYTES("/* c */ {}"), "no JSON value" },
	{ BYTES("// c\n{}"), "no JSON value" },
};

START_TEST(refuses_the_rest)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct json *value = (void *) 1;
		struct err err = { 0 };

		ck_assert_msg(json_parse(bad[i].text, bad[i].len, &value, &err) == -EINVAL, "row %zu: %s", i,
			      bad[i].text);
		ck_assert_msg(strstr(err.text, bad[i].complaint), "row %zu: %s", i, err.text);
		ck_assert_ptr_eq(value, (void *) 1);
	}
}
END_TEST

static int parse_nested(size_t depth, const char *open, const char *close, struct err *err)
{
	auto_json value = NULL;
	auto_text text = { 0 };

	for (size_t i = 0; i < depth; i++)
		text_add(&text, open);
	text_add(&text, "1");
	for (size_t i = 0; i < depth; i++)
		text_add(&text, close);
	return json_parse(text_str(&text), text.len, &value, err);
}

START_TEST(bounds_the_depth)
{
	struct err err = { 0 };

	ck_assert_int_eq(parse_nested(64, "[", "]", &err), 0);
	ck_assert_int_eq(parse_nested(64, "{\"a\":", "}", &err), 0);
	ck_assert_str_eq(err.text, "");
	ck_assert_int_eq(parse_nested(65, "[", "]", &err), -EINVAL);
	ck_assert_str_eq(err.text, "line 1, column 66: nested too deeply");
	ck_assert_int_eq(parse_nested(65, "{\"a\":", "}", NULL), -EINVAL);
	ck_assert_int_eq(parse_nested(1000000, "[", "]", NULL), -EINVAL);
}
END_TEST

/* Cut anywhere, a document is refused or a shorter one: nothing reads past the end (the sanitizers look on). */
START_TEST(survives_truncation)
{
	static const char whole[] =
	    "{\"a\":[1,-2.5e+3,\"\\u00e9\\n\xc3\xa9\",true,false,null],\"b\":{\"c\":{}}}";

	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		auto_free char *exact = malloc(len ? len : 1);
		struct json *value;

		memcpy(exact, whole, len);
		ck_assert_int_eq(json_parse(exact, len, &value, NULL), -EINVAL);
	}
}
END_TEST

START_TEST(tells_null_from_absent)
{
	static const char text[] = "{\"a\":null,\"b\":[null]}";
	auto_json value = NULL;

	ck_assert_int_eq(json_parse(BYTES(text), &value, NULL), 0);
	ck_assert_ptr_null(json_member(value, "a"));
	ck_assert(json_has(value, "a"));
	ck_assert(!json_has(value, "c"));
	ck_assert_uint_eq(json_length(json_member(value, "b")), 1);
	ck_assert_int_eq(json_kind(json_at(json_member(value, "b"), 0)), JSON_NULL);
	json_put(value, "c", NULL);
	ck_assert(json_has(value, "c"));
	ck_assert(!json_has(json_member(value, "b"), "0"));
}
END_TEST

START_TEST(getters_refuse_other_kinds)
{
	static const char text[] = "{\"s\":\"x\",\"i\":-1,\"u\":18446744073709551615,\"d\":2.5,\"t\":true}";
	auto_json value = NULL;

	ck_assert_int_eq(json_parse(BYTES(text), &value, NULL), 0);
	ck_assert_ptr_null(json_string(json_member(value, "i")));
	ck_assert_int_eq(json_int(json_member(value, "i"), 7), -1);
	ck_assert_uint_eq(json_uint(json_member(value, "i"), 7), 7);
	ck_assert(!json_is_unsigned(json_member(value, "i")));
	ck_assert_uint_eq(json_uint(json_member(value, "u"), 7), UINT64_MAX);
	ck_assert_int_eq(json_int(json_member(value, "u"), 7), 7);
	ck_assert_int_eq(json_int(json_member(value, "d"), 7), 7);
	ck_assert_double_eq(json_double(json_member(value, "d"), 7), 2.5);
	ck_assert_double_eq(json_double(json_member(value, "i"), 7), -1);
	ck_assert_double_eq(json_double(json_member(value, "s"), 7), 7);
	ck_assert(json_bool(json_member(value, "t"), false));
	ck_assert(json_bool(json_member(value, "i"), true));
	ck_assert_int_eq(json_int(json_member(value, "t"), 7), 7);
	ck_assert_ptr_null(json_at(value, 0));
	ck_assert_ptr_null(json_member(json_member(value, "s"), "x"));
	ck_assert_ptr_null(json_member(NULL, "x"));
	ck_assert_uint_eq(json_length(json_member(value, "s")), 0);
	ck_assert_str_eq(json_key_at(value, 0), "s");
	ck_assert_str_eq(json_key_at(value, 4), "t");
	ck_assert_ptr_null(json_key_at(value, 5));
	ck_assert_str_eq(json_kind_name(json_kind(json_value_at(value, 3))), "number");
}
END_TEST

static struct json *parsed(const char *text)
{
	struct json *value = NULL;
	struct err err = { 0 };

	ck_assert_msg(json_parse(text, strlen(text), &value, &err) == 0, "%s: %s", text, err.text);
	return value;
}

static const struct {
	const char *a, *b;
	bool equal;
} equal_rows[] = {
	{ "1", "1.0", true },
	{ "1", "1.5", false },
	{ "-1", "18446744073709551615", false },
	{ "9007199254740993", "9007199254740992", false },
	{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true },
	{ "{\"a\":1}", "{\"a\":1,\"b\":null}", false },
	{ "{\"a\":null}", "{\"b\":null}", false },
	{ "[1,2]", "[2,1]", false },
	{ "[1,2]", "[1,2,3]", false },
	{ "[null]", "[null]", true },
	{ "\"a\"", "\"a\\u0000\"", false },
	{ "\"1\"", "1", false },
	{ "null", "false", false },
	{ "true", "true", true },
	{ "true", "false", false },
};

START_TEST(compares)
{
	for (size_t i = 0; i < ARRAY_SIZE(equal_rows); i++) {
		auto_json a = parsed(equal_rows[i].a);
		auto_json b = parsed(equal_rows[i].b);

		ck_assert_msg(json_equal(a, b) == equal_rows[i].equal, "%s, %s", equal_rows[i].a,
			      equal_rows[i].b);
		ck_assert(json_equal(b, a) == equal_rows[i].equal);
	}
}
END_TEST

START_TEST(copies_deeply)
{
	auto_json value = parsed("{\"a\":[null,{\"b\":1.25}],\"n\":null}");
	auto_json copy = json_copy(value);

	ck_assert(json_equal(value, copy));
	json_append(json_member(copy, "a"), json_new_int(1));
	ck_assert_uint_eq(json_length(json_member(value, "a")), 2);
	ck_assert_ptr_null(json_copy(NULL));
}
END_TEST

START_TEST(bytes_become_valid)
{
	auto_json value = json_new_bytes("a\xff\0\xc3\xa9", 5);
	auto_text out = { 0 };

	ck_assert_uint_eq(json_string_length(value), 7);
	ck_assert_mem_eq(json_string(value), "a\xef\xbf\xbd\0\xc3\xa9", 7);
	json_print(value, 0, &out);
	ck_assert_str_eq(text_str(&out), "\"a\xef\xbf\xbd\\u0000\xc3\xa9\"");
}
END_TEST

START_TEST(prints_for_people)
{
	auto_json value = parsed("{\"a\":[1,{}],\"b\":[],\"c\":1e22}");
	auto_text out = { 0 };

	json_print(value, JSON_PRETTY, &out);
	ck_assert_str_eq(text_str(&out),
			 "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": [],\n  \"c\": 1e+22\n}");
}
END_TEST

START_TEST(reads_files_up_to_a_size)
{
	auto_json value = NULL;
	struct err err = { 0 };

	ck_assert_int_eq(json_read_at(AT_FDCWD, "fixtures/default-config.json", 10, &value, &err), -EFBIG);
	ck_assert_ptr_nonnull(strstr(err.text, "more than 10 bytes"));
	ck_assert_int_eq(json_read_at(AT_FDCWD, "fixtures/default-config.json", 1 << 20, &value, NULL), 0);
	ck_assert_int_eq(json_kind(value), JSON_OBJECT);
	err = (struct err){ 0 };
	ck_assert_int_eq(json_read_at(AT_FDCWD, "tests/unit.h", 1 << 20, &value, &err), -EINVAL);
	ck_assert_ptr_eq(strstr(err.text, "tests/unit.h: line 1, column 1: "), err.text);
}
END_TEST

/* "[[],[],...": three bytes each, hundreds in memory. */
START_TEST(bounds_the_number_of_values)
{
	struct json *none = NULL;
	struct err err = { 0 };
	auto_text text = { 0 };

	text_add(&text, "[[]");
	for (unsigned i = 0; i < JSON_VALUES_MAX; i++)
		text_add(&text, ",[]");
	text_add_char(&text, ']');
	ck_assert_int_eq(json_parse(text_str(&text), text.len, &none, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "more values than are read"), "%s", err.text);
	ck_assert_ptr_null(none);
}
END_TEST

Suite *test_json(void)
{
	return UNIT_SUITE("json", accepts_json, refuses_the_rest, bounds_the_depth,
			  bounds_the_number_of_values, survives_truncation, tells_null_from_absent,
			  getters_refuse_other_kinds, compares, copies_deeply, bytes_become_valid,
			  prints_for_people, reads_files_up_to_a_size);
}
