/*
 * The container's log file. A disk that is full holds no container up: what cannot be written is counted and said in the log
 * as soon as there is room again.
 */
#ifndef CRI_MONITOR_LOG_H
#define CRI_MONITOR_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "runtime-under-test/cri/monitor/log_format.h"

struct err;

struct log {
	int directory; /* owned; -EBADF: no log */
	const char *path; /* below it; borrowed */
	int file; /* owned */
	struct text records;
	int64_t last_ns; /* time never goes back */
	uint64_t lost_bytes; /* of content, ever */
	uint64_t unsaid_bytes, unsaid_lines; /* lost since the log last said so */
	int unsaid_error;
};
#define LOG_INIT                                                                                             \
	{                                                                                                    \
		.directory = -EBADF, .file = -EBADF                                                          \
	}

int log_open(struct log *log, const char *directory, const char *path, struct err *err);
/* The name stands for another file now: what comes goes there. On an error all goes on into the old one. */
int log_reopen(struct log *log, struct err *err);
void log_write(struct log *log, struct log_line *line, const char *bytes, size_t len);
void log_end(struct log *log, struct log_line *line);
void log_close(struct log *log);

#endif
