/* SHA-256 of streams; no other file knows libcrypto. */
#include "runtime-under-test/cri/image/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Our own type around libcrypto's, so that its headers stay here. */
struct digest {
	EVP_MD_CTX *context;
};

struct digest *digest_begin(void)
{
	struct digest *digest = calloc(1, sizeof(*digest));

	if (!digest)
		abort();
	digest->context = EVP_MD_CTX_new();
	if (!digest->context || EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1)
		abort(); /* no memory: SHA-256 is in every build */
	return digest;
}

void digest_add(struct digest *digest, const void *data, size_t len)
{
	if (EVP_DigestUpdate(digest->context, data, len) != 1)
		abort();
}

void digest_end(struct digest *digest, char ret[DIGEST_SIZE])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	size_t used;

	if (EVP_DigestFinal_ex(digest->context, hash, NULL) != 1)
		abort();
	strcpy(ret, "sha256:");
	used = strlen(ret);
	for (size_t i = 0; i < 32; i++)
		(void) snprintf(ret + used + 2 * i, 3, "%02x", hash[i]);
}

void digest_free(struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->context);
	free(digest);
}

void digest_of(const void *data, size_t len, char ret[DIGEST_SIZE])
{
	auto_digest digest = digest_begin();

	digest_add(digest, data, len);
	digest_end(digest, ret);
}
