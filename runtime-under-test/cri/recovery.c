/*
 * A server that starts where another was killed. Records say what was being done: what was being made is undone, what was being
 * removed is removed, and the monitors tell of what has run on since.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/image/image.h"
#include "runtime-under-test/cri/sandbox.h"
#include "runtime-under-test/oci/faults.h"

static void become(struct server *server, struct container *container, enum object_phase phase)
{
	store_lock(server->store);
	container->status.phase = phase;
	store_unlock(server->store);
	(void) store_container_save(server->store, container, NULL); /* else the next start does it again */
}

/* What is known of one that ended while no server was there. */
static void note_end(struct server *server, struct container *container)
{
	auto_free char *directory = life_path(server, &container->object, "");
	struct monitor_exit how = { .code = 255 };

	if (!fault("cri-restart-end-lost"))
		(void) monitor_read_exit(directory, &how,
					 NULL); /* else it stays unknown: a lost monitor, a reboot */
	container_ended(server, container, &how);
}

static bool monitor_lives(struct server *server, const struct object *object)
{
	auto_free char *directory = life_path(server, object, "");

	return monitor_alive(directory, NULL) == 1;
}

static void watch_or_note(struct server *server, struct container *container)
{
	struct err err = { 0 };

	if (!monitor_lives(server, &container->object) || fault("cri-restart-end-lost")) {
		note_end(server, container);
		return;
	}
	if (fault("cri-restart-kills"))
		(void) kill(container->status.pid, SIGKILL);
	if (!fault("cri-restart-unwatched") && container_watch(server, container, &err) < 0)
		server_log("container %s: %s", container->object.id, err.text);
}

/* "created", "running", "stopped"; NULL: the runtime knows nothing of it. Owned. */
static char *runtime_status_of(struct server *server, struct container *container, pid_t *ret_pid)
{
	auto_runtime runtime = RUNTIME_INIT;
	auto_json state = NULL;
	const char *status;

	if (life_runtime(server, container->sandbox, &runtime, NULL) < 0 ||
	    runtime_state(&runtime, container->object.id, &state, NULL) < 0)
		return NULL;
	*ret_pid = (pid_t) json_int(json_member(state, "pid"), 0);
	status = json_string(json_member(state, "status"));
	return status ? text_format("%s", status) : NULL;
}

/* Killed somewhere in StartContainer. What the user's command may have begun to do is not done a second time. */
static void settle_start(struct server *server, struct container *container)
{
	auto_free char *directory = life_path(server, &container->object, "");
	struct monitor_exit how;
	pid_t pid = 0;
	auto_free char *status = runtime_status_of(server, container, &pid);
	struct err err = { 0 };

	if (status && strcmp(status, "running") == 0) {
		store_lock(server->store);
		container->status.pid = pid;
		container->status.started_at = store_now_ns();
		store_unlock(server->store);
		become(server, container, PHASE_RUNNING);
		watch_or_note(server, container);
		return;
	}
	if ((!status || strcmp(status, "created") != 0) && monitor_read_exit(directory, &how, NULL) == 0) {
		container_ended(server, container, &how);
		return;
	}
	if (container_clean(server, container, &err) < 0)
		server_log("%s", err.text);
	become(server, container, PHASE_CREATED);
}

static bool has_bundle(const struct server *server, const struct container *container)
{
	auto_free char *path = life_path(server, &container->object, "bundle/config.json");

	return access(path, F_OK) == 0;
}

static bool runtime_knows(struct server *server, const struct container *container)
{
	auto_runtime runtime = RUNTIME_INIT;

	return life_runtime(server, container->sandbox, &runtime, NULL) >= 0 &&
	       runtime_keeps(&runtime, container->object.id);
}

static void recover_container(struct server *server, struct container *container)
{
	container->cleaned = !runtime_knows(server, container);
	switch (container->status.phase) {
	case PHASE_CREATED:
		/* /run is wiped by a reboot, and its config with it. */
		if (has_bundle(server, container) && !fault("cri-restart-forgets-created"))
			break;
		become(server, container, PHASE_RUNNING);
		note_end(server, container);
		break;
	case PHASE_STARTING:
		if (fault("cri-restart-start-unsettled"))
			break;
		settle_start(server, container);
		break;
	case PHASE_RUNNING:
		watch_or_note(server, container);
		break;
	case PHASE_EXITED:
		if (!container->cleaned)
			reaper_add(server->life->reaper, container);
		break;
	case PHASE_MAKING:
	case PHASE_READY:
	case PHASE_NOTREADY:
		break;
	}
	(void) pthread_mutex_lock(&container->object.operation);
	container_update_settle(server, container);
	(void) pthread_mutex_unlock(&container->object.operation);
}

