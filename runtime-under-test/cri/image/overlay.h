/* Mounting stacks of layers. Used by the server, and by plumbline-unpack in its own mount namespace. */
#ifndef CRI_IMAGE_OVERLAY_H
#define CRI_IMAGE_OVERLAY_H

#include <stddef.h>

struct err;

struct overlay {
	const char *const *lowers; /* borrowed: absolute paths, lowest first; at least one */
	size_t count;
	const char *upper, *work; /* NULL: nothing may be written */
	unsigned long flags; /* MS_ of mount(2) */
};

int overlay_mount(const struct overlay *overlay, const char *target, struct err *err);

#endif
