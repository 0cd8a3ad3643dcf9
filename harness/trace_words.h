/* Inside of the story: how effects read in prose, and how important a line is when there is room for few. */
#ifndef HARNESS_TRACE_WORDS_H
#define HARNESS_TRACE_WORDS_H

#include <stdbool.h>

#include "bpf/effects.h"

struct text;

struct story_words {
	enum effect_kind kind;
	const char *object; /* only for effects whose object it is; NULL: for all */
	const char *phrase;
	int rank; /* lines of higher rank go first when there are too many */
	bool counts; /* how often is of interest */
	void (*name)(const struct effect *effect,
		     struct text *ret); /* what the phrase is about; NULL: nothing */
};

const struct story_words *story_words_of(const struct effect *effect); /* never NULL */

#endif
