/* The end of the container's cgroups: every process in them is killed, then the directories go, the deepest first. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/systemd.h"

#define KILL_TIMEOUT_MS 10000
#define DEPTH_MAX 128
#define PAUSE_MS 2

typedef int visit_fn(int directory, void *argument, struct err *err);

/* Calls visit for every cgroup below directory, the deepest first, and last for directory itself. */
static int walk(int directory, int depth, visit_fn *visit, void *argument, struct err *err)
{
	auto_fd again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT || errno == ENODEV ? 0 : fail(err, -errno, "read a cgroup");
	(void) TAKE_FD(again);
	if (depth > DEPTH_MAX)
		return fail_text(err, -ELOOP, "cgroups are nested more than %d deep", DEPTH_MAX);
	while ((entry = readdir(dir))) {
		auto_fd child = -EBADF;
		int r;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		child = openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (child < 0)
			continue; /* gone meanwhile */
		r = walk(child, depth + 1, visit, argument, err);
		if (r < 0)
			return r;
	}
	return visit(directory, argument, err);
}

struct signalling {
	int signal;
	size_t reached;
};

static int signal_members(int directory, void *argument, struct err *err)
{
	struct signalling *signalling = argument;
	auto_free pid_t *pids = NULL;
	size_t count = 0;
	int r = cgroup_members(directory, &pids, &count, err);

	if (r == 0)
		r = cgroup_signal(directory, pids, count, signalling->signal, &signalling->reached, err);
	/* Gone meanwhile, or a threaded one, whose processes its domain lists: cgroups(7). */
	return r == -ENODEV || r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
}

/* All hierarchies hold the same processes unless somebody moved one: the one that limits or freezes them is the one to ask. */
static const struct cgroup_place *census_place(const struct cgroups *cgroups)
{
	const struct cgroup_place *place = cgroups_find(cgroups, "pids");

	for (size_t i = 0; i < cgroups->count && !place; i++)
		if (cgroups->places[i].directory >= 0)
			place = &cgroups->places[i];
	return place;
}

int cgroups_signal(const struct cgroups *cgroups, int signal, struct err *err)
{
	struct signalling signalling = { .signal = signal };
	const struct cgroup_place *place = census_place(cgroups);

	return place ? walk(place->directory, 0, signal_members, &signalling, err) : 0;
}

struct listing {
	pid_t *pids;
	size_t count;
};

static int list_members(int directory, void *argument, struct err *err)
{
	struct listing *listing = argument;
	auto_free pid_t *pids = NULL;
	size_t count = 0;
	int r = cgroup_members(directory, &pids, &count, err);

	/* Gone meanwhile, or a threaded one, whose processes its domain lists: cgroups(7). */
	if (r == -ENODEV || r == -ENOENT || r == -EOPNOTSUPP)
		return 0;
	if (r < 0 || count == 0)
		return r;
	listing->pids = reallocarray(listing->pids, listing->count + count, sizeof(pid_t));
	if (!listing->pids)
		abort();
	memcpy(listing->pids + listing->count, pids, count * sizeof(pid_t));
	listing->count += count;
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *) a, y = *(const pid_t *) b;

	return x < y ? -1 : x > y;
}

int cgroups_list(const struct cgroups *cgroups, pid_t **ret_pids, size_t *ret_count, struct err *err)
{
	struct listing listing = { 0 };
	const struct cgroup_place *place = census_place(cgroups);
	int r = place ? walk(place->directory, 0, list_members, &listing, err) : 0;
	size_t kept = 0;

	if (r < 0) {
		free(listing.pids);
		return r;
	}
	if (listing.count)
		qsort(listing.pids, listing.count, sizeof(pid_t), compare_pids);
	/* One that moved while we read was met twice. */
	for (size_t i = 0; i < listing.count; i++)
		if (listing.pids[i] > 0 && (kept == 0 || listing.pids[kept - 1] != listing.pids[i]))
			listing.pids[kept++] = listing.pids[i];
	*ret_pids = listing.pids;
	*ret_count = kept;
	return 0;
}

