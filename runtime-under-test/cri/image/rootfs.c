/*
 * Root file systems: the layers of an image below a directory of the container's own. In a user namespace the layers are mounted with
 * its ids first, or copied where the kernel or the file system cannot do that.
 */
#include "runtime-under-test/cri/image/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/copy.h"
#include "runtime-under-test/cri/image/manifest.h"
#include "runtime-under-test/cri/image/overlay.h"
#include "runtime-under-test/cri/image/store.h"
#include "runtime-under-test/oci/faults.h"

#define BASE_MAX 64
/* A hostile tree of mounts on one point ends here. */
#define UNMOUNTS_MAX 1024

int mount_idmapped(const char *from, const char *to, int userns, struct err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) userns };
	auto_fd tree = open_tree(AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0)
		return fail(err, -errno, "clone the mount of %s", from);
	if (mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return fail(err, -errno, "give the mount of %s the ids of a user namespace", from);
	if (move_mount(tree, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail(err, -errno, "mount %s on %s", from, to);
	return 0;
}

int unmount_all(const char *path, struct err *err)
{
	for (int i = 0; i < UNMOUNTS_MAX; i++)
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			/* EINVAL: it is no mount point, any more. */
			return errno == EINVAL || errno == ENOENT ? 0 : fail(err, -errno, "unmount %s", path);
	return fail_text(err, -ELOOP, "unmount %s: more than %d mounts lie on it", path, UNMOUNTS_MAX);
}

/* STORAGE/lower/N for the time of mounting: the overlay keeps private clones. */
static char *idmap_path(const char *storage, size_t i)
{
	return text_format("%s/lower/%zu", storage, i);
}

static void drop_idmapped(const char *storage, size_t count)
{
	auto_free char *all = text_format("%s/lower", storage);

	for (size_t i = 0; i < count; i++) {
		auto_free char *path = idmap_path(storage, i);

		(void) umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
		(void) rmdir(path);
	}
	(void) rmdir(all);
}

static int make_idmapped(const struct names *layers, const char *storage, int userns, struct names *ret,
			 struct err *err)
{
	for (size_t i = 0; i < layers->count; i++) {
		auto_free char *path = idmap_path(storage, i);
		int r = file_make_dirs_at(AT_FDCWD, path, 0700, err);

		if (r >= 0)
			r = mount_idmapped(layers->items[i], path, userns, err);
		if (r < 0)
			return r;
		names_add(ret, path);
	}
	return 0;
}

int layers_of(struct image_store *store, const struct image *image, struct names *ret, struct err *err)
{
	/* An image of no layers is an empty directory. */
	if (!image->layer_count) {
		auto_free char *empty = text_format("%s/empty", store->path);

		names_add(ret, empty);
		return file_make_dirs_at(AT_FDCWD, empty, 0755, err);
	}
	/* A copy has everything in its last layer. */
	for (size_t i = store->overlay ? 0 : image->layer_count - 1; i < image->layer_count; i++) {
		auto_free char *path = layer_path(store, image->layers[i]);

		names_add(ret, path);
	}
	return 0;
}

/* The root of the container is the topmost directory's: the upper one takes over what the image's has, ids of a namespace included. */
static int make_upper(const char *top, const char *upper, struct err *err)
{
	struct stat st;

	if (stat(top, &st) < 0)
		return fail(err, -errno, "look at %s", top);
	if (mkdir(upper, 0700) < 0)
		return fail(err, -errno, "make directory %s", upper);
	if (chown(upper, st.st_uid, st.st_gid) < 0 || chmod(upper, st.st_mode & 07777) < 0)
		return fail(err, -errno, "set owner and mode of %s", upper);
	return 0;
}

/*
 * One layer alone is no overlay, which needs two. It is not bound as it is: who holds CAP_SYS_ADMIN inside could make that mount
 * writable, and change the image for every pod of the node.
 */
static int mount_one_layer(const struct image_rootfs *rootfs, const char *layer, struct err *err)
{
	auto_free char *empty = text_format("%s/empty", rootfs->storage);
	const char *const lowers[] = { empty, layer };
	const struct overlay overlay = { .lowers = lowers, .count = ARRAY_SIZE(lowers), .flags = MS_RDONLY };

	if (fault("cri-image-volume-bound"))
		return mount_readonly(layer, rootfs->target, err);
	if (mkdir(empty, 0755) < 0 && errno != EEXIST)
		return fail(err, -errno, "make directory %s", empty);
	return overlay_mount(&overlay, rootfs->target, err);
}

static int mount_layers(const struct image_rootfs *rootfs, const struct names *layers, struct err *err)
{
	auto_free char *upper = text_format("%s/upper", rootfs->storage);
	auto_free char *work = text_format("%s/work", rootfs->storage);
	struct overlay overlay = {
		.lowers = (const char *const *) layers->items,
		.count = layers->count,
		.upper = rootfs->readonly ? NULL : upper,
		.work = work,
		.flags = rootfs->readonly ? MS_RDONLY : 0,
	};
	int r;

	if (rootfs->readonly && layers->count == 1)
		return mount_one_layer(rootfs, layers->items[0], err);
	if (rootfs->readonly)
		return overlay_mount(&overlay, rootfs->target, err);
	r = make_upper(layers->items[layers->count - 1], upper, err);
	if (r >= 0 && mkdir(work, 0700) < 0)
		r = fail(err, -errno, "make directory %s", work);
	return r < 0 ? r : overlay_mount(&overlay, rootfs->target, err);
}

int mount_readonly(const char *from, const char *to, struct err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	auto_fd tree = open_tree(AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (tree < 0)
		return fail(err, -errno, "clone the mount of %s", from);
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return fail(err, -errno, "make the mount of %s read-only", from);
	if (move_mount(tree, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail(err, -errno, "mount %s on %s", from, to);
	return 0;
}

static int mount_in_userns(const struct image_rootfs *rootfs, const struct names *layers, struct err *err)
{
	auto_names mapped = { 0 };
	int r = make_idmapped(layers, rootfs->storage, rootfs->userns.userns, &mapped, err);

	if (r >= 0)
		r = mount_layers(rootfs, &mapped, err);
	drop_idmapped(rootfs->storage, layers->count);
	return r;
}

/* What the copy took at first, so that only what is written later counts as the container's. */
static int note_base(const char *storage, const char *copy, struct err *err)
{
	auto_free char *path = text_format("%s/base", storage), *text = NULL;
	struct image_usage usage;
	int r = tree_usage(copy, &usage, err);

	if (r < 0)
		return r;
	text =
	    text_format("%llu %llu\n", (unsigned long long) usage.bytes, (unsigned long long) usage.inodes);
	return file_create_at(AT_FDCWD, path, text, strlen(text), 0600, err);
}

/* Layer by layer is right only where each has the whole tree; else the layers are read through an overlay without upper directory. */
static int copy_layers(const struct image_rootfs *rootfs, const struct names *layers, struct err *err)
{
	auto_free char *copy = text_format("%s/copy", rootfs->storage);
	struct overlay overlay = { .lowers = (const char *const *) layers->items,
				   .count = layers->count,
				   .flags = MS_RDONLY };
	const char *from = layers->items[layers->count - 1];
	int r = 0;

	if (mkdir(copy, 0755) < 0)
		return fail(err, -errno, "make directory %s", copy);
	if (layers->count > 1) {
		r = overlay_mount(&overlay, rootfs->target, err);
		from = rootfs->target;
	}
	if (r >= 0)
		r = copy_tree(from, copy, &rootfs->userns, err);
	if (layers->count > 1)
		(void) unmount_all(rootfs->target, NULL);
	if (r >= 0)
		r = note_base(rootfs->storage, copy, err);
	if (r < 0)
		return r;
	if (rootfs->readonly)
		return mount_readonly(copy, rootfs->target, err);
	return mount(copy, rootfs->target, NULL, MS_BIND, NULL) < 0
		   ? fail(err, -errno, "bind %s on %s", copy, rootfs->target)
		   : 0;
}

static int drop_storage(const char *storage, struct err *err)
{
	static const char *const parts[] = { "upper", "work", "copy", "base", "lower", "empty" };
	int first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		auto_free char *path = text_format("%s/%s", storage, parts[i]);
		int r = file_remove_tree_at(AT_FDCWD, path, first < 0 ? NULL : err);

		if (r < 0 && first == 0 && r != -ENOTDIR)
			first = r;
	}
	return first;
}

static int mount_rootfs(struct image_store *store, const struct image_rootfs *rootfs,
			const struct names *layers, struct err *err)
{
	struct err why = { 0 };
	int r;

	if (!store->overlay)
		return copy_layers(rootfs, layers, err);
	if (rootfs->userns.userns < 0 || fault("cri-rootfs-not-mapped"))
		return mount_layers(rootfs, layers, err);
	r = mount_in_userns(rootfs, layers, &why);
	/* A kernel before 5.19, or a file system without such mounts: its files get new owners instead. */
	if (r != -EINVAL && r != -EOPNOTSUPP && r != -ENOSYS && r != -EPERM)
		return r < 0 ? fail_text(err, r, "%s", why.text) : r;
	(void) unmount_all(rootfs->target, NULL);
	r = drop_storage(rootfs->storage, err);
	return r < 0 ? r : copy_layers(rootfs, layers, err);
}

int image_rootfs_make(struct image_store *store, const struct image_rootfs *rootfs, struct err *err)
{
	auto_image image = image_find(store, rootfs->image_id);
	auto_names layers = { 0 };
	int r;

	if (!image)
		return fail_text(err, -ENOENT, "there is no image %.200s", rootfs->image_id);
	r = images_hold(store, rootfs->holder, image, err);
	if (r < 0)
		return fail(err, r, "root file system of %s", rootfs->holder);
	r = layers_of(store, image, &layers, err);
	if (r >= 0)
		r = file_make_dirs_at(AT_FDCWD, rootfs->storage, 0700, err);
	if (r >= 0)
		r = file_make_dirs_at(AT_FDCWD, rootfs->target, 0755, err);
	if (r >= 0)
		r = mount_rootfs(store, rootfs, &layers, err);
	if (r >= 0)
		return 0;
	(void) image_rootfs_drop(store, rootfs, NULL);
	return fail(err, r, "root file system of %s", rootfs->holder);
}

int image_rootfs_drop(struct image_store *store, const struct image_rootfs *rootfs, struct err *err)
{
	int r = unmount_all(rootfs->target, err), next;

	/* A killed server may have left some of the mounts behind that only mounting needs. */
	drop_idmapped(rootfs->storage, MANIFEST_LAYERS_MAX);
	next = r < 0 ? 0 : drop_storage(rootfs->storage, err);
	r = r < 0 ? r : next;
	if (r >= 0 && rmdir(rootfs->target) < 0 && errno != ENOENT)
		r = fail(err, -errno, "remove %s", rootfs->target);
	if (rmdir(rootfs->storage) < 0 && errno != ENOENT && errno != ENOTEMPTY && r >= 0)
		r = fail(err, -errno, "remove %s", rootfs->storage);
	/* Layers that something still stands on stay held. */
	if (r >= 0)
		r = images_let_go(store, rootfs->holder, err);
	return r < 0 ? fail(err, r, "root file system of %s", rootfs->holder) : 0;
}

int image_rootfs_usage(const char *storage, struct image_usage *ret, struct err *err)
{
	auto_free char *upper = text_format("%s/upper", storage), *copy = text_format("%s/copy", storage);
	auto_free char *base = text_format("%s/base", storage);
	unsigned long long bytes = 0, inodes = 0;
	auto_text text = { 0 };
	int r;

	if (access(copy, F_OK) < 0)
		return tree_usage(upper, ret, err);
	r = tree_usage(copy, ret, err);
	if (r >= 0)
		r = file_read_at(AT_FDCWD, base, BASE_MAX, &text, err);
	if (r < 0)
		return r;
	if (sscanf(text_str(&text), "%llu %llu", &bytes, &inodes) != 2)
		return fail_text(err, -EINVAL, "%s: no two numbers", base);
	ret->bytes = ret->bytes > bytes ? ret->bytes - bytes : 0;
	ret->inodes = ret->inodes > inodes ? ret->inodes - inodes : 0;
	return 0;
}
