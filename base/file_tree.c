/* Removing a directory tree that a stranger may have filled: no symlinks, no mounts, no limit of depth. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"

/*
 * One descriptor a level would end at RLIMIT_NOFILE: what lies deeper is first moved up to the top of the tree.
 */
#define LEVELS_MAX 48

struct removal {
	int top; /* the tree's own directory */
	unsigned moved; /* subtrees moved up to it: part of their new name */
	int first_error;
	struct err *err;
};

static void note(struct removal *removal, int r, const char *what, const char *name)
{
	if (removal->first_error)
		return;
	removal->first_error = fail(removal->err, r, "%s %s", what, name);
}

/* A mount point inside the tree is not entered: -EXDEV, and the removal says so. A bind mount counts as well. */
static int open_directory(int parent, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	int fd = (int) syscall(SYS_openat2, parent, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static bool remove_content(struct removal *removal, int directory, unsigned level);

/* True: the name is gone from its directory. */
static bool remove_directory(struct removal *removal, int parent, const char *name, unsigned level)
{
	auto_fd fd = -EBADF;

	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return true;
	if (errno != ENOTEMPTY && errno != EEXIST) {
		note(removal, -errno, "remove", name);
		return false;
	}
	if (level >= LEVELS_MAX) {
		char moved[32];

		snprintf(moved, sizeof(moved), ".remove-%u", removal->moved++);
		if (renameat(parent, name, removal->top, moved) == 0)
			return true;
		note(removal, -errno, "move up", name);
		return false;
	}
	fd = open_directory(parent, name);
	if (fd < 0) {
		note(removal, fd, "enter", name);
		return false;
	}
	(void) remove_content(removal, fd, level + 1);
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
		return true;
	note(removal, -errno, "remove", name);
	return false;
}

static bool remove_entry(struct removal *removal, int parent, const char *name, unsigned level)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno == EISDIR)
		return remove_directory(removal, parent, name, level);
	note(removal, -errno, "remove", name);
	return false;
}

/* True when anything was removed; goes on after errors, so that as little as possible stays. */
static bool remove_content(struct removal *removal, int directory, unsigned level)
{
	int again = fcntl(directory, F_DUPFD_CLOEXEC, 0);
	auto_dir dir = again < 0 ? NULL : fdopendir(again);
	bool any = false;
	struct dirent *entry;

	if (!dir) {
		note(removal, -errno, "read", "directory");
		if (again >= 0)
			(void) close(again);
		return false;
	}
	rewinddir(dir); /* the duplicate shares our offset */
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			any |= remove_entry(removal, directory, entry->d_name, level);
	return any;
}

static int remove_top(int dirfd, const char *path, int top, struct err *err)
{
	struct removal removal = { .top = top, .err = err };
	unsigned moved;

	do {
		moved = removal.moved;
		(void) remove_content(&removal, top, 0);
	} while (removal.moved != moved && !removal.first_error);
	if (removal.first_error)
		return removal.first_error;
	return unlinkat(dirfd, path, AT_REMOVEDIR) < 0 && errno != ENOENT ? fail(err, -errno, "remove") : 0;
}

int file_remove_tree_at(int dirfd, const char *path, struct err *err)
{
	auto_fd top = -EBADF;
	int r;

	if (unlinkat(dirfd, path, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return fail(err, -errno, "remove %s", path);
	top = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0)
		return fail(err, -errno, "remove %s", path);
	r = remove_top(dirfd, path, top, err);
	return r < 0 ? fail(err, r, "remove tree %s", path) : 0;
}
