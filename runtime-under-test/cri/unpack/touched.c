/* The paths that a layer has made, as hashes: two million names would be a quarter of a gigabyte. */
#include <stdlib.h>
#include <string.h>

#include "runtime-under-test/cri/unpack/unpack.h"

/*
 * FNV-1a. Who finds two paths with one hash gets a file that his own layer fails to hide.
 */
static uint64_t hash_of(const char *path, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char) path[i]) * 0x100000001b3u;
	return hash ? hash : 1;
}

static uint64_t *slot_of(uint64_t *hashes, size_t space, uint64_t hash)
{
	size_t at = (size_t) hash & (space - 1);

	while (hashes[at] && hashes[at] != hash)
		at = (at + 1) & (space - 1);
	return &hashes[at];
}

static void grow(struct touched *touched)
{
	size_t space = touched->space ? touched->space * 2 : 1024;
	uint64_t *hashes = calloc(space, sizeof(*hashes));

	if (!hashes)
		abort();
	for (size_t i = 0; i < touched->space; i++)
		if (touched->hashes[i])
			*slot_of(hashes, space, touched->hashes[i]) = touched->hashes[i];
	free(touched->hashes);
	touched->hashes = hashes;
	touched->space = space;
}

static int add_hash(struct touched *touched, uint64_t hash)
{
	uint64_t *slot;

	if (touched->count * 2 >= touched->space)
		grow(touched);
	slot = slot_of(touched->hashes, touched->space, hash);
	if (*slot)
		return 0;
	*slot = hash;
	touched->count++;
	return 1;
}

void touched_add(struct touched *touched, const char *path)
{
	size_t len = strlen(path);

	/* From the whole path upwards: a directory that is known has its parents known. */
	while (len && add_hash(touched, hash_of(path, len))) {
		while (len && path[len - 1] != '/')
			len--;
		while (len && path[len - 1] == '/')
			len--;
	}
}

int touched_has(const struct touched *touched, const char *path)
{
	return touched->space && *slot_of(touched->hashes, touched->space, hash_of(path, strlen(path))) != 0;
}

void touched_free(struct touched *touched)
{
	free(touched->hashes);
	*touched = (struct touched){ 0 };
}
