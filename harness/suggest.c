/* "Did you mean": the candidate at the smallest edit distance (Damerau's neighbour swaps count once). */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "harness/options.h"

#define WORD_MAX 120

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2];
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= nb; j++)
		last[j] = j;
	for (size_t i = 1; i <= na; i++) {
		now[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		size_t *free_row = before;
		before = last;
		last = now;
		now = free_row;
	}
	return last[nb];
}

/* The last component counts as well: who mistypes an area still knows the case's name. */
static size_t id_distance(const char *word, const char *candidate)
{
	const char *a = strrchr(word, '/'), *b = strrchr(candidate, '/');
	size_t whole = distance(word, candidate);

	return b ? least(whole, distance(a ? a + 1 : word, b + 1)) : whole;
}

const char *suggest(const char *word, const char *const *candidates, size_t count)
{
	size_t limit = strlen(word) / 3 + 1, best = limit + 1;
	const char *ret = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t d = id_distance(word, candidates[i]);

		if (d >= best)
			continue;
		best = d;
		ret = candidates[i];
	}
	return ret;
}
