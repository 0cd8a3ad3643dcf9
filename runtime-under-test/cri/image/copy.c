/* Copies of trees that strangers filled: by descriptors, no link is ever followed. */
#include "runtime-under-test/cri/image/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/image.h"

/* A descriptor or two a level. */
#define DEPTH_MAX 200
#define XATTR_MAX 65536

/* A file with several names stays one file: where its first name lies in the copy. */
struct first_name {
	ino_t inode;
	dev_t device;
	char *path; /* owned, from the copy's top */
};

struct copy {
	const struct image_userns *ids;
	int top;
	struct first_name *names; /* owned */
	size_t count, space;
};

static int map_id(const struct image_mapping *mappings, size_t count, uint32_t *id)
{
	for (size_t i = 0; i < count; i++) {
		if (*id < mappings[i].container_id || *id - mappings[i].container_id >= mappings[i].length)
			continue;
		*id = mappings[i].host_id + (*id - mappings[i].container_id);
		return 0;
	}
	return -EINVAL;
}

int copy_map_owner(const struct image_userns *ids, uid_t *uid, gid_t *gid)
{
	int r;

	if (!ids || ids->userns < 0)
		return 0;
	r = map_id(ids->uids, ids->uid_count, uid);
	return r < 0 ? r : map_id(ids->gids, ids->gid_count, gid);
}

static int set_owner(const struct copy *copy, int dir, const char *name, const struct stat *st,
		     struct err *err)
{
	uid_t uid = st->st_uid;
	gid_t gid = st->st_gid;

	if (copy_map_owner(copy->ids, &uid, &gid) < 0)
		return fail_text(err, -EINVAL, "%s: owner %u:%u has no id in the user namespace", name,
				 st->st_uid, st->st_gid);
	if (fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, -errno, "set the owner of %s", name);
	return 0;
}

static int set_mode_and_time(int dir, const char *name, const struct stat *st, struct err *err)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (!S_ISLNK(st->st_mode) && fchmodat(dir, name, st->st_mode & 07777, 0) < 0)
		return fail(err, -errno, "set the mode of %s", name);
	if (utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, -errno, "set the time of %s", name);
	return 0;
}

static int copy_xattr(int from, int to, const char *name, struct err *err)
{
	auto_free char *value = malloc(XATTR_MAX);
	ssize_t len = value ? fgetxattr(from, name, value, XATTR_MAX) : -1;

	if (len < 0)
		return 0; /* gone, or not for us to read */
	if (fsetxattr(to, name, value, (size_t) len, 0) < 0 && errno != EOPNOTSUPP && errno != EPERM)
		return fail(err, -errno, "set %.100s", name);
	return 0;
}

