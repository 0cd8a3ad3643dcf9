/* An image on its way into the store: its configuration is checked first, since it says what the layers must come to. */
#ifndef CRI_IMAGE_ASSEMBLY_H
#define CRI_IMAGE_ASSEMBLY_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct image_store;
struct manifest;

struct assembly {
	struct image_store *store; /* borrowed */
	char *id; /* owned: the configuration's digest */
	char **diff_ids, **chains; /* owned; one a layer, lowest first */
	size_t count;
	uint64_t size;
	char **pins; /* owned array of what chains and id own; NULL: not begun */
};

/* Checks the configuration's bytes against the manifest, and puts them into the store. */
int assembly_begin(struct assembly *assembly, struct image_store *store, const struct manifest *manifest,
		   const char *config, size_t len, struct err *err);
/* The blob of layer i, from its offset on, becomes a layer of the store, unless it is there. Waits for others that make the same. */
int assembly_add(struct assembly *assembly, size_t i, int blob, struct err *err);
/* All layers are there: the image is known from now on. Either name may be NULL. */
int assembly_commit(struct assembly *assembly, const char *tag, const char *digest, struct err *err);
void assembly_clear(struct assembly *assembly); /* what is not committed is garbage now */
#define auto_assembly __attribute__((cleanup(assembly_clear))) struct assembly

char *assembly_claim(const struct assembly *assembly, size_t i); /* what to claim for making layer i; owned */

#endif
