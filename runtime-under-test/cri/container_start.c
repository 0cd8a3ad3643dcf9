/* StartContainer, and the end that a started container comes to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/crash.h"
#include "runtime-under-test/cri/runtime_features.h"
#include "runtime-under-test/oci/faults.h"

/* What containerd and the kubelet call a command that could not be executed at all. */
enum { START_ERROR_CODE = 128 };

pid_t container_pid(struct server *server, const struct container *container)
{
	pid_t pid;

	store_lock(server->store);
	pid = container->status.phase == PHASE_RUNNING ? container->status.pid : 0;
	store_unlock(server->store);
	return pid;
}

static int check_target(struct server *server, const struct container *container, struct err *err)
{
	const Runtime__V1__LinuxContainerConfig *config = container->config->linux;
	const Runtime__V1__NamespaceOption *options =
	    config && config->security_context ? config->security_context->namespace_options : NULL;
	struct container *target;
	bool runs;

	if (!options || options->pid != RUNTIME__V1__NAMESPACE_MODE__TARGET)
		return 0;
	target = store_container(server->store, options->target_id);
	runs = target && container_pid(server, target) > 0;
	store_unref(server->store, target);
	return runs ? 0
		    : fail_text(err, -EBUSY, "the target container %s does not run any more",
				options->target_id);
}

/* The one way out of CREATED. */
static int claim(struct server *server, struct container *container, struct err *err)
{
	static const char *const words[] = { "created", "running", "exited", "unknown" };
	Runtime__V1__ContainerState state;
	bool ready, removing;

	store_lock(server->store);
	state = container_state(container);
	ready = sandbox_state(container->sandbox) == RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY;
	removing = container->status.removing;
	if (ready && !removing && container->status.phase == PHASE_CREATED)
		container->status.phase = PHASE_STARTING;
	store_unlock(server->store);
	if (removing)
		return fail_text(err, -EBUSY, "it is being removed");
	if (state == RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING && fault("cri-second-start-is-fine"))
		return 1;
	if (state != RUNTIME__V1__CONTAINER_STATE__CONTAINER_CREATED)
		return fail_text(err, -EBUSY, "it is %s, not created", words[state]);
	return ready ? 0 : fail_text(err, -EBUSY, "its sandbox is not ready");
}

static int run_monitor(struct server *server, struct container *container, const struct runtime *runtime,
		       bool own_kernel, struct rpc_call *call, pid_t *ret_pid, struct err *err)
{
	auto_free char *directory = life_path(server, &container->object, "");
	auto_free char *bundle = life_path(server, &container->object, "bundle");
	struct monitor_limit limit = life_limit(call);
	struct monitor_create create = {
		.runtime = life_monitor_runtime(runtime),
		.id = container->object.id,
		.bundle = bundle,
		.directory = directory,
		.log_directory = fault("cri-log-elsewhere") ? server->options.state
							    : container->sandbox_config->log_directory,
		.log_path = container->config->log_path[0] || !fault("cri-log-always")
				? container->config->log_path
				: "own.log",
		.tty = container->config->tty || fault("cri-terminal-always"),
		.with_stdin = container->config->stdin,
		.stdin_once = container->config->stdin_once,
		.started = own_kernel, /* by one command, for its streams are those of its start */
		.wait = own_kernel,
	};

	return monitor_create(&create, &limit, ret_pid, err);
}

static void set_string(char **place, const char *string)
{
	free(*place);
	*place = text_format("%s", string);
}

static void become_running(struct server *server, struct container *container, pid_t pid, int64_t started_at)
{
	store_lock(server->store);
	container->status.phase = PHASE_RUNNING;
	container->status.pid = pid;
	container->status.started_at = started_at;
	store_unlock(server->store);
}

/* The command ran never: it is as good as new when only the caller's patience ended, and has failed otherwise. */
static int give_up(struct server *server, struct container *container, const struct runtime *runtime, int r,
		   struct err *err)
{
	bool again = r == -ECANCELED || r == -ETIMEDOUT;
	struct err own = { 0 };

