/* SHA-256 (FIPS 180-4), for naming what was tested: which runtime binary a verdict speaks of. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	unsigned char block[64];
};

#define SHA256_HEX_SIZE 65 /* 64 digits and the NUL */

void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t len);
void sha256_end(struct sha256 *hash, char ret_hex[SHA256_HEX_SIZE]);

/* The whole file behind the descriptor, from its beginning; the file offset is not used. */
int sha256_fd(int fd, char ret_hex[SHA256_HEX_SIZE], struct err *err);

#endif
