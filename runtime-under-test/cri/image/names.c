/* Small sets of strings. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "runtime-under-test/cri/image/store.h"

void names_add(struct names *names, const char *string)
{
	names->items = reallocarray(names->items, names->count + 1, sizeof(*names->items));
	if (!names->items)
		abort();
	names->items[names->count++] = text_format("%s", string);
}

static size_t find(const struct names *names, const char *string)
{
	size_t i = 0;

	while (i < names->count && strcmp(names->items[i], string) != 0)
		i++;
	return i;
}

bool names_has(const struct names *names, const char *string)
{
	return find(names, string) < names->count;
}

void names_remove(struct names *names, const char *string)
{
	size_t at = find(names, string);

	if (at == names->count)
		return;
	free(names->items[at]);
	names->count--;
	memmove(names->items + at, names->items + at + 1, (names->count - at) * sizeof(*names->items));
}

void names_clear(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct names){ 0 };
}
