/* Comparing and printing JSON values; json-c's own printer escapes slashes and cannot mend invalid UTF-8. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

static bool numbers_equal(const struct json *a, const struct json *b)
{
	if (json_kind(a) == JSON_DOUBLE || json_kind(b) == JSON_DOUBLE)
		return json_double(a, 0) == json_double(b, 0);
	if (json_is_unsigned(a) != json_is_unsigned(b))
		return false;
	return json_is_unsigned(a) ? json_uint(a, 0) == json_uint(b, 0) : json_int(a, 0) == json_int(b, 0);
}

static bool arrays_equal(const struct json *a, const struct json *b)
{
	size_t count = json_length(a);

	if (count != json_length(b))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!json_equal(json_at(a, i), json_at(b, i)))
			return false;
	return true;
}

static bool objects_equal(const struct json *a, const struct json *b)
{
	size_t count = json_length(a);

	if (count != json_length(b))
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *key = json_key_at(a, i);

		if (!json_has(b, key) || !json_equal(json_member(a, key), json_member(b, key)))
			return false;
	}
	return true;
}

static bool is_number(const struct json *value)
{
	return json_kind(value) == JSON_INT || json_kind(value) == JSON_DOUBLE;
}

bool json_equal(const struct json *a, const struct json *b)
{
	if (is_number(a) && is_number(b))
		return numbers_equal(a, b);
	if (json_kind(a) != json_kind(b))
		return false;
	switch (json_kind(a)) {
	case JSON_NULL:
		return true;
	case JSON_BOOL:
		return json_bool(a, false) == json_bool(b, false);
	case JSON_STRING:
		return json_string_length(a) == json_string_length(b) &&
		       memcmp(json_string(a), json_string(b), json_string_length(a)) == 0;
	case JSON_ARRAY:
		return arrays_equal(a, b);
	case JSON_OBJECT:
		return objects_equal(a, b);
	case JSON_INT:
	case JSON_DOUBLE:
		break;
	}
	return false;
}

static void print_string(const char *string, size_t len, struct text *out)
{
	text_add_char(out, '"');
	text_escape_json(out, string, len);
	text_add_char(out, '"');
}

/* The shortest of two forms that reads back as the same number; always with a point or exponent. */
static void print_double(double value, struct text *out)
{
	char digits[40];

	snprintf(digits, sizeof(digits), "%.15g", value);
	if (strtod(digits, NULL) != value)
		snprintf(digits, sizeof(digits), "%.17g", value);
	text_add(out, digits);
	if (!strpbrk(digits, ".en"))
		text_add(out, ".0");
}

static void print_value(const struct json *value, unsigned flags, unsigned level, struct text *out);

static void print_break(unsigned flags, unsigned level, struct text *out)
{
	if (flags & JSON_PRETTY)
		text_addf(out, "\n%*s", (int) level * 2, "");
}

static void print_container(const struct json *value, unsigned flags, unsigned level, struct text *out)
{
	bool is_object = json_kind(value) == JSON_OBJECT;
	size_t count = json_length(value);

	text_add_char(out, is_object ? '{' : '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			text_add_char(out, ',');
		print_break(flags, level + 1, out);
		if (is_object) {
			print_string(json_key_at(value, i), strlen(json_key_at(value, i)), out);
			text_add(out, flags & JSON_PRETTY ? ": " : ":");
		}
		print_value(is_object ? json_value_at(value, i) : json_at(value, i), flags, level + 1, out);
	}
	if (count)
		print_break(flags, level, out);
	text_add_char(out, is_object ? '}' : ']');
}

static void print_value(const struct json *value, unsigned flags, unsigned level, struct text *out)
{
	switch (json_kind(value)) {
	case JSON_NULL:
		text_add(out, "null");
		break;
	case JSON_BOOL:
		text_add(out, json_bool(value, false) ? "true" : "false");
		break;
	case JSON_INT:
		if (json_is_unsigned(value))
			text_addf(out, "%llu", (unsigned long long) json_uint(value, 0));
		else
			text_addf(out, "%lld", (long long) json_int(value, 0));
		break;
	case JSON_DOUBLE:
		print_double(json_double(value, 0), out);
		break;
	case JSON_STRING:
		print_string(json_string(value), json_string_length(value), out);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		print_container(value, flags, level, out);
		break;
	}
}

void json_print(const struct json *value, unsigned flags, struct text *out)
{
	print_value(value, flags, 0, out);
}
