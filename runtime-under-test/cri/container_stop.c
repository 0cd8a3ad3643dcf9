/*
 * StopContainer. Several may stop one container at once: the signal is sent once, the shortest grace counts, and all return when
 * the end has become visible.
 *
 * A caller who leaves takes no more than his own wait along: nobody is killed for a kubelet that was restarted, which is what
 * containerd/cri#1098 was about, and containerd has left it at that since. The grace runs on, and the next stop kills when it is over:
 * there containerd begins it anew, while CRI-O (since cri-o/cri-o#8030) kills though nobody asks any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/crash.h"
#include "runtime-under-test/oci/faults.h"

/* SIGKILL works at once; a frozen cgroup v1 task dies only when the runtime's delete has thawed it, one in D state never. */
enum { DEATH_MS = 3000, LAST_DEATH_MS = 20000 };

int container_clean(struct server *server, struct container *container, struct err *err)
{
	auto_runtime runtime = RUNTIME_INIT;
	int r;

	if (container->cleaned)
		return 0;
	r = life_runtime(server, container->sandbox, &runtime, NULL);
	/* A handler that is configured no more has nothing that could be asked. */
	if (r >= 0)
		r = runtime_delete(&runtime, container->object.id, err);
	else
		r = 0;
	if (r >= 0)
		container->cleaned = true;
	return r < 0 ? fail(err, r, "container %s", container->object.id) : 0;
}

static int clean(struct server *server, struct container *container, struct err *err)
{
	bool exited;
	int r;

	(void) pthread_mutex_lock(&container->object.operation);
	store_lock(server->store);
	exited = container->status.phase == PHASE_EXITED;
	store_unlock(server->store);
	r = exited ? container_clean(server, container, err) : 0;
	(void) pthread_mutex_unlock(&container->object.operation);
	return r;
}

/* Sends once, whoever asks; the flag is container->signalled or ->killed. A start that is under way is waited for. */
static int send_once(struct server *server, struct container *container, bool *flag, int signal,
		     struct err *err)
{
	auto_runtime runtime = RUNTIME_INIT;
	bool wanted;
	int r = 0;

	(void) pthread_mutex_lock(&container->object.operation);
	store_lock(server->store);
	wanted = container->status.phase == PHASE_RUNNING && !*flag;
	if (wanted)
		*flag = true;
	store_unlock(server->store);
	if (wanted)
		r = life_runtime(server, container->sandbox, &runtime, err);
	if (wanted && r >= 0)
		r = runtime_kill(&runtime, container->object.id, signal, err);
	(void) pthread_mutex_unlock(&container->object.operation);
	return r;
}

/* 1: it has ended; 0: the time has passed; -ECANCELED: nobody waits for the answer. */
static int wait_end(int ended, int64_t deadline, struct rpc_call *call)
{
	struct pollfd fds[] = { { .fd = ended, .events = POLLIN },
				{ .fd = call ? rpc_call_done_fd(call) : -1, .events = POLLIN } };

	for (;;) {
		int64_t left = deadline - process_now_ms();
		int r = poll(fds, ARRAY_SIZE(fds), left <= 0 ? 0 : left > 60000 ? 60000 : (int) left);

		if (fds[0].revents)
			return 1;
		if (r > 0)
			return -ECANCELED;
		if (r < 0 && errno != EINTR)
			return -errno;
		if (left <= 0)
			return 0;
	}
}

/* The first SIGKILL is the runtime's kill; what survives that is met by its delete, which thaws. */
static int kill_now(struct server *server, struct container *container, int ended, struct rpc_call *call,
		    struct err *err)
{
	struct err own = { 0 };

	if (fault("cri-stop-never-kills"))
		return fail_text(err, -EBUSY, "it does not end");
	int sent = send_once(server, container, &container->killed, SIGKILL, &own);
	int r = wait_end(ended, process_now_ms() + DEATH_MS, call);
	auto_runtime runtime = RUNTIME_INIT;

