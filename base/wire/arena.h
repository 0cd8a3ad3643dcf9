/*
 * Memory that is given back all at once: what one call needs, from the decoded request to the answer. It is protobuf-c's
 * allocator too, so that no message is ever freed field by field.
 */
#ifndef BASE_WIRE_ARENA_H
#define BASE_WIRE_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
	ProtobufCAllocator
	    allocator; /* give &arena.allocator to protobuf-c; obeys the limit by answering NULL */
	struct arena_chunk *chunks;
	size_t total; /* bytes given out */
	size_t limit; /* for the allocator; 0: none */
};

void arena_init(struct arena *arena); /* an arena must not move afterwards */
void arena_free(struct arena *arena); /* empty and usable again */
#define auto_arena __attribute__((cleanup(arena_free))) struct arena

/* Zeroed, aligned for anything, never NULL: like struct text, these abort when memory runs out. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));
char *arena_string(struct arena *arena, const char *string) __attribute__((returns_nonnull)); /* NULL is "" */
void *arena_copy(struct arena *arena, const void *bytes, size_t len) __attribute__((returns_nonnull));
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));

#endif
