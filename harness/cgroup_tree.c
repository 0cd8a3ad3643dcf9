/* Makes and enters the cgroup directories of a run; cgroup_remove.c removes them. */
#include "harness/cgroup_tree.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

static int open_directory(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A fresh v1 cpuset has no CPUs and no memory nodes, and takes no process until it has both: cpuset(7). */
static int copy_cpuset(int parent, int directory, struct err *err)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_text text = { 0 };
		int r = file_read_at(parent, files[i], 4096, &text, err);

		if (r >= 0)
			r = file_write_at(directory, files[i], text_str(&text), text.len, err);
		if (r < 0)
			return fail(err, r, "copy %s", files[i]);
	}
	return 0;
}

static bool has_controller(const char *list, const char *controller)
{
	size_t n = strlen(controller);

	for (const char *at = list; (at = strstr(at, controller)); at += n)
		if ((at == list || at[-1] == ',') && (at[n] == '\0' || at[n] == ','))
			return true;
	return false;
}

/* Gives the children of a cgroup2 directory every controller that it has itself. */
static int give_controllers(int directory, struct err *err)
{
	auto_text have = { 0 };
	auto_text want = { 0 };
	char *rest = NULL;
	int r = file_read_at(directory, "cgroup.controllers", 4096, &have, err);

	if (r < 0)
		return r;
	for (char *word = strtok_r(have.data ? have.data : (char[]){ "" }, " \n", &rest); word;
	     word = strtok_r(NULL, " \n", &rest))
		text_addf(&want, "%s+%s", want.len ? " " : "", word);
	return want.len ? file_write_at(directory, "cgroup.subtree_control", want.data, want.len, err) : 0;
}

static int make_one(const struct cgroup_hierarchy *row, int parent, const char *name, struct err *err)
{
	if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
		return fail(err, -errno, "make cgroup %s/.../%s", row->mount_point, name);
	auto_fd directory = open_directory(parent, name);
	if (directory < 0)
		return fail(err, directory, "open cgroup %s", name);
	if (!row->unified && has_controller(row->controllers, "cpuset")) {
		int r = copy_cpuset(parent, directory, err);
		if (r < 0)
			return fail(err, r, "cgroup %s", name);
	}
	return TAKE_FD(directory);
}

/*
 * In v1 and in the controller-less cgroup2 of a hybrid host, a cgroup may have processes and children. Where
 * cgroup2 holds the controllers, our own cgroup has processes and can hand nothing down unless it is the root:
 * then the run lies beside it, in the nearest ancestor that has controllers to give.
 */
static int open_parent(const struct cgroup_layout *layout, const struct cgroup_hierarchy *row, int proc_self,
		       struct err *err)
{
	auto_text path = { 0 };

	int r = cgroup_directory_of(proc_self, row, &path, err);
	if (r < 0)
		return r;
	for (;;) {
		auto_text given = { 0 };
		auto_fd directory = file_open_at(AT_FDCWD, text_str(&path), O_RDONLY | O_DIRECTORY, 0, err);

		if (directory < 0 || layout->mode != CGROUP_V2)
			return TAKE_FD(directory);
		bool has = file_read_at(directory, "cgroup.subtree_control", 4096, &given, NULL) >= 0 &&
			   given.len > 1;
		bool top = path.len <= strlen(row->mount_point);
		if (has || top)
			return TAKE_FD(directory);
		text_cut(&path, strrchr(path.data, '/') - path.data);
	}
}

/*
 * Locks the directory and makes sure that no janitor removed it between mkdir and flock. A janitor that came in between
 * holds a lock for the moment of removing it.
 */
static int make_locked(const struct cgroup_hierarchy *row, int parent, const char *name, struct err *err)
{
	for (int attempt = 0; attempt < 64; attempt++) {
		struct stat held, present;
		auto_fd directory = make_one(row, parent, name, err);

		/* Removed before it was opened, or before its cpuset was filled. */
		if (directory == -ENOENT || directory == -ENODEV) {
			if (err)
				*err = (struct err){ 0 };
			continue;
		}
		if (directory < 0)
			return TAKE_FD(directory);
		if (flock(directory, LOCK_EX | LOCK_NB) < 0) {
			(void) poll(NULL, 0, 8);
			continue;
		}
		if (fstat(directory, &held) == 0 &&
		    fstatat(parent, name, &present, AT_SYMLINK_NOFOLLOW) == 0 &&
		    held.st_ino == present.st_ino)
			return TAKE_FD(directory);
	}
	return fail_text(err, -EAGAIN, "cgroup %s is in use, or disappears whenever it is made", name);
}

