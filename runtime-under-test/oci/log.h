/* Where messages go: errors to stderr and to --log, warnings likewise, debug lines only with --debug. */
#ifndef OCI_LOG_H
#define OCI_LOG_H

#include <stdbool.h>

struct err;

struct log {
	int fd; /* --log, O_APPEND and O_CLOEXEC; -EBADF: none */
	bool
	    json; /* --log-format json: one object a line {"level","msg","time"}, as containerd's shim and podman read it */
	bool debug; /* --debug */
};

int log_open(struct log *log, const char *path, struct err *err);
void log_close(struct log *log);
/* log may be NULL: stderr only. A line that cannot be written is lost: nobody is left to tell. */
void log_error(const struct log *log, const char *message);
void log_warning(const struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug(const struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
