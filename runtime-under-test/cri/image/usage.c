/* What trees take up. Every file is asked, so the number of files is bounded. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/copy.h"
#include "runtime-under-test/cri/image/image.h"

#define ENTRIES_MAX 4000000u
#define DEPTH_MAX 200
#define BLOCK 512u /* of st_blocks, whatever the disk's are: stat(2) */

static int add_directory(int dir_fd, unsigned depth, struct image_usage *usage);

static int add_entry(int dir, const char *name, unsigned depth, struct image_usage *usage)
{
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* a container removes while we look */
	usage->bytes += (uint64_t) st.st_blocks * BLOCK;
	if (++usage->inodes > ENTRIES_MAX)
		return -E2BIG;
	if (!S_ISDIR(st.st_mode))
		return 0;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? 0 : add_directory(fd, depth + 1, usage);
}

/* Takes the descriptor. */
static int add_directory(int dir_fd, unsigned depth, struct image_usage *usage)
{
	auto_dir dir = fdopendir(dir_fd);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		(void) close(dir_fd);
		return -ENOMEM;
	}
	/* A descriptor a level: what lies deeper is not counted. */
	if (depth > DEPTH_MAX)
		return 0;
	while (r >= 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = add_entry(dirfd(dir), entry->d_name, depth, usage);
	return r;
}

int tree_usage(const char *path, struct image_usage *ret, struct err *err)
{
	struct image_usage usage = { 0, 1 };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;

	if (fd < 0)
		return fail(err, -errno, "open %s", path);
	r = add_directory(fd, 0, &usage);
	if (r < 0)
		return fail(err, r, "count what is in %s", path);
	*ret = usage;
	return 0;
}
