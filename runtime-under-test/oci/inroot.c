/* Walking and making paths inside the container's root without ever stepping out of it. */
#include "runtime-under-test/oci/inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"

/* As the kernel's own walk: path_resolution(7). */
#define LINKS_MAX 40

/* What a walk by path names did before openat2(2) was there: links of the image lead to the host. */
static int open_anywhere(int root, const char *path, int flags, struct err *err)
{
	path += strspn(path, "/");
	return file_open_at(root, *path ? path : ".", O_PATH | flags, 0, err);
}

int inroot_open(int root, const char *path, int flags, struct err *err)
{
	if (fault("paths-leave-the-root"))
		return open_anywhere(root, path, flags, err);
	/* openat2 takes no empty path, and "/" is root itself. */
	return file_open_in_root(root, *path ? path : "/", O_PATH | flags, 0, err);
}

/* The path up to the first component that is missing; owned. NULL: nothing is missing. *ret_rest points into path. */
static char *existing_part(int root, const char *path, const char **ret_rest)
{
	size_t end = 0;

	for (;;) {
		size_t next = end + strspn(path + end, "/");
		auto_free char *prefix = NULL;
		auto_fd fd = -EBADF;

		if (!path[next])
			return NULL;
		next += strcspn(path + next, "/");
		prefix = text_format("%.*s", (int) next, path);
		fd = inroot_open(root, prefix, 0, NULL);
		if (fd < 0) {
			*ret_rest = path + end + strspn(path + end, "/");
			return text_format("%.*s", (int) end, path);
		}
		end = next;
	}
}

static int make_one(int parent, const char *name, bool is_file, struct err *err)
{
	int careful = fault("paths-leave-the-root") ? 0 : O_EXCL | O_NOFOLLOW;
	auto_fd fd = -EBADF;

	if (!is_file)
		return mkdirat(parent, name, 0755) < 0 ? -errno : 0;
	fd = openat(parent, name, O_WRONLY | O_CREAT | careful | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	(void) err;
	return 0;
}

/* name in parent is a symlink that leads nowhere yet: the path it stands for, with rest behind it. Owned. */
static char *follow_dangling(int parent, const char *head, const char *name, const char *rest,
			     struct err *err)
{
	auto_text target = { 0 };

	if (file_read_link_at(parent, name, &target, err) < 0)
		return NULL;
	/* No slash at the end where nothing follows: it would ask for a directory. */
	if (text_str(&target)[0] == '/')
		return text_format("%s%s%s", text_str(&target), *rest ? "/" : "", rest);
	return text_format("%s/%s%s%s", head, text_str(&target), *rest ? "/" : "", rest);
}

/* One missing component more: 1 made, 0 nothing was missing, or the path was rewritten in place of a dangling link. */
static int make_next(int root, char **path, bool is_file, struct err *err)
{
	const char *rest = NULL;
	auto_free char *head = existing_part(root, *path, &rest), *name = NULL, *longer = NULL;
	auto_fd parent = -EBADF;
	size_t len;
	bool last;
	int r;

	if (!head)
		return 0;
	len = strcspn(rest, "/");
	last = rest[len + strspn(rest + len, "/")] == '\0';
	name = text_format("%.*s", (int) len, rest);
	parent = inroot_open(root, head, O_DIRECTORY, err);
	if (parent < 0)
		return parent;
	r = make_one(parent, name, is_file && last, err);
	if (r == 0)
		return 1;
	if (r != -EEXIST)
		return fail(err, r, "make %s in %s", name, *head ? head : "/");
	longer = follow_dangling(parent, head, name, rest + len + strspn(rest + len, "/"), err);
	if (!longer)
		return fail(err, -EEXIST, "make %s in %s", name, *head ? head : "/");
	free(*path);
	*path = TAKE(longer);
	return 1;
}

int inroot_make(int root, const char *path, bool is_file, struct err *err)
{
	auto_free char *now = text_format("%s", path);
	int fd = inroot_open(root, path, 0, NULL), steps = LINKS_MAX;

	if (fd >= 0)
		return fd;
	/* Every round makes a directory or follows a link; a path has at most as many components as bytes. */
	steps += (int) strlen(path);
	for (;;) {
		int r = make_next(root, &now, is_file, err);

		if (r < 0)
			return r;
		if (r == 0)
			return inroot_open(root, now, 0, err);
		if (steps-- == 0)
			return fail_text(err, -ELOOP, "make %s: too many symbolic links", path);
	}
}

static int open_plain(int root, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int) syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

int inroot_make_plain(int root, const char *path, struct err *err)
{
	int fd = open_plain(root, path);

	if (fd == -ENOENT) {
		auto_fd made = inroot_make(root, path, false, err);

		if (made < 0)
			return made;
		fd = open_plain(root, path);
	}
	if (fd == -ELOOP)
		return fail_text(
		    err, fd, "a symbolic link lies on the way there, which is refused for this file system");
	return fd < 0 ? fail(err, fd, "open it inside the root") : fd;
}

int inroot_make_parent(int root, const char *path, char **ret_name, struct err *err)
{
	auto_free char *copy = text_format("%s", path), *name = NULL;
	char *slash;
	size_t len = strlen(copy);
	int fd;

	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	slash = strrchr(copy, '/');
	name = text_format("%s", slash ? slash + 1 : copy);
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return fail_text(err, -EINVAL, "%s names no file", path);
	if (slash)
		*slash = '\0';
	fd = inroot_make(root, slash ? copy : "/", false, err);
	if (fd < 0)
		return fd;
	*ret_name = TAKE(name);
	return fd;
}
