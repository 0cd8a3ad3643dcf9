/* Files by directory descriptor: whole reads and writes with errors as sentences. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"

int file_open_at(int dirfd, const char *path, int flags, mode_t mode, struct err *err)
{
	int fd = openat(dirfd, path, flags | O_CLOEXEC, mode);

	return fd < 0 ? fail(err, -errno, "open %s", path) : fd;
}

int file_open_in_root(int root, const char *path, int flags, mode_t mode, struct err *err)
{
	bool makes = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
	struct open_how how = {
		.flags = (unsigned) flags | O_CLOEXEC,
		.mode = makes ? mode : 0, /* else it must be 0, unlike open(2)'s */
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	/* -EAGAIN: a ".." raced with a rename anywhere on the machine, openat2(2). */
	for (int tries = 0; tries < 128; tries++) {
		fd = (int) syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? fail(err, -errno, "open %s inside the root", path) : fd;
}

/* -EFBIG with the text as it was before when there is more than max. */
int file_read_fd(int fd, size_t max, struct text *out, struct err *err)
{
	size_t start = out->len;
	char chunk[16384];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int r = -errno;

			text_cut(out, start);
			return fail(err, r, "read");
		}
		if (n == 0)
			return 0;
		if ((size_t) n > max - (out->len - start)) {
			text_cut(out, start);
			return fail_text(err, -EFBIG, "read: more than %zu bytes", max);
		}
		text_add_bytes(out, chunk, (size_t) n);
	}
}

int file_read_at(int dirfd, const char *path, size_t max, struct text *out, struct err *err)
{
	/* A fifo in the place of a file, which nobody writes to, must not stop the reader. */
	auto_fd fd = file_open_at(dirfd, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, err);
	int r;

	if (fd < 0)
		return fd;
	r = file_read_fd(fd, max, out, err);
	return r < 0 ? fail(err, r, "%s", path) : 0;
}

int file_write_at(int dirfd, const char *path, const char *data, size_t len, struct err *err)
{
	auto_fd fd = file_open_at(dirfd, path, O_WRONLY | O_NOCTTY, 0, err);
	ssize_t n;

	if (fd < 0)
		return fd;
	do
		n = write(fd, data, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(err, -errno, "write to %s", path);
	if ((size_t) n != len)
		return fail_text(err, -EIO, "write to %s: only %zd of %zu bytes were taken", path, n, len);
	return 0;
}

int file_write_all(int fd, const void *data, size_t len)
{
	const char *from = data;

	while (len) {
		ssize_t n = write(fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		len -= (size_t) n;
	}
	return 0;
}

int file_create_at(int dirfd, const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
	auto_fd fd = file_open_at(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, mode, err);
	int r;

	if (fd < 0)
		return fd;
	r = file_write_all(fd, data, len);
	return r < 0 ? fail(err, r, "write %s", path) : 0;
}

static int write_and_sync(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
			  struct err *err)
{
	auto_fd fd = file_open_at(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode, err);
	int r;

	if (fd < 0)
		return fd;
	r = file_write_all(fd, data, len);
	if (r < 0)
		return fail(err, r, "write %s", path);
	if (fsync(fd) < 0)
		return fail(err, -errno, "sync %s", path);
	return 0;
}

/* Owned. */
static char *staged_name(const char *path)
{
	return text_format("%s.new-%d", path, (int) getpid());
}

int file_stage_at(int dirfd, const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
	auto_free char *staged = staged_name(path);
	int r;

	/* A leftover of an earlier process with our pid is nobody's. */
	(void) unlinkat(dirfd, staged, 0);
	r = write_and_sync(dirfd, staged, data, len, mode, err);
	if (r < 0)
		(void) unlinkat(dirfd, staged, 0);
	return r;
}

int file_commit_at(int dirfd, const char *path, struct err *err)
{
	auto_free char *staged = staged_name(path);
	int r = renameat(dirfd, staged, dirfd, path) < 0 ? -errno : 0;

	if (r < 0)
		(void) unlinkat(dirfd, staged, 0);
	return r < 0 ? fail(err, r, "rename %s to %s", staged, path) : 0;
}

void file_unstage_at(int dirfd, const char *path)
{
	auto_free char *staged = staged_name(path);

	(void) unlinkat(dirfd, staged, 0);
}

int file_replace_at(int dirfd, const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
	int r = file_stage_at(dirfd, path, data, len, mode, err);

	return r < 0 ? r : file_commit_at(dirfd, path, err);
}

int file_make_dirs_at(int dirfd, const char *path, mode_t mode, struct err *err)
{
	auto_free char *prefix = text_format("%s", path);
	struct stat st;

	for (char *end = prefix;;) {
		char kept;

		end += strspn(end, "/");
		end += strcspn(end, "/");
		kept = *end;
		*end = '\0';
		if (*prefix && mkdirat(dirfd, prefix, mode) < 0 && errno != EEXIST)
			return fail(err, -errno, "make directory %s", prefix);
		if (!kept)
			break;
		*end = kept;
	}
	if (fstatat(dirfd, path, &st, 0) < 0)
		return fail(err, -errno, "make directory %s", path);
	return S_ISDIR(st.st_mode) ? 0 : fail(err, -ENOTDIR, "make directory %s", path);
}

static int copy_bytes(int from, int to)
{
	char chunk[65536];

	for (;;) {
		ssize_t n = read(from, chunk, sizeof(chunk));
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		r = file_write_all(to, chunk, (size_t) n);
		if (r < 0)
			return r;
	}
}

int file_copy_at(int from_dir, const char *from, int to_dir, const char *to, mode_t mode, struct err *err)
{
	auto_fd source = file_open_at(from_dir, from, O_RDONLY | O_NOCTTY, 0, err);
	auto_fd target = source < 0
			     ? -EBADF
			     : file_open_at(to_dir, to, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, mode, err);
	int r;

	if (source < 0 || target < 0)
		return source < 0 ? source : target;
	r = copy_bytes(source, target);
	if (r >= 0 && fchmod(target, mode) < 0)
		r = -errno;
	return r < 0 ? fail(err, r, "copy %s to %s", from, to) : 0;
}

int file_read_link_at(int dirfd, const char *path, struct text *out, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, path, target, sizeof(target));

	if (n < 0)
		return fail(err, -errno, "read link %s", path);
	if ((size_t) n == sizeof(target))
		return fail(err, -ENAMETOOLONG, "read link %s", path);
	text_add_bytes(out, target, (size_t) n);
	return 0;
}
