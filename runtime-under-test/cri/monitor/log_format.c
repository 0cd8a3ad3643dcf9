/* Lines are cut where the format's readers expect it: a record's content has at most 16 KiB. */
#include "runtime-under-test/cri/monitor/log_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "runtime-under-test/oci/faults.h"

/* More than LOG_HEAD, for a year with five digits would be no reason to write over the end. */
#define HEAD_ROOM 64

void log_line_free(struct log_line *line)
{
	free(line->data);
	line->data = NULL;
	line->len = 0;
}

/* What the records of one read have in common; the tag is put in later. */
static void make_head(const char *stream, int64_t ns, char ret[HEAD_ROOM])
{
	time_t seconds = (time_t) (ns / 1000000000);
	char date[32];
	struct tm when;

	if (fault("log-stream-mixed"))
		stream = "stdout";
	(void) gmtime_r(&seconds, &when);
	(void) strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &when);
	(void) snprintf(ret, HEAD_ROOM, "%.19s.%09dZ %.6s ? ", date, (int) (ns % 1000000000), stream);
}

static void add_record(const char *head, char tag, const char *content, size_t len, struct text *out)
{
	if (fault("log-tag-always-full"))
		tag = 'F';
	text_add_bytes(out, head, LOG_HEAD);
	out->data[out->len - 2] = tag;
	text_add_bytes(out, content, len);
	text_add_char(out, '\n');
}

void log_format_record(const char *stream, char tag, const char *content, size_t len, int64_t ns,
		       struct text *out)
{
	char head[HEAD_ROOM];

	make_head(stream, ns, head);
	add_record(head, tag, content, len, out);
}

static void keep(struct log_line *line, const char *bytes, size_t len)
{
	if (!line->data)
		line->data = malloc(LOG_CONTENT_MAX);
	if (!line->data)
		abort();
	memcpy(line->data + line->len, bytes, len);
	line->len += len;
}

static void end_record(struct log_line *line, const char *head, char tag, const char *bytes, size_t len,
		       struct text *out)
{
	if (line->len == 0) {
		add_record(head, tag, bytes, len, out);
		return;
	}
	keep(line, bytes, len);
	add_record(head, tag, line->data, line->len, out);
	line->len = 0;
}

size_t log_format(struct log_line *line, const char *bytes, size_t len, int64_t ns, struct text *out,
		  size_t limit)
{
	char head[HEAD_ROOM];
	size_t taken = 0;

	make_head(line->stream, ns, head);
	while (taken < len && out->len < limit) {
		const char *from = bytes + taken;
		size_t left = len - taken, room = LOG_CONTENT_MAX - line->len;
		size_t window = left < room + 1 ? left : room + 1;
		const char *newline = memchr(from, '\n', window);

		if (newline) {
			end_record(line, head, 'F', from, (size_t) (newline - from), out);
			taken += (size_t) (newline - from) + 1;
		} else if (window > room) {
			/* There is a byte too many, and it is no newline: the line goes on. */
			end_record(line, head, 'P', from, room, out);
			taken += room;
		} else {
			keep(line, from, left);
			taken += left;
		}
	}
	return taken;
}

void log_format_end(struct log_line *line, int64_t ns, struct text *out)
{
	if (line->len)
		log_format_record(line->stream, 'P', line->data, line->len, ns, out);
	line->len = 0;
}
