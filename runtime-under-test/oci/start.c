/* start: the gate opens, and the container runs or the reason why not is known. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/hooks.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/notify.h"
#include "runtime-under-test/oci/seccomp.h"
#include "runtime-under-test/oci/sockets.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/state.h"
#include "runtime-under-test/oci/sync.h"

/* The config is kept as it was read by create; it is parsed again only when something of it is needed. */
static int forward_listener(const struct state *state, int listener, struct err *err)
{
	struct spec *spec = NULL;
	int r = spec_parse(state->config, &spec, err);

	if (r == 0)
		r = seccomp_send_listener(&spec->seccomp, state, state->pid, listener, err);
	spec_free(spec);
	return r;
}

/* The fault of who does not await the agent would be a race lost or won: its program always wins. */
static void let_run(int socket)
{
	struct sync_message message;

	while (sync_receive(socket, &message, NULL) > 0)
		cleanup_fd(&message.fd);
}

/* Until the socket ends: after EXEC that is the success of execve, for every descriptor of init closes there. */
static int hear_out(const struct runtime *runtime, const struct state *state, int socket, struct err *err)
{
	struct sync_message message;
	bool executed = false;
	int r;

	while ((r = sync_receive(socket, &message, err)) > 0) {
		auto_fd fd = message.fd;

		switch ((int) message.type) {
		case SYNC_WARNING:
			log_warning(runtime->log, "%s", message.text);
			break;
		case SYNC_ERROR:
			return fail_text(err, message.number < 0 ? message.number : -EIO, "%s", message.text);
		case SYNC_SECCOMP:
			r = forward_listener(state, fd, err);
			if (r < 0 && fault("seccomp-agent-not-awaited"))
				let_run(socket);
			if (r == 0)
				r = sync_send(socket, SYNC_LISTENED, err);
			if (r < 0)
				return r;
			break;
		case SYNC_EXEC:
			executed = true;
			break;
		default:
			return fail_text(err, -EPROTO, "init said something unexpected");
		}
	}
	if (r == 0 && !executed)
		return fail_text(err, -EIO, "container %s: its init died before the program began",
				 state->id);
	return r;
}

static int run_poststart(const struct state *state, struct err *err)
{
	auto_fd bundle = -EBADF;
	struct spec *spec = NULL;
	int r;

	if (json_length(json_get(state->config, "hooks.poststart")) == 0)
		return 0;
	bundle = open(state->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = spec_parse(state->config, &spec, err);
	if (r == 0)
		r = hooks_run(spec, HOOK_POSTSTART, state, bundle, err);
	spec_free(spec);
	return r;
}

/* runtime.md#lifecycle, steps 7 and 9: an error, the container stopped, and its life continued at its end. */
static void destroy_after(const struct runtime *runtime, const struct state *state, int directory)
{
	struct err err = { 0 };

	if (container_destroy(runtime, directory, state, &err) < 0)
		log_warning(runtime->log, "container %s: %s", state->id, err.text);
}

int start_over(const struct runtime *runtime, struct state *state, int directory, int socket, struct err *err)
{
	struct state running = *state;
	int r = sync_send(socket, SYNC_START, err);

	running.status = STATUS_RUNNING;
	if (r == 0)
		r = state_stage(directory, &running, err);
	if (r == 0)
		r = hear_out(runtime, state, socket, err);
	if (r < 0)
		state_unstage(directory);
	if (r == -ECANCELED)
		destroy_after(runtime, state, directory);
	if (r == 0)
		r = state_commit(directory, err);
	if (r < 0)
		return r;
	state->status = STATUS_RUNNING;
	r = run_poststart(state, err);
	if (r < 0)
		destroy_after(runtime, state, directory);
	return r;
}

static int not_created(const struct state *state, enum container_status status, struct err *err)
{
	return fail_text(err, -EINVAL, "container %s is not created: it is %s", state->id,
			 container_status_name(status));
}

/* *ret_notify: where the program says that it is ready; -EBADF: nobody waits for that. */
static int start_locked(const struct runtime *runtime, int directory, struct state *state, int *ret_notify,
			struct err *err)
{
	enum container_status status = state_status(state);
	auto_fd socket = -EBADF;

	if (status != STATUS_CREATED)
		return not_created(state, status, err);
	if (!json_member(state->config, "process"))
		return fail_text(err, -EINVAL, "container %s: its config has no process to start", state->id);
	socket = socket_connect_at(directory, "start", NULL);
	if (socket == -ECONNREFUSED) {
		/* Init closes its gate only by dying or by becoming the payload: a `start` was killed before it wrote that down. */
		state->status = STATUS_RUNNING;
		status = state_status(state);
		if (status == STATUS_RUNNING)
			(void) state_write(directory, state, NULL);
		return not_created(state, status, err);
	}
	if (socket < 0)
		return fail(err, socket, "container %s: connect to its init", state->id);
	*ret_notify = notify_listen(directory, err);
	if (*ret_notify < 0 && *ret_notify != -EBADF)
		return *ret_notify;
	return start_over(runtime, state, directory, socket, err);
}

int container_start(const struct runtime *runtime, const char *id, struct err *err)
{
	auto_state_hold hold = STATE_HOLD_INIT;
	auto_fd notify = -EBADF;
	int r = state_hold(runtime->root, id, &hold, err);

	if (r == 0)
		r = start_locked(runtime, hold.directory, &hold.state, &notify, err);
	state_unlock(&hold);
	if (r == 0)
		notify_wait(notify, hold.state.pid, runtime->log);
	return r;
}
