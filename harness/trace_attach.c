/* Putting what runs already under the recorder: a process with its descendants, a cgroup with those below it, a container by its id. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "bpf/recorder.h"
#include "harness/trace.h"

#define DEPTH_MAX 32 /* of cgroups */
#define PROCESSES_MAX 65536

struct pids {
	pid_t *items; /* owned */
	size_t count;
};

static void pids_add(struct pids *pids, pid_t pid)
{
	if (!(pids->count & (pids->count + 1)) || !pids->items) {
		pid_t *grown = reallocarray(pids->items, 2 * (pids->count + 1), sizeof(*grown));

		if (!grown)
			abort();
		pids->items = grown;
	}
	pids->items[pids->count++] = pid;
}

static bool pids_have(const struct pids *pids, pid_t pid)
{
	for (size_t i = 0; i < pids->count; i++)
		if (pids->items[i] == pid)
			return true;
	return false;
}

/* The fourth field of /proc/PID/stat; the second may hold anything, so look behind its last bracket. */
static pid_t parent_of(int proc, const char *pid)
{
	auto_free char *path = text_format("%s/stat", pid);
	auto_text stat = { 0 };
	const char *at;
	int parent = 0;

	if (file_read_at(proc, path, 4096, &stat, NULL) < 0)
		return 0;
	at = strrchr(text_str(&stat), ')');
	return at && sscanf(at, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* One more generation; false: there was none. */
static bool add_children(int proc, struct pids *pids)
{
	auto_fd copy = fcntl(proc, F_DUPFD_CLOEXEC, 0);
	auto_dir dir = copy < 0 ? NULL : fdopendir(copy);
	bool added = false;

	if (!dir)
		return false;
	(void) TAKE_FD(copy);
	rewinddir(dir);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		long long pid;

		if (text_to_i64(entry->d_name, &pid) < 0 || pids_have(pids, (pid_t) pid) ||
		    pids->count >= PROCESSES_MAX)
			continue;
		if (!pids_have(pids, parent_of(proc, entry->d_name)))
			continue;
		pids_add(pids, (pid_t) pid);
		added = true;
	}
	return added;
}

/* A process that forks while it is looked for is found by its child's child at the latest in the next round. */
static int find_tree(pid_t root, struct pids *ret, struct err *err)
{
	auto_fd proc = file_open_at(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0, err);

	if (proc < 0)
		return proc;
	pids_add(ret, root);
	while (add_children(proc, ret))
		;
	return 0;
}

/* The directory is followed before its processes are listed, so that none comes in between. */
static void find_cgroup(struct recorder *recorder, int directory, int depth, struct pids *ret)
{
	auto_free pid_t *members = NULL;
	auto_fd copy = fcntl(directory, F_DUPFD_CLOEXEC, 0);
	auto_dir dir = NULL;
	size_t count = 0;

	(void) recorder_follow_cgroup(recorder, directory, TRACE_TAG, NULL);
	if (cgroup_members(directory, &members, &count, NULL) == 0)
		for (size_t i = 0; i < count && ret->count < PROCESSES_MAX; i++)
			pids_add(ret, members[i]);
	dir = copy < 0 || depth >= DEPTH_MAX ? NULL : fdopendir(copy);
	if (!dir)
		return;
	(void) TAKE_FD(copy);
	rewinddir(dir);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		auto_fd child = -EBADF;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		child = file_open_at(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, NULL);
		if (child >= 0)
			find_cgroup(recorder, child, depth + 1, ret);
	}
}

/* A process that has ended meanwhile is no error, one that cannot be followed is. */
static int follow(struct recorder *recorder, pid_t pid, struct err *err)
{
	auto_fd pidfd = process_pidfd_open(pid);

	if (pidfd == -ESRCH || pidfd == -EINVAL)
		return 0;
	if (pidfd < 0)
		return fail(err, pidfd, "attach to process %d", (int) pid);
	return recorder_follow(recorder, pidfd, TRACE_TAG, err);
}

int trace_attach(struct recorder *recorder, const struct trace_target *target, int pidfd, struct err *err)
{
	struct pids pids = { 0 };
	int r = 0;

	if (target->cgroup) {
		auto_fd directory = open(target->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (directory < 0 && errno != ENOENT && errno != ENODEV)
			return fail(err, -errno, "open the cgroup %s", target->cgroup);
		if (directory >= 0)
			find_cgroup(recorder, directory, 0, &pids);
	} else {
		r = find_tree(target->pid, &pids, err);
		if (r == 0 && process_poll(pidfd, 0) == 1)
			r = fail(err, -ESRCH, "attach to process %d", (int) target->pid);
	}
	for (size_t i = 0; r >= 0 && i < pids.count; i++)
		r = follow(recorder, pids.items[i], err);
	free(pids.items);
	return r < 0 ? r : pids.count > 0;
}

bool trace_is_contained(pid_t pid)
{
	auto_free char *path = text_format("/proc/%d/ns/mnt", (int) pid);
	struct stat own, its;

	return stat("/proc/self/ns/mnt", &own) == 0 && stat(path, &its) == 0 && own.st_ino != its.st_ino;
}

/*
 * What runtimes and engines call a container's cgroup: ID (runc), crun-ID (crun), libpod-ID.scope (podman), docker-ID.scope,
 * cri-containerd-ID.scope, crio-ID.scope. Engines show shortened ids: twelve digits and more are taken as a beginning.
 */
static bool names_container(const char *directory, const char *id)
{
	size_t len = strlen(id);

	for (const char *at = directory; (at = strstr(at, id)); at++) {
		const char *behind = at + len;

		if (at != directory && at[-1] != '-' && at[-1] != ':')
			continue;
		if (!*behind || strcmp(behind, ".scope") == 0 || len >= 12)
			return true;
	}
	return false;
}

static bool find_below(int directory, const char *path, const char *id, int depth, char **ret)
{
	auto_fd copy = fcntl(directory, F_DUPFD_CLOEXEC, 0);
	auto_dir dir = copy < 0 || depth >= DEPTH_MAX ? NULL : fdopendir(copy);

	if (!dir)
		return false;
	(void) TAKE_FD(copy);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		auto_free char *child = NULL;
		auto_fd fd = -EBADF;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		child = text_format("%s/%s", path, entry->d_name);
		if (names_container(entry->d_name, id)) {
			*ret = TAKE(child);
			return true;
		}
		fd = file_open_at(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, NULL);
		if (fd >= 0 && find_below(fd, child, id, depth + 1, ret))
			return true;
	}
	return false;
}

int trace_find_container(const char *id, char **ret_directory, struct err *err)
{
	auto_cgroup_layout layout = { 0 };
	int r = cgroup_layout_read(&layout, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < layout.count; i++) {
		const char *top = layout.rows[i].mount_point;
		auto_fd fd = file_open_at(AT_FDCWD, top, O_RDONLY | O_DIRECTORY, 0, NULL);

		if (fd >= 0 && find_below(fd, top, id, 0, ret_directory))
			return 0;
	}
	return fail_text(err, -ENOENT, "container %s: no cgroup bears its name; try --pid or --cgroup", id);
}
