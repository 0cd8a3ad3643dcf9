/* Open addressing, at most half full. */
#include "base/lexicon.h"

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

static uint64_t hash_of(const struct lexicon *lexicon, const char *word)
{
	uint64_t hash = 0;

	for (; *word; word++) {
		hash = (hash + (unsigned char) *word) * lexicon->factor;
		hash ^= hash >> 29;
	}
	return hash;
}

/* Where the word is, or the free place where it would be. */
static size_t place_of(const struct lexicon *lexicon, const char *word)
{
	size_t at = (size_t) (hash_of(lexicon, word) >> 16) & (lexicon->space - 1);

	while (lexicon->places[at] != LEXICON_NONE && strcmp(lexicon->items[lexicon->places[at]], word) != 0)
		at = (at + 1) & (lexicon->space - 1);
	return at;
}

static void grow(struct lexicon *lexicon)
{
	lexicon->space = lexicon->space ? 2 * lexicon->space : SPACE_FIRST;
	lexicon->factor = factor();
	free(lexicon->places);
	lexicon->places = calloc(lexicon->space, sizeof(*lexicon->places));
	lexicon->items = reallocarray(lexicon->items, lexicon->space / 2, sizeof(*lexicon->items));
	if (!lexicon->places || !lexicon->items)
		abort();
	for (size_t i = 0; i < lexicon->space; i++)
		lexicon->places[i] = LEXICON_NONE;
	for (size_t i = 0; i < lexicon->count; i++)
		lexicon->places[place_of(lexicon, lexicon->items[i])] = i;
}

size_t lexicon_find(const struct lexicon *lexicon, const char *word)
{
	return lexicon->space ? lexicon->places[place_of(lexicon, word)] : LEXICON_NONE;
}

size_t lexicon_put(struct lexicon *lexicon, const char *word, bool *ret_new)
{
	size_t number = lexicon_find(lexicon, word);

	if (ret_new)
		*ret_new = number == LEXICON_NONE;
	if (number != LEXICON_NONE)
		return number;
	if (2 * lexicon->count >= lexicon->space)
		grow(lexicon);
	lexicon->items[lexicon->count] = strdup(word);
	if (!lexicon->items[lexicon->count])
		abort();
	lexicon->places[place_of(lexicon, word)] = lexicon->count;
	return lexicon->count++;
}

void lexicon_free(struct lexicon *lexicon)
{
	for (size_t i = 0; i < lexicon->count; i++)
		free(lexicon->items[i]);
	free(lexicon->items);
	free(lexicon->places);
	*lexicon = (struct lexicon){ 0 };
}
