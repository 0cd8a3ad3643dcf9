/* Cgroups of a world: a leaked one is one finding, in however many hierarchies it lies. */
#include <dirent.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/census.h"
#include "harness/world.h"

#define MEMBERS_MAX (4u << 20)

static size_t count_members(int cgroup)
{
	auto_text list = { 0 };
	size_t count = 0;

	(void) file_read_at(cgroup, "cgroup.procs", MEMBERS_MAX, &list, NULL);
	for (size_t i = 0; i < list.len; i++)
		count += list.data[i] == '\n';
	return count;
}

/* One row a path: a leaked cgroup is one finding, not ten. Row: {"in": names, "hierarchies": N, "members": N}. */
static void see_cgroup(int fd, const char *path, const char *controllers, struct json *rows)
{
	struct json *row = json_member(rows, path);
	int64_t members = (int64_t) count_members(fd);

	if (!row) {
		row = json_new_object();
		json_put(row, "in", json_new_string(controllers));
		json_put(rows, path, row);
	} else {
		census_put(row, "in", "%s, %s", json_get_string(row, "in"), controllers);
	}
	json_put(row, "hierarchies", json_new_int(json_int(json_member(row, "hierarchies"), 0) + 1));
	if (members >= json_int(json_member(row, "members"), 0))
		json_put(row, "members", json_new_int(members));
}

static void walk_cgroups(int parent, const char *name, const char *path, const char *controllers,
			 struct json *rows, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (dir && depth)
		see_cgroup(fd, path, controllers, rows);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		auto_free char *below = text_format("%s/%s", path, entry->d_name);
		if (depth < 32)
			walk_cgroups(fd, entry->d_name, below, controllers, rows, depth + 1);
	}
}

void census_cgroups(const struct world_place *place, struct json *census)
{
	struct json *rows = json_new_object();
	auto_json seen = json_new_object();

	for (size_t i = 0; i < place->layout.count; i++) {
		const struct cgroup_hierarchy *row = &place->layout.rows[i];

		walk_cgroups(AT_FDCWD, row->mount_point, "", row->unified ? "cgroup2" : row->controllers,
			     seen, 0);
	}
	for (size_t i = 0; i < json_length(seen); i++) {
		const struct json *row = json_value_at(seen, i);
		const char *path = json_key_at(seen, i), *in = json_get_string(row, "in");
		int64_t members = json_int(json_member(row, "members"), 0);
		bool all = json_int(json_member(row, "hierarchies"), 0) == (int64_t) place->layout.count;
		auto_free char *inhabitants = members == 1 ? text_format("with one process")
					      : members
						  ? text_format("with %lld processes", (long long) members)
						  : text_format("empty");

		census_put(rows, path, "cgroup %s is still there, %s, in %s", path, inhabitants,
			   all ? "every hierarchy" : in);
	}
	json_put(census, "cgroups", rows);
}