void cgroup_run_free(struct cgroup_run *run)
{
	for (size_t i = 0; i < run->layout.count; i++) {
		if (run->parents)
			cleanup_fd(&run->parents[i]);
		if (run->directories)
			cleanup_fd(&run->directories[i]);
	}
	free(run->parents);
	free(run->directories);
	free(run->name);
	cgroup_layout_free(&run->layout);
	*run = (struct cgroup_run) CGROUP_RUN_INIT;
}

static int *new_descriptors(size_t count)
{
	int *ret = malloc((count + 1) * sizeof(*ret));

	assert(ret);
	for (size_t i = 0; i < count; i++)
		ret[i] = -EBADF;
	return ret;
}

static int make_all(struct cgroup_run *run, struct err *err)
{
	auto_fd proc_self = file_open_at(AT_FDCWD, "/proc/self", O_RDONLY | O_DIRECTORY, 0, err);

	if (proc_self < 0)
		return proc_self;
	for (size_t i = 0; i < run->layout.count; i++) {
		const struct cgroup_hierarchy *row = &run->layout.rows[i];

		run->parents[i] = open_parent(&run->layout, row, proc_self, err);
		if (run->parents[i] < 0)
			return fail(err, run->parents[i], "own cgroup in %s", row->mount_point);
		run->directories[i] = make_locked(row, run->parents[i], run->name, err);
		if (run->directories[i] < 0)
			return run->directories[i];
		if (run->layout.mode == CGROUP_V2) {
			int r = give_controllers(run->directories[i], err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int cgroup_run_make(const char *name, struct cgroup_run *ret, struct err *err)
{
	struct cgroup_run run = CGROUP_RUN_INIT;
	int r = cgroup_layout_read(&run.layout, err);

	if (r < 0)
		return r;
	if (!run.layout.count)
		r = fail_text(err, -ENOENT, "no cgroup file system is mounted");
	run.name = strdup(name);
	run.parents = new_descriptors(run.layout.count);
	run.directories = new_descriptors(run.layout.count);
	if (r >= 0)
		r = make_all(&run, err);
	if (r < 0) {
		(void) cgroup_run_remove(&run, NULL);
		return fail(err, r, "cgroups of the run");
	}
	*ret = run;
	return 0;
}

int cgroup_run_remove(struct cgroup_run *run, struct err *err)
{
	int64_t deadline = process_now_ms() + 5000;
	int r = 0;

	/* Backwards: the janitor looks for the first one last, so a run never seems unlocked while it has directories. */
	for (size_t i = run->layout.count; i-- > 0;) {
		if (run->directories[i] < 0)
			continue;
		int one = cgroup_remove_at(run->parents[i], run->name, deadline, NULL, err);
		if (one < 0)
			r = one;
	}
	cgroup_run_free(run);
	return r;
}

int cgroup_world_make(const struct cgroup_run *run, const char *world, struct err *err)
{
	for (size_t i = 0; i < run->layout.count; i++) {
		auto_fd directory = make_one(&run->layout.rows[i], run->directories[i], world, err);

		if (directory < 0)
			return fail(err, directory, "cgroups of %s", world);
	}
	return 0;
}

int cgroup_world_enter(const struct cgroup_run *run, const char *world, struct err *err)
{
	for (size_t i = 0; i < run->layout.count; i++) {
		auto_fd directory = open_directory(run->directories[i], world);
		int r = directory < 0 ? directory : file_write_at(directory, "cgroup.procs", "0", 1, err);

		if (r < 0)
			return fail(err, r, "enter cgroup %s of %s", world, run->layout.rows[i].mount_point);
	}
	return 0;
}

int cgroup_world_use_leaf(const char *mount_point, struct err *err)
{
	auto_fd top = file_open_at(AT_FDCWD, mount_point, O_RDONLY | O_DIRECTORY, 0, err);

	if (top < 0)
		return top;
	if (mkdirat(top, CGROUP_LEAF, 0755) < 0 && errno != EEXIST)
		return fail(err, -errno, "make cgroup " CGROUP_LEAF);
	int r = file_write_at(top, CGROUP_LEAF "/cgroup.procs", "0", 1, err);
	return r < 0 ? r : give_controllers(top, err);
}

void cgroup_world_thaw(const struct cgroup_run *run, const char *world)
{
	for (size_t i = 0; i < run->layout.count; i++) {
		auto_fd directory = open_directory(run->directories[i], world);

		if (directory >= 0 && (run->layout.rows[i].unified ||
				       has_controller(run->layout.rows[i].controllers, "freezer")))
			cgroup_thaw_at(directory);
	}
}

int cgroup_world_remove(const struct cgroup_run *run, const char *world, int64_t deadline, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < run->layout.count; i++) {
		int one = cgroup_remove_at(run->directories[i], world, deadline, NULL, err);

		if (one < 0)
			r = one;
	}
	return r;
}
