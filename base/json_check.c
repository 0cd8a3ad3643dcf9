/*
 * The grammar of RFC 8259, checked before json-c sees the text: its tokener lets control characters and invalid UTF-8
 * pass, turns numbers that do not fit into others, and knows no lines. Nothing is built here.
 */
#include "base/json_check.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"

/* Where in the value we are; lives on the stack and becomes text only when a number is wrong. */
struct place {
	const struct place *up;
	const char *name; /* as it is written, name_len bytes; NULL: an element */
	size_t name_len, index;
	unsigned depth;
};

struct cursor {
	const char *start, *at, *end;
	size_t values; /* so far */
	struct err *err;
};

static int complain(const struct cursor *cursor, const char *what)
{
	size_t line = 1;
	const char *begin = cursor->start;

	for (const char *c = cursor->start; c < cursor->at; c++) {
		if (*c == '\n') {
			line++;
			begin = c + 1;
		}
	}
	return fail_text(cursor->err, -EINVAL, "line %zu, column %zu: %s", line,
			 (size_t) (cursor->at - begin) + 1, what);
}

static void place_print(const struct place *place, struct text *out)
{
	if (!place)
		return;
	place_print(place->up, out);
	if (!place->name) {
		text_addf(out, "[%zu]", place->index);
		return;
	}
	auto_free char *name = text_format("%.*s", (int) place->name_len, place->name);
	if (!*name || strpbrk(name, "./[]"))
		text_addf(out, "[%s]", name);
	else
		text_addf(out, "%s%s", out->len ? "." : "", name);
}

static int peek(const struct cursor *cursor)
{
	return cursor->at < cursor->end ? (unsigned char) *cursor->at : -1;
}

static bool take(struct cursor *cursor, char c)
{
	if (peek(cursor) != (unsigned char) c)
		return false;
	cursor->at++;
	return true;
}

static void skip_space(struct cursor *cursor)
{
	while (cursor->at < cursor->end &&
	       (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\n' || *cursor->at == '\r'))
		cursor->at++;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static size_t skip_digits(struct cursor *cursor)
{
	const char *from = cursor->at;

	while (is_digit(peek(cursor)))
		cursor->at++;
	return (size_t) (cursor->at - from);
}

/* The four digits after \u; -1: not there. */
static long take_hex(struct cursor *cursor)
{
	long value = 0;

	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		int c = peek(cursor);
		const char *digit = c > 0 ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

		if (!digit)
			return -1;
		value = value << 4 | (digit - digits);
		cursor->at++;
	}
	return value;
}

static int check_unicode_escape(struct cursor *cursor, bool is_key)
{
	long unit = take_hex(cursor);

	if (unit < 0)
		return complain(cursor, "\\u needs four hexadecimal digits");
	/* A member's name is a C string here: what follows the NUL would be lost, and "a\u0000b" become "a". */
	if (unit == 0 && is_key)
		return complain(cursor, "a NUL in a member's name");
	if (unit >= 0xdc00 && unit <= 0xdfff)
		return complain(cursor, "half a surrogate pair");
	if (unit < 0xd800 || unit > 0xdbff)
		return 0;
	if (!take(cursor, '\\') || !take(cursor, 'u'))
		return complain(cursor, "half a surrogate pair");
	unit = take_hex(cursor);
	return unit >= 0xdc00 && unit <= 0xdfff ? 0 : complain(cursor, "half a surrogate pair");
}

static int check_escape(struct cursor *cursor, bool is_key)
{
	int c = peek(cursor);

	if (c == 'u') {
		cursor->at++;
		return check_unicode_escape(cursor, is_key);
	}
	if (c <= 0 || !strchr("\"\\/bfnrt", c))
		return complain(cursor, "unknown escape in a string");
	cursor->at++;
	return 0;
}

/* After the opening quote. */
static int check_string(struct cursor *cursor, bool is_key)
{
	for (;;) {
		int c = peek(cursor);
		size_t len;
		int r;

		if (c < 0)
			return complain(cursor, "the text ends inside a string");
		if (c < 0x20)
			return complain(cursor, c ? "a bare control character in a string" : "a NUL byte");
		if (take(cursor, '"'))
			return 0;
		if (take(cursor, '\\')) {
			r = check_escape(cursor, is_key);
			if (r < 0)
				return r;
			continue;
		}
		len = text_utf8_length(cursor->at, (size_t) (cursor->end - cursor->at));
		if (!len)
			return complain(cursor, "invalid UTF-8");
		cursor->at += len;
	}
}

/* The range that json.h can hand out: INT64_MIN to UINT64_MAX, and finite doubles. */
static bool is_in_range(const char *number, size_t len, bool is_integer)
{
	auto_free char *copy = text_format("%.*s", (int) len, number);
	unsigned long long natural;
	long long integer;

	if (!is_integer)
		return isfinite(strtod(copy, NULL));
	return text_to_i64(copy, &integer) == 0 || text_to_u64(copy, &natural) == 0;
}

/* What else is wrong with JSON its writer finds by line and column; this he wrote as the value of a field. */
static int complain_range(const struct cursor *cursor, const struct place *place)
{
	auto_text what = { 0 };

	place_print(place, &what);
	text_addf(&what, "%sthe number is out of range", what.len ? ": " : "");
	return complain(cursor, text_str(&what));
}

static int check_number(struct cursor *cursor, const struct place *place)
{
	const char *from = cursor->at;
	bool is_integer = true;

	(void) take(cursor, '-');
	if (!take(cursor, '0') && !skip_digits(cursor))
		return complain(cursor, "a number needs digits");
	if (is_digit(peek(cursor)))
		return complain(cursor, "a number must not begin with 0");
	if (take(cursor, '.')) {
		is_integer = false;
		if (!skip_digits(cursor))
			return complain(cursor, "a number needs digits after the point");
	}
	if (take(cursor, 'e') || take(cursor, 'E')) {
		is_integer = false;
		if (!take(cursor, '-'))
			(void) take(cursor, '+');
		if (!skip_digits(cursor))
			return complain(cursor, "a number needs digits in its exponent");
	}
	if (!is_in_range(from, (size_t) (cursor->at - from), is_integer)) {
		cursor->at = from;
		return complain_range(cursor, place);
	}
	return 0;
}

static int check_word(struct cursor *cursor)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t len = strlen(words[i]);

		if ((size_t) (cursor->end - cursor->at) >= len && memcmp(cursor->at, words[i], len) == 0) {
			cursor->at += len;
			return 0;
		}
	}
	if (cursor->at == cursor->end)
		return complain(cursor, "the text ends where a value should be");
	return complain(cursor, peek(cursor) ? "no JSON value begins here" : "a NUL byte");
}

