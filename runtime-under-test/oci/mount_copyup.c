/* tmpcopyup: what the image has below a tmpfs is copied up into it. By descriptors only, never following a link. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/mounts.h"

/* Deeper than any image, shallower than the stack. */
#define DEPTH_MAX 256

static int copy_directory(int from, int to, int depth, struct err *err);

static int copy_content(int from, const char *name, int to, const struct stat *st, struct err *err)
{
	int nofollow = fault("copy-up-follows-links") ? 0 : O_NOFOLLOW;
	auto_fd in = openat(from, name, O_RDONLY | nofollow | O_CLOEXEC), out = -EBADF;
	ssize_t n;

	if (in < 0)
		return fail(err, -errno, "open %s", name);
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, st->st_mode & 07777);
	if (out < 0)
		return fail(err, -errno, "make %s", name);
	do
		n = copy_file_range(in, NULL, out, NULL, 1 << 30, 0);
	while (n > 0);
	if (n == 0 || (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP))
		return n < 0 ? fail(err, -errno, "copy %s", name) : 0;
	/* Between kinds of file systems the kernel copies nothing itself. */
	for (char chunk[65536]; (n = read(in, chunk, sizeof(chunk))) != 0;) {
		int r = n < 0 ? -errno : file_write_all(out, chunk, (size_t) n);

		if (r < 0)
			return fail(err, r, "copy %s", name);
	}
	return 0;
}

static int copy_subdirectory(int from, const char *name, int to, const struct stat *st, int depth,
			     struct err *err)
{
	auto_fd in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), out = -EBADF;
	int r;

	if (in < 0)
		return fail(err, -errno, "open %s", name);
	if (mkdirat(to, name, st->st_mode & 07777) < 0)
		return fail(err, -errno, "make %s", name);
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return fail(err, -errno, "open %s", name);
	r = copy_directory(in, out, depth + 1, err);
	return r < 0 ? fail(err, r, "%s", name) : 0;
}

static int copy_link(int from, const char *name, int to, struct err *err)
{
	auto_text target = { 0 };
	int r = file_read_link_at(from, name, &target, err);

	if (r < 0)
		return r;
	return symlinkat(text_str(&target), to, name) < 0 ? fail(err, -errno, "make link %s", name) : 0;
}

static int copy_entry(int from, const char *name, int to, int depth, struct err *err)
{
	struct stat st;
	int r;

	if (fstatat(from, name, &st, fault("copy-up-follows-links") ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, -errno, "look at %s", name);
	if (S_ISREG(st.st_mode))
		r = copy_content(from, name, to, &st, err);
	else if (S_ISDIR(st.st_mode))
		r = copy_subdirectory(from, name, to, &st, depth, err);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(from, name, to, err);
	else if (mknodat(to, name, st.st_mode, st.st_rdev) < 0)
		r = fail(err, -errno, "make %s", name);
	else
		r = 0;
	if (r < 0)
		return r;
	/* The owner first: changing it takes the set-id bits away, chown(2). */
	if (fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, -errno, "set the owner of %s", name);
	if (!S_ISLNK(st.st_mode) && fchmodat(to, name, st.st_mode & 07777, 0) < 0)
		return fail(err, -errno, "set the mode of %s", name);
	return 0;
}

/* Reads through a descriptor of its own: closing the stream must not close the caller's. */
static int copy_directory(int from, int to, int depth, struct err *err)
{
	auto_fd again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir dir = again < 0 ? NULL : fdopendir(again);

	if (!dir)
		return fail(err, -errno, "read a directory");
	(void) TAKE_FD(again);
	if (depth > DEPTH_MAX)
		return fail_text(err, -ELOOP, "more than %d directories deep", DEPTH_MAX);
	for (;;) {
		struct dirent *entry;
		int r;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return errno ? fail(err, -errno, "read a directory") : 0;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = copy_entry(from, entry->d_name, to, depth, err);
		if (r < 0)
			return r;
	}
}

int mount_copy_up(int from, int to, struct err *err)
{
	int r = copy_directory(from, to, 0, err);

	return r < 0 ? fail(err, r, "tmpcopyup") : 0;
}
