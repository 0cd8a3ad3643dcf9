/* The status of a container as the kernel tells it, and the state as callers and hooks read it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/state.h"

/*
 * The pid is alive, is no zombie and started when our init did: proc_pid_stat(5) fields 3 and 22. The name in field 2
 * may hold blanks and parentheses, so fields are counted behind the last one.
 */
static bool init_is_alive(const struct state *state)
{
	auto_free char *path = text_format("/proc/%d/stat", (int) state->pid);
	auto_text stat = { 0 };
	unsigned long long ticks;
	const char *rest;
	char letter;

	if (file_read_at(AT_FDCWD, path, 4096, &stat, NULL) < 0)
		return false;
	rest = strrchr(text_str(&stat), ')');
	if (!rest ||
	    sscanf(rest, ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
		   &letter, &ticks) != 2)
		return false;
	return ticks == state->start_ticks && letter != 'Z' && letter != 'X' && letter != 'x';
}

static bool file_says(const struct cgroup_hierarchy *hierarchy, const char *cgroup, const char *file,
		      const char *answer)
{
	auto_free char *path = text_format("%s%s/%s", hierarchy->mount_point, cgroup, file);
	auto_text content = { 0 };

	if (file_read_at(AT_FDCWD, path, 4096, &content, NULL) < 0)
		return false;
	return strstr(text_str(&content), answer) != NULL;
}

/* freezer.state is FROZEN or FREEZING while the container is (to be) stopped; cgroup.events has "frozen 1". */
static bool is_frozen(const struct state *state)
{
	const char *v1 = json_string(json_member(state->cgroups, "freezer"));
	const char *v2 = json_string(json_member(state->cgroups, ""));
	const struct cgroup_hierarchy *hierarchy;
	auto_cgroup_layout layout = { 0 };

	if ((!v1 && !v2) || cgroup_layout_read(&layout, NULL) < 0)
		return false;
	hierarchy = v1 ? cgroup_find(&layout, "freezer") : NULL;
	if (hierarchy && !hierarchy->unified)
		return file_says(hierarchy, v1, "freezer.state", "FR");
	hierarchy = v2 ? cgroup_find(&layout, "") : NULL;
	return hierarchy && file_says(hierarchy, v2, "cgroup.events", "frozen 1");
}

enum container_status state_status(const struct state *state)
{
	if (state->status == STATUS_STOPPED)
		return STATUS_STOPPED;
	if (state->pid == 0)
		return STATUS_CREATING;
	if (!init_is_alive(state))
		return STATUS_STOPPED;
	if (state->status != STATUS_CREATING && is_frozen(state))
		return STATUS_PAUSED;
	return state->status == STATUS_PAUSED ? STATUS_RUNNING : state->status;
}

static void put_rootfs(struct json *json, const struct state *state)
{
	const char *path = json_get_string(state->config, "root.path");
	auto_free char *joined = NULL;

	if (!path)
		return;
	if (path[0] != '/')
		joined = text_format("%s/%s", state->bundle, path);
	json_put(json, "rootfs", json_new_bytes(joined ? joined : path, strlen(joined ? joined : path)));
}

struct json *state_to_json(const struct state *state, enum container_status status)
{
	struct json *json = json_new_object();
	auto_free char *owner = text_format("%u", (unsigned) state->owner);

	json_put(json, "ociVersion", json_new_string(state->spec_version));
	json_put(json, "id", json_new_string(state->id));
	json_put(json, "status", json_new_string(container_status_name(status)));
	/* A stopped container's number may be another process by now; callers expect 0. */
	json_put(json, "pid", json_new_int(status == STATUS_STOPPED ? 0 : state->pid));
	json_put(json, "bundle", json_new_bytes(state->bundle, strlen(state->bundle)));
	put_rootfs(json, state);
	json_put(json, "created", json_new_string(state->created));
	json_put(json, "owner", json_new_string(state->owner == 0 ? "root" : owner));
	if (state->annotations)
		json_put(json, "annotations", json_copy(state->annotations));
	return json;
}
