/* Census: the cgroup this process sits in, and what a cgroup mount inside shows of it. cgroups(7). */
#include "harness/probe/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"

/* Calls visit for each controller of a comma-separated list ("" is one: the unified hierarchy). */
static void each_word(const char *list, void (*visit)(void *argument, const char *word), void *argument)
{
	auto_free char *copy = text_format("%s", list);
	char *rest = copy, *word;

	while ((word = strsep(&rest, ",")))
		visit(argument, word);
}

struct member {
	struct out *out;
	const char *value;
};

static void put_member(void *argument, const char *word)
{
	const struct member *member = argument;

	out_string(member->out, word, member->value);
}

/* Lines "4:cpu,cpuacct:/path". */
int census_cgroup(const struct probe *probe, struct out *out, const char *key)
{
	auto_text text = { 0 };
	int r = probe->proc < 0 ? probe->proc : read_file(probe->proc, "self/cgroup", 65536, &text);
	char *line, *rest = text.data;

	if (r < 0)
		return r;
	out_object(out, key);
	while (rest && (line = strsep(&rest, "\n"))) {
		char *controllers = strchr(line, ':'),
		     *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!path)
			continue;
		*path = '\0';
		each_word(controllers + 1, put_member, &(struct member){ out, path + 1 });
	}
	out_end(out);
	return r;
}

/*
 * The path of this process in the hierarchy with that controller, from the text of /proc/self/cgroup; owned.
 */
static char *own_path(const char *text, const char *controller)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
		const char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
		size_t len = strlen(controller);

		if (!path)
			continue;
		for (const char *at = list + 1; at <= path; at += strcspn(at, ",:") + 1)
			if (strcspn(at, ",:") == len && !strncmp(at, controller, len))
				return strndup(path + 1, strcspn(path + 1, "\n"));
	}
	return NULL;
}

/* The controllers named by the options of a v1 mount: "rw,cpu,cpuacct", "rw,xattr,name=systemd". */
static char *mount_controllers(const struct mount_line *row)
{
	static const char *const others[] = {
		"rw",   "ro",       "xattr",        "noprefix",       "clone_children",
		"none", "seclabel", "favordynmods", "cpuset_v2_mode", "release_agent"
	};
	auto_text ret = { 0 };
	char *rest = row->super, *word;

	if (!strcmp(row->type, "cgroup2"))
		return text_take(&ret);
	while ((word = strsep(&rest, ","))) {
		bool skip = false;

		for (size_t i = 0; i < ARRAY_SIZE(others); i++)
			skip |= text_starts(word, others[i]) && strchr("=", word[strlen(others[i])]);
		if (!skip)
			text_addf(&ret, "%s%s", ret.len ? "," : "", word);
	}
	return text_take(&ret);
}

/*
 * The directory of this process below a mount point. With a cgroup namespace both paths are "/"; without one
 * the mount shows a part of the hierarchy (root) and the process may sit outside it: then its top is what
 * there is.
 */
static char *own_directory(const struct mount_line *row, const char *path)
{
	size_t len = strcmp(row->root, "/") ? strlen(row->root) : 0;

	if (path && !strncmp(path, row->root, len) && (path[len] == '/' || !path[len]) &&
	    !strstr(path, "/.."))
		return text_format("%s%s", row->target, strcmp(path + len, "/") ? path + len : "");
	return text_format("%s", row->target);
}

struct visit {
	const struct mount_line *row;
	const char *cgroups;
	cgroup_visitor *visit;
	void *argument;
};

static void visit_one(void *argument, const char *controller)
{
	const struct visit *visit = argument;
	auto_free char *path = own_path(visit->cgroups, controller);
	auto_free char *directory = own_directory(visit->row, path);

	visit->visit(visit->argument, controller, directory);
}

int cgroup_each(const struct probe *probe, cgroup_visitor *visit, void *argument)
{
	auto_text mounts = { 0 }, cgroups = { 0 };
	int r =
	    probe->proc < 0 ? probe->proc : read_file(probe->proc, "self/mountinfo", 1024 * 1024, &mounts);
	char *line, *rest = mounts.data;

	if (r < 0)
		return r;
	(void) read_file(probe->proc, "self/cgroup", 65536, &cgroups);
	while (rest && (line = strsep(&rest, "\n"))) {
		auto_free char *controllers = NULL;
		struct mount_line row;

		if (!*line || mount_line_parse(line, &row) < 0 || !text_starts(row.type, "cgroup"))
			continue;
		controllers = mount_controllers(&row);
		each_word(controllers, visit_one,
			  &(struct visit){ &row, text_str(&cgroups), visit, argument });
	}
	return 0;
}

