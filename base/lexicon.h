/* A number for each of many strings, in the order in which they came: found again without a search through all of them. */
#ifndef BASE_LEXICON_H
#define BASE_LEXICON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEXICON_NONE SIZE_MAX

struct lexicon {
	char **items; /* owned, by number */
	size_t count;
	size_t *places; /* owned; numbers by hash, LEXICON_NONE: free */
	size_t space; /* a power of two, or 0 */
	uint64_t factor; /* of this process: who writes the strings cannot know which of them would meet */
};

size_t lexicon_put(struct lexicon *lexicon, const char *word,
		   bool *ret_new); /* its number; ret_new may be NULL */
size_t lexicon_find(const struct lexicon *lexicon, const char *word); /* LEXICON_NONE: never put */
void lexicon_free(struct lexicon *lexicon); /* leaves an empty one */
#define auto_lexicon __attribute__((cleanup(lexicon_free))) struct lexicon

#endif
