/* Which configuration counts: the first by name, as kubelet's users know it from every runtime. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/net/network.h"
#include "runtime-under-test/oci/faults.h"

#define FILE_BYTES_MAX (1u << 20)
#define PLUGINS_MAX 64

static int is_configuration(const struct dirent *entry)
{
	static const char *const endings[] = { ".conflist", ".conf", ".json" };

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (entry->d_name[0] != '.' && text_ends(entry->d_name, endings[i]))
			return 1;
	return 0;
}

/* By bytes: alphasort() would follow the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	int order = strcmp((*a)->d_name, (*b)->d_name);

	return fault("cri-cni-last-conf") ? -order : order;
}

/* The path of the first, owned; NULL: none. */
static char *first_file(const char *directory)
{
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, is_configuration, by_name);
	char *path = count > 0 ? text_format("%s/%s", directory, entries[0]->d_name) : NULL;

	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return path;
}

bool conflist_exists(const char *directory)
{
	auto_free char *path = first_file(directory);

	return path != NULL;
}

static struct json *wrap(struct json *plugin)
{
	struct json *list = json_new_object(), *plugins = json_new_array();
	static const char *const shared[] = { "cniVersion", "name" };

	for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
		if (json_member(plugin, shared[i]))
			json_put(list, shared[i], json_copy(json_member(plugin, shared[i])));
	json_append(plugins, plugin);
	json_put(list, "plugins", plugins);
	return list;
}

static int check(const struct json *list, struct err *err)
{
	const struct json *plugins = json_member(list, "plugins");
	const char *name = json_get_string(list, "name");

	if (!name || !*name || strchr(name, '/'))
		return fail_text(err, -EINVAL, "no name");
	if (json_kind(plugins) != JSON_ARRAY || !json_length(plugins) || json_length(plugins) > PLUGINS_MAX)
		return fail_text(err, -EINVAL, "plugins: must be a list of 1 to %d", PLUGINS_MAX);
	for (size_t i = 0; i < json_length(plugins); i++) {
		const char *type = json_string(json_member(json_at(plugins, i), "type"));

		if (!type || !*type || strchr(type, '/'))
			return fail_text(err, -EINVAL, "plugins[%zu]: no type that names a program", i);
	}
	return 0;
}

int conflist_find(const char *directory, struct conflist *ret, struct err *err)
{
	auto_free char *path = first_file(directory);
	auto_json document = NULL;
	int r;

	if (!path)
		return fail_text(err, -ENOENT, "no CNI configuration in %s", directory);
	r = json_read_at(AT_FDCWD, path, FILE_BYTES_MAX, &document, err);
	if (r == 0 && !json_has(document, "plugins"))
		document = wrap(TAKE(document));
	if (r == 0)
		r = check(document, err);
	if (r < 0)
		return fail(err, r, "CNI configuration %s", path);
	*ret = (struct conflist){ .path = TAKE(path), .document = TAKE(document) };
	return 0;
}

void conflist_free(struct conflist *list)
{
	free(list->path);
	json_free(list->document);
	*list = (struct conflist){ 0 };
}
