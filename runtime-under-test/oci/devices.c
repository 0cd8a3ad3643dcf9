/* Device nodes by mknod, or, where that is not allowed, by binding the host's. Paths only through descriptors. */
#include "runtime-under-test/oci/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/inroot.h"
#include "runtime-under-test/oci/mounts.h"
#include "runtime-under-test/oci/spec.h"

static const struct spec_device defaults[] = {
	{ .type = 'c', .path = "/dev/null", .major = 1, .minor = 3 },
	{ .type = 'c', .path = "/dev/zero", .major = 1, .minor = 5 },
	{ .type = 'c', .path = "/dev/full", .major = 1, .minor = 7 },
	{ .type = 'c', .path = "/dev/random", .major = 1, .minor = 8 },
	{ .type = 'c', .path = "/dev/urandom", .major = 1, .minor = 9 },
	{ .type = 'c', .path = "/dev/tty", .major = 5, .minor = 0 },
};

static mode_t file_type(const struct spec_device *device)
{
	return device->type == 'p' ? S_IFIFO : device->type == 'b' ? S_IFBLK : S_IFCHR;
}

static bool matches(const struct spec_device *device, const struct stat *st)
{
	if ((st->st_mode & S_IFMT) != file_type(device))
		return false;
	return device->type == 'p' ||
	       st->st_rdev == makedev((unsigned) device->major, (unsigned) device->minor);
}

/*
 * The host's node of the same number over an empty file. It is the host's: its owner and mode are never changed, even
 * where the config asks for others, and it is verified to be that device.
 */
static int bind_host_node(int root, const struct spec_device *device, struct err *err)
{
	auto_fd tree = mount_clone(AT_FDCWD, device->path, false, err), target = -EBADF;
	struct stat st;

	if (tree < 0)
		return tree;
	if (fstat(tree, &st) < 0)
		return fail(err, -errno, "look at the host's %s", device->path);
	if (!matches(device, &st))
		return fail_text(err, -ENODEV, "the host's %s is another device", device->path);
	target = inroot_make(root, device->path, true, err);
	if (target < 0)
		return target;
	return mount_attach(tree, target, err);
}

/* Exactly the mode of the config, for init's umask is 0; a mode set later by name could meet a swapped link. */
static int make_node(int parent, const char *name, const struct spec_device *device, struct err *err)
{
	dev_t number = device->type == 'p' ? 0 : makedev((unsigned) device->major, (unsigned) device->minor);
	mode_t mode = device->has_mode ? device->mode & 07777 : 0666;

	if (fault("device-mode-umask"))
		mode &= ~(mode_t) 0022;
	if (mknodat(parent, name, file_type(device) | mode, number) < 0)
		return -errno;
	if (fault("device-owner-ignored"))
		return 0;
	if (fchownat(parent, name, device->has_uid ? device->uid : 0, device->has_gid ? device->gid : 0,
		     AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, -errno, "set its owner");
	return 0;
}

static int make_device(const struct creation *creation, int root, const struct spec_device *device,
		       struct err *err)
{
	bool user = creation->namespaces.all & CLONE_NEWUSER;
	auto_free char *name = NULL;
	auto_fd parent = inroot_make_parent(root, device->path, &name, err);
	struct stat st;
	int r;

	if (parent < 0)
		return parent;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (matches(device, &st) || fault("device-of-the-image"))
			return 0;
		/* A link of the image must not decide what a device is (CVE-2025-31133): the node takes its place. */
		if (S_ISLNK(st.st_mode) && unlinkat(parent, name, 0) == 0)
			return make_device(creation, root, device, err);
		return fail_text(err, -EEXIST, "something else lies there already");
	}
	if (user && device->type != 'p')
		return bind_host_node(root, device, err);
	r = make_node(parent, name, device, err);
	if (r == -EPERM && device->type != 'p' && !err->text[0])
		return bind_host_node(root, device, err);
	return r < 0 && !err->text[0] ? fail(err, r, "make the node") : r;
}

/* Listed in linux.devices as well: then with the mode and owner of the config, and once. */
static bool is_listed(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->device_count; i++)
		if (strcmp(spec->devices[i].path, path) == 0)
			return true;
	return false;
}

int devices_make(const struct creation *creation, int root, struct err *err)
{
	const struct spec *spec = creation->spec;

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		int r;

		if (is_listed(spec, defaults[i].path) || (i == 0 && fault("dev-null-missing")) ||
		    fault("default-devices-missing"))
			continue;
		r = make_device(creation, root, &defaults[i], err);
		if (r < 0)
			return fail(err, r, "default device %s", defaults[i].path);
	}
	for (size_t i = 0; i < spec->device_count && !fault("devices-skipped"); i++) {
		int r = make_device(creation, root, &spec->devices[i], err);

		if (r < 0)
			return fail(err, r, "linux.devices[%zu]: %s", i, spec->devices[i].path);
	}
	return 0;
}

static int make_link(int dev, const char *name, const char *target, struct err *err)
{
	struct stat st;

	if (symlinkat(target, dev, name) == 0)
		return 0;
	/* A /dev of the image or the host has its own, or is not ours to write. */
	if (errno == EEXIST || (errno == EROFS && fstatat(dev, name, &st, AT_SYMLINK_NOFOLLOW) == 0))
		return 0;
	return fail(err, -errno, "make the link /dev/%s", name);
}

int devices_link(int root, struct err *err)
{
	static const struct {
		const char *name, *target;
	} links[] = {
		{ "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
		{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
		{ "core", "/proc/kcore" },       { "ptmx", "pts/ptmx" },
	};
	auto_fd dev = inroot_make(root, "/dev", false, err);

	if (dev < 0)
		return dev;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		int r;

		if (fault("dev-symlinks-missing") && i < 4)
			continue;
		r = make_link(dev, links[i].name, links[i].target, err);
		if (r < 0)
			return r;
	}
	return 0;
}
