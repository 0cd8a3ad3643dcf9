/*
 * The images of one case: the rootfs of its bundle as a single layer, with the configurations that the case and its server want.
 * Written as an OCI image layout (image-layout.md), which servers import from a directory or from an archive of it.
 */
#ifndef HARNESS_CRI_IMAGE_H
#define HARNESS_CRI_IMAGE_H

#include <stddef.h>

struct err;
struct json;

struct cri_image {
	const char *reference; /* the name it will have */
	const struct json *config; /* the "config" member of its configuration */
};

/*
 * rootfs: its directory. Makes the directory `name` below `parent`, and `name`.tar beside it. *ret_id is the first image's id,
 * "sha256:..." of its configuration; owned.
 */
int cri_image_write(int parent, const char *name, int rootfs, const struct cri_image *images, size_t count,
		    char **ret_id, struct err *err);

#endif