	if (r == 0)
		r = life_runtime(server, container->sandbox, &runtime, err);
	if (r == 0)
		(void) runtime_delete(&runtime, container->object.id, NULL);
	if (r == 0)
		r = wait_end(ended, process_now_ms() + LAST_DEATH_MS, call);
	if (r != 0)
		return r;
	store_lock(server->store);
	container->killed = false; /* another stop may try again */
	store_unlock(server->store);
	return fail_text(err, -EIO, "still there after SIGKILL%s%s", sent < 0 ? ": " : "", own.text);
}

/* A descriptor of our own for its end, and the time until which it has; -ENOENT: it does not run. */
static int join_stop(struct server *server, struct container *container, int64_t grace_ms,
		     int64_t *ret_kill_at, int *ret_ended, struct err *err)
{
	int64_t kill_at = process_now_ms() + grace_ms;
	int r = 0;

	store_lock(server->store);
	if (container->status.phase != PHASE_RUNNING || container->ended < 0) {
		r = -ENOENT;
	} else {
		*ret_ended = fcntl(container->ended, F_DUPFD_CLOEXEC, 3);
		if (*ret_ended < 0)
			r = fail(err, -errno, "watch for the end");
		if (kill_at < container->kill_at &&
		    (!fault("cri-stop-first-wins") || container->kill_at == INT64_MAX))
			container->kill_at = kill_at;
		*ret_kill_at = container->kill_at;
	}
	store_unlock(server->store);
	return r;
}

static int wait_or_kill(struct server *server, struct container *container, int64_t grace_ms,
			struct rpc_call *call, struct err *err)
{
	auto_fd ended = -EBADF;
	int64_t kill_at = 0;
	struct err own = { 0 };
	int r = join_stop(server, container, grace_ms, &kill_at, &ended, err);

	if (r == -ENOENT && fault("cri-stop-container-once"))
		return fail_text(err, -EBUSY, "it does not run");
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	/* It may have died just now, and then there is nobody to signal. */
	if (grace_ms > 0 &&
	    send_once(server, container, &container->signalled,
		      fault("cri-stop-signal-ignored") ? SIGTERM : container->facts.stop_signal, &own) < 0)
		server_log("container %s: signal %d: %s", container->object.id, container->facts.stop_signal,
			   own.text);
	crash_point("stop-signalled");
	if (fault("cri-stop-locks-status"))
		store_lock(server->store);
	r = wait_end(ended, kill_at, call);
	if (fault("cri-stop-locks-status"))
		store_unlock(server->store);
	if (r == 0)
		r = kill_now(server, container, ended, call, err);
	if (r == -ECANCELED && call)
		return life_patience(call, err);
	return r < 0 ? r : 0;
}

static void wait_for_start(struct container *container)
{
	(void) pthread_mutex_lock(&container->object.operation);
	(void) pthread_mutex_unlock(&container->object.operation);
}

int container_stop(struct server *server, struct container *container, int64_t grace_ms,
		   struct rpc_call *call, struct err *err)
{
	int r;

	wait_for_start(container);
	r = wait_or_kill(server, container, grace_ms, call, err);
	crash_point("stop-ended");
	if (r < 0)
		return fail(err, r, "container %s", container->object.id);
	return clean(server, container, err);
}

int container_stop_all(struct server *server, struct sandbox *sandbox, struct err *err)
{
	auto_object_list list = { 0 };
	int r = 0;

	if (fault("cri-stop-sandbox-leaves-containers"))
		return 0;
	store_containers_of(server->store, sandbox, &list);
	for (size_t i = 0; i < list.count; i++) {
		struct container *container = list.items[i];

		(void) send_once(server, container, &container->killed, SIGKILL, NULL);
	}
	for (size_t i = 0; r >= 0 && i < list.count; i++)
		r = container_stop(server, list.items[i], 0, NULL, err);
	return r;
}
