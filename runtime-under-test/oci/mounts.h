/* The mounts of config.json, in their order, inside the container's root. config.md#mounts */
#ifndef OCI_MOUNTS_H
#define OCI_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

struct creation;
struct err;
struct mount_options;
struct spec;
struct spec_mount;

/*
 * The parent's part: detached trees of those bind sources that only it can open or that must stay in their peer group.
 * creation->sources gets an entry a mount.
 */
int mounts_open_sources(struct creation *creation, struct err *err);
/* *root is replaced when a mount covers "/". */
int mounts_make(struct creation *creation, int *root, struct err *err);
/* Last: file systems that had to stay writable while the container was furnished become read-only now. */
int mounts_seal(const struct spec *spec, int root, struct err *err);

/* For the other furnishers (mount_cgroup.c, devices.c, rootfs.c). */
int mount_clone(int dirfd, const char *path, bool recursive,
		struct err *err); /* open_tree: a detached copy */
int mount_change(int mount, uint64_t set, uint64_t clear, bool recursive, struct err *err);
int mount_attach(int mount, int target, struct err *err); /* move_mount */
/* A new file system, detached, with the options' data and attributes. */
int mount_new(const char *type, const char *source, const struct mount_options *options, uint64_t attributes,
	      struct err *err);
/* mount_plan.c: the options, with what the other members of the mount say; what goes together nowhere is refused. */
int mount_plan(const struct spec_mount *mount, struct mount_options *ret, struct err *err);
/* linux.mountLabel where it can be applied to the mount; else NULL. */
const char *mount_label(const struct spec *spec, const struct spec_mount *mount);
bool mount_is_bind(const struct spec_mount *mount, const struct mount_options *options);
bool mount_is_cgroup(const struct spec_mount *mount);
int mount_set_propagation(int mount, const struct mount_options *options, struct err *err);

/* mount_cgroup.c: a mount of type cgroup or cgroup2. */
int mount_cgroup(const struct creation *creation, const struct spec_mount *mount,
		 const struct mount_options *options, int target, struct err *err);
/* mount_copyup.c: tmpcopyup. Copies what lies in from into the empty directory to. */
int mount_copy_up(int from, int to, struct err *err);

#endif
