/* One mount of the config after the other: which kind it is, what it needs, where it goes. */
#include "runtime-under-test/oci/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/inroot.h"
#include "runtime-under-test/oci/mount_options.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/userns.h"

/* fsconfig(2) takes strings of up to 255 bytes; longer ones (overlay's lowerdir) only pass through mount(2). */
#define FSCONFIG_VALUE_MAX 255

static bool wants(const struct mount_options *options, uint64_t propagation)
{
	for (size_t i = 0; i < options->propagation_count; i++)
		if (options->propagation[i].type == propagation)
			return true;
	return false;
}

/* A relative source is relative to the bundle: config.md#mounts. */
static char *source_path(const struct creation *creation, const struct spec_mount *mount)
{
	if (mount->source[0] == '/')
		return text_format("%s", mount->source);
	return text_format("%s/%s", creation->options->bundle_path, mount->source);
}

/* A bind source, detached from where it lies and changed as the options say. */
static int open_bind(const struct creation *creation, const struct spec_mount *mount,
		     const struct mount_options *options, struct err *err)
{
	auto_free char *path = source_path(creation, mount);
	auto_fd tree = mount_clone(AT_FDCWD, path, options->recursive, err);
	int r = 0;

	if (tree < 0)
		return tree;
	if (options->idmap) {
		auto_fd user = userns_of_mount(creation, mount, err);

		r = user < 0 ? user : userns_map_mount(tree, user, options, err);
	}
	return r < 0 ? r : TAKE_FD(tree);
}

/* A descriptor, or -EBADF where the parent has nothing to open. */
static int open_source(const struct creation *creation, const struct spec_mount *mount,
		       const struct mount_options *options, struct err *err)
{
	bool user = creation->namespaces.all & CLONE_NEWUSER;
	struct err why = { 0 };
	int fd;

	if (options->idmap && !mount_is_bind(mount, options))
		return userns_of_mount(creation, mount, err);
	if (!mount_is_bind(mount, options) || options->remount || !mount->source)
		return -EBADF;
	if (!user && !options->idmap && !wants(options, MS_SHARED) && !wants(options, MS_SLAVE))
		return -EBADF;
	fd = open_bind(creation, mount, options, &why);
	/* Without privileges over the mount namespace the container's half will do it in its own. */
	if (fd == -EPERM && !options->idmap)
		return -EBADF;
	return fd < 0 ? fail_text(err, fd, "%s", why.text) : fd;
}

/*
 * Some sources are opened before there is a container. Shared ones: a copy made in the runtime's mount namespace
 * stays in its peer group, and the container can cut all other propagation before its first mount. With a user
 * namespace: the source may lie where the container's root may not look, and mounts inherited into a less privileged
 * namespace are locked together. Id-mapped ones: only the owner of the file system may map it, mount_setattr(2). A
 * new file system that is to be mapped gets the namespace it is seen through instead.
 */
int mounts_open_sources(struct creation *creation, struct err *err)
{
	const struct spec *spec = creation->spec;

	creation->sources = calloc(spec->mount_count + 1, sizeof(*creation->sources));
	if (!creation->sources)
		abort();
	for (size_t i = 0; i < spec->mount_count; i++)
		creation->sources[i] = -EBADF;
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];
		auto_mount_options options = { 0 };
		int r = mount_plan(mount, &options, err);

		if (r == 0)
			r = creation->sources[i] = open_source(creation, mount, &options, err);
		if (r < 0 && r != -EBADF)
			return fail(err, r, "mounts[%zu] at %s", i, mount->destination);
	}
	return 0;
}

static uint64_t initial_attributes(const struct mount_options *options)
{
	return (options->attr.set & ~options->recursive_attr.clear) | options->recursive_attr.set;
}

/* Furnished after it is mounted, so it stays writable until mounts_seal(). */
static bool is_sealed_late(const struct spec_mount *mount)
{
	return (mount->type && strcmp(mount->type, "tmpfs") == 0) || strcmp(mount->destination, "/dev") == 0;
}

static int change_bind(int tree, const struct spec_mount *mount, const struct mount_options *options,
		       struct err *err)
{
	/* Unasked nothing flows either way; a slave must still have its master when it becomes one. */
	const struct mount_options at_first = {
		.propagation = { { .type = wants(options, MS_SLAVE) ? MS_SLAVE : MS_PRIVATE,
				   .recursive = true } },
		.propagation_count = 1,
	};
	uint64_t set = options->attr.set;
	int r;

