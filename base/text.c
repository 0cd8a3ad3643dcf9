/* A growing string, and the strict conversions that belong to strings. */
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(void)
{
	static const char sentence[] = "out of memory\n";

	(void) !fwrite(sentence, 1, sizeof(sentence) - 1, stderr);
	abort();
}

static void make_room(struct text *text, size_t more)
{
	size_t wanted, space;
	char *data;

	if (more >= SIZE_MAX / 2 - text->len)
		out_of_memory();
	wanted = text->len + more + 1;
	if (wanted <= text->space)
		return;
	space = text->space ? text->space : 64;
	while (space < wanted)
		space *= 2;
	data = realloc(text->data, space);
	if (!data)
		out_of_memory();
	text->data = data;
	text->space = space;
}

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_add_bytes(struct text *text, const void *bytes, size_t len)
{
	make_room(text, len);
	assert(text->data && (bytes || !len));
	if (len)
		memcpy(text->data + text->len, bytes, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void text_add_char(struct text *text, char c)
{
	text_add_bytes(text, &c, 1);
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_addv(text, format, args);
	va_end(args);
}

static void add_unsigned(struct text *text, unsigned long long value)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char) ('0' + value % 10);
	while (value /= 10);
	text_add_bytes(text, digits + at, sizeof(digits) - at);
}

static void add_signed(struct text *text, int value)
{
	if (value < 0)
		text_add_char(text, '-');
	add_unsigned(text, value < 0 ? -(unsigned long long) value : (unsigned long long) value);
}

static void add_string(struct text *text, const char *string, int precision)
{
	if (!string)
		string = "(null)"; /* as glibc does */
	text_add_bytes(text, string, precision < 0 ? strlen(string) : strnlen(string, (size_t) precision));
}

/*
 * The few conversions that nearly all formats consist of, without printf(3), whose generality was half of what reading a recording
 * took. False, with something added already: there is another one.
 */
static bool add_simple(struct text *text, const char *format, va_list args)
{
	va_list values;
	bool simple = true;

	va_copy(values, args);
	while (*format && simple) {
		size_t plain = strcspn(format, "%"), taken = 2;

		text_add_bytes(text, format, plain);
		format += plain;
		if (!*format)
			break;
		if (format[1] == 's') {
			add_string(text, va_arg(values, const char *), -1);
		} else if (format[1] == 'u') {
			add_unsigned(text, va_arg(values, unsigned));
		} else if (format[1] == 'd') {
			add_signed(text, va_arg(values, int));
		} else if (format[1] == 'c') {
			text_add_char(text, (char) va_arg(values, int));
		} else if (strncmp(format, "%llu", 4) == 0) {
			add_unsigned(text, va_arg(values, unsigned long long));
			taken = 4;
		} else if (strncmp(format, "%.*s", 4) == 0) {
			int precision = va_arg(values, int);

			add_string(text, va_arg(values, const char *), precision);
			taken = 4;
		} else {
			simple = false;
		}
		format += taken;
	}
	va_end(values);
	return simple;
}

void text_addv(struct text *text, const char *format, va_list args)
{
	size_t before = text->len;
	va_list again;
	int len;

	if (add_simple(text, format, args))
		return;
	text_cut(text, before);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		out_of_memory(); /* glibc: more than INT_MAX bytes, or no memory for a wide conversion */
	make_room(text, (size_t) len);
	vsnprintf(text->data + text->len, (size_t) len + 1, format, args);
	text->len += (size_t) len;
}

void text_cut(struct text *text, size_t len)
{
	if (len >= text->len)
		return;
	text->len = len;
	text->data[len] = '\0';
}

void text_trim_end(struct text *text)
{
	while (text->len && strchr(" \t\n\v\f\r", text->data[text->len - 1]) && text->data[text->len - 1])
		text_cut(text, text->len - 1);
}

const char *text_str(const struct text *text)
{
	return text->data ? text->data : "";
}

char *text_take(struct text *text)
{
	char *data;

	make_room(text, 0);
	text->data[text->len] = '\0';
	data = text->data;
	*text = (struct text){ 0 };
	return data;
}

bool text_starts(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *string, const char *suffix)
{
	size_t len = strlen(string), tail = strlen(suffix);

	return tail <= len && strcmp(string + len - tail, suffix) == 0;
}

char *text_format(const char *format, ...)
{
	struct text text = { 0 };
	va_list args;

	va_start(args, format);
	text_addv(&text, format, args);
	va_end(args);
	return text_take(&text);
}

/* strtoll() takes white space, "+", and half a number: only digits after an optional minus pass here. */
static bool is_decimal(const char *string)
{
	size_t len = strspn(string, "0123456789");

	return len > 0 && !string[len];
}

int text_to_i64(const char *string, long long *ret)
{
	long long value;

	if (!is_decimal(string[0] == '-' ? string + 1 : string))
		return -EINVAL;
	errno = 0;
	value = strtoll(string, NULL, 10);
	if (errno)
		return -errno;
	*ret = value;
	return 0;
}

int text_to_u64(const char *string, unsigned long long *ret)
{
	unsigned long long value;

	if (!is_decimal(string))
		return -EINVAL;
	errno = 0;
	value = strtoull(string, NULL, 10);
	if (errno)
		return -errno;
	*ret = value;
	return 0;
}
