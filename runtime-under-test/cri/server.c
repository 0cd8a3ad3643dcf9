/* What every area asks of the server. */
#include "runtime-under-test/cri/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

void server_log(const char *format, ...)
{
	auto_text line = { 0 };
	struct timespec now;
	struct tm tm;
	char stamp[32];
	va_list args;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	text_addf(&line, "%s.%03ldZ ", stamp, now.tv_nsec / 1000000);
	va_start(args, format);
	text_addv(&line, format, args);
	va_end(args);
	text_add_char(&line, '\n');
	/* One write, so that threads do not cut each other's lines. Nobody reads it: nothing to be done. */
	(void) file_write_all(STDERR_FILENO, text_str(&line), line.len);
}

char *server_runtime_path(const struct server *server, const char *handler)
{
	const char *path = options_runtime(&server->options, handler);

	if (path)
		return text_format("%s", path);
	return handler[0] ? NULL : text_format("%s/plumbline-oci", server->programs);
}
