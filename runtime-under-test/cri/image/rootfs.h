/* What root file systems and volumes share. */
#ifndef CRI_IMAGE_ROOTFS_H
#define CRI_IMAGE_ROOTFS_H

struct err;
struct image;
struct image_store;
struct names;

/* The directories that an image is made of, lowest first; at least one. */
int layers_of(struct image_store *store, const struct image *image, struct names *ret, struct err *err);
int mount_readonly(const char *from, const char *to, struct err *err);
int mount_idmapped(const char *from, const char *to, int userns, struct err *err);
int unmount_all(const char *path, struct err *err); /* no mount point, or nothing there: 0 */

#endif