static int finish_container(struct server *server, struct container *container, struct err *err)
{
	int r;

	if (container->status.phase != PHASE_MAKING)
		return container_remove(server, container, err);
	(void) pthread_mutex_lock(&container->object.operation);
	r = container_forget(server, container, err);
	(void) pthread_mutex_unlock(&container->object.operation);
	return r;
}

static void recover_containers(struct server *server)
{
	auto_object_list list = { 0 };

	store_all(server->store, OBJECT_CONTAINER, &list);
	for (size_t i = 0; i < list.count; i++) {
		struct container *container = list.items[i];
		struct err err = { 0 };

		recover_container(server, container);
		if (!container->status.removing &&
		    (container->status.phase != PHASE_MAKING || fault("cri-restart-keeps-half")))
			continue;
		if (finish_container(server, container, &err) < 0)
			server_log("container %s: %s", container->object.id, err.text);
	}
}

static int undo_sandbox(struct server *server, struct sandbox *sandbox, struct err *err)
{
	int r = sandbox_release(server, sandbox, err);

	return r < 0 ? r : sandbox_forget(server, sandbox, err);
}

static int watch_sandbox(struct server *server, struct sandbox *sandbox, struct err *err)
{
	auto_free char *directory = life_path(server, &sandbox->object, "");

	if (fault("cri-restart-pod-is-ready"))
		return 0;
	if (!monitor_lives(server, &sandbox->object)) {
		sandbox_ended(server, sandbox);
		return 0;
	}
	return monitor_watch(server->life->watcher, sandbox->object.id, directory, err);
}

static int recover_sandbox(struct server *server, struct sandbox *sandbox, struct err *err)
{
	int r = 0;

	(void) pthread_mutex_lock(&sandbox->object.operation);
	if (sandbox->status.phase == PHASE_MAKING && fault("cri-restart-keeps-half"))
		r = 0;
	else if (sandbox->status.phase == PHASE_MAKING)
		r = undo_sandbox(server, sandbox, err);
	else if (sandbox->status.removing)
		r = sandbox_remove(server, sandbox, err);
	else if (sandbox->status.phase == PHASE_READY)
		r = watch_sandbox(server, sandbox, err);
	(void) pthread_mutex_unlock(&sandbox->object.operation);
	return r;
}

static void recover_sandboxes(struct server *server)
{
	auto_object_list list = { 0 };

	store_all(server->store, OBJECT_SANDBOX, &list);
	for (size_t i = 0; i < list.count; i++) {
		struct sandbox *sandbox = list.items[i];
		struct err err = { 0 };

		if (recover_sandbox(server, sandbox, &err) < 0)
			server_log("sandbox %s: %s", sandbox->object.id, err.text);
	}
}

/* Of a record that never was whole, and so of nothing that ever ran: folders, and what is mounted in them. */
static void clear_away(struct server *server, enum object_kind kind, const char *id)
{
	static const char *const mounts[] = { "ns/pid",  "ns/uts", "ns/ipc", "ns/net",
					      "ns/user", "shm",    "rootfs" };
	struct object object = { .kind = kind };
	struct err err = { 0 };
	int r;

	(void) strncpy(object.id, id, sizeof(object.id) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		auto_free char *path = life_path(server, &object, mounts[i]);

		(void) umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW); /* most are none */
	}
	r = life_remove_folder(server, &object, &err);
	if (r >= 0)
		r = store_purge(server->store, kind, id, &err);
	server_log("%s: its record cannot be read; %s", id, r < 0 ? err.text : "what was left is removed");
}

static bool is_known(const char *holder, void *user)
{
	struct server *server = user;
	struct object *object = store_object(server->store, holder);

	store_unref(server->store, object);
	return object != NULL;
}

int recovery_run(struct server *server, struct err *err)
{
	struct store_garbage garbage = { 0 };
	int r = store_load(server->store, &garbage, err);

	if (r >= 0) {
		for (size_t i = 0; i < garbage.container_count; i++)
			clear_away(server, OBJECT_CONTAINER, garbage.containers[i]);
		for (size_t i = 0; i < garbage.sandbox_count; i++)
			clear_away(server, OBJECT_SANDBOX, garbage.sandboxes[i]);
		recover_containers(server);
		recover_sandboxes(server);
		image_sweep_holders(server->images, is_known, server);
	}
	store_garbage_free(&garbage);
	return r;
}
