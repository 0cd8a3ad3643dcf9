/* Facts about cgroups: which hierarchies are mounted, and where a process sits in each. cgroups(7). */
#include "base/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mountinfo.h"
#include "base/process.h"
#include "base/text.h"

#define CGROUP_FILE_MAX (64u << 10)
#define MEMBERS_MAX (64u << 20)

const char *cgroup_mode_name(enum cgroup_mode mode)
{
	static const char *const names[] = {
		[CGROUP_NONE] = "none",
		[CGROUP_V1] = "v1",
		[CGROUP_HYBRID] = "hybrid",
		[CGROUP_V2] = "v2",
	};

	return names[mode];
}

/* All that v1 ever had; its mount options list them among "xattr", "clone_children", "release_agent=..." */
static bool is_v1_controller(const char *name)
{
	static const char *const controllers[] = {
		"cpu",      "cpuacct", "cpuset", "memory",  "devices", "freezer",    "blkio", "net_cls",
		"net_prio", "pids",    "rdma",   "hugetlb", "misc",    "perf_event", "debug",
	};

	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (strcmp(controllers[i], name) == 0)
			return true;
	return text_starts(name, "name=");
}

/* The kernel shows controllers first and the name last, in both places: cgroup1_show_options(), proc_cgroup_show(). */
static char *controllers_of(const char *super_options)
{
	auto_free char *options = text_format("%s", super_options);
	struct text out = { 0 };
	char *rest = options;

	for (char *option; (option = strsep(&rest, ","));) {
		if (!is_v1_controller(option))
			continue;
		if (out.len)
			text_add_char(&out, ',');
		text_add(&out, option);
	}
	return text_take(&out);
}

static bool is_known(const struct cgroup_layout *layout, bool unified, const char *controllers)
{
	for (size_t i = 0; i < layout->count; i++)
		if (layout->rows[i].unified == unified &&
		    strcmp(layout->rows[i].controllers, controllers) == 0)
			return true;
	return false;
}

static void add_hierarchy(struct cgroup_layout *layout, const struct mount_row *mount)
{
	bool unified = strcmp(mount->type, "cgroup2") == 0;
	auto_free char *controllers = controllers_of(unified ? "" : mount->super_options);
	struct cgroup_hierarchy *rows;

	if (is_known(layout, unified, controllers))
		return;
	rows = reallocarray(layout->rows, layout->count + 1, sizeof(*rows));
	if (!rows)
		abort();
	layout->rows = rows;
	layout->rows[layout->count++] = (struct cgroup_hierarchy){
		.controllers = TAKE(controllers),
		.mount_point = text_format("%s", mount->target),
		.mount_root = text_format("%s", mount->root),
		.unified = unified,
	};
}

static enum cgroup_mode mode_of(const struct cgroup_layout *layout)
{
	bool v1 = false, v2 = false;

	for (size_t i = 0; i < layout->count; i++) {
		v1 |= !layout->rows[i].unified;
		v2 |= layout->rows[i].unified;
	}
	if (v1 && v2)
		return CGROUP_HYBRID;
	if (v1)
		return CGROUP_V1;
	return v2 ? CGROUP_V2 : CGROUP_NONE;
}

int cgroup_layout_from(const struct mount_table *mounts, struct cgroup_layout *ret, struct err *err)
{
	struct cgroup_layout layout = { 0 };

	(void) err; /* a table of mounts, once parsed, always is some layout */
	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount_row *mount = &mounts->rows[i];

		if (strcmp(mount->type, "cgroup") != 0 && strcmp(mount->type, "cgroup2") != 0)
			continue;
		if (mount_row_is_visible(mounts, mount))
			add_hierarchy(&layout, mount);
	}
	layout.mode = mode_of(&layout);
	*ret = layout;
	return 0;
}

int cgroup_layout_read(struct cgroup_layout *ret, struct err *err)
{
	auto_fd self = file_open_at(AT_FDCWD, "/proc/self", O_PATH | O_DIRECTORY, 0, err);
	auto_mount_table mounts = { 0 };
	int r;

	if (self < 0)
		return self;
	r = mount_table_read(self, &mounts, err);
	return r < 0 ? r : cgroup_layout_from(&mounts, ret, err);
}

void cgroup_layout_free(struct cgroup_layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		free(layout->rows[i].controllers);
		free(layout->rows[i].mount_point);
		free(layout->rows[i].mount_root);
	}
	free(layout->rows);
	*layout = (struct cgroup_layout){ 0 };
}

/* Whether controller is one of the comma-separated names. */
static bool lists(const char *controllers, const char *controller)
{
	size_t len = strlen(controller);

	for (const char *name = controllers; name; name = strchr(name, ',') ? strchr(name, ',') + 1 : NULL)
		if (strcspn(name, ",") == len && strncmp(name, controller, len) == 0)
			return true;
	return false;
}

