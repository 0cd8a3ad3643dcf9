/* linux.maskedPaths and linux.readonlyPaths: config-linux.md#masked-paths */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/inroot.h"
#include "runtime-under-test/oci/mount_options.h"
#include "runtime-under-test/oci/mounts.h"
#include "runtime-under-test/oci/rootfs.h"
#include "runtime-under-test/oci/spec.h"

#define MASK_ATTRIBUTES (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

/* What lies over masked files and directories; each made when the first one needs it. */
struct masks {
	int null; /* O_PATH */
	int empty; /* a mounted tmpfs */
};

/*
 * The host's /dev/null, and really that: the image may have put anything at its own (CVE-2025-31133). Read-only, so that
 * nobody changes its mode for the whole machine; a device can be written on a read-only mount all the same.
 */
static int open_null(struct err *err)
{
	auto_fd fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(err, -errno, "open /dev/null");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return fail_text(err, -ENODEV, "the runtime's /dev/null is not the null device");
	return TAKE_FD(fd);
}

static int mask_file(struct masks *masks, int target, struct err *err)
{
	auto_fd cover = -EBADF;
	int r;

	if (masks->null < 0)
		masks->null = open_null(err);
	if (masks->null < 0)
		return masks->null;
	cover = mount_clone(masks->null, "", false, err);
	if (cover < 0)
		return cover;
	r = mount_change(cover, MASK_ATTRIBUTES, 0, false, err);
	return r < 0 ? r : mount_attach(cover, target, err);
}

/* One empty file system covers all directories: a superblock each was what slowed nodes down (runc issue 5262). */
static int mask_directory(struct masks *masks, int target, struct err *err)
{
	static const char *const data[] = { "nr_blocks=1", "nr_inodes=1", "mode=0755" };
	const struct mount_options options = { .data = (const char **) data, .data_count = ARRAY_SIZE(data) };
	uint64_t attributes = MASK_ATTRIBUTES | MOUNT_ATTR_NODEV;
	auto_fd cover = -EBADF;
	int r;

	if (masks->empty >= 0)
		cover = mount_clone(masks->empty, "", false, err);
	else
		cover = mount_new("tmpfs", "tmpfs", &options, attributes, err);
	if (cover < 0)
		return cover;
	r = mount_attach(cover, target, err);
	if (r == 0 && masks->empty < 0)
		masks->empty = TAKE_FD(cover);
	return r;
}

static int mask_one(struct masks *masks, int root, const char *path, struct err *err)
{
	auto_fd target = inroot_open(root, path, 0, NULL);
	struct stat st;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return fail(err, target, "open it inside the root");
	if (fstat(target, &st) < 0)
		return fail(err, -errno, "look at it");
	return S_ISDIR(st.st_mode) ? mask_directory(masks, target, err) : mask_file(masks, target, err);
}

int paths_mask(const struct spec *spec, int root, struct err *err)
{
	struct masks masks = { -EBADF, -EBADF };
	int r = 0;

	if (fault("masked-paths-skipped"))
		return 0;
	for (size_t i = 0; i < spec->masked_paths.count && r == 0; i++) {
		r = mask_one(&masks, root, spec->masked_paths.items[i], err);
		if (r < 0)
			(void) fail(err, r, "linux.maskedPaths[%zu]: %s", i, spec->masked_paths.items[i]);
	}
	cleanup_fd(&masks.null);
	cleanup_fd(&masks.empty);
	return r;
}

static int make_readonly(int root, const char *path, struct err *err)
{
	auto_fd target = inroot_open(root, path, 0, NULL), tree = -EBADF;
	int r;

	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return fail(err, target, "open it inside the root");
	/* A copy over itself: only this path changes, with what is mounted below it, and it keeps its other attributes. */
	tree = mount_clone(target, "", true, err);
	if (tree < 0)
		return tree;
	r = mount_change(tree, MOUNT_ATTR_RDONLY, 0, true, err);
	return r < 0 ? r : mount_attach(tree, target, err);
}

int paths_make_readonly(const struct spec *spec, int root, struct err *err)
{
	if (fault("readonly-paths-skipped"))
		return 0;
	for (size_t i = 0; i < spec->readonly_paths.count; i++) {
		int r = make_readonly(root, spec->readonly_paths.items[i], err);

		if (r < 0)
			return fail(err, r, "linux.readonlyPaths[%zu]: %s", i, spec->readonly_paths.items[i]);
	}
	return 0;
}
