/*
 * Open addressing. The factor is the process's own secret: whoever writes a recording cannot know which ids would meet in one
 * place, and so cannot make the search long.
 */
#include "bpf/tgids.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#define SPACE_FIRST 64

/* getauxval(3): sixteen random bytes that the kernel gave this program. */
static uint64_t factor(void)
{
	const void *random = (const void *) (uintptr_t) getauxval(AT_RANDOM);
	uint64_t bytes = 0x9e3779b97f4a7c15u;

	if (random)
		memcpy(&bytes, random, sizeof(bytes));
	return bytes | 1;
}

/* Where the id is, or the free place where it would be. */
static size_t place_of(const struct tgids *tgids, uint64_t id)
{
	size_t at = (size_t) ((id + 1) * tgids->factor >> 32) & (tgids->space - 1);

	while (tgids->values[at] != TGIDS_NONE && tgids->keys[at] != id)
		at = (at + 1) & (tgids->space - 1);
	return at;
}

static void grow(struct tgids *tgids)
{
	struct tgids larger = { .space = tgids->space ? 2 * tgids->space : SPACE_FIRST, .factor = factor() };

	larger.keys = calloc(larger.space, sizeof(*larger.keys));
	larger.values = calloc(larger.space, sizeof(*larger.values));
	if (!larger.keys || !larger.values)
		abort();
	for (size_t i = 0; i < larger.space; i++)
		larger.values[i] = TGIDS_NONE;
	for (size_t i = 0; i < tgids->space; i++)
		if (tgids->values[i] != TGIDS_NONE)
			tgids_put(&larger, tgids->keys[i], tgids->values[i]);
	tgids_free(tgids);
	*tgids = larger;
}

size_t tgids_get(const struct tgids *tgids, uint64_t id)
{
	return tgids->space ? tgids->values[place_of(tgids, id)] : TGIDS_NONE;
}

void tgids_put(struct tgids *tgids, uint64_t id, size_t value)
{
	size_t at;

	if (2 * tgids->count >= tgids->space)
		grow(tgids);
	at = place_of(tgids, id);
	tgids->count += tgids->values[at] == TGIDS_NONE;
	tgids->keys[at] = id;
	tgids->values[at] = value;
}

void tgids_free(struct tgids *tgids)
{
	free(tgids->keys);
	free(tgids->values);
	*tgids = (struct tgids){ 0 };
}
