/* Opening the log without being led astray, and writing whole records only. */
#include "runtime-under-test/cri/monitor/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "runtime-under-test/oci/faults.h"

#define RECORDS_MAX 65536

static int open_beneath(int directory, const char *path, uint64_t flags, mode_t mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int) syscall(SYS_openat2, directory, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* The folders of log_path, each looked at before the next is made in it. Returns the last one. */
static int open_parent(int root, const char *path, const char **ret_name, struct err *err)
{
	auto_fd directory = fcntl(root, F_DUPFD_CLOEXEC, 0);
	const char *slash;

	for (; directory >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		auto_free char *name = text_format("%.*s", (int) (slash - path), path);
		int next;

		if (!*name)
			continue;
		if (mkdirat(directory, name, 0755) < 0 && errno != EEXIST)
			return fail(err, -errno, "make the folder %s", name);
		next = open_beneath(directory, name, O_PATH | O_DIRECTORY, 0);
		if (next < 0)
			return fail(err, next, "open the folder %s", name);
		(void) close(directory);
		directory = next;
	}
	if (directory < 0)
		return fail(err, -errno, "open the folder");
	*ret_name = path;
	return TAKE_FD(directory);
}

/*
 * A container that can write to its own log folder may put anything there: a symlink or a second name of a file of the
 * host's, which would grow by what it prints, or a fifo, which would hang the monitor.
 */
static int open_file(const struct log *log, struct err *err)
{
	const char *name = NULL;
	auto_fd directory = open_parent(log->directory, log->path, &name, err), fd = -EBADF;
	struct stat st;

	if (directory < 0)
		return fail(err, directory, "log %s", log->path);
	if (fault("log-follows-symlinks"))
		return openat(directory, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	fd = open_beneath(directory, name, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY, 0640);
	if (fd < 0)
		return fail(err, fd, "log %s: open it", log->path);
	if (fstat(fd, &st) < 0)
		return fail(err, -errno, "log %s: look at it", log->path);
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1)
		return fail_text(err, -EPERM, "log %s: it is %s", log->path,
				 S_ISREG(st.st_mode) ? "a file that has other names too" : "no file");
	return TAKE_FD(fd);
}

int log_open(struct log *log, const char *directory, const char *path, struct err *err)
{
	int r;

	/* Where the kubelet keeps its logs may be a symlink: the administrator's, not the container's. */
	r = file_make_dirs_at(AT_FDCWD, directory, 0755, err);
	if (r < 0)
		return fail(err, r, "log directory");
	log->directory = file_open_at(AT_FDCWD, directory, O_PATH | O_DIRECTORY, 0, err);
	if (log->directory < 0)
		return fail(err, log->directory, "log directory");
	log->path = path;
	return log_reopen(log, err);
}

int log_reopen(struct log *log, struct err *err)
{
	int file;

	if (log->directory < 0)
		return fail_text(err, -EINVAL, "the container has no log");
	file = open_file(log, err);
	if (file < 0)
		return file;
	cleanup_fd(&log->file);
	log->file = file;
	return 0;
}

/* Where the last whole record ends in what was written; what follows it is taken back. */
static size_t take_back(struct log *log, size_t written)
{
	const char *newline = written ? memrchr(log->records.data, '\n', written) : NULL;
	size_t whole = newline ? (size_t) (newline - log->records.data) + 1 : 0;
	struct stat st;

	if (written > whole && fstat(log->file, &st) == 0)
		(void) !ftruncate(log->file, st.st_size - (off_t) (written - whole));
	return whole;
}

static void count_lost(struct log *log, size_t from, int error)
{
	const char *start = log->records.data + from, *end = log->records.data + log->records.len;

	while (start < end) {
		const char *newline = memchr(start, '\n', (size_t) (end - start));

		log->unsaid_bytes += (size_t) (newline - start) - LOG_HEAD;
		log->unsaid_lines++;
		start = newline + 1;
	}
	log->unsaid_error = error;
}

/* Bytes that were written, and why not all. */
static size_t put(const struct log *log, const char *data, size_t len, int *ret_error)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(log->file, data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*ret_error = n < 0 ? errno : ENOSPC;
			break;
		}
		done += (size_t) n;
	}
	return done;
}

static int64_t now_ns(struct log *log)
{
	struct timespec now;
	int64_t ns;

	(void) clock_gettime(CLOCK_REALTIME, &now);
	ns = (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
	if (ns > log->last_ns)
		log->last_ns = ns;
	return log->last_ns;
}

/* Says what was lost; false when there is still no room for that. */
static bool say_lost(struct log *log)
{
	auto_text said = { 0 }, record = { 0 };
	size_t written;
	int error = 0;
	struct stat st;

	if (!log->unsaid_lines)
		return true;
	text_addf(&said, "plumbline-monitor: %llu lines with %llu bytes of output are lost: %s",
		  (unsigned long long) log->unsaid_lines, (unsigned long long) log->unsaid_bytes,
		  strerror(log->unsaid_error));
	log_format_record("stderr", 'F', text_str(&said), said.len, now_ns(log), &record);
	written = put(log, record.data, record.len, &error);
	if (written < record.len) {
		if (written && fstat(log->file, &st) == 0)
			(void) !ftruncate(log->file, st.st_size - (off_t) written);
		return false;
	}
	log->lost_bytes += log->unsaid_bytes;
	log->unsaid_bytes = log->unsaid_lines = 0;
	return true;
}

static void flush(struct log *log)
{
	int error = log->unsaid_error;
	size_t written = 0;

	if (log->records.len && log->file >= 0) {
		bool has_room = say_lost(log);

		if (has_room)
			written = put(log, log->records.data, log->records.len, &error);
		if (written < log->records.len)
			count_lost(log, take_back(log, written), error);
	}
	text_cut(&log->records, 0);
}

void log_write(struct log *log, struct log_line *line, const char *bytes, size_t len)
{
	int64_t ns;

	if (log->file < 0)
		return;
	ns = now_ns(log);
	for (size_t taken = 0; taken < len;) {
		taken += log_format(line, bytes + taken, len - taken, ns, &log->records, RECORDS_MAX);
		flush(log);
	}
}

void log_end(struct log *log, struct log_line *line)
{
	if (log->file < 0)
		return;
	log_format_end(line, now_ns(log), &log->records);
	flush(log);
}

void log_close(struct log *log)
{
	if (log->file >= 0)
		(void) say_lost(log);
	log->lost_bytes += log->unsaid_bytes;
	log->unsaid_bytes = log->unsaid_lines = 0;
	cleanup_fd(&log->file);
	cleanup_fd(&log->directory);
	log->file = log->directory = -EBADF;
	text_free(&log->records);
}
