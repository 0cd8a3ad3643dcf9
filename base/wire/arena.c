/* Chunks that grow, newest first; nothing is given back before all is. */
#include "base/wire/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_MIN = 4000, CHUNK_MAX = 256 << 10, ALIGNMENT = 16 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, space;
	_Alignas(ALIGNMENT) unsigned char data[];
};

static void *take(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;
	size_t space;
	void *memory;

	if (size > SIZE_MAX / 4)
		return NULL;
	size = (size + ALIGNMENT - 1) & ~(size_t) (ALIGNMENT - 1);
	if (!chunk || chunk->space - chunk->used < size) {
		space = chunk ? chunk->space * 2 : CHUNK_MIN;
		if (space > CHUNK_MAX)
			space = CHUNK_MAX;
		if (space < size)
			space = size;
		chunk = calloc(1, sizeof(*chunk) + space);
		if (!chunk)
			return NULL;
		chunk->space = space;
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	memory = chunk->data + chunk->used;
	chunk->used += size;
	arena->total += size;
	return memory;
}

static void *allocator_alloc(void *data, size_t size)
{
	struct arena *arena = data;

	if (arena->limit && (size > arena->limit || arena->total > arena->limit - size))
		return NULL;
	return take(arena, size ? size : 1);
}

static void allocator_free(void *data, void *pointer)
{
	(void) data;
	(void) pointer;
}

void arena_init(struct arena *arena)
{
	*arena = (struct arena){ .allocator = { allocator_alloc, allocator_free, arena } };
}

void arena_free(struct arena *arena)
{
	struct arena_chunk *next;

	for (struct arena_chunk *chunk = arena->chunks; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	arena->chunks = NULL;
	arena->total = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *memory = take(arena, size);

	if (!memory)
		abort();
	return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		abort();
	return arena_alloc(arena, bytes);
}

void *arena_copy(struct arena *arena, const void *bytes, size_t len)
{
	void *copy = arena_alloc(arena, len);

	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

char *arena_string(struct arena *arena, const char *string)
{
	if (!string)
		string = "";
	return arena_copy(arena, string, strlen(string) + 1);
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *string;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		abort();
	string = arena_alloc(arena, (size_t) len + 1);
	(void) vsnprintf(string, (size_t) len + 1, format, again);
	va_end(again);
	return string;
}
