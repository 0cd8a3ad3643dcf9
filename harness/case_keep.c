/* Copies what a failed case had before its world goes: through /proc/PID/root, never following a link of the container's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "harness/case_watch.h"
#include "harness/world.h"

#define DEPTH_MAX 32
#define FILE_BYTES_MAX (32u << 20)
/* Of all of a case: more than a world has room for, which holes would be the way around. */
#define BYTES_MAX (192u << 20)
#define ENTRIES_MAX 20000

struct room {
	off_t bytes;
	size_t entries;
};

static void copy_tree(int from, const char *name, int to, int depth, struct room *room);

/* As much as it had when it was looked at: it may grow as fast as it is copied. What may never come is not waited for. */
static void copy_bytes(int source, int target, off_t size)
{
	auto_free char *path = text_format("/proc/self/fd/%d", source);
	auto_fd readable = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	while (readable >= 0 && size > 0) {
		ssize_t n = sendfile(target, readable, NULL, (size_t) size);

		if (n <= 0)
			return;
		size -= n;
	}
}

/*
 * Regular files by descriptor: what was checked is what is copied, and nothing else is ever opened. The container's
 * processes still run: a name that was a link a moment ago, and was copied as one, must not lead the file elsewhere.
 */
static void copy_one(int from, const char *name, int to, struct room *room)
{
	auto_fd source = openat(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (source < 0 || fstat(source, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > (off_t) FILE_BYTES_MAX || st.st_size > room->bytes)
		return;
	auto_fd target = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (target < 0)
		return;
	room->bytes -= st.st_size;
	copy_bytes(source, target, st.st_size);
	(void) fchmod(target, st.st_mode & 0777);
}

static void copy_link(int from, const char *name, int to)
{
	auto_text target = { 0 };

	if (file_read_link_at(from, name, &target, NULL) >= 0)
		(void) symlinkat(text_str(&target), to, name);
}

static void copy_entries(DIR *dir, int from, int to, int depth, struct room *room)
{
	struct dirent *entry;

	while (room->entries && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		room->entries--;
		if (entry->d_type == DT_DIR)
			copy_tree(from, entry->d_name, to, depth + 1, room);
		else if (entry->d_type == DT_LNK)
			copy_link(from, entry->d_name, to);
		else
			copy_one(from, entry->d_name, to, room);
	}
}

static void copy_tree(int from, const char *name, int to, int depth, struct room *room)
{
	int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir dir = source < 0 ? NULL : fdopendir(source);

	if (!dir || depth > DEPTH_MAX || (mkdirat(to, name, 0755) < 0 && errno != EEXIST))
		return;
	auto_fd target = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target >= 0)
		copy_entries(dir, source, target, depth, room);
}

void case_keep_home(int home, int out, const char *id)
{
	static const char *const names[] = { "bundle", "bundle-observed", "state", "output" };
	struct room room = { .bytes = BYTES_MAX, .entries = ENTRIES_MAX };
	auto_free char *path = text_format("kept/%s", id);

	/* Of an earlier run: its links would be written through. */
	(void) file_remove_tree_at(out, path, NULL);
	if (file_make_dirs_at(out, path, 0755, NULL) < 0)
		return;
	auto_fd to = file_open_at(out, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, NULL);
	for (size_t i = 0; to >= 0 && i < ARRAY_SIZE(names); i++)
		copy_tree(home, names[i], to, 0, &room);
}

void case_keep(pid_t world, int out, const char *id)
{
	auto_free char *top = text_format("/proc/%d/root", (int) world);
	/* Links in that root are the world's: followed from ours they would lead to the host's files. */
	auto_fd root = file_open_at(AT_FDCWD, top, O_PATH | O_DIRECTORY, 0, NULL);
	auto_fd from = root < 0 ? root : file_open_in_root(root, WORLD_HOME, O_RDONLY | O_DIRECTORY, 0, NULL);

	if (from >= 0 && out >= 0)
		case_keep_home(from, out, id);
}