static const char *const unified_files[] = {
	"cgroup.controllers",
	"cgroup.freeze",
	"cgroup.max.depth",
	"cgroup.max.descendants",
	"cgroup.subtree_control",
	"cgroup.type",
	"cpu.idle",
	"cpu.max",
	"cpu.max.burst",
	"cpu.weight",
	"cpu.weight.nice",
	"cpuset.cpus",
	"cpuset.cpus.effective",
	"cpuset.mems",
	"cpuset.mems.effective",
	"hugetlb.2MB.max",
	"hugetlb.1GB.max",
	"io.max",
	"io.bfq.weight",
	"io.weight",
	"memory.high",
	"memory.low",
	"memory.max",
	"memory.min",
	"memory.oom.group",
	"memory.swap.max",
	"misc.max",
	"pids.current",
	"pids.max",
	"rdma.max",
};

/* The controller is the first part of the name. */
static const char *const v1_files[] = {
	"blkio.bfq.weight",
	"blkio.throttle.read_bps_device",
	"blkio.throttle.read_iops_device",
	"blkio.throttle.write_bps_device",
	"blkio.throttle.write_iops_device",
	"blkio.weight",
	"cpu.cfs_burst_us",
	"cpu.cfs_period_us",
	"cpu.cfs_quota_us",
	"cpu.idle",
	"cpu.rt_period_us",
	"cpu.rt_runtime_us",
	"cpu.shares",
	"cpuset.cpu_exclusive",
	"cpuset.cpus",
	"cpuset.effective_cpus",
	"cpuset.effective_mems",
	"cpuset.mems",
	"devices.list",
	"freezer.state",
	"hugetlb.1GB.limit_in_bytes",
	"hugetlb.2MB.limit_in_bytes",
	"memory.kmem.limit_in_bytes",
	"memory.limit_in_bytes",
	"memory.memsw.limit_in_bytes",
	"memory.oom_control",
	"memory.soft_limit_in_bytes",
	"memory.swappiness",
	"memory.use_hierarchy",
	"net_cls.classid",
	"net_prio.ifpriomap",
	"pids.current",
	"pids.max",
	"rdma.max",
};

static void put_files(void *argument, const char *controller, const char *directory)
{
	auto_fd fd = open(directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	size_t len = strlen(controller), count = len ? ARRAY_SIZE(v1_files) : ARRAY_SIZE(unified_files);
	struct out *out = argument;

	if (fd < 0)
		return;
	out_object(out, controller);
	for (size_t i = 0; i < count; i++) {
		const char *name = len ? v1_files[i] : unified_files[i];
		auto_text value = { 0 };

		if (len && (strncmp(name, controller, len) != 0 || name[len] != '.'))
			continue;
		if (read_file(fd, name, 4096, &value) < 0)
			continue;
		text_trim_end(&value);
		out_string(out, name, text_str(&value));
	}
	out_end(out);
}

int census_cgroup_files(const struct probe *probe, struct out *out, const char *key)
{
	int r;

	out_object(out, key);
	r = cgroup_each(probe, put_files, out);
	out_end(out);
	return r;
}

/*
 * Those that the spec hands over with a delegated cgroup, and some that must stay with whoever set the
 * limits.
 */
static const char *const owned_files[] = {
	"cgroup.freeze",
	"cgroup.procs",
	"cgroup.subtree_control",
	"cgroup.threads",
	"cgroup.type",
	"cpu.max",
	"cpu.shares",
	"memory.max",
	"memory.oom.group",
	"memory.limit_in_bytes",
	"memory.reclaim",
	"pids.max",
	"tasks",
};

static void put_directory(void *argument, const char *controller, const char *directory)
{
	auto_fd fd = open(directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	struct out *out = argument;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	out_object(out, controller);
	out_string(out, "path", directory);
	out_uint(out, "uid", st.st_uid);
	out_uint(out, "gid", st.st_gid);
	out_format(out, "mode", "%04o", st.st_mode & 07777);
	out_bool(out, "writable", faccessat(fd, ".", W_OK, AT_EACCESS) == 0);
	out_object(out, "owners");
	for (size_t i = 0; i < ARRAY_SIZE(owned_files); i++)
		if (fstatat(fd, owned_files[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			out_uint(out, owned_files[i], st.st_uid);
	out_end(out);
	out_end(out);
}

int census_cgroup_dirs(const struct probe *probe, struct out *out, const char *key)
{
	int r;

	out_object(out, key);
	r = cgroup_each(probe, put_directory, out);
	out_end(out);
	return r;
}
