/* Small sets of strings. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "runtime-under-test/cri/image/store.h"

void strings_add(struct strings *strings, const char *string)
{
	strings->items = reallocarray(strings->items, strings->count + 1, sizeof(*strings->items));
	if (!strings->items)
		abort();
	strings->items[strings->count++] = text_format("%s", string);
}

static size_t find(const struct strings *strings, const char *string)
{
	size_t i = 0;

	while (i < strings->count && strcmp(strings->items[i], string) != 0)
		i++;
	return i;
}

bool strings_has(const struct strings *strings, const char *string)
{
	return find(strings, string) < strings->count;
}

void strings_remove(struct strings *strings, const char *string)
{
	size_t at = find(strings, string);

	if (at == strings->count)
		return;
	free(strings->items[at]);
	strings->count--;
	memmove(strings->items + at, strings->items + at + 1,
		(strings->count - at) * sizeof(*strings->items));
}

void strings_clear(struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct strings){ 0 };
}
