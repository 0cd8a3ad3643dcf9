/* The container's cgroups as its state keeps them between two commands of the runtime. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/systemd.h"

struct json *cgroups_to_json(const struct cgroups *cgroups)
{
	struct json *json = json_new_object(), *made = json_new_object();

	for (size_t i = 0; i < cgroups->count; i++) {
		const struct cgroup_place *place = &cgroups->places[i];
		auto_free char *copy = text_format("%s", place->controllers);
		char *rest = copy;

		for (char *name; (name = strsep(&rest, ","));) {
			json_put(json, name, json_new_bytes(place->path, strlen(place->path)));
			if (place->made)
				json_put(made, name, json_new_bytes(place->made, strlen(place->made)));
		}
	}
	json_put(json, "made", made);
	if (cgroups->unit) {
		struct json *unit = json_new_object();

		json_put(unit, "unit", json_new_string(cgroups->unit->name));
		json_put(unit, "slice", json_new_string(cgroups->unit->slice));
		json_put(unit, "user", json_new_bool(cgroups->unit->user));
		json_put(json, "systemd", unit);
	}
	return json;
}

static struct systemd_unit *unit_from_json(const struct json *json)
{
	const char *name = json_get_string(json, "unit"), *slice = json_get_string(json, "slice");
	struct systemd_unit *unit;

	if (!name || !slice)
		return NULL;
	unit = calloc(1, sizeof(*unit));
	if (!unit)
		abort();
	unit->name = text_format("%s", name);
	unit->slice = text_format("%s", slice);
	unit->user = json_bool(json_member(json, "user"), false);
	return unit;
}

int cgroups_from_json(const struct json *json, struct cgroups *ret, struct err *err)
{
	auto_cgroup_layout layout = { 0 };
	int r;

	*ret = (struct cgroups){ 0 };
	if (json_length(json) == 0)
		return 0;
	r = cgroup_layout_read(&layout, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < layout.count; i++) {
		const struct cgroup_hierarchy *row = &layout.rows[i];
		auto_free char *first =
		    text_format("%.*s", (int) strcspn(row->controllers, ","), row->controllers);
		const char *path = json_string(json_member(json, first));
		const char *made = json_string(json_member(json_member(json, "made"), first));
		auto_free char *full = NULL;
		struct cgroup_place *place;

		if (!path)
			continue;
		place = cgroups_add_place(ret, row, path);
		place->made = made ? text_format("%s", made) : NULL;
		full = text_format("%s%s", row->mount_point, path);
		place->directory = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	ret->unit = unit_from_json(json_member(json, "systemd"));
	return 0;
}
