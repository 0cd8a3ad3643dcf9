/* Where the container's cgroups are, making them, and getting into them. */
#include "runtime-under-test/oci/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/systemd.h"

#define LINE_MAX_BYTES 4096

/*
 * A relative path may be put where the runtime likes (config-linux.md#cgroups-path): below the mount's root, like an
 * absolute one, so that the same value always means the same place, whoever calls.
 */
int cgroup_resolve_path(const char *cgroups_path, const char *id, char **ret, struct err *err)
{
	auto_free char *copy = text_format("%s", cgroups_path && *cgroups_path ? cgroups_path : id);
	struct text path = { 0 };
	char *rest = copy;

	for (char *part; (part = strsep(&rest, "/"));) {
		if (strcmp(part, "..") == 0 || strcmp(part, ".") == 0) {
			text_free(&path);
			return fail_text(err, -EINVAL, "linux.cgroupsPath: %s has a component %s",
					 cgroups_path, part);
		}
		if (*part)
			text_addf(&path, "/%s", part);
	}
	if (!path.len)
		return fail_text(err, -EINVAL, "linux.cgroupsPath: %s is the root of all cgroups",
				 cgroups_path);
	*ret = text_take(&path);
	return 0;
}

struct cgroup_place *cgroups_add_place(struct cgroups *cgroups, const struct cgroup_hierarchy *row,
				       const char *path)
{
	struct cgroup_place *places = reallocarray(cgroups->places, cgroups->count + 1, sizeof(*places));

	if (!places)
		abort();
	cgroups->places = places;
	places[cgroups->count] = (struct cgroup_place){
		.controllers = text_format("%s", row->controllers),
		.mount_point = text_format("%s", row->mount_point),
		.path = text_format("%s", path),
		.directory = -EBADF,
		.tasks = -EBADF,
		.unified = row->unified,
	};
	return &places[cgroups->count++];
}

/* The topmost directory that is not there yet: what will have been made when the container goes. NULL: none. */
static char *first_missing(const struct cgroup_place *place)
{
	size_t root = strlen(place->mount_point), end = root;
	auto_free char *full = text_format("%s%s", place->mount_point, place->path);

	while (full[end]) {
		char kept;

		end += 1 + strcspn(full + end + 1, "/");
		kept = full[end];
		full[end] = '\0';
		if (access(full, F_OK) < 0)
			return text_format("%s", full + root);
		full[end] = kept;
	}
	return NULL;
}

int cgroups_plan_at(const char *path, struct cgroups *ret, struct err *err)
{
	auto_cgroup_layout layout = { 0 };
	int r = cgroup_layout_read(&layout, err);

	if (r < 0)
		return r;
	*ret = (struct cgroups){ 0 };
	for (size_t i = 0; i < layout.count; i++) {
		struct cgroup_place *place = cgroups_add_place(ret, &layout.rows[i], path);

		place->made = first_missing(place);
	}
	return 0;
}

int cgroups_plan(const char *cgroups_path, const char *id, struct cgroups *ret, struct err *err)
{
	auto_free char *path = NULL;
	int r = cgroup_resolve_path(cgroups_path, id, &path, err);

	return r < 0 ? r : cgroups_plan_at(path, ret, err);
}

void cgroups_close(struct cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->count; i++) {
		struct cgroup_place *place = &cgroups->places[i];

		cleanup_fd(&place->directory);
		cleanup_fd(&place->tasks);
		free(place->controllers);
		free(place->mount_point);
		free(place->path);
		free(place->made);
	}
	free(cgroups->places);
	systemd_release(cgroups);
	systemd_unit_free(cgroups->unit);
	*cgroups = (struct cgroups){ 0 };
}

static bool is_empty_file(int directory, const char *file)
{
	auto_text value = { 0 };

	return file_read_at(directory, file, LINE_MAX_BYTES, &value, NULL) == 0 &&
	       strspn(text_str(&value), "\n") == value.len;
}

/*
 * A cpuset without CPUs takes no process, and a new one of v1 has none: cpusets(7). So has one that a caller made for us as
 * the parent of a pod's containers.
 */