static int check_value(struct cursor *cursor, const struct place *place);

static int check_member(struct cursor *cursor, struct place *place)
{
	int r;

	skip_space(cursor);
	if (!take(cursor, '"'))
		return complain(cursor, "a member's name in quotes should be here");
	place->name = cursor->at;
	r = check_string(cursor, true);
	if (r < 0)
		return r;
	place->name_len = (size_t) (cursor->at - place->name) - 1;
	skip_space(cursor);
	if (!take(cursor, ':'))
		return complain(cursor, "a colon should be here");
	return check_value(cursor, place);
}

/* After the opening bracket. */
static int check_container(struct cursor *cursor, char close, const struct place *up)
{
	struct place here = { .up = up, .depth = up ? up->depth + 1 : 1 };

	if (here.depth > JSON_DEPTH_MAX)
		return complain(cursor, "nested too deeply");
	skip_space(cursor);
	if (take(cursor, close))
		return 0;
	for (;; here.index++) {
		int r = close == '}' ? check_member(cursor, &here) : check_value(cursor, &here);

		if (r < 0)
			return r;
		skip_space(cursor);
		if (take(cursor, close))
			return 0;
		if (!take(cursor, ','))
			return complain(cursor, close == '}' ? "a comma or } should be here"
							     : "a comma or ] should be here");
	}
}

static int check_value(struct cursor *cursor, const struct place *place)
{
	int c;

	skip_space(cursor);
	if (++cursor->values > JSON_VALUES_MAX)
		return complain(cursor, "more values than are read");
	c = peek(cursor);
	if (take(cursor, '{'))
		return check_container(cursor, '}', place);
	if (take(cursor, '['))
		return check_container(cursor, ']', place);
	if (take(cursor, '"'))
		return check_string(cursor, false);
	if (c == '-' || is_digit(c))
		return check_number(cursor, place);
	return check_word(cursor);
}

int json_check(const char *data, size_t len, struct err *err)
{
	struct cursor cursor = { .start = data, .at = data, .end = data + len, .err = err };
	int r = check_value(&cursor, NULL);

	if (r < 0)
		return r;
	skip_space(&cursor);
	return cursor.at == cursor.end ? 0 : complain(&cursor, "text after the end of the value");
}
