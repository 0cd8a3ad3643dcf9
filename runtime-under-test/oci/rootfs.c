/* The root of the container: from a directory of the bundle to "/". config-linux.md#rootfs-mount-propagation */
#include "runtime-under-test/oci/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/mounts.h"
#include "runtime-under-test/oci/spec.h"

static const struct {
	const char *name;
	unsigned long flags;
} propagations[] = {
	{ "private", MS_PRIVATE },       { "rprivate", MS_PRIVATE | MS_REC },
	{ "shared", MS_SHARED },         { "rshared", MS_SHARED | MS_REC },
	{ "slave", MS_SLAVE },           { "rslave", MS_SLAVE | MS_REC },
	{ "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC },
};

static unsigned long propagation_of(const struct spec *spec)
{
	const char *name = spec->rootfs_propagation ? spec->rootfs_propagation : "rprivate";

	for (size_t i = 0; i < ARRAY_SIZE(propagations); i++)
		if (strcmp(name, propagations[i].name) == 0)
			return propagations[i].flags;
	return MS_PRIVATE | MS_REC;
}

/*
 * The bundle as this mount namespace sees it. The parent's descriptor belongs to a mount of its own namespace, from which
 * nothing can be mounted here; so the path is walked again, and must lead to the same directory.
 */
static int open_bundle(const struct creation *creation, struct err *err)
{
	auto_fd fd = open(creation->options->bundle_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat ours, theirs;

	if (fd < 0 || fstat(fd, &ours) < 0 || fstat(creation->options->bundle, &theirs) < 0)
		return fail(err, -errno, "open bundle %s", creation->options->bundle_path);
	if (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino)
		return fail_text(err, -EXDEV,
				 "bundle %s is another directory in the container's mount namespace",
				 creation->options->bundle_path);
	return TAKE_FD(fd);
}

static bool has_own_mounts(const struct creation *creation)
{
	return creation->namespaces.fresh & CLONE_NEWNS;
}

/*
 * Slave, not private: volumes of the host go on appearing in binds that ask for it, while nothing goes the other way.
 * What is to be shared was copied by the parent before (mounts_open_sources()).
 */
static int cut_propagation(struct err *err)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return fail(err, -errno, "cut mount propagation to the host");
	return 0;
}

int rootfs_open_tree(struct creation *creation, struct err *err)
{
	struct err why = { 0 };

	if (!(creation->namespaces.all & CLONE_NEWUSER) || !(creation->namespaces.all & CLONE_NEWNS))
		return 0;
	creation->root_tree = mount_clone(creation->options->bundle, creation->spec->root_path, true, &why);
	if (creation->root_tree < 0 && creation->root_tree != -EPERM)
		return fail_text(err, creation->root_tree, "root.path: %s", why.text);
	return 0;
}

/* Only a slave keeps its tie to the host; a shared root gets a peer group of its own after the switch. */
static int set_tree_propagation(const struct creation *creation, int tree, struct err *err)
{
	unsigned long type = propagation_of(creation->spec) & ~(unsigned long) MS_REC;
	struct mount_attr attr = { .propagation = type == MS_SLAVE ? MS_SLAVE : MS_PRIVATE };

	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return fail(err, -errno, "set its propagation");
	return 0;
}

/*
 * pivot_root(2) wants a mount, so the directory becomes one: a copy of what lies there, on top of it, where hooks find it. A
 * directory out of reach is of no use to hooks either: then it goes on top of "/".
 */
static int mount_root(const struct creation *creation, int directory, struct err *err)
{
	auto_fd top = directory >= 0 ? -EBADF : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd tree = creation->root_tree >= 0 ? fcntl(creation->root_tree, F_DUPFD_CLOEXEC, 3)
						: mount_clone(directory, "", true, err);
	int r;

	if (tree < 0)
		return tree;
	r = set_tree_propagation(creation, tree, err);
	if (r == 0)
		r = mount_attach(tree, directory >= 0 ? directory : top, err);
	return r < 0 ? r : TAKE_FD(tree);
}

static int open_directory(const struct creation *creation, struct err *err)
{
	const char *path = creation->spec->root_path;
	auto_fd bundle = open_bundle(creation, err);
	int fd;

	if (bundle < 0)
		return bundle;
	fd = openat(bundle, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail(err, -errno, "root.path: open %s", path) : fd;
}

int rootfs_open(const struct creation *creation, int *ret_root, struct err *err)
{
	auto_fd directory = -EBADF;
	int root, r;

	if (has_own_mounts(creation) && !fault("propagation-not-cut")) {
		r = cut_propagation(err);
		if (r < 0)
			return r;
	}
	directory = open_directory(creation, err);
	if (directory < 0 && (directory != -EACCES || creation->root_tree < 0))
		return directory;
	*err = (struct err){ 0 };
	if (creation->namespaces.all & CLONE_NEWNS) {
		root = mount_root(creation, directory, err);
		if (root < 0)
			return fail(err, root, "root.path: mount %s", creation->spec->root_path);
	} else {
		root = TAKE_FD(directory);
	}
	*ret_root = root;
	return 0;
}

/*
 * The old root lies on top of the new one for a moment, so it needs no directory in the image: pivot_root(2), "pivot_root(".",
 * ".")". Everything of the host goes away with it.
 */
static int pivot(struct err *err)
{
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return fail(err, -errno, "pivot_root");
	if (!fault("old-root-kept") && umount2(".", MNT_DETACH) < 0)
		return fail(err, -errno, "detach the old root");
	return 0;
}

/* For roots that pivot_root(2) refuses (the initial ramfs): the host's mounts stay below and only this process leaves them. */
static int move_over(struct err *err)
{
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return fail(err, -errno, "move the root to /");
	if (chroot(".") < 0)
		return fail(err, -errno, "chroot");
	return 0;
}

int rootfs_switch(const struct creation *creation, int root, struct err *err)
{
	unsigned long type = propagation_of(creation->spec);
	int r = 0;

	if (fchdir(root) < 0)
		return fail(err, -errno, "enter the root");
	/* A mount namespace that others live in keeps its root: pivot_root would take theirs away. */
	if (!has_own_mounts(creation)) {
		if (chroot(".") < 0)
			return fail(err, -errno, "chroot");
	} else {
		r = creation->options->no_pivot ? move_over(err) : pivot(err);
	}
	if (r < 0)
		return r;
	if (chdir("/") < 0)
		return fail(err, -errno, "enter the new root");
	if (has_own_mounts(creation) && type != (MS_PRIVATE | MS_REC) &&
	    mount(NULL, "/", NULL, type, NULL) < 0)
		return fail(err, -errno, "linux.rootfsPropagation: %s", creation->spec->rootfs_propagation);
	return 0;
}

int rootfs_make_readonly(int root, struct err *err)
{
	int r = mount_change(root, MOUNT_ATTR_RDONLY, 0, false, err);

	return r < 0 ? fail(err, r, "root.readonly") : 0;
}
