/* Removing a directory tree that a stranger may have filled: no symlinks, no mounts, no limit of depth. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
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
	unsigned moved; /* subtrees that went up to it */
	unsigned next_name;
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

static void remove_content(struct removal *removal, int taken, unsigned level);

/* Beyond this level a subtree goes up to the top instead, where the next round meets it. */
static void move_up(struct removal *removal, int parent, const char *name)
{
	char moved[32];
	int r;

	/* The tree may hold names like ours; it cannot hold them all. */
	do {
		snprintf(moved, sizeof(moved), ".remove-%u", removal->next_name++);
		r = renameat2(parent, name, removal->top, moved, RENAME_NOREPLACE) < 0 ? -errno : 0;
	} while (r == -EEXIST);
	if (r < 0)
		note(removal, r, "move up", name);
	else
		removal->moved++;
}

static void remove_directory(struct removal *removal, int parent, const char *name, unsigned level)
{
	int fd;

	if (level >= LEVELS_MAX) {
		move_up(removal, parent, name);
		return;
	}
	fd = open_directory(parent, name);
	if (fd < 0) {
		note(removal, fd, "enter", name);
		return;
	}
	remove_content(removal, fd, level + 1);
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		note(removal, -errno, "remove", name);
}

static void remove_entry(struct removal *removal, int parent, const char *name, unsigned level)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return;
	if (errno == EISDIR && (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT))
		return;
	if (errno == ENOTEMPTY || errno == EEXIST)
		remove_directory(removal, parent, name, level);
	else
		note(removal, -errno, "remove", name);
}

/* Goes on after errors, so that as little as possible stays. */
static void remove_content(struct removal *removal, int taken, unsigned level)
{
	auto_dir dir = fdopendir(taken);
	struct dirent *entry;

	if (!dir) {
		note(removal, -errno, "read", "directory");
		(void) close(taken);
		return;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_entry(removal, dirfd(dir), entry->d_name, level);
}

static int remove_top(int dirfd, const char *path, int top, struct err *err)
{
	struct removal removal = { .top = top, .err = err };
	unsigned moved;

	do {
		int again = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (again < 0)
			return fail(err, -errno, "open");
		moved = removal.moved;
		remove_content(&removal, again, 0);
	} while (removal.moved != moved);
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
