/* SHA-256 of streams, by libcrypto: layers are large, and it knows the processor's own instructions for it. */
#ifndef CRI_IMAGE_DIGEST_H
#define CRI_IMAGE_DIGEST_H

#include <stddef.h>

struct digest;

#define DIGEST_SIZE 72 /* "sha256:", 64 digits, NUL */

struct digest *digest_begin(void); /* owned, never NULL */
void digest_add(struct digest *digest, const void *data, size_t len);
void digest_end(struct digest *digest, char ret[DIGEST_SIZE]); /* once; the digest is still to be freed */
void digest_free(struct digest *digest);
static inline void digest_cleanup(struct digest **digest)
{
	digest_free(*digest);
}
#define auto_digest __attribute__((cleanup(digest_cleanup))) struct digest *

void digest_of(const void *data, size_t len, char ret[DIGEST_SIZE]);

#endif
