/* Stray files: whatever lies in the overlays' upper directories, and what a runtime left on the world's own tmpfs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/census.h"
#include "harness/world.h"

#define FILES_MAX 500 /* of one census: a runtime that writes a million files is told about just as well */

static const char *kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "symlink";
	case S_IFSOCK:
		return "socket";
	case S_IFIFO:
		return "fifo";
	case S_IFCHR:
	case S_IFBLK:
		return "device";
	default:
		return "file";
	}
}

/* The size is part of the key: a file that was copied up before and changes later is a new row. */
static void put_file(struct json *rows, const char *path, const struct stat *st)
{
	bool whiteout = S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
	auto_free char *key =
	    text_format("%s %o %lld", path, st->st_mode, S_ISREG(st->st_mode) ? (long long) st->st_size : 0);
	auto_text sentence = { 0 };

	if (whiteout)
		text_addf(&sentence, "%s was removed", path);
	else
		text_addf(&sentence, "%s %s is left", kind_of(st->st_mode), path);
	json_put(rows, key, json_new_bytes(text_str(&sentence), sentence.len));
}

static void walk(int parent, const char *name, const char *path, const char *skip, struct json *rows,
		 int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) && json_length(rows) < FILES_MAX) {
		struct stat st;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		auto_free char *below = text_format("%s/%s", path, entry->d_name);
		if ((skip && !strcmp(below, skip)) ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		put_file(rows, below, &st);
		if (S_ISDIR(st.st_mode) && depth < 16)
			walk(fd, entry->d_name, below, skip, rows, depth + 1);
	}
}

void census_overlays(const struct world_place *place, struct json *rows)
{
	static const char *const names[] = WORLD_OVERLAYS;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = text_format("/%s", names[i]);

		walk(place->upper, names[i], path, WORLD_HOME, rows, 0);
	}
}

/* The bundle is observed, not counted: a mount point that is made in a rootfs is no leak. */
void census_home(const struct world_place *place, struct json *rows)
{
	static const char *const directories[] = { WORLD_STATE, WORLD_WORK };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		walk(place->home, directories[i] + strlen(WORLD_HOME) + 1, directories[i], NULL, rows, 0);
}
