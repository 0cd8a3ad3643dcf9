/* The container's root: taken from the bundle, cut off from the host, restricted, and switched to. */
#ifndef OCI_ROOTFS_H
#define OCI_ROOTFS_H

struct creation;
struct err;
struct spec;

/*
 * The parent's part: with a user namespace the bundle may lie where the container's root may not go. So the root is taken from
 * there beforehand; a parent without privileges leaves that to init.
 */
int rootfs_open_tree(struct creation *creation, struct err *err);
/*
 * *ret_root: O_PATH descriptor of the root directory, a mount of its own in a mount namespace of our own. Propagation
 * towards the host is cut before anything is mounted.
 */
int rootfs_open(const struct creation *creation, int *ret_root, struct err *err);
/* Makes root the root and the working directory; the old one is detached. Then the propagation that the config asks for. */
int rootfs_switch(const struct creation *creation, int root, struct err *err);
int rootfs_make_readonly(int root, struct err *err);

/* paths.c: what must not be read, and what must not be written. A path that is not there is no error. */
int paths_mask(const struct spec *spec, int root, struct err *err);
int paths_make_readonly(const struct spec *spec, int root, struct err *err);

#endif
