/* Escapers: what leaves them is valid in its language, whatever went in. */
#include "tests/unit.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define BAD "\xef\xbf\xbd"
#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
	const char *bytes;
	size_t len, valid;
} utf8_rows[] = {
	{ BYTES("a"), 1 },
	{ BYTES("\0"), 1 },
	{ BYTES("\x7f"), 1 },
	{ BYTES("\x80"), 0 }, /* a continuation first */
	{ BYTES("\xc3\xa9z"), 2 },
	{ BYTES("\xc3"), 0 }, /* cut short */
	{ BYTES("\xc0\x80"), 0 }, /* NUL in two bytes */
	{ BYTES("\xc1\xbf"), 0 },
	{ BYTES("\xe2\x82\xac"), 3 },
	{ BYTES("\xe2\x82"), 0 },
	{ BYTES("\xe0\x9f\xbf"), 0 }, /* three bytes for what two can say */
	{ BYTES("\xed\x9f\xbf"), 3 },
	{ BYTES("\xed\xa0\x80"), 0 }, /* U+D800, a surrogate */
	{ BYTES("\xef\xbf\xbf"), 3 },
	{ BYTES("\xf0\x90\x80\x80"), 4 },
	{ BYTES("\xf0\x8f\xbf\xbf"), 0 }, /* four bytes for what three can say */
	{ BYTES("\xf4\x8f\xbf\xbf"), 4 }, /* U+10FFFF */
	{ BYTES("\xf4\x90\x80\x80"), 0 }, /* beyond it */
	{ BYTES("\xf5\x80\x80\x80"), 0 },
	{ BYTES("\xe2\x82z"), 0 },
	{ BYTES("\xff"), 0 },
	{ "", 0, 0 },
};

START_TEST(knows_utf8)
{
	for (size_t i = 0; i < ARRAY_SIZE(utf8_rows); i++)
		ck_assert_msg(text_utf8_length(utf8_rows[i].bytes, utf8_rows[i].len) == utf8_rows[i].valid,
			      "row %zu", i);
}
END_TEST

typedef void escaper(struct text *out, const char *bytes, size_t len);

static const struct {
	escaper *escape;
	const char *bytes;
	size_t len;
	const char *expected;
} rows[] = {
	{ text_escape_json, BYTES("plain / \xc3\xa9"), "plain / \xc3\xa9" },
	{ text_escape_json, BYTES("\"\\\b\f\n\r\t"), "\\\"\\\\\\b\\f\\n\\r\\t" },
	{ text_escape_json, BYTES("\0\x01\x1f\x7f"), "\\u0000\\u0001\\u001f\\u007f" },
	{ text_escape_json, BYTES("a\xff\xc3z"), "a" BAD BAD "z" },
	{ text_escape_xml, BYTES("<a b=\"c\" d='&'>"), "&#60;a b=&#34;c&#34; d=&#39;&#38;&#39;&#62;" },
	{ text_escape_xml, BYTES("]]>"), "]]&#62;" },
	{ text_escape_xml, BYTES("\t\n\r"), "&#9;&#10;&#13;" },
	{ text_escape_xml, BYTES("\0\x1b[m\xef\xbf\xbe"), BAD BAD "[m" BAD },
	{ text_escape_xml, BYTES("\xed\xa0\x80"), BAD BAD BAD },
	{ text_escape_terminal, BYTES("\x1b[2J\r\n\0"), "\\x1b[2J\\x0d\\x0a\\x00" },
	{ text_escape_terminal,
	  BYTES("\xc2\x9b"
		"31m"),
	  "\\xc2\\x9b31m" }, /* CSI as one C1 character */
	{ text_escape_terminal, BYTES("\x9b"), BAD },
	{ text_escape_terminal,
	  BYTES("a\xe2\x80\xae"
		"b"),
	  "a\\u202eb" }, /* right-to-left override */
	{ text_escape_terminal, BYTES("\xc3\xa9\x7f"), "\xc3\xa9\\x7f" },
	{ text_escape_markdown, BYTES("a|b\nc `d` <i> *e*"), "a\\|b c \\`d\\` &#60;i&#62; \\*e\\*" },
	{ text_escape_markdown, BYTES("[x](y) \\ _z_"), "\\[x\\](y) \\\\ \\_z\\_" },
};

START_TEST(escapes)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_text out = { 0 };

		rows[i].escape(&out, rows[i].bytes, rows[i].len);
		ck_assert_msg(strcmp(text_str(&out), rows[i].expected) == 0, "row %zu: %s", i,
			      text_str(&out));
		ck_assert_uint_eq(out.len, strlen(rows[i].expected));
	}
}
END_TEST

START_TEST(quotes_for_the_shell)
{
	auto_text out = { 0 };

	text_escape_shell(&out, "it's $(x) `y` \\ \n\xff");
	ck_assert_str_eq(text_str(&out), "'it'\\''s $(x) `y` \\ \n\xff'");
	text_cut(&out, 0);
	text_escape_shell(&out, "");
	ck_assert_str_eq(text_str(&out), "''");
}
END_TEST

/* Every byte in every position: the result is valid UTF-8 and has no raw control character. */
START_TEST(any_byte_becomes_harmless)
{
	static escaper *const escapers[] = { text_escape_json, text_escape_xml, text_escape_terminal,
					     text_escape_markdown };

	for (size_t e = 0; e < ARRAY_SIZE(escapers); e++) {
		for (unsigned pair = 0; pair < 0x10000; pair++) {
			char bytes[] = { (char) (pair >> 8), (char) pair };
			auto_text out = { 0 };

			escapers[e](&out, bytes, sizeof(bytes));
			for (size_t at = 0, n; at < out.len; at += n) {
				n = text_utf8_length(out.data + at, out.len - at);
				ck_assert_msg(n && (unsigned char) out.data[at] >= 0x20, "escaper %zu, %04x",
					      e, pair);
			}
		}
	}
}
END_TEST

Suite *test_escape(void)
{
	return UNIT_SUITE("escape", knows_utf8, escapes, quotes_for_the_shell, any_byte_becomes_harmless);
}
