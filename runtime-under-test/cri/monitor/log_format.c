/* Lines are cut where the format's readers expect it: a record's content has at most 16 KiB. */
#include "runtime-under-test/cri/monitor/log_format.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "runtime-under-test/oci/faults.h"

void log_line_free(struct log_line *line)
{
	free(line->data);
	line->data = NULL;
	line->len = 0;
}

static void add_head(const char *stream, char tag, int64_t ns, struct text *out)
{
	time_t seconds = (time_t) (ns / 1000000000);
	char date[32];
	struct tm when;

	(void) gmtime_r(&seconds, &when);
	(void) strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &when);
	text_addf(out, "%s.%09dZ %s %c ", date, (int) (ns % 1000000000), stream, tag);
}

void log_format_record(const char *stream, char tag, const char *content, size_t len, int64_t ns,
		       struct text *out)
{
	if (fault("log-stream-mixed"))
		stream = "stdout";
	if (fault("log-tag-always-full"))
		tag = 'F';
	add_head(stream, tag, ns, out);
	text_add_bytes(out, content, len);
	text_add_char(out, '\n');
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

static void end_record(struct log_line *line, char tag, const char *bytes, size_t len, int64_t ns,
		       struct text *out)
{
	if (line->len == 0) {
		log_format_record(line->stream, tag, bytes, len, ns, out);
		return;
	}
	keep(line, bytes, len);
	log_format_record(line->stream, tag, line->data, line->len, ns, out);
	line->len = 0;
}

size_t log_format(struct log_line *line, const char *bytes, size_t len, int64_t ns, struct text *out,
		  size_t limit)
{
	size_t taken = 0;

	while (taken < len && out->len < limit) {
		const char *from = bytes + taken;
		size_t left = len - taken, room = LOG_CONTENT_MAX - line->len;
		size_t window = left < room + 1 ? left : room + 1;
		const char *newline = memchr(from, '\n', window);

		if (newline) {
			end_record(line, 'F', from, (size_t) (newline - from), ns, out);
			taken += (size_t) (newline - from) + 1;
		} else if (window > room) {
			/* There is a byte too many, and it is no newline: the line goes on. */
			end_record(line, 'P', from, room, ns, out);
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
		end_record(line, 'P', "", 0, ns, out);
}
