/* The module of sandboxes and containers: what it opens, and small things that both need. */
#include "runtime-under-test/cri/life.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/oom_score.h"
#include "runtime-under-test/cri/sandbox.h"

static const char *const folders[] = { [OBJECT_SANDBOX] = "sandboxes", [OBJECT_CONTAINER] = "containers" };

static char *path_of(const char *top, const struct object *object, const char *name)
{
	return text_format("%s/%s/%s%s%s", top, folders[object->kind], object->id, name[0] ? "/" : "", name);
}

char *life_path(const struct server *server, const struct object *object, const char *name)
{
	return path_of(server->options.state, object, name);
}

char *life_storage(const struct server *server, const struct object *object, const char *name)
{
	return path_of(server->options.root, object, name);
}

int life_runtime(const struct server *server, const struct sandbox *sandbox, struct runtime *ret,
		 struct err *err)
{
	return runtime_open(server, sandbox->request->runtime_handler, ret, err);
}

struct monitor_runtime life_monitor_runtime(const struct runtime *runtime)
{
	return (struct monitor_runtime){ .monitor = runtime->monitor,
					 .program = runtime->program,
					 .root = runtime->root,
					 .systemd_cgroup = runtime->systemd_cgroup };
}

struct monitor_limit life_limit(struct rpc_call *call)
{
	int64_t left = rpc_call_left_ms(call);

	return (struct monitor_limit){ .deadline_ms = left == INT64_MAX ? -1 : process_now_ms() + left,
				       .cancel = rpc_call_done_fd(call) };
}

int life_patience(struct rpc_call *call, struct err *err)
{
	if (!rpc_call_done(call))
		return 0;
	if (rpc_call_left_ms(call) <= 0)
		return fail_text(err, -ETIMEDOUT, "the call's deadline has passed");
	return fail_text(err, -ECANCELED, "the call was cancelled");
}

int life_write(const struct server *server, const struct object *object, const char *name,
	       const struct json *content, struct err *err)
{
	auto_free char *path = life_path(server, object, name);
	auto_free char *fresh = text_format("%s.new", path);
	auto_text text = { 0 };
	int r;

	json_print(content, 0, &text);
	/* By rename, for others read it; without fsync, for the state does not outlive the machine. */
	r = file_create_at(AT_FDCWD, fresh, text_str(&text), text.len, 0600, err);
	if (r >= 0 && rename(fresh, path) < 0)
		r = fail(err, -errno, "put %s in place", path);
	return r;
}

int life_remove_folder(const struct server *server, const struct object *object, struct err *err)
{
	auto_free char *path = text_format("%s/%s", folders[object->kind], object->id);

	return file_remove_tree_at(server->state_fd, path, err);
}

/* From the watcher's thread. */
static void ended(void *user, const char *id, const struct monitor_exit *how)
{
	struct server *server = user;
	struct object *object = store_object(server->store, id);

	if (!object)
		return;
	switch (object->kind) {
	case OBJECT_SANDBOX:
		sandbox_ended(server, (struct sandbox *) object);
		break;
	case OBJECT_CONTAINER:
		container_ended(server, (struct container *) object, how);
		break;
	}
	store_unref(server->store, object);
}

static void read_cgroups(struct life *life)
{
	auto_cgroup_layout layout = { 0 };
	const struct cgroup_hierarchy *memory;
	auto_free char *path = NULL;

	if (cgroup_layout_read(&layout, NULL) < 0)
		return;
	life->cgroup_v2 = layout.mode == CGROUP_V2;
	memory = cgroup_find(&layout, life->cgroup_v2 ? "" : "memory");
	if (!memory)
		return;
	/* Version 1 has the file where swap is counted; version 2 has none in the root, but the kernel says so elsewhere. */
	path = life->cgroup_v2 ? text_format("/proc/swaps")
			       : text_format("%s/memory.memsw.limit_in_bytes", memory->mount_point);
	life->has_swap_limits = access(path, F_OK) == 0;
}

static int open_life(struct server *server, struct err *err)
{
	int r;

	server->life = calloc(1, sizeof(*server->life));
	if (!server->life)
		abort();
	read_cgroups(server->life);
	server->life->lowest_oom_score = oom_score_lowest();
	r = store_open(server->options.root, &server->store, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(folders); i++)
		r = file_make_dirs_at(server->state_fd, folders[i], 0700, err);
	if (r >= 0)
		r = sandbox_pause_rootfs(server, err);
	if (r >= 0)
		r = monitor_watcher_open(ended, server, &server->life->watcher, err);
	if (r >= 0)
		r = reaper_open(server, &server->life->reaper, err);
	return r < 0 ? r : recovery_run(server, err);
}

static void close_life(struct server *server)
{
	if (!server->life)
		return;
	if (server->life->watcher)
		monitor_watcher_close(server->life->watcher);
	reaper_close(server->life->reaper);
	store_close(server->store);
	server->store = NULL;
	free(server->life->pause_rootfs);
	free(server->life);
	server->life = NULL;
}

const struct server_module life_module = { "sandboxes and containers", open_life, close_life };