static int copy_xattrs(int from, int to, struct err *err)
{
	auto_free char *names = malloc(XATTR_MAX);
	ssize_t len = names ? flistxattr(from, names, XATTR_MAX) : 0;

	for (ssize_t at = 0; at < len; at += (ssize_t) strlen(names + at) + 1) {
		const char *name = names + at;
		int r;

		if (!text_starts(name, "user.") && strcmp(name, "security.capability") != 0)
			continue;
		r = copy_xattr(from, to, name, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Shares the blocks where the file system can. */
static int copy_bytes(int from, int to)
{
	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, 1u << 30, 0);

		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static int copy_file(int from_dir, int to_dir, const char *name, struct err *err)
{
	auto_fd from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_fd to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (from < 0 || to < 0)
		return fail(err, -errno, "copy %s", name);
	r = copy_bytes(from, to);
	return r < 0 ? fail(err, r, "copy %s", name) : 0;
}

/* Owner, then capabilities, which a change of owner takes away. */
static int finish_file(const struct copy *copy, int from_dir, int to_dir, const char *name,
		       const struct stat *st, struct err *err)
{
	auto_fd from = -EBADF, to = -EBADF;
	int r = set_owner(copy, to_dir, name, st, err);

	if (r >= 0)
		r = set_mode_and_time(to_dir, name, st, err);
	if (r < 0 || (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)))
		return r;
	from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	to = openat(to_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (from < 0 || to < 0)
		return fail(err, -errno, "open %s", name);
	return copy_xattrs(from, to, err);
}

static int copy_link(int from_dir, int to_dir, const char *name, struct err *err)
{
	auto_text target = { 0 };
	int r = file_read_link_at(from_dir, name, &target, err);

	if (r < 0)
		return r;
	return symlinkat(text_str(&target), to_dir, name) < 0 ? fail(err, -errno, "make the link %s", name)
							      : 0;
}

/* 1: it was a further name of a file that the copy has. */
static int link_to_first(struct copy *copy, int to_dir, const char *name, const char *path,
			 const struct stat *st, struct err *err)
{
	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return 0;
	for (size_t i = 0; i < copy->count; i++) {
		if (copy->names[i].inode != st->st_ino || copy->names[i].device != st->st_dev)
			continue;
		if (linkat(copy->top, copy->names[i].path, to_dir, name, 0) < 0)
			return fail(err, -errno, "link %s", path);
		return 1;
	}
	if (copy->count == copy->space) {
		copy->space = copy->space ? copy->space * 2 : 64;
		copy->names = reallocarray(copy->names, copy->space, sizeof(*copy->names));
		if (!copy->names)
			abort();
	}
	copy->names[copy->count++] = (struct first_name){ st->st_ino, st->st_dev, text_format("%s", path) };
	return 0;
}

static int copy_directory(struct copy *copy, int from, int to, const char *path, unsigned depth,
			  struct err *err);

static int enter_directory(struct copy *copy, int from_dir, int to_dir, const char *name, const char *path,
			   unsigned depth, struct err *err)
{
	auto_fd to = -EBADF;
	int from;

	if (mkdirat(to_dir, name, 0700) < 0)
		return fail(err, -errno, "make directory %s", path);
	from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0 || to < 0) {
		int r = fail(err, -errno, "open %s", path);

		cleanup_fd(&from);
		return r;
	}
	return copy_directory(copy, from, to, path, depth + 1, err);
}

static int copy_node(struct copy *copy, int from_dir, int to_dir, const char *name, const char *path,
		     const struct stat *st, unsigned depth, struct err *err)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(from_dir, to_dir, name, err);
	case S_IFDIR:
		return enter_directory(copy, from_dir, to_dir, name, path, depth, err);
	case S_IFLNK:
		return copy_link(from_dir, to_dir, name, err);
	default:
		if (mknodat(to_dir, name, st->st_mode & (S_IFMT | 0600), st->st_rdev) < 0)
			return fail(err, -errno, "make %s", path);
		return 0;
	}
}

static int copy_entry(struct copy *copy, int from, int to, const char *name, const char *path, unsigned depth,
		      struct err *err)
{
	struct stat st;
	int r;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, -errno, "look at %s", path);
	r = link_to_first(copy, to, name, path, &st, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = copy_node(copy, from, to, name, path, &st, depth, err);
	return r < 0 ? r : finish_file(copy, from, to, name, &st, err);
}

/* Takes from, borrows to. */
static int copy_directory(struct copy *copy, int from, int to, const char *path, unsigned depth,
			  struct err *err)
{
	auto_dir dir = fdopendir(from);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		(void) close(from);
		return fail(err, -ENOMEM, "read %s", path);
	}
	if (depth > DEPTH_MAX)
		return fail_text(err, -ELOOP, "%.200s: more than %d levels", path, DEPTH_MAX);
	while (r >= 0 && (entry = readdir(dir))) {
		auto_free char *below = NULL;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		below = text_format("%s%s%s", path, *path ? "/" : "", entry->d_name);
		r = copy_entry(copy, from, to, entry->d_name, below, depth, err);
	}
	return r;
}

int copy_tree_fd(int from, int to, const struct image_userns *ids, struct err *err)
{
	struct copy copy = { .ids = ids, .top = to };
	auto_fd target = to;
	struct stat st;
	int r;

	if (fstat(from, &st) < 0) {
		(void) close(from);
		return fail(err, -errno, "look at the tree");
	}
	r = copy_directory(&copy, from, target, "", 0, err);
	if (r >= 0)
		r = set_owner(&copy, target, ".", &st, err);
	if (r >= 0)
		r = set_mode_and_time(target, ".", &st, err);
	for (size_t i = 0; i < copy.count; i++)
		free(copy.names[i].path);
	free(copy.names);
	return r;
}

int copy_tree(const char *from, const char *to, const struct image_userns *ids, struct err *err)
{
	int source = file_open_at(AT_FDCWD, from, O_RDONLY | O_DIRECTORY, 0, err), target;

	if (source < 0)
		return source;
	target = file_open_at(AT_FDCWD, to, O_RDONLY | O_DIRECTORY, 0, err);
	if (target < 0) {
		(void) close(source);
		return target;
	}
	return copy_tree_fd(source, target, ids, err);
}
