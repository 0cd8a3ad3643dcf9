/* A process that exec adds is accounted and limited where the container is, from before its first instruction. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/exec.h"
#include "runtime-under-test/oci/faults.h"

/* [CONTROLLER[,CONTROLLER...]:]PATH */
struct wish {
	const char *controllers;
	size_t length; /* of controllers; 0: of every hierarchy */
	const char *path;
};

static int read_wish(const char *option, struct wish *ret, struct err *err)
{
	const char *colon = strchr(option, ':');

	*ret = (struct wish){ .path = colon ? colon + 1 : option };
	if (colon) {
		ret->controllers = option;
		ret->length = (size_t) (colon - option);
		if (!ret->length)
			return fail_text(err, -EINVAL, "option --cgroup: \"%s\" names no controller", option);
	}
	for (const char *at = ret->path; *at; at += strspn(at, "/")) {
		size_t length = strcspn(at, "/");

		if ((length == 1 && at[0] == '.') || (length == 2 && at[0] == '.' && at[1] == '.'))
			return fail_text(err, -EINVAL, "option --cgroup: \"%s\" has a component %.*s", option,
					 (int) length, at);
		at += length;
	}
	return 0;
}

static bool has_controller(const char *controllers, const char *name, size_t length)
{
	for (const char *at = controllers; *at; at += at[strcspn(at, ",")] == ',') {
		size_t n = strcspn(at, ",");

		if (n == length && strncmp(at, name, n) == 0)
			return true;
		at += n;
	}
	return false;
}

static bool concerns(const struct wish *wish, const struct cgroup_place *place)
{
	if (!wish->length)
		return true;
	for (size_t at = 0; at < wish->length;) {
		size_t n = strcspn(wish->controllers + at, ",:");

		if (has_controller(place->controllers, wish->controllers + at, n))
			return true;
		at += n + 1;
	}
	return false;
}

/* One that does not exist is an error, as in other runtimes: it would have no limits of anybody's. */
static int descend(struct cgroup_place *place, const char *path, struct err *err)
{
	auto_free char *below = text_format("./%s", path + strspn(path, "/"));
	int directory = openat(place->directory, below, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (directory < 0)
		return fail(err, -errno, "option --cgroup: %s below %s%s", path, place->mount_point,
			    place->path);
	(void) close(place->directory);
	place->directory = directory;
	return 0;
}

static int follow_wishes(struct cgroups *cgroups, const struct option_list *wishes, struct err *err)
{
	for (size_t i = 0; i < wishes->count; i++) {
		struct wish wish;
		size_t met = 0;
		int r = read_wish(wishes->items[i], &wish, err);

		for (size_t j = 0; j < cgroups->count && r == 0; j++) {
			struct cgroup_place *place = &cgroups->places[j];

			if (place->directory < 0 || !concerns(&wish, place))
				continue;
			met++;
			r = descend(place, wish.path, err);
		}
		if (r < 0)
			return r;
		if (!met)
			return fail_text(err, -EINVAL, "option --cgroup: the container has no cgroup for %s",
					 wishes->items[i]);
	}
	return 0;
}

int exec_cgroups_open(const struct json *places, const struct option_list *wishes, struct cgroups *ret,
		      struct err *err)
{
	auto_cgroups cgroups = { 0 };
	int r = cgroups_from_json(places, &cgroups, err);

	if (r == 0 && !fault("exec-cgroup-ignored"))
		r = follow_wishes(&cgroups, wishes, err);
	for (size_t i = 0; i < cgroups.count && r == 0; i++) {
		struct cgroup_place *place = &cgroups.places[i];

		if (place->directory < 0 || place->unified)
			continue;
		place->tasks = openat(place->directory, "tasks", O_WRONLY | O_CLOEXEC);
		if (place->tasks < 0)
			r = fail(err, -errno, "open cgroup %s%s", place->mount_point, place->path);
	}
	if (r < 0)
		return r;
	*ret = cgroups;
	cgroups = (struct cgroups){ 0 };
	return 0;
}

/*
 * An init that made groups of its own below and handed controllers on to them has left the container's group without a right
 * to have processes: cgroups(7), "no internal processes". Where init is now is the kernel's word, not the container's.
 */
int exec_cgroup_of_init(const struct exec *exec, struct err *err)
{
	auto_free char *name = text_format("%d", (int) exec->state.pid);
	auto_fd process = openat(exec->proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_cgroup_layout layout = { 0 };
	const struct cgroup_hierarchy *hierarchy;
	auto_text path = { 0 };
	int r = process < 0 ? -errno : cgroup_layout_read(&layout, err), fd;

	/* From here on the descriptor is init's directory in /proc, even when another gets its number. */
	if (r == 0)
		r = exec_check_target(exec, err);
	hierarchy = r < 0 ? NULL : cgroup_find(&layout, "");
	if (!hierarchy)
		return fail(err, r < 0 ? r : -ENOENT, "look for the cgroup of init");
	r = cgroup_directory_of(process, hierarchy, &path, err);
	if (r < 0)
		return r;
	fd = open(text_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail(err, -errno, "open cgroup %s", text_str(&path)) : fd;
}
