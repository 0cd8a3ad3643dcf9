/* mounts of config.json: the usual ones, those of the CRI, the sandbox's files, the image's volumes; in this order of power. */
#include "runtime-under-test/cri/spec/mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"

static void free_row(struct mount_list_row *row)
{
	json_free(row->mount);
	json_free(row->origins);
}

void mount_list_free(struct mount_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free_row(&list->rows[i]);
	free(list->rows);
	*list = (struct mount_list){ 0 };
}

void mount_list_origin(struct mount_list_row *row, const char *member, enum spec_from from, const char *field)
{
	struct json *origin = json_new_object();

	json_put(origin, "from", json_new_int(from));
	json_put(origin, "field", json_new_string(field));
	json_put(row->origins, member, origin);
}

void mount_list_put(struct mount_list_row *row, const char *member, struct json *taken, enum spec_from from,
		    const char *field)
{
	json_put(row->mount, member, taken);
	mount_list_origin(row, member, from, field);
}

struct mount_list_row *mount_list_add(struct mount_list *list, const char *destination, const char *type,
				      const char *source, enum spec_from from, const char *field)
{
	struct mount_list_row *row;

	list->rows = realloc(list->rows, (list->count + 1) * sizeof(*list->rows));
	if (!list->rows)
		abort();
	row = &list->rows[list->count++];
	row->mount = json_new_object();
	row->origins = json_new_object();
	mount_list_put(row, "destination", json_new_string(destination), from, field);
	mount_list_put(row, "type", json_new_string(type), from, field);
	mount_list_put(row, "source", json_new_string(source), from, field);
	json_put(row->mount, "options", json_new_array());
	row->destination = json_string(json_member(row->mount, "destination"));
	return row;
}

void mount_list_option(struct mount_list_row *row, const char *option, enum spec_from from, const char *field)
{
	struct json *options = json_member(row->mount, "options");
	auto_free char *at = text_format("options[%zu]", json_length(options));

	json_append(options, json_new_string(option));
	mount_list_origin(row, at, from, field);
}

static bool is_within(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && (!path[length] || path[length] == '/');
}

void mount_list_drop(struct mount_list *list, size_t first, size_t last, const char *destination)
{
	size_t kept = first;

	for (size_t i = first; i < list->count; i++) {
		if (i < last && is_within(list->rows[i].destination, destination))
			free_row(&list->rows[i]);
		else
			list->rows[kept++] = list->rows[i];
	}
	list->count = kept;
}

bool mount_list_has(const struct mount_list *list, const char *destination)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->rows[i].destination, destination) == 0)
			return true;
	return false;
}

static size_t depth(const char *path)
{
	size_t parts = 0;

	for (; *path; path++)
		parts += *path == '/' && path[1];
	return parts;
}

/* Insertion keeps the order of equals, and lists of mounts are short. */
void mount_list_sort(struct mount_list *list, size_t first)
{
	for (size_t i = first + 1; i < list->count && !fault("cri-mounts-unsorted"); i++) {
		struct mount_list_row row = list->rows[i];
		size_t at = i;

		for (; at > first && depth(list->rows[at - 1].destination) > depth(row.destination); at--)
			list->rows[at] = list->rows[at - 1];
		list->rows[at] = row;
	}
}

void mount_list_emit(struct spec_build *build, const struct mount_list *list)
{
	struct json *mounts = json_new_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct mount_list_row *row = &list->rows[i];

		json_append(mounts, json_copy(row->mount));
		for (size_t j = 0; j < json_length(row->origins); j++) {
			auto_free char *path = text_format("mounts[%zu].%s", i, json_key_at(row->origins, j));
			const struct json *origin = json_value_at(row->origins, j);

			spec_origin(build, path, (enum spec_from) json_int(json_member(origin, "from"), 0),
				    json_string(json_member(origin, "field")));
		}
	}
	json_put(build->result.config, "mounts", mounts);
}