/* SIGKILL does not end what a v1 freezer holds; v2 has its own way out of that. */
static int thaw(int directory, void *argument, struct err *err)
{
	(void) argument;
	(void) err;
	(void) file_write_at(directory, "freezer.state", "THAWED", 6, NULL);
	return 0;
}

void cgroups_thaw(const struct cgroups *cgroups)
{
	const struct cgroup_place *freezer = cgroups_find(cgroups, "freezer");

	if (freezer && !freezer->unified)
		(void) walk(freezer->directory, 0, thaw, NULL, NULL);
}

/* rmdir fails until the last task has left; v1 tells nobody when that is. */
static void pause_a_little(void)
{
	(void) poll(NULL, 0, PAUSE_MS);
}

static int kill_members(const struct cgroups *cgroups, const struct cgroup_place *place, struct err *err)
{
	struct signalling signalling = { .signal = SIGKILL };
	int r;

	/* All of them at once, and forks lose: kernel commit 661ee6280931, v5.14. */
	if (place->unified && file_write_at(place->directory, "cgroup.kill", "1", 1, NULL) == 0)
		return 0;
	r = walk(place->directory, 0, signal_members, &signalling, err);
	cgroups_thaw(cgroups);
	return r;
}

static int remove_children(int directory, void *argument, struct err *err)
{
	auto_fd again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;
	int *busy = argument;

	(void) err;
	if (!dir)
		return 0;
	(void) TAKE_FD(again);
	while ((entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    unlinkat(directory, entry->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			*busy = -errno;
	return 0;
}

static int remove_leaf(const struct cgroup_place *place)
{
	auto_free char *full = text_format("%s%s", place->mount_point, place->path);
	int busy = 0;

	/* The usual case: nothing below it, nobody in it. */
	if (place->made && rmdir(full) == 0)
		return 0;
	if (place->made && errno == ENOENT)
		return 0;
	(void) walk(place->directory, 0, remove_children, &busy, NULL);
	if (!place->made) {
		/* It was there before: it stays, empty. */
		auto_free pid_t *pids = NULL;
		size_t count = 0;

		(void) cgroup_members(place->directory, &pids, &count, NULL);
		return busy ? busy : count ? -EBUSY : 0;
	}
	return rmdir(full) == 0 || errno == ENOENT ? 0 : -errno;
}

/* The directories above the leaf that were made for it, while nobody else has begun to use them. */
static void remove_parents(const struct cgroup_place *place)
{
	auto_free char *path = text_format("%s", place->path);

	while (place->made && strlen(path) > strlen(place->made)) {
		auto_free char *full = NULL;

		*strrchr(path, '/') = '\0';
		full = text_format("%s%s", place->mount_point, path);
		if (rmdir(full) < 0)
			return;
	}
}

static int remove_place(const struct cgroups *cgroups, const struct cgroup_place *place, struct err *err)
{
	int64_t deadline = process_now_ms() + KILL_TIMEOUT_MS;

	for (;;) {
		int r = remove_leaf(place);

		if (r == 0)
			break;
		if (r != -EBUSY && r != -ENOTEMPTY)
			return fail(err, r, "remove cgroup %s%s", place->mount_point, place->path);
		if (process_now_ms() > deadline)
			return fail(err, r, "remove cgroup %s%s: its processes do not end",
				    place->mount_point, place->path);
		r = kill_members(cgroups, place, err);
		if (r < 0)
			return r;
		pause_a_little();
	}
	remove_parents(place);
	return 0;
}

int cgroups_remove(const struct cgroups *cgroups, struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < cgroups->count; i++) {
		const struct cgroup_place *place = &cgroups->places[i];
		int r;

		if (place->directory < 0 ||
		    (fault("cgroup-not-removed") && strcmp(place->controllers, "pids") == 0))
			continue;
		r = remove_place(cgroups, place, result < 0 ? NULL : err);
		if (r < 0 && result == 0)
			result = r;
	}
	if (result == 0 && cgroups->unit)
		systemd_stop(cgroups->unit);
	return result;
}
