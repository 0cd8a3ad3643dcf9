/* Names of images, as people write them: "busybox", "localhost:5000/team/app:1.2", "ghcr.io/a/b@sha256:...". Pure. */
#ifndef CRI_IMAGE_REFERENCE_H
#define CRI_IMAGE_REFERENCE_H

#include <stdbool.h>

struct err;

#define IMAGE_ID_PREFIX "sha256:"
#define IMAGE_ID_LEN 71 /* the prefix and 64 digits */

struct image_reference {
	char *host; /* owned, all: docker.io, localhost:5000 */
	char *repository; /* library/busybox */
	char *tag; /* NULL: none was said, and a digest was */
	char *digest; /* sha256:..., or NULL */
};

/*
 * The rules of the engines: no host is docker.io, one word there is library/WORD, neither tag nor digest is :latest. -EINVAL with a
 * sentence that begins with the name, quoted.
 */
int image_reference_parse(const char *name, struct image_reference *ret, struct err *err);
void image_reference_clear(struct image_reference *reference);
#define auto_image_reference __attribute__((cleanup(image_reference_clear))) struct image_reference

/* HOST/REPOSITORY:TAG, or NULL without a tag. Owned. */
char *image_reference_tagged(const struct image_reference *reference);
char *image_reference_digested(const struct image_reference *reference,
			       const char *digest); /* owned: HOST/REPOSITORY@digest */

bool image_is_digest(const char *string); /* sha256: and 64 small hexadecimal digits */

#endif
