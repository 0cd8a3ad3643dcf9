/*
 * Whiteouts, done as what they mean: the tree is the merged one, so removing is what hides, and the kernel writes down in the upper
 * directory what it wants to find there. OCI image-spec, layer: they hide what lower layers have, never what their own layer has.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/unpack/unpack.h"

#define DEPTH_MAX 256

static int hide_below(const char *directory, const struct touched *touched, unsigned depth, struct err *err);

static int hide_at(const char *path, const struct touched *touched, unsigned depth, struct err *err)
{
	struct stat st;

	if (!touched_has(touched, path))
		return file_remove_tree_at(AT_FDCWD, path, err);
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	return hide_below(path, touched, depth + 1, err);
}

static int hide_below(const char *directory, const struct touched *touched, unsigned depth, struct err *err)
{
	const char *shown = *directory ? directory : ".";
	int fd = open(shown, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd); /* fails for want of memory only */
	struct dirent *entry;

	if (!dir) {
		/* A whiteout in a directory that no layer has hides nothing. */
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			return 0;
		return fail(err, -errno, "hide what is below %s", shown);
	}
	if (depth > DEPTH_MAX)
		return fail_text(err, -ELOOP, "hide what is below %.200s: more than %d levels", shown,
				 DEPTH_MAX);
	while ((entry = readdir(dir))) {
		auto_free char *path = NULL;
		int r;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		path = text_format("%s%s%s", directory, *directory ? "/" : "", entry->d_name);
		r = hide_at(path, touched, depth, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int hide_path(const char *path, const struct touched *touched, struct err *err)
{
	return hide_at(path, touched, 0, err);
}

int hide_content(const char *directory, const struct touched *touched, struct err *err)
{
	return hide_below(directory, touched, 0, err);
}
