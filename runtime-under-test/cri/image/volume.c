/*
 * Images as volumes. The whole image is mounted once a pod, as a root file system that nobody can write to; a part of it is a mount of its
 * own, made from a descriptor that was looked up inside: the runtime is never given a path with a stranger's links in it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/copy.h"
#include "runtime-under-test/cri/image/digest.h"
#include "runtime-under-test/cri/image/reference.h"
#include "runtime-under-test/cri/image/rootfs.h"
#include "runtime-under-test/cri/image/store.h"
#include "runtime-under-test/oci/faults.h"

#define HEX(id) ((id) + strlen(IMAGE_ID_PREFIX))

/* Mounted: it lies on another mount than the directory it is in. */
static bool is_mount_point(const char *path)
{
	struct statx here = { 0 };

	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &here) == 0 &&
	       (here.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static void describe(struct image_rootfs *rootfs, const struct image *image, const char *holder,
		     const char *storage, const char *target, const struct image_userns *userns)
{
	*rootfs = (struct image_rootfs){ .image_id = image->id,
					 .holder = holder,
					 .storage = storage,
					 .target = target,
					 .readonly = !fault("cri-image-volume-writable") };
	rootfs->userns.userns = -1;
	if (userns)
		rootfs->userns = *userns;
}

static int mount_part(const char *whole, const char *sub_path, const char *to, struct err *err)
{
	auto_fd root = file_open_at(AT_FDCWD, whole, O_PATH | O_DIRECTORY, 0, err), part = -EBADF,
		tree = -EBADF;
	auto_free char *by_name = text_format("%s/%s", whole, sub_path);

	if (root < 0)
		return root;
	part = fault("cri-image-sub-path-unanchored")
		   ? open(by_name, O_PATH | O_DIRECTORY | O_CLOEXEC)
		   : file_open_in_root(root, sub_path, O_PATH | O_DIRECTORY, 0, err);
	if (part < 0)
		return part;
	if (mkdir(to, 0700) < 0 && errno != EEXIST)
		return fail(err, -errno, "make directory %s", to);
	tree = open_tree(part, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return fail(err, -errno, "clone the mount of %s", sub_path);
	if (move_mount(tree, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail(err, -errno, "mount %s", to);
	return 0;
}

static int mount_volume(struct image_store *store, const struct image *image, const char *sub_path,
			const char *directory, const char *sandbox_id, const struct image_userns *userns,
			char **ret, struct err *err)
{
	auto_free char *whole = text_format("%s/%s", directory, HEX(image->id)), *part = NULL;
	auto_free char *storage = text_format("%s.storage", whole);
	auto_free char *holder = text_format("%s.%s", sandbox_id, HEX(image->id));
	char digest[DIGEST_SIZE];
	struct image_rootfs rootfs;
	int r = 0;

	describe(&rootfs, image, holder, storage, whole, userns);
	if (!is_mount_point(whole))
		r = image_rootfs_make(store, &rootfs, err);
	if (r < 0)
		return r;
	if (!*sub_path || fault("cri-image-sub-path-ignored")) {
		*ret = TAKE(whole);
		return 0;
	}
	digest_of(sub_path, strlen(sub_path), digest);
	part = text_format("%s-%.16s", whole, HEX(digest));
	if (!is_mount_point(part))
		r = mount_part(whole, sub_path, part, err);
	if (r < 0)
		return r;
	*ret = TAKE(part);
	return 0;
}

int image_volume_mount(struct image_store *store, const char *image_id, const char *sub_path,
		       const char *directory, const char *sandbox_id, const struct image_userns *userns,
		       char **ret_path, struct err *err)
{
	auto_image image = image_find(store, image_id);
	int r = image ? file_make_dirs_at(AT_FDCWD, directory, 0700, err)
		      : fail_text(err, -ENOENT, "there is no image %.200s", image_id);

	(void) pthread_mutex_lock(&store->volumes);
	if (r >= 0)
		r = mount_volume(store, image, sub_path, directory, sandbox_id, userns, ret_path, err);
	(void) pthread_mutex_unlock(&store->volumes);
	return r < 0 ? fail(err, r, "ImageVolumeMountFailed: image %.200s%s%.200s", image_id,
			    *sub_path ? ", path " : "", sub_path)
		     : 0;
}

static int drop_volume(struct image_store *store, const char *directory, const char *sandbox_id,
		       const char *name, struct err *err)
{
	auto_free char *path = text_format("%s/%s", directory, name),
		       *storage = text_format("%s.storage", path);
	auto_free char *holder = text_format("%s.%.64s", sandbox_id, name);
	struct image_rootfs rootfs = {
		.holder = holder, .storage = storage, .target = path, .userns.userns = -1
	};
	int r;

	if (strlen(name) == 64)
		return image_rootfs_drop(store, &rootfs, err);
	r = unmount_all(path, err);
	return r < 0 ? r : file_remove_tree_at(AT_FDCWD, path, err);
}

/* Parts before the whole, which they are a view of. */
static int drop_some(struct image_store *store, const char *directory, const char *sandbox_id, bool wholes,
		     struct err *err)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), first = 0;
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int r;

		if (entry->d_name[0] == '.' || (strlen(entry->d_name) == 64) != wholes ||
		    strstr(entry->d_name, ".storage"))
			continue;
		r = drop_volume(store, directory, sandbox_id, entry->d_name, first < 0 ? NULL : err);
		first = first < 0 ? first : r;
	}
	return first;
}

int image_volumes_drop(struct image_store *store, const char *directory, const char *sandbox_id,
		       struct err *err)
{
	int r, next;

	if (fault("cri-image-volumes-stay"))
		return 0;
	(void) pthread_mutex_lock(&store->volumes);
	r = drop_some(store, directory, sandbox_id, false, err);
	next = drop_some(store, directory, sandbox_id, true, r < 0 ? NULL : err);
	r = r < 0 ? r : next;
	if (r >= 0)
		r = file_remove_tree_at(AT_FDCWD, directory, err);
	(void) pthread_mutex_unlock(&store->volumes);
	return r < 0 ? fail(err, r, "image volumes of %s", sandbox_id) : 0;
}

int image_copy_up(int rootfs, const char *path, int directory, struct err *err)
{
	auto_fd from = file_open_in_root(rootfs, path, O_RDONLY | O_DIRECTORY, 0, NULL), to = -EBADF;
	int r;

	if (from == -ENOENT || from == -ENOTDIR)
		return 0;
	if (from < 0)
		return file_open_in_root(rootfs, path, O_RDONLY | O_DIRECTORY, 0, err);
	to = fcntl(directory, F_DUPFD_CLOEXEC, 3);
	if (to < 0)
		return fail(err, -errno, "copy %s", path);
	r = copy_tree_fd(TAKE_FD(from), TAKE_FD(to), NULL, err);
	return r < 0 ? fail(err, r, "copy what the image has in %s", path) : 0;
}
