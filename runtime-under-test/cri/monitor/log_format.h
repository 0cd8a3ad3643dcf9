/*
 * The CRI log format, pure: bytes of a stream in, records out.
 *   2026-11-28T19:25:29.000000001Z stdout F the line
 * P instead of F: the line goes on in the stream's next record. Bytes of a line are kept as they are, CR and NUL too.
 */
#ifndef CRI_MONITOR_LOG_FORMAT_H
#define CRI_MONITOR_LOG_FORMAT_H

#include <stddef.h>
#include <stdint.h>

struct text;

#define LOG_CONTENT_MAX 16384
/* Before the content: time, stream, tag, three blanks. */
#define LOG_HEAD 40

/* One stream's line so far. */
struct log_line {
	const char *stream; /* "stdout" or "stderr" */
	char *data; /* owned; LOG_CONTENT_MAX bytes once there was a line in parts */
	size_t len;
};
void log_line_free(struct log_line *line);

/* Appends the records that bytes complete, until out has limit bytes or more; returns how many bytes it took. */
size_t log_format(struct log_line *line, const char *bytes, size_t len, int64_t ns, struct text *out,
		  size_t limit);
/* The stream has ended: what has no newline becomes a record with P, so that joining all records gives every byte back. */
void log_format_end(struct log_line *line, int64_t ns, struct text *out);
/* One whole record. */
void log_format_record(const char *stream, char tag, const char *content, size_t len, int64_t ns,
		       struct text *out);

#endif
