/* Mounts of a world: which came and went, and which of them are the harness's own. */
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mountinfo.h"
#include "base/text.h"
#include "harness/census.h"

#define MOUNTS_APART 3 /* more than that are told in one sentence */

void census_mounts(struct json *census)
{
	struct json *rows = json_new_object(), *targets = json_new_object();
	auto_fd self = file_open_at(AT_FDCWD, "/proc/self", O_RDONLY | O_DIRECTORY, 0, NULL);
	auto_mount_table table = { 0 };

	json_put(census, "mounts", rows);
	json_put(census, "targets", targets);
	if (self < 0 || mount_table_read(self, &table, NULL) < 0)
		return;
	for (size_t i = 0; i < table.count; i++) {
		const struct mount_row *row = &table.rows[i];
		auto_free char *key = text_format("%d", row->id);

		json_put(targets, key, json_new_bytes(row->target, strlen(row->target)));
		if (!strcmp(row->type, "nsfs"))
			census_put(rows, key, "namespace %s pinned by a mount on %s", row->root, row->target);
		else
			census_put(rows, key, "mount of %s (%s) on %s", row->type, row->source, row->target);
	}
}

/* Length of the directory that holds both, which ends before a slash. */
static size_t common_directory(const char *one, size_t len, const char *other)
{
	size_t at = 0, end = 0;

	for (; at < len && one[at] == other[at]; at++)
		if (one[at] == '/')
			end = at;
	if (at == len && (!other[at] || other[at] == '/'))
		return len;
	return end;
}

/* A container set up in the runtime's own mount namespace leaves a dozen mounts, which are one finding. */
void census_new_mounts(const struct json *before, const struct json *after, struct json *ret)
{
	const struct json *had = json_member(before, "mounts"), *have = json_member(after, "mounts");
	const char *directory = NULL;
	size_t len = 0;
	auto_json rows = json_new_array();
	auto_text list = { 0 };

	for (size_t i = 0; i < json_length(have); i++) {
		const char *key = json_key_at(have, i);
		const char *target = json_string(json_member(json_member(after, "targets"), key));

		if (json_has(had, key) || !target)
			continue;
		len = directory ? common_directory(directory, len, target) : strlen(target);
		directory = target;
		json_append(rows, json_copy(json_value_at(have, i)));
	}
	for (size_t i = 0; i < json_length(rows) && i < MOUNTS_APART; i++) {
		if (json_length(rows) <= MOUNTS_APART)
			json_append(ret, json_copy(json_at(rows, i)));
		text_addf(&list, "%s, ", json_string(json_at(rows, i)));
	}
	if (json_length(rows) <= MOUNTS_APART)
		return;
	auto_free char *sentence =
	    text_format("%zu mounts are left at or below %.*s: %sand %zu more", json_length(rows),
			(int) (len ? len : 1), directory, text_str(&list), json_length(rows) - MOUNTS_APART);
	json_append(ret, json_new_bytes(sentence, strlen(sentence)));
}

void census_own_mount(struct json *census, const char *path, bool there)
{
	auto_json now = json_new_object();
	const struct json *targets;

	if (!census)
		return;
	census_mounts(now);
	targets = json_member(now, "targets");
	/* The last of the table lies on top. */
	for (size_t i = json_length(targets); i-- > 0;) {
		const char *key = json_key_at(targets, i), *target = json_string(json_value_at(targets, i));
		struct json *rows = json_member(census, "mounts");

		if (strcmp(target, path) != 0)
			continue;
		if (there)
			json_put(rows, key, json_copy(json_member(json_member(now, "mounts"), key)));
		else
			json_remove(rows, key);
		return;
	}
}
