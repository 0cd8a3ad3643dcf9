/* Removes cgroup directories, however deep. Order: kill, thaw, rmdir; a v1-frozen task ignores SIGKILL. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "harness/cgroup_tree.h"

#define DEPTH_MAX 256 /* of what is walked with descriptors for each level; removing has no limit */

static int open_directory(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* cgroup.procs lists pids of the reader's pid namespace; 0 stands for one of an outer namespace: never ours. */
static size_t kill_members(int directory)
{
	auto_free pid_t *pids = NULL;
	size_t count = 0, killed = 0;

	if (cgroup_members(directory, &pids, &count, NULL) < 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (pids[i] == getpid())
			pids[i] = 0;
	(void) cgroup_signal(directory, pids, count, SIGKILL, &killed, NULL);
	return killed;
}

static void thaw_one(int directory)
{
	(void) file_write_at(directory, "freezer.state", "THAWED", 6, NULL);
	(void) file_write_at(directory, "cgroup.freeze", "0", 1, NULL);
}

struct walk {
	struct cgroup_removed *removed;
	bool kill, thaw;
};

static int walk(int parent, const char *name, const struct walk *what, int depth);

static int walk_children(int directory, const struct walk *what, int depth)
{
	auto_dir dir = NULL;
	struct dirent *entry;
	int r = 0, copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (copy < 0)
		return -errno;
	dir = fdopendir(copy);
	if (!dir) {
		(void) close(copy);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		int one = walk(directory, entry->d_name, what, depth + 1);
		if (one < 0)
			r = one;
	}
	return r;
}

static int walk(int parent, const char *name, const struct walk *what, int depth)
{
	auto_fd directory = open_directory(parent, name);

	if (directory < 0)
		return directory == -ENOENT ? 0 : directory;
	if (depth > DEPTH_MAX)
		return -ELOOP;
	if (what->kill)
		what->removed->processes += kill_members(directory);
	if (what->thaw)
		thaw_one(directory);
	return walk_children(directory, what, depth);
}

void cgroup_thaw_at(int directory)
{
	struct cgroup_removed ignored = { 0 };
	const struct walk thaw = { .removed = &ignored, .thaw = true };

	(void) walk(directory, ".", &thaw, 0);
}

/* Owned; NULL: it has none. */
static char *first_child(int directory)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			return strdup(entry->d_name);
	return NULL;
}

/* From the directory of *path's last name to the one above, which it is removed from. */
static int climb(int *at, struct text *path, struct cgroup_removed *removed)
{
	char *name = strrchr(path->data, '/');
	auto_fd up = openat(*at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (up < 0 || (unlinkat(up, name + 1, AT_REMOVEDIR) < 0 && errno != ENOENT))
		return -errno;
	removed->cgroups++;
	text_cut(path, (size_t) (name - path->data));
	cleanup_fd(at);
	*at = TAKE_FD(up);
	return 0;
}

/*
 * Leaf by leaf, with two descriptors for any depth: a container that may make cgroups can make them deeper than
 * there are descriptors, and what cannot be removed would stay for ever.
 */
static int drop(int parent, const char *name, struct cgroup_removed *removed)
{
	auto_fd at = open_directory(parent, name);
	auto_text path = { 0 };

	if (at < 0)
		return at == -ENOENT ? 0 : at;
	for (;;) {
		auto_free char *child = first_child(at);
		int r = 0;

		if (!child && !path.len)
			break;
		if (!child) {
			r = climb(&at, &path, removed);
		} else {
			int below = open_directory(at, child);

			if (below == -ENOENT)
				continue;
			if (below < 0)
				return below;
			cleanup_fd(&at);
			at = below;
			text_addf(&path, "/%s", child);
		}
		if (r < 0)
			return r;
	}
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0)
		return errno == ENOENT ? 0 : -errno;
	removed->cgroups++;
	return 0;
}

/* An empty directory needs only the rmdir, so that comes first; only what is busy is killed and thawed. */
int cgroup_remove_at(int parent, const char *name, int64_t deadline, struct cgroup_removed *ret,
		     struct err *err)
{
	struct cgroup_removed removed = { 0 };
	const struct walk end = { .removed = &removed, .kill = true, .thaw = true };
	int r, pause = 1;

	while ((r = drop(parent, name, &removed)) == -EBUSY) {
		(void) walk(parent, name, &end, 0);
		if (process_now_ms() >= deadline)
			break;
		/* No event tells that the last task of a v1 cgroup is gone: ask again, ever more slowly. */
		(void) poll(NULL, 0, pause);
		pause = pause < 32 ? pause * 2 : pause;
	}
	if (ret) {
		ret->cgroups += removed.cgroups;
		ret->processes += removed.processes;
	}
	return r < 0 ? fail(err, r, "remove cgroup %s", name) : 0;
}
