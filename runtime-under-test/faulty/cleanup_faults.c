/* Faults in what is left behind: each puts one thing where a careless delete or a failed create would leave it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/faulty/faulty.h"

#define CONFIG_MAX (16u << 20)

/* What the case is about, found before the verb runs: delete takes the state away. */
struct remains {
	char *bundle; /* owned, absolute; NULL: unknown */
	struct json *config; /* owned; NULL: unknown */
};

static void remains_free(struct remains *remains)
{
	free(remains->bundle);
	json_free(remains->config);
}

static void remains_find(const struct call *call, struct remains *ret)
{
	auto_json state = NULL;
	auto_fd directory = -EBADF;

	if (call->bundle)
		ret->bundle = realpath(call->bundle, NULL);
	else if (call_state(call, &state, NULL) == 0 && json_get_string(state, "bundle"))
		ret->bundle = text_format("%s", json_get_string(state, "bundle"));
	if (!ret->bundle)
		return;
	directory = file_open_at(AT_FDCWD, ret->bundle, O_PATH | O_DIRECTORY, 0, NULL);
	if (directory >= 0)
		(void) json_read_at(directory, "config.json", CONFIG_MAX, &ret->config, NULL);
}

static int leave_cgroup(const struct call *call, const struct remains *remains, struct err *err)
{
	const char *path = json_get_string(remains->config, "linux.cgroupsPath");
	auto_cgroup_layout layout = { 0 };
	const struct cgroup_hierarchy *where;
	int r = cgroup_layout_read(&layout, err);

	if (r < 0)
		return r;
	where = cgroup_find(&layout, "pids");
	if (!where)
		where = cgroup_find(&layout, "");
	if (!where)
		return fail_text(err, -ENOENT, "no cgroup hierarchy is mounted");
	auto_free char *target = text_format("%s/%s", where->mount_point, path ? path : call->id);

	return file_make_dirs_at(AT_FDCWD, target, 0755, err);
}

static int leave_state(const struct call *call, const struct remains *remains, struct err *err)
{
	(void) remains;
	if (!call->root || !call->id)
		return 0;
	auto_free char *target = text_format("%s/%s", call->root, call->id);

	return file_make_dirs_at(AT_FDCWD, target, 0700, err);
}

static int leave_process(const struct call *call, const struct remains *remains, struct err *err)
{
	pid_t pid = fork();

	(void) call;
	(void) remains;
	if (pid < 0)
		return fail(err, -errno, "fork");
	if (pid)
		return 0;
	(void) setsid();
	(void) close_range(0, ~0u, 0);
	for (;;)
		(void) pause();
}

static int leave_mount(const struct call *call, const struct remains *remains, struct err *err)
{
	(void) call;
	if (!remains->bundle)
		return 0;
	auto_free char *target = text_format("%s/rootfs", remains->bundle);

	if (mount("leftover", target, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") < 0)
		return fail(err, -errno, "mount a tmpfs on %s", target);
	return 0;
}

static int leave_file(const struct call *call, const struct remains *remains, struct err *err)
{
	auto_free char *path = text_format("/tmp/%s.leftover", call->id ? call->id : "nobody");

	(void) remains;
	return file_create_at(AT_FDCWD, path, "left\n", 5, 0600, err);
}

static int leave_ipc(const struct call *call, const struct remains *remains, struct err *err)
{
	(void) call;
	(void) remains;
	if (shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) < 0)
		return fail(err, -errno, "make a shared memory segment");
	return 0;
}

/* The volume's content goes with the container. Only volumes beside the bundle are touched. */
static int take_volumes(const struct call *call, const struct remains *remains, struct err *err)
{
	const struct json *mounts = json_member(remains->config, "mounts");
	const char *slash = remains->bundle ? strrchr(remains->bundle, '/') : NULL;

	(void) call;
	if (!slash || slash == remains->bundle)
		return 0;
	for (size_t i = 0; i < json_length(mounts); i++) {
		const char *source = json_get_string(json_at(mounts, i), "source");
		size_t parent = (size_t) (slash - remains->bundle) + 1;
		int r;

		if (!source || strncmp(source, remains->bundle, parent) != 0 || strstr(source, ".."))
			continue;
		r = file_remove_tree_at(AT_FDCWD, source, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct {
	const char *name;
	int (*leave)(const struct call *call, const struct remains *remains, struct err *err);
} kinds[] = {
	{ "cgroup", leave_cgroup },    { "state", leave_state }, { "process", leave_process },
	{ "mount", leave_mount },      { "file", leave_file },   { "ipc", leave_ipc },
	{ "no-volume", take_volumes },
};

static int leave(const struct call *call, const struct remains *remains, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(kinds[i].name, call->argument))
			return kinds[i].leave(call, remains, err);
	}
	return fail_text(err, -EINVAL, "nothing is called %s", call->argument);
}

static int after(const struct call *call, bool failed, struct err *err)
{
	__attribute__((cleanup(remains_free))) struct remains remains = { 0 };
	int code, r;

	remains_find(call, &remains);
	code = call_run(call, err);
	if (code < 0 || (code != 0) != failed)
		return code;
	r = leave(call, &remains, err);
	return r < 0 ? r : code;
}

static int after_success(const struct call *call, struct err *err)
{
	return after(call, false, err);
}

static int after_failure(const struct call *call, struct err *err)
{
	return after(call, true, err);
}

#define DELETE_LEAVES(what)                                                                                  \
	{                                                                                                    \
		.name = "delete-leaves-" what, .hook = HOOK_VERB, .on = "delete", .verb = after_success,     \
		.argument = what                                                                             \
	}
#define FAILURE_LEAVES(what)                                                                                 \
	{                                                                                                    \
		.name = "failed-create-leaves-" what, .hook = HOOK_VERB, .on = "create",                     \
		.verb = after_failure, .argument = what                                                      \
	}

const struct fault cleanup_faults[] = {
	DELETE_LEAVES("cgroup"),    DELETE_LEAVES("state"),   DELETE_LEAVES("process"),
	DELETE_LEAVES("mount"),     DELETE_LEAVES("file"),    DELETE_LEAVES("ipc"),
	DELETE_LEAVES("no-volume"), FAILURE_LEAVES("cgroup"), FAILURE_LEAVES("state"),
	FAILURE_LEAVES("process"),  FAILURE_LEAVES("file"),   { 0 },
};