	if (is_sealed_late(mount) || fault("mount-ignores-ro"))
		set &= ~(uint64_t) MOUNT_ATTR_RDONLY;
	/* A bind mount has the attributes of its source; the options change what they name. Locked ones cannot be cleared. */
	r = mount_change(tree, set, options->attr.clear, fault("ro-made-recursive"), err);
	if (r == 0 && !fault("recursive-options-ignored"))
		r = mount_change(tree, options->recursive_attr.set, options->recursive_attr.clear, true, err);
	if (r == 0 && !wants(options, MS_SHARED) && !fault("propagation-kept-shared"))
		r = mount_set_propagation(tree, &at_first, err);
	if (r == 0)
		r = mount_set_propagation(tree, options, err);
	return r;
}

static int make_bind(const struct creation *creation, size_t index, const struct mount_options *options,
		     int root, struct err *err)
{
	const struct spec_mount *mount = &creation->spec->mounts[index];
	auto_fd tree = -EBADF, target = -EBADF;
	struct stat st;
	int r;

	if (!mount->source)
		return fail_text(err, -EINVAL, "a bind mount needs a source");
	tree = creation->sources[index] >= 0 ? TAKE_FD(creation->sources[index])
					     : open_bind(creation, mount, options, err);
	if (tree < 0)
		return tree;
	if (fstat(tree, &st) < 0)
		return fail(err, -errno, "look at the source %s", mount->source);
	target = inroot_make(root, mount->destination, !S_ISDIR(st.st_mode), err);
	if (target < 0)
		return target;
	r = change_bind(tree, mount, options, err);
	if (r == 0)
		r = mount_attach(tree, target, err);
	return r < 0 ? r : TAKE_FD(tree);
}

/* What only mount(2) can do: options without a counterpart in fsconfig(2), and remounting a file system as a whole. */
static bool needs_mount2(const struct mount_options *options)
{
	if (options->super & (MS_SILENT | MS_I_VERSION))
		return true;
	for (size_t i = 0; i < options->data_count; i++)
		if (strlen(options->data[i]) > FSCONFIG_VALUE_MAX)
			return true;
	return false;
}

/* target is a descriptor that was resolved inside the root: its name in /proc/self/fd leads there and nowhere else. */
static int make_with_mount2(const struct spec_mount *entry, const struct mount_options *options,
			    unsigned long flags, int target, struct err *err)
{
	auto_free char *path = text_format("/proc/self/fd/%d", target);
	auto_free char *data = mount_options_data(options);
	const char *source = entry->source ? entry->source : entry->type;

	if (mount(source, path, entry->type, mount_options_flags(options) | flags, *data ? data : NULL) < 0)
		return fail(err, -errno, "mount file system %s", entry->type ? entry->type : "again");
	return 0;
}

static int remount(const struct spec_mount *mount, const struct mount_options *options, int root,
		   struct err *err)
{
	auto_fd target = inroot_open(root, mount->destination, 0, err);
	int r;

	if (target < 0)
		return target;
	if (options->bind)
		r = mount_change(target, options->attr.set, options->attr.clear, false, err);
	else
		r = make_with_mount2(mount, options, MS_REMOUNT, target, err);
	if (r == 0)
		r = mount_change(target, options->recursive_attr.set, options->recursive_attr.clear, true,
				 err);
	return r < 0 ? r : mount_set_propagation(target, options, err);
}

/*
 * A fresh sysfs belongs to the owner of a network namespace, a fresh proc to that of a pid namespace, mqueue to ipc: with a user
 * namespace of its own and one of those inherited, a container gets a copy of the runtime's mount with the same attributes.
 */
static int copy_inherited(const struct spec_mount *mount, const struct mount_options *options, int r,
			  struct err *err)
{
	static const char *const places[][2] = { { "sysfs", "/sys" },
						 { "proc", "/proc" },
						 { "mqueue", "/dev/mqueue" } };
	const char *path = NULL;
	auto_fd tree = -EBADF;
	int changed;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strcmp(mount->type, places[i][0]) == 0)
			path = places[i][1];
	if (r != -EPERM || !path)
		return r;
	tree = mount_clone(AT_FDCWD, path, true, NULL);
	if (tree < 0)
		return r;
	/* Submounts must not be writable where the mount itself is not: GHSA-m8cg-xc2p-r3fc. */
	changed = mount_change(tree, initial_attributes(options), 0, true, NULL);
	if (changed < 0)
		return r;
	*err = (struct err){ 0 };
	return TAKE_FD(tree);
}

