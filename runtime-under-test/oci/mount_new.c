/*
 * Mounts as descriptors: made, changed and only then attached, so that no path is walked twice and nothing is visible
 * half done. kernel commits 24dcb3d90a1f ("vfs: syscall: Add fsopen()") v5.2 and 2a1867219c7b (mount_setattr) v5.12.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/mount_options.h"
#include "runtime-under-test/oci/mounts.h"
#include "runtime-under-test/oci/spec.h"

int mount_clone(int dirfd, const char *path, bool recursive, struct err *err)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0u);
	int fd = open_tree(dirfd, path, flags | (*path ? 0u : (unsigned) AT_EMPTY_PATH));

	return fd < 0 ? fail(err, -errno, "copy the mount at %s", *path ? path : "a descriptor") : fd;
}

int mount_change(int mount, uint64_t set, uint64_t clear, bool recursive, struct err *err)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear };

	if (!set && !clear)
		return 0;
	if (mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u), &attr, sizeof(attr)) <
	    0)
		return fail(err, -errno, "set mount attributes");
	return 0;
}

int mount_set_propagation(int mount, const struct mount_options *options, struct err *err)
{
	for (size_t i = 0; i < options->propagation_count; i++) {
		const struct mount_propagation *wanted = &options->propagation[i];
		struct mount_attr attr = { .propagation = wanted->type };
		unsigned flags = AT_EMPTY_PATH | (wanted->recursive ? AT_RECURSIVE : 0u);

		if (mount_setattr(mount, "", flags, &attr, sizeof(attr)) < 0)
			return fail(err, -errno, "set mount propagation");
	}
	return 0;
}

/* By a path, which is walked once more: for proving that somebody notices. */
static int attach_by_path(int mount, int target)
{
	auto_free char *link = text_format("/proc/self/fd/%d", target);
	auto_text path = { 0 };

	(void) file_read_link_at(AT_FDCWD, link, &path, NULL);
	return move_mount(mount, "", AT_FDCWD, text_str(&path), MOVE_MOUNT_F_EMPTY_PATH);
}

int mount_attach(int mount, int target, struct err *err)
{
	if (fault("targets-not-anchored") && attach_by_path(mount, target) == 0)
		return 0;
	if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return fail(err, -errno, "attach the mount");
	return 0;
}

/* The file system's own words, which the context keeps: "tmpfs: Bad value for 'size'". */
static int fail_with_log(int context, int r, const char *type, struct err *err)
{
	char line[512];
	ssize_t n = read(context, line, sizeof(line) - 1);

	if (n <= 2)
		return fail(err, r, "file system %s", type);
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return fail_text(err, r, "file system %s: %s", type, line + 2); /* "e " comes before the text */
}

static int configure_super(int context, const struct mount_options *options, uint64_t attributes)
{
	static const struct {
		unsigned long flag;
		const char *name;
	} flags[] = {
		{ MS_SYNCHRONOUS, "sync" },
		{ MS_DIRSYNC, "dirsync" },
		{ MS_LAZYTIME, "lazytime" },
		{ MS_MANDLOCK, "mand" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (options->super & flags[i].flag &&
		    fsconfig(context, FSCONFIG_SET_FLAG, flags[i].name, NULL, 0) < 0)
			return -errno;
	if (attributes & MOUNT_ATTR_RDONLY && fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return -errno;
	return 0;
}

static int configure_data(int context, const struct mount_options *options)
{
	for (size_t i = 0; i < options->data_count; i++) {
		auto_free char *key = strdup(options->data[i]);
		char *value = key ? strchr(key, '=') : NULL;

		if (!key)
			abort();
		if (value)
			*value++ = '\0';
		if (fsconfig(context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0) < 0)
			return -errno;
	}
	return 0;
}

int mount_new(const char *type, const char *source, const struct mount_options *options, uint64_t attributes,
	      struct err *err)
{
	auto_fd context = fsopen(type, FSOPEN_CLOEXEC);
	int fd, r = 0;

	if (context < 0)
		return fail(err, -errno, "file system %s", type);
	if (source && *source && fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		r = -errno;
	if (r == 0)
		r = configure_super(context, options, attributes);
	if (r == 0)
		r = configure_data(context, options);
	if (r == 0 && options->context &&
	    fsconfig(context, FSCONFIG_SET_STRING, "context", options->context, 0) < 0)
		r = -errno;
	if (r == 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = -errno;
	if (r < 0)
		return fail_with_log(context, r, type, err);
	fd = fsmount(context, FSMOUNT_CLOEXEC, (unsigned) attributes);
	return fd < 0 ? fail_with_log(context, -errno, type, err) : fd;
}