static int inherit_cpuset(int parent, int child, bool made, struct err *err)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_text value = { 0 };

		if (!made && !is_empty_file(child, files[i]))
			continue;
		int r = file_read_at(parent, files[i], LINE_MAX_BYTES, &value, err);
		if (r == 0)
			r = file_write_at(child, files[i], text_str(&value), value.len, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Everything the parent has is passed on, so that a limit of any controller finds its file. One refused takes only itself. */
static void pass_controllers_on(int directory)
{
	auto_text names = { 0 };
	char *rest;

	if (file_read_at(directory, "cgroup.controllers", LINE_MAX_BYTES, &names, NULL) < 0)
		return;
	text_trim_end(&names);
	rest = names.data;
	for (char *name; rest && (name = strsep(&rest, " "));) {
		auto_free char *line = text_format("+%s", name);

		/* -EBUSY where processes sit in it: the limit that needs it will say what is missing. */
		(void) file_write_at(directory, "cgroup.subtree_control", line, strlen(line), NULL);
	}
}

/* One level: *directory becomes the child. */
static int descend(const struct cgroup_place *place, int *directory, const char *name, struct err *err)
{
	bool made = mkdirat(*directory, name, 0755) == 0;
	int child, r = 0;

	if (!made && errno != EEXIST)
		return fail(err, -errno, "make %s", name);
	child = openat(*directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (child < 0)
		return fail(err, -errno, "open %s", name);
	if (strstr(place->controllers, "cpuset"))
		r = inherit_cpuset(*directory, child, made, err);
	(void) close(*directory);
	*directory = child;
	return r;
}

static int make_path(struct cgroup_place *place, bool pass_on, struct err *err)
{
	auto_fd directory = open(place->mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return fail(err, -errno, "open %s", place->mount_point);
	for (const char *at = place->path; *at;) {
		auto_free char *name = NULL;
		size_t len;
		int r;

		at += strspn(at, "/");
		len = strcspn(at, "/");
		name = text_format("%.*s", (int) len, at);
		at += len;
		if (pass_on)
			pass_controllers_on(directory);
		r = descend(place, &directory, name, err);
		if (r < 0)
			return r;
	}
	place->directory = TAKE_FD(directory);
	return 0;
}

static bool reads(int directory, const char *file, const char *answer)
{
	auto_text content = { 0 };

	return file_read_at(directory, file, LINE_MAX_BYTES, &content, NULL) == 0 &&
	       strstr(text_str(&content), answer);
}

/* config-linux.md#control-groups: a runtime must find out that a cgroup is not fit for a new container. */
static int check_fit(const struct cgroup_place *place, struct err *err)
{
	auto_free pid_t *pids = NULL;
	size_t count = 0;
	int r = cgroup_members(place->directory, &pids, &count, err);

	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	if (count)
		return fail_text(err, -EBUSY, "it exists and has %zu processes", count);
	if (reads(place->directory, "freezer.state", "FR") ||
	    reads(place->directory, "cgroup.events", "frozen 1"))
		return fail_text(err, -EBUSY, "it exists and is frozen");
	return 0;
}

static int make_place(struct cgroup_place *place, bool pass_on, struct err *err)
{
	int r = make_path(place, pass_on, err);

	if (r == 0 && !place->made)
		r = check_fit(place, err);
	if (r < 0 || place->unified)
		return r;
	/* Opened by who may attach; init inherits the right with the descriptor: kernel commit 1756d7994ad8 (CVE-2021-4197). */
	place->tasks = openat(place->directory, "tasks", O_WRONLY | O_CLOEXEC);
	return place->tasks < 0 ? fail(err, -errno, "open tasks") : 0;
}

/*
 * Where v1 has the controllers, what cgroup2 has left over stays with its root: handing it down would outlive the container,
 * and runtimes refuse such a machine from then on (crun: "cgroups in hybrid mode not supported").
 */
static bool is_v2_alone(const struct cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->count; i++)
		if (!cgroups->places[i].unified)
			return false;
	return true;
}

int cgroups_make(struct cgroups *cgroups, bool optional, struct err *err)
{
	bool pass_on = is_v2_alone(cgroups);

	for (size_t i = 0; i < cgroups->count; i++) {
		struct cgroup_place *place = &cgroups->places[i];
		struct err why = { 0 };
		int r = make_place(place, pass_on, &why);

		if (r == 0)
			continue;
		if (optional && (r == -EACCES || r == -EPERM || r == -EROFS))
			continue;
		return fail_text(err, r, "cgroup %s%s: %s", place->mount_point, place->path, why.text);
	}
	return 0;
}

int cgroups_unified(const struct cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->count; i++)
		if (cgroups->places[i].unified)
			return cgroups->places[i].directory;
	return -EBADF;
}

/*
 * One thread that moves itself: then, and only then, the kernel does not stop every fork on the machine, which takes 7-10 ms
 * after an idle while for each write to cgroup.procs. Kernel commit 9a3284fad42f ("cgroup: Optimize single thread
 * migration"), v5.5.
 */
int cgroups_enter(const struct cgroups *cgroups, struct err *err)
{
	for (size_t i = 0; i < cgroups->count; i++) {
		const struct cgroup_place *place = &cgroups->places[i];

		if (place->tasks < 0 || fault("cgroup-not-joined"))
			continue;
		if (write(place->tasks, "0", 1) < 0)
			return fail(err, -errno, "join cgroup %s%s", place->mount_point, place->path);
	}
	return 0;
}

int cgroups_attach_unified(const struct cgroups *cgroups, pid_t pid, struct err *err)
{
	auto_free char *text = text_format("%d", (int) pid);
	int directory = cgroups_unified(cgroups);

	return directory < 0 ? 0 : file_write_at(directory, "cgroup.procs", text, strlen(text), err);
}

static bool lists(const char *controllers, const char *name)
{
	auto_free char *copy = text_format("%s", controllers);
	char *rest = copy;

	for (char *one; (one = strsep(&rest, ","));)
		if (strcmp(one, name) == 0)
			return true;
	return false;
}

const struct cgroup_place *cgroups_find(const struct cgroups *cgroups, const char *controller)
{
	const struct cgroup_place *unified = NULL;

	for (size_t i = 0; i < cgroups->count; i++) {
		const struct cgroup_place *place = &cgroups->places[i];

		if (place->directory < 0)
			continue;
		if (place->unified)
			unified = place;
		else if (lists(place->controllers, controller))
			return place;
	}
	return unified;
}
