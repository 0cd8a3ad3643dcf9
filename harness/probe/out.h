/* JSON for the harness, built in memory: commas, nesting and escapes are right by construction. */
#ifndef HARNESS_PROBE_OUT_H
#define HARNESS_PROBE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define OUT_DEPTH 16

struct out {
	struct text text; /* owned */
	int fd; /* borrowed; -1: nobody listens */
	bool comma; /* the next value needs one before it */
	unsigned depth;
	char closer[OUT_DEPTH];
};
#define OUT_INIT(descriptor)                                                                                 \
	{                                                                                                    \
		.fd = (descriptor)                                                                           \
	}

/* Where the text stood: a fact that turns out to be unreadable is taken back. Not across out_flush(). */
struct out_mark {
	size_t len;
	bool comma;
	unsigned depth;
};

void out_free(struct out *out);
#define auto_out __attribute__((cleanup(out_free))) struct out

/* key is NULL inside arrays. Bytes that are not UTF-8 become U+FFFD. */
void out_object(struct out *out, const char *key);
void out_array(struct out *out, const char *key);
void out_end(struct out *out); /* the innermost open object or array */
void out_string(struct out *out, const char *key, const char *string);
void out_bytes(struct out *out, const char *key, const char *bytes, size_t len);
void out_format(struct out *out, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void out_int(struct out *out, const char *key, long long value);
void out_uint(struct out *out, const char *key, unsigned long long value);
void out_bool(struct out *out, const char *key, bool value);
void out_ms(struct out *out, const char *key, int64_t nanoseconds); /* milliseconds with three decimals */
/*
 * Text that is JSON already: a value, or with key NULL also members for the open object. Empty text adds
 * nothing.
 */
void out_json(struct out *out, const char *key, const char *json, size_t len);
/* An array of strings: what stands between separators. An empty string is an empty array. */
void out_words(struct out *out, const char *key, const char *words, char separator);
/* An array of strings, sorted by strcmp() first. */
void out_sorted(struct out *out, const char *key, const char **strings, size_t count);

struct out_mark out_mark(const struct out *out);
void out_rewind(struct out *out, struct out_mark mark);

/* A line is "NONCE {members}"; it is written when it ends. */
void out_line(struct out *out, const char *nonce);
int out_line_end(struct out *out); /* 0 or -errno of the write */
int out_flush(struct out *out);

#endif
