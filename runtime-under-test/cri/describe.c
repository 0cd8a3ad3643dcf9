/* Copies into answers, and the JSON that verbose ones carry. */
#include "runtime-under-test/cri/describe.h"

#include <fcntl.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"

enum { FILE_MAX = 16 << 20 };

void *describe_copies(struct arena *arena, const void *messages, size_t count)
{
	const void *const *from = messages;
	void **copies = count ? arena_array(arena, count, sizeof(void *)) : NULL;

	for (size_t i = 0; i < count; i++)
		copies[i] = message_copy(arena, from[i]);
	return copies;
}

void *describe_info(struct arena *arena, const void *entry_type, const struct json *info)
{
	struct map_entry *entry = message_new(arena, entry_type);
	void **entries = arena_array(arena, 1, sizeof(void *));
	auto_text text = { 0 };

	json_print(info, 0, &text);
	entry->key = arena_string(arena, "info");
	entry->value = arena_string(arena, text_str(&text));
	entries[0] = entry;
	return entries;
}

struct json *describe_file(const char *path)
{
	struct json *json = NULL;

	return json_read_at(AT_FDCWD, path, FILE_MAX, &json, NULL) < 0 ? NULL : json;
}