	if (runtime_delete(runtime, container->object.id, &own) < 0)
		server_log("container %s: %s", container->object.id, own.text);
	else
		container->cleaned = true;
	store_lock(server->store);
	container->status.phase = again ? PHASE_CREATED : PHASE_EXITED;
	if (!again) {
		container->status.exit_code = fault("cri-start-error-code-lost") ? 0 : START_ERROR_CODE;
		container->status.finished_at = store_now_ns();
		set_string(&container->status.reason, "StartError");
		set_string(&container->status.message, err->text);
	}
	cleanup_fd(&container->ended);
	container->ended = -EBADF;
	store_unlock(server->store);
	(void) store_container_save(server->store, container, NULL); /* recovery finds no process either */
	if (fault("cri-failed-start-is-fine"))
		return 0;
	/* A missing program is no missing container: the kubelet takes NOT_FOUND for one. */
	return fail(err, again ? r : -EIO, "container %s", container->object.id);
}

/* -EBADF where it cannot be had: then stops would wait for nothing, so it comes before anything runs. */
static int make_ended(struct container *container, struct err *err)
{
	container->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return container->ended < 0 ? fail(err, -errno, "make an event descriptor") : 0;
}

int container_watch(struct server *server, struct container *container, struct err *err)
{
	auto_free char *directory = life_path(server, &container->object, "");
	int r = container->ended >= 0 ? 0 : make_ended(container, err);

	return r < 0 ? r : monitor_watch(server->life->watcher, container->object.id, directory, err);
}

int container_start(struct server *server, struct container *container, struct rpc_call *call,
		    struct err *err)
{
	struct runtime_features features = { 0 };
	auto_runtime runtime = RUNTIME_INIT;
	int64_t started_at;
	pid_t pid = 0;
	int r = check_target(server, container, err);

	if (r >= 0)
		r = claim(server, container, err);
	if (r < 0)
		return fail(err, r, "container %s", container->object.id);
	if (r > 0) /* a mistake of ours alone: it runs already */
		return 0;
	container->cleaned = false;
	r = make_ended(container, err);
	if (r >= 0)
		r = store_container_save(server->store, container, err);
	crash_point("start-recorded");
	if (r >= 0)
		r = life_runtime(server, container->sandbox, &runtime, err);
	if (r >= 0)
		runtime_features_of(server, container->sandbox->request->runtime_handler, &features);
	if (r >= 0)
		r = run_monitor(server, container, &runtime, features.own_kernel, call, &pid, err);
	crash_point("start-created");
	started_at = store_now_ns();
	if (r >= 0 && !features.own_kernel)
		r = runtime_start(&runtime, container->object.id, err);
	crash_point("start-started");
	if (r < 0)
		return give_up(server, container, &runtime, r, err);
	become_running(server, container, pid, started_at);
	r = store_container_save(server->store, container, err);
	crash_point("start-running");
	/* Only now: an end that is told of has a beginning. */
	return r < 0 ? r : container_watch(server, container, err);
}

static const char *reason_of(const struct monitor_exit *how)
{
	if (!how->known || fault("cri-reason-lost"))
		return "Unknown";
	if (how->oom_killed)
		return "OOMKilled";
	return how->code == 0 ? "Completed" : "Error";
}

void container_ended(struct server *server, struct container *container, const struct monitor_exit *how)
{
	static const uint64_t one = 1;
	bool ran;

	if (!how->known && fault("cri-lost-monitor-unseen"))
		return;
	store_lock(server->store);
	ran = container->status.phase == PHASE_RUNNING || container->status.phase == PHASE_STARTING;
	if (ran) {
		container->status.phase = PHASE_EXITED;
		container->status.exit_code = fault("cri-exit-code-lost") ? 0 : how->code;
		container->status.finished_at = how->finished_at ? how->finished_at : store_now_ns();
		if (fault("cri-finished-before-started"))
			container->status.finished_at = container->status.created_at - 1;
		container->status.pid = 0;
		set_string(&container->status.reason, reason_of(how));
		if (!how->known)
			set_string(&container->status.message, "its monitor was lost");
		/* Those who wait have descriptors of their own for it. */
		if (container->ended >= 0)
			(void) !write(container->ended, &one, sizeof(one));
		cleanup_fd(&container->ended);
		container->ended = -EBADF;
	}
	store_unlock(server->store);
	if (!ran)
		return;
	(void) store_container_save(server->store, container, NULL); /* the monitor's file says it too */
	life_event(server, RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_STOPPED_EVENT, container->sandbox,
		   container);
	reaper_add(server->life->reaper, container);
}
