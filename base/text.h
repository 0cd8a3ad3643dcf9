/* A growing string. Invariant: data is NULL or NUL-terminated at data[len]; embedded NULs are allowed. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
	char *data; /* owned; NULL while empty and never grown: use text_str() */
	size_t len; /* bytes before the terminating NUL */
	size_t space; /* bytes allocated */
};

void text_free(struct text *text); /* leaves an empty text */
#define auto_text __attribute__((cleanup(text_free))) struct text

/* All adders abort the program when memory runs out: every user is a short-lived command. */
void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t len);
void text_add_char(struct text *text, char c);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_addv(struct text *text, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void text_cut(struct text *text, size_t len); /* shorten to len; longer than now: no effect */
void text_trim_end(struct text *text); /* drop trailing white space */

const char *text_str(const struct text *text); /* borrowed, never NULL */
char *text_take(struct text *text); /* owned by the caller, never NULL; text is empty afterwards */

bool text_starts(const char *string, const char *prefix);
bool text_ends(const char *string, const char *suffix);
/* Owned, never NULL. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2), returns_nonnull));
/* Strict whole-string decimal: -EINVAL on anything else, -ERANGE on overflow; *ret only on success. */
int text_to_i64(const char *string, long long *ret);
int text_to_u64(const char *string, unsigned long long *ret);

/* Bytes of the UTF-8 character that bytes start with, 1 to 4; 0: none starts here, or it is cut short. RFC 3629. */
size_t text_utf8_length(const char *bytes, size_t len);

/*
 * One escaper per output language. Input bytes that are not valid UTF-8 become U+FFFD. None adds quotes, but for
 * the shell's, which keeps every byte as it is.
 */
void text_escape_json(struct text *out, const char *bytes, size_t len);
void text_escape_xml(struct text *out, const char *bytes, size_t len); /* text and attribute values */
void text_escape_terminal(struct text *out, const char *bytes,
			  size_t len); /* controls as \xNN: no escape sequences */
void text_escape_shell(struct text *out, const char *string); /* one word with its single quotes */
void text_escape_markdown(struct text *out, const char *bytes, size_t len); /* safe inside a table cell */

#endif
