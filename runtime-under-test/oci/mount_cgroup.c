/*
 * A mount of type cgroup or cgroup2: the container sees its own cgroups, either because it has a cgroup namespace or because
 * only its own directory is bound. What there is to see is what the host has: v1, the unified hierarchy, or both.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/mount_options.h"
#include "runtime-under-test/oci/mounts.h"
#include "runtime-under-test/oci/spec.h"

static bool has_namespace(const struct creation *creation)
{
	return creation->namespaces.all & CLONE_NEWCGROUP;
}

/* "name=systemd" has no controller and says so; the others name theirs as flags. */
static int open_hierarchy(const struct cgroup_place *place, const struct mount_options *options,
			  uint64_t attributes, struct err *err)
{
	const char *data[16];
	struct mount_options wanted = { .data = data };
	auto_free char *copy = text_format("%s", place->controllers);
	char *rest = copy;

	if (place->unified) {
		wanted = *options;
		return mount_new("cgroup2", "cgroup", &wanted, attributes, err);
	}
	if (text_starts(place->controllers, "name="))
		data[wanted.data_count++] = "none";
	for (char *name; (name = strsep(&rest, ",")) && wanted.data_count < ARRAY_SIZE(data);)
		data[wanted.data_count++] = name;
	return mount_new("cgroup", "cgroup", &wanted, attributes, err);
}

static int bind_own(const struct cgroup_place *place, uint64_t attributes, struct err *err)
{
	auto_free char *path = text_format("%s%s", place->mount_point, place->path);
	auto_fd tree = mount_clone(AT_FDCWD, path, true, err);
	int r;

	if (tree < 0)
		return tree;
	r = mount_change(tree, attributes, 0, true, err);
	return r < 0 ? r : TAKE_FD(tree);
}

static int mount_place(const struct creation *creation, const struct cgroup_place *place,
		       const struct mount_options *options, int target, struct err *err)
{
	uint64_t attributes = options->attr.set | options->recursive_attr.set;
	auto_fd tree = has_namespace(creation)
			   ? open_hierarchy(place, options, attributes & ~(uint64_t) MOUNT_ATTR_RDONLY, err)
			   : bind_own(place, attributes, err);
	int r;

	if (tree < 0)
		return tree;
	/* Read-only for this mount alone: the file system is the host's too. */
	r = mount_change(tree, attributes & MOUNT_ATTR_RDONLY, 0, false, err);
	if (r == 0)
		r = mount_attach(tree, target, err);
	return r < 0 ? r : mount_set_propagation(tree, options, err);
}

/* "cpu,cpuacct" lies in a directory of that name, with a link for each: where programs look for them. */
static int link_controllers(int directory, const char *controllers, struct err *err)
{
	auto_free char *copy = text_format("%s", controllers);
	char *rest = copy;

	if (!strchr(controllers, ','))
		return 0;
	for (char *name; (name = strsep(&rest, ","));)
		if (symlinkat(controllers, directory, name) < 0)
			return fail(err, -errno, "make the link %s", name);
	return 0;
}

static const char *directory_name(const struct cgroup_place *place)
{
	if (place->unified)
		return "unified";
	return text_starts(place->controllers, "name=") ? place->controllers + strlen("name=")
							: place->controllers;
}

static int fill(const struct creation *creation, const struct mount_options *options, int directory,
		struct err *err)
{
	for (size_t i = 0; i < creation->cgroups.count; i++) {
		const struct cgroup_place *place = &creation->cgroups.places[i];
		const char *name = directory_name(place);
		auto_fd target = -EBADF;
		int r;

		if (place->directory < 0)
			continue;
		if (mkdirat(directory, name, 0755) < 0)
			return fail(err, -errno, "make %s", name);
		target = openat(directory, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (target < 0)
			return fail(err, -errno, "open %s", name);
		r = mount_place(creation, place, options, target, err);
		if (r == 0)
			r = link_controllers(directory, place->controllers, err);
		if (r < 0)
			return fail(err, r, "%s", name);
	}
	return 0;
}

static bool has_v1(const struct cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->count; i++)
		if (!cgroups->places[i].unified && cgroups->places[i].directory >= 0)
			return true;
	return false;
}

/* A small file system holds the hierarchies' directories; it is read-only when all is in it. */
static int mount_v1(const struct creation *creation, const struct mount_options *options, int target,
		    struct err *err)
{
	static const char *const data[] = { "mode=755", "size=64k" };
	const struct mount_options own = { .data = (const char **) data, .data_count = ARRAY_SIZE(data) };
	uint64_t attributes = options->attr.set | options->recursive_attr.set;
	auto_fd tree = mount_new("tmpfs", "tmpfs", &own, attributes & ~(uint64_t) MOUNT_ATTR_RDONLY, err);
	int r;

	if (tree < 0)
		return tree;
	r = mount_attach(tree, target, err);
	if (r == 0)
		r = fill(creation, options, tree, err);
	if (r == 0)
		r = mount_change(tree, attributes & MOUNT_ATTR_RDONLY, 0, false, err);
	return r < 0 ? r : mount_set_propagation(tree, options, err);
}

/* 0: done, there is no single descriptor to go on with. */
int mount_cgroup(const struct creation *creation, const struct spec_mount *mount,
		 const struct mount_options *options, int target, struct err *err)
{
	const struct cgroup_place *unified = cgroups_find(&creation->cgroups, "");

	if (strcmp(mount->type, "cgroup") == 0 && has_v1(&creation->cgroups))
		return mount_v1(creation, options, target, err);
	if (unified && unified->unified)
		return mount_place(creation, unified, options, target, err);
	return fail_text(err, -EOPNOTSUPP, "there are no cgroups of the type %s to show", mount->type);
}
