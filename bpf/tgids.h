/* A number for each process id, or what begins with one in its lower half: a recording may name hundreds of thousands, and is not to be searched for each of its events. */
#ifndef BPF_TGIDS_H
#define BPF_TGIDS_H

#include <stddef.h>
#include <stdint.h>

#define TGIDS_NONE SIZE_MAX

struct tgids {
	uint64_t *keys; /* owned */
	size_t *values; /* owned; TGIDS_NONE: the place is free */
	size_t space, count; /* space: a power of two, or 0 */
	uint64_t factor; /* of this process; 0 while there is no space */
};

size_t tgids_get(const struct tgids *tgids, uint64_t id); /* TGIDS_NONE: there is none */
void tgids_put(struct tgids *tgids, uint64_t id, size_t value); /* value: not TGIDS_NONE */
void tgids_free(struct tgids *tgids);

#endif