const struct cgroup_hierarchy *cgroup_find(const struct cgroup_layout *layout, const char *controller)
{
	bool unified = !*controller;

	for (size_t i = 0; i < layout->count; i++) {
		const struct cgroup_hierarchy *row = &layout->rows[i];

		if (row->unified == unified && (unified || lists(row->controllers, controller)))
			return row;
	}
	return NULL;
}

/* "4:cpu,cpuacct:/a" and "0::/a": the path begins after the second colon and may hold more of them. */
static const char *path_in_line(const char *line, const char *controllers)
{
	const char *names = strchr(line, ':');
	const char *path = names ? strchr(names + 1, ':') : NULL;
	size_t len = strlen(controllers);

	if (!path || (size_t) (path - names - 1) != len || strncmp(names + 1, controllers, len) != 0)
		return NULL;
	return path + 1;
}

int cgroup_path_of(int proc_pid_dir, const struct cgroup_hierarchy *hierarchy, struct text *ret,
		   struct err *err)
{
	auto_text content = { 0 };
	char *line, *rest;
	int r = file_read_at(proc_pid_dir, "cgroup", CGROUP_FILE_MAX, &content, err);

	if (r < 0)
		return r;
	rest = content.data;
	while ((line = strsep(&rest, "\n"))) {
		const char *path = path_in_line(line, hierarchy->controllers);

		if (!path)
			continue;
		text_add(ret, path);
		return 0;
	}
	return fail_text(err, -ENOENT, "the process has no cgroup in the hierarchy at %s",
			 hierarchy->mount_point);
}

/*
 * "/.." stands for what lies above the reader's cgroup namespace, in the root of a mount as in the path of a process:
 * no directory below such a mount can be named.
 */
static bool is_outside(const char *path)
{
	return text_starts(path, "/..") && (path[3] == '/' || !path[3]);
}

int cgroup_directory_of(int proc_pid_dir, const struct cgroup_hierarchy *hierarchy, struct text *ret,
			struct err *err)
{
	const char *root = hierarchy->mount_root;
	size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);
	auto_text path = { 0 };
	int r = cgroup_path_of(proc_pid_dir, hierarchy, &path, err);

	if (r < 0)
		return r;
	if (is_outside(root) || is_outside(text_str(&path)) ||
	    !text_starts(text_str(&path), len ? root : "") || (path.data[len] && path.data[len] != '/'))
		return fail_text(err, -EXDEV, "cgroup %s does not lie below %s, which %s shows", path.data,
				 root, hierarchy->mount_point);
	text_add(ret, hierarchy->mount_point);
	if (strcmp(path.data + len, "/") != 0)
		text_add(ret, path.data + len);
	return 0;
}

int cgroup_members(int directory, pid_t **ret, size_t *ret_count, struct err *err)
{
	auto_text content = { 0 };
	auto_free pid_t *pids = NULL;
	size_t count = 0;
	char *line, *rest;
	int r = file_read_at(directory, "cgroup.procs", MEMBERS_MAX, &content, err);

	if (r < 0)
		return r;
	/* A line has two bytes at least. */
	pids = calloc(content.len / 2 + 1, sizeof(*pids));
	if (!pids)
		abort();
	rest = content.data;
	while ((line = strsep(&rest, "\n"))) {
		unsigned long long pid;

		/* 0 is a process of another PID namespace: to kill(2) it would mean our own group. */
		if (text_to_u64(line, &pid) == 0 && pid > 0 && pid <= INT_MAX)
			pids[count++] = (pid_t) pid;
	}
	*ret = TAKE(pids);
	*ret_count = count;
	return 0;
}

static bool is_member(pid_t pid, const pid_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* Each needs a descriptor of ours, and a cgroup may have more processes than we may have descriptors. */
#define SIGNAL_AT_ONCE 64

/*
 * A pid that is still a member after its pidfd was opened is the cgroup's, whoever had the number before: so a signal never
 * hits a stranger.
 */
static int signal_some(int directory, const pid_t *pids, size_t count, int signal, size_t *reached,
		       struct err *err)
{
	auto_free pid_t *confirmed = NULL;
	int pidfds[SIGNAL_AT_ONCE], r;
	size_t confirmed_count = 0;

	for (size_t i = 0; i < count; i++)
		pidfds[i] = pids[i] > 0 ? process_pidfd_open(pids[i]) : -ESRCH;
	r = cgroup_members(directory, &confirmed, &confirmed_count, err);
	for (size_t i = 0; i < count; i++) {
		if (pidfds[i] < 0)
			continue;
		if (r == 0 && is_member(pids[i], confirmed, confirmed_count) &&
		    syscall(SYS_pidfd_send_signal, pidfds[i], signal, NULL, 0) == 0)
			++*reached;
		(void) close(pidfds[i]);
	}
	return r;
}

int cgroup_signal(int directory, const pid_t *pids, size_t count, int signal, size_t *reached,
		  struct err *err)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < count; at += SIGNAL_AT_ONCE)
		r = signal_some(directory, pids + at,
				count - at < SIGNAL_AT_ONCE ? count - at : SIGNAL_AT_ONCE, signal, reached,
				err);
	return r;
}
