/* From a process to the cgroup that was made for it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/usage.h"

static const char *const controllers[USAGE_CONTROLLERS] = {
	[BY_CPU] = "cpu",  [BY_CPUACCT] = "cpuacct", [BY_MEMORY] = "memory", [BY_PIDS] = "pids",
	[BY_IO] = "blkio", [BY_HUGETLB] = "hugetlb", [BY_PRESSURE] = "",
};

/* ".../pod/ID/init.scope" with ID becomes ".../pod/ID", ".../pod" for the parent. False: there is no such part. */
static bool cut_path(struct text *path, size_t top, const char *id, bool parent)
{
	char *found = path->len > top ? strstr(path->data + top, id) : NULL;

	if (!found)
		return false;
	text_cut(path, (size_t) (found - path->data) + strcspn(found, "/"));
	if (parent)
		text_cut(path, (size_t) (strrchr(path->data, '/') - path->data));
	/* A pod without a cgroup of its own would be everything there is. */
	return path->len > top;
}

static int open_place(const struct cgroup_hierarchy *hierarchy, int process, const char *id, bool parent)
{
	auto_text path = { 0 };

	if (cgroup_directory_of(process, hierarchy, &path, NULL) < 0 ||
	    !cut_path(&path, strlen(hierarchy->mount_point), id, parent))
		return -ENOENT;
	return file_open_at(AT_FDCWD, text_str(&path), O_RDONLY | O_DIRECTORY, 0, NULL);
}

int usage_open(const struct cgroup_layout *layout, pid_t pid, const char *id, bool parent,
	       struct usage_places *ret, struct err *err)
{
	auto_free char *name = text_format("/proc/%d", (int) pid);
	auto_fd process = file_open_at(AT_FDCWD, name, O_RDONLY | O_DIRECTORY, 0, err);
	const struct cgroup_hierarchy *hierarchy;
	bool any = false;

	for (size_t i = 0; i < USAGE_CONTROLLERS; i++)
		ret->rows[i] = (struct usage_place){ .fd = -EBADF };
	if (process < 0)
		return process;
	for (size_t i = 0; i < USAGE_CONTROLLERS; i++) {
		hierarchy = cgroup_find(layout, controllers[i]);
		if (!hierarchy && layout->mode == CGROUP_V2)
			hierarchy = cgroup_find(layout, "");
		if (!hierarchy)
			continue;
		ret->rows[i].unified = hierarchy->unified;
		ret->rows[i].fd = open_place(hierarchy, process, id, parent);
		any = any || ret->rows[i].fd >= 0;
	}
	return any ? 0 : fail_text(err, -ENOENT, "process %d is in no cgroup of %s", (int) pid, id);
}

void usage_close(struct usage_places *places)
{
	for (size_t i = 0; i < USAGE_CONTROLLERS; i++) {
		cleanup_fd(&places->rows[i].fd);
		places->rows[i].fd = -EBADF;
	}
}

int usage_members(const struct usage_places *places, pid_t **ret, size_t *ret_count, struct err *err)
{
	for (size_t i = 0; i < USAGE_CONTROLLERS; i++)
		if (places->rows[i].fd >= 0)
			return cgroup_members(places->rows[i].fd, ret, ret_count, err);
	return fail_text(err, -ENOENT, "no cgroup is open");
}
