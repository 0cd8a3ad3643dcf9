/* Messages: plain sentences on stderr, lines with level and time in the log file. */
#include "runtime-under-test/oci/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/text.h"

int log_open(struct log *log, const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0)
		return fail(err, -errno, "open log file %s", path);
	log->fd = fd;
	return 0;
}

void log_close(struct log *log)
{
	if (log->fd >= 0)
		(void) close(log->fd);
	log->fd = -EBADF;
}

static void add_time(struct text *line)
{
	char buffer[sizeof("2026-01-01T00:00:00Z")];
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) && strftime(buffer, sizeof(buffer), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		text_add(line, buffer);
}

/* The text format quotes as JSON does: one message stays one line. */
static void write_line(const struct log *log, const char *level, const struct text *message)
{
	auto_text line = { 0 };

	if (log->json) {
		text_addf(&line, "{\"level\":\"%s\",\"msg\":\"", level);
		text_escape_json(&line, text_str(message), message->len);
		text_add(&line, "\",\"time\":\"");
		add_time(&line);
		text_add(&line, "\"}\n");
	} else {
		text_add(&line, "time=\"");
		add_time(&line);
		text_addf(&line, "\" level=%s msg=\"", level);
		text_escape_json(&line, text_str(message), message->len);
		text_add(&line, "\"\n");
	}
	(void) file_write_all(log->fd, text_str(&line), line.len);
}

/* Names from a config or a container may hold escape sequences: they must not reach a terminal. */
static void write_stderr(const char *prefix, const struct text *message)
{
	auto_text line = { 0 };

	text_addf(&line, "plumbline-oci: %s", prefix);
	text_escape_terminal(&line, text_str(message), message->len);
	text_add_char(&line, '\n');
	(void) file_write_all(STDERR_FILENO, text_str(&line), line.len);
}

void log_error(const struct log *log, const char *message)
{
	auto_text text = { 0 };

	text_add(&text, message);
	write_stderr("", &text);
	if (log && log->fd >= 0)
		write_line(log, "error", &text);
}

void log_warning(const struct log *log, const char *format, ...)
{
	auto_text text = { 0 };
	va_list args;

	va_start(args, format);
	text_addv(&text, format, args);
	va_end(args);
	write_stderr("warning: ", &text);
	if (log && log->fd >= 0)
		write_line(log, "warning", &text);
}

void log_debug(const struct log *log, const char *format, ...)
{
	auto_text text = { 0 };
	va_list args;

	if (!log || !log->debug)
		return;
	va_start(args, format);
	text_addv(&text, format, args);
	va_end(args);
	if (log->fd >= 0)
		write_line(log, "debug", &text);
	else
		write_stderr("debug: ", &text);
}