/*
 * procfs and sysfs are what labels, masks and read-only paths rely on: an image must not decide by a link where they are, for
 * it could be another place a moment later (CVE-2019-19921, CVE-2023-27561, CVE-2023-28642).
 */
static int open_target(int root, const struct spec_mount *mount, struct err *err)
{
	bool trusted = mount->type && (strcmp(mount->type, "proc") == 0 || strcmp(mount->type, "sysfs") == 0);

	if (trusted && !fault("proc-behind-a-link"))
		return inroot_make_plain(root, mount->destination, err);
	return inroot_make(root, mount->destination, false, err);
}

static int make_file_system(const struct creation *creation, size_t index,
			    const struct mount_options *options, int root, struct err *err)
{
	const struct spec_mount *mount = &creation->spec->mounts[index];
	auto_fd target = open_target(root, mount, err), tree = -EBADF;
	uint64_t attributes = initial_attributes(options);
	int r;

	if (target < 0)
		return target;
	if (!mount->type)
		return fail_text(err, -EINVAL, "type is missing and there is no option bind");
	if (is_sealed_late(mount) || fault("mount-ignores-ro"))
		attributes &= ~(uint64_t) MOUNT_ATTR_RDONLY;
	if (mount_is_cgroup(mount))
		return mount_cgroup(creation, mount, options, target, err);
	if (needs_mount2(options)) {
		if (options->idmap || options->copy_up)
			return fail_text(
			    err, -EOPNOTSUPP,
			    "silent, iversion and long options go with neither idmap nor tmpcopyup");
		r = make_with_mount2(mount, options, 0, target, err);
		return r < 0 ? r : inroot_open(root, mount->destination, 0, err);
	}
	tree = mount_new(mount->type, mount->source, options, attributes, err);
	if (tree < 0)
		tree = copy_inherited(mount, options, tree, err);
	if (tree < 0)
		return tree;
	r = options->idmap ? userns_map_mount(tree, creation->sources[index], options, err) : 0;
	if (r == 0 && options->copy_up && !fault("copy-up-skipped"))
		r = mount_copy_up(target, tree, err);
	if (r == 0)
		r = mount_attach(tree, target, err);
	if (r == 0)
		r = mount_set_propagation(tree, options, err);
	return r < 0 ? r : TAKE_FD(tree);
}

/* A descriptor of the new mount, or 0 for one that has none of its own. */
static int make_one(struct creation *creation, size_t index, int root, struct err *err)
{
	const struct spec_mount *mount = &creation->spec->mounts[index];
	auto_mount_options options = { 0 };
	int r = mount_plan(mount, &options, err);

	if (r < 0)
		return r;
	if (options.remount)
		return remount(mount, &options, root, err);
	if (mount_is_bind(mount, &options))
		return make_bind(creation, index, &options, root, err);
	options.context = mount_label(creation->spec, mount);
	return make_file_system(creation, index, &options, root, err);
}

static bool is_root(const char *destination)
{
	return destination[strspn(destination, "/.")] == '\0';
}

int mounts_make(struct creation *creation, int *root, struct err *err)
{
	const struct spec *spec = creation->spec;

	for (size_t i = 0; i < spec->mount_count; i++) {
		int fd = make_one(creation, i, *root, err);

		if (fd < 0)
			return fail(err, fd, "mounts[%zu] at %s", i, spec->mounts[i].destination);
		if (fd == 0)
			continue;
		if (is_root(spec->mounts[i].destination)) {
			(void) close(*root);
			*root = fd;
		} else {
			(void) close(fd);
		}
	}
	return 0;
}

int mounts_seal(const struct spec *spec, int root, struct err *err)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];
		auto_mount_options options = { 0 };
		auto_fd fd = -EBADF;
		int r = mount_options_parse(&mount->options, &options, err);

		if (r < 0)
			return r;
		if (!is_sealed_late(mount) || !(initial_attributes(&options) & MOUNT_ATTR_RDONLY) ||
		    options.remount)
			continue;
		fd = inroot_open(root, mount->destination, 0, err);
		if (fd < 0)
			return fail(err, fd, "mounts[%zu]: make read-only", i);
		r = mount_change(fd, MOUNT_ATTR_RDONLY, 0, options.recursive_attr.set & MOUNT_ATTR_RDONLY,
				 err);
		if (r < 0)
			return fail(err, r, "mounts[%zu] at %s: make read-only", i, mount->destination);
	}
	return 0;
}