char *mount_clean_path(const char *path)
{
	auto_text clean = { 0 };

	while (*path) {
		size_t length = strcspn(path, "/");

		if (length && !(length == 1 && *path == '.'))
			text_addf(&clean, "/%.*s", (int) length, path);
		path += length;
		path += *path == '/';
	}
	if (!clean.len)
		text_add_char(&clean, '/');
	return text_take(&clean);
}

static void add_of_devices(struct spec_build *build, struct mount_list *list)
{
	for (size_t i = 0; i < json_length(build->device_mounts); i++) {
		const struct json *edit = json_at(build->device_mounts, i),
				  *mount = json_member(edit, "mount");
		const struct json *options = json_member(mount, "options");
		const char *name = json_get_string(edit, "name");
		enum spec_from from = (enum spec_from) json_int(json_member(edit, "from"), FROM_CDI);
		auto_free char *target = mount_clean_path(json_get_string(mount, "destination"));
		struct mount_list_row *row = mount_list_add(list, target, json_get_string(mount, "type"),
							    json_get_string(mount, "source"), from, name);

		for (size_t j = 0; j < json_length(options); j++)
			if (json_string(json_at(options, j)))
				mount_list_option(row, json_string(json_at(options, j)), from, name);
	}
}

/* Directories of the image that are to outlive its root: anonymous, one for each container. */
static void add_volumes(struct spec_build *build, struct mount_list *list)
{
	const struct json *volumes = json_member(build->image, "Volumes");
	struct spec_result *result = &build->result;

	for (size_t i = 0; build->request->volume_dir && i < json_length(volumes); i++) {
		const char *name = json_key_at(volumes, i);
		auto_free char *field = text_format("Volumes[%s]", name);
		auto_free char *source = text_format("%s/%zu", build->request->volume_dir, i);
		auto_free char *target = mount_clean_path(name);
		struct mount_list_row *row;

		if (mount_list_has(list, target) || strcmp(target, "/") == 0)
			continue;
		result->volumes =
		    realloc(result->volumes, (result->volume_count + 1) * sizeof(*result->volumes));
		if (!result->volumes)
			abort();
		row = mount_list_add(list, target, "bind", source, FROM_IMAGE, field);
		mount_list_origin(row, "source", FROM_SERVER, "volumes of the image");
		mount_list_origin(row, "type", FROM_SERVER, "volumes of the image");
		mount_list_option(row, "rbind", FROM_SERVER, "volumes of the image");
		mount_list_option(row, "rprivate", FROM_SERVER, "volumes of the image");
		mount_list_option(row, "rw", FROM_SERVER, "volumes of the image");
		result->volumes[result->volume_count++] =
		    (struct spec_volume){ .source = TAKE(source), .destination = TAKE(target) };
	}
}

static int gather(struct spec_build *build, struct mount_list *list, struct err *err)
{
	size_t defaults;
	int r;

	mounts_add_defaults(build, list);
	defaults = list->count;
	if (build->container) {
		r = mounts_add_cri(build, list, err);
		if (r < 0)
			return r;
		add_of_devices(build, list);
	}
	/* What is below a mount of the CRI would cover a part of it: /dev from the host takes /dev/pts along. */
	for (size_t i = defaults; i < list->count && !fault("cri-default-mounts-kept"); i++) {
		size_t before = list->count;

		mount_list_drop(list, 0, defaults, list->rows[i].destination);
		defaults -= before - list->count;
		i -= before - list->count;
	}
	mounts_add_implicit(build, list);
	if (build->container)
		add_volumes(build, list);
	mount_list_sort(list, defaults);
	return 0;
}

int spec_mounts(struct spec_build *build, struct err *err)
{
	struct mount_list list = { 0 };
	int r = gather(build, &list, err);

	if (r == 0)
		mount_list_emit(build, &list);
	mount_list_free(&list);
	return r;
}
