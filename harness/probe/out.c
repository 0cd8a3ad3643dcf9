/* JSON for the harness: see out.h. */
#include "harness/probe/out.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

void out_free(struct out *out)
{
	text_free(&out->text);
}

static void value_begins(struct out *out, const char *key)
{
	if (out->comma)
		text_add_char(&out->text, ',');
	out->comma = true;
	if (!key)
		return;
	text_add_char(&out->text, '"');
	text_escape_json(&out->text, key, strlen(key));
	text_add(&out->text, "\":");
}

static void open_with(struct out *out, const char *key, char opener, char closer)
{
	assert(out->depth < OUT_DEPTH);
	value_begins(out, key);
	text_add_char(&out->text, opener);
	out->closer[out->depth++] = closer;
	out->comma = false;
}

void out_object(struct out *out, const char *key)
{
	open_with(out, key, '{', '}');
}

void out_array(struct out *out, const char *key)
{
	open_with(out, key, '[', ']');
}

void out_end(struct out *out)
{
	assert(out->depth > 0);
	text_add_char(&out->text, out->closer[--out->depth]);
	out->comma = true;
}

void out_bytes(struct out *out, const char *key, const char *bytes, size_t len)
{
	value_begins(out, key);
	text_add_char(&out->text, '"');
	text_escape_json(&out->text, bytes, len);
	text_add_char(&out->text, '"');
}

void out_string(struct out *out, const char *key, const char *string)
{
	out_bytes(out, key, string, strlen(string));
}

void out_format(struct out *out, const char *key, const char *format, ...)
{
	auto_text text = { 0 };
	va_list args;

	va_start(args, format);
	text_addv(&text, format, args);
	va_end(args);
	out_bytes(out, key, text_str(&text), text.len);
}

void out_int(struct out *out, const char *key, long long value)
{
	value_begins(out, key);
	text_addf(&out->text, "%lld", value);
}

void out_uint(struct out *out, const char *key, unsigned long long value)
{
	value_begins(out, key);
	text_addf(&out->text, "%llu", value);
}

void out_bool(struct out *out, const char *key, bool value)
{
	value_begins(out, key);
	text_add(&out->text, value ? "true" : "false");
}

void out_ms(struct out *out, const char *key, int64_t nanoseconds)
{
	int64_t micros = nanoseconds < 0 ? 0 : nanoseconds / 1000;

	value_begins(out, key);
	text_addf(&out->text, "%" PRId64 ".%03" PRId64, micros / 1000, micros % 1000);
}

void out_json(struct out *out, const char *key, const char *json, size_t len)
{
	if (!len)
		return;
	value_begins(out, key);
	text_add_bytes(&out->text, json, len);
}

void out_words(struct out *out, const char *key, const char *words, char separator)
{
	out_array(out, key);
	while (*words) {
		const char *end = strchrnul(words, separator);

		if (end > words)
			out_bytes(out, NULL, words, (size_t) (end - words));
		words = *end ? end + 1 : end;
	}
	out_end(out);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

void out_sorted(struct out *out, const char *key, const char **strings, size_t count)
{
	if (count)
		qsort(strings, count, sizeof(*strings), compare_strings);
	out_array(out, key);
	for (size_t i = 0; i < count; i++)
		out_string(out, NULL, strings[i]);
	out_end(out);
}

struct out_mark out_mark(const struct out *out)
{
	return (struct out_mark){ .len = out->text.len, .comma = out->comma, .depth = out->depth };
}

void out_rewind(struct out *out, struct out_mark mark)
{
	text_cut(&out->text, mark.len);
	out->comma = mark.comma;
	out->depth = mark.depth;
}

void out_line(struct out *out, const char *nonce)
{
	text_add(&out->text, nonce);
	text_add_char(&out->text, ' ');
	out->comma = false;
	out_object(out, NULL);
}

int out_line_end(struct out *out)
{
	out_end(out);
	assert(out->depth == 0);
	out->comma = false;
	text_add_char(&out->text, '\n');
	return out_flush(out);
}

int out_flush(struct out *out)
{
	int r = 0;

	if (out->fd >= 0 && out->text.len)
		r = file_write_all(out->fd, out->text.data, out->text.len);
	text_cut(&out->text, 0);
	return r;
}
