/* Errors as sentences that grow leftwards: the last caller writes first. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The sentence so far becomes the tail. Arguments may point into err->text: it is formatted before it is touched. */
static void put_left(struct err *err, int r, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void put_left(struct err *err, int r, const char *format, va_list args)
{
	char attempted[ERR_MAX], tail[ERR_MAX];

	if (vsnprintf(attempted, sizeof(attempted), format, args) < 0)
		strcpy(attempted, "?");
	if (err->text[0])
		memcpy(tail, err->text, sizeof(tail));
	else
		snprintf(tail, sizeof(tail), "%s", r < 0 ? strerror(-r) : "");
	/* The tail names the cause: a very long left part gives way to it, not the other way round. */
	if (strlen(attempted) + strlen(tail) + strlen(": ") >= ERR_MAX) {
		strcpy(attempted + ERR_MAX / 2 - 8, "...");
		tail[ERR_MAX / 2] = '\0';
	}
	strcpy(err->text, attempted);
	if (tail[0])
		strcat(strcat(err->text, ": "), tail);
}

int fail(struct err *err, int r, const char *format, ...)
{
	va_list args;

	if (!err)
		return r;
	va_start(args, format);
	put_left(err, r, format, args);
	va_end(args);
	return r;
}

int fail_text(struct err *err, int r, const char *format, ...)
{
	va_list args;

	if (!err)
		return r;
	va_start(args, format);
	put_left(err, 0, format, args);
	va_end(args);
	return r;
}
