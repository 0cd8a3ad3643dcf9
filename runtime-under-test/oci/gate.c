/*
 * Stage 8: init waits for `start` without a clock, and becomes the payload. The gate is a socket: its end tells `start` that
 * init has died, where a fifo would let it wait for ever (runc issue 3448), and what goes wrong comes back as a sentence.
 */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/hooks.h"
#include "runtime-under-test/oci/payload.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/sync.h"

/* Somebody connected: START opens the gate, anything else was not `start`. */
static bool is_start(int socket)
{
	struct sync_message message;

	if (sync_receive(socket, &message, NULL) <= 0)
		return false;
	cleanup_fd(&message.fd);
	return message.type == SYNC_START;
}

static int accept_start(int gate)
{
	auto_fd socket = accept4(gate, NULL, NULL, SOCK_CLOEXEC);

	return socket >= 0 && is_start(socket) ? TAKE_FD(socket) : -EAGAIN;
}

/* `run` says START on the socket it has had all the time; the end of that one is only the end of `create`. */
static int await_start(struct creation *creation, int *told, struct err *err)
{
	struct pollfd fds[2] = { { .fd = creation->gate, .events = POLLIN },
				 { .fd = creation->sync, .events = POLLIN } };

	for (;;) {
		int socket;

		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return fail(err, -errno, "wait for start");
		}
		if (fds[1].revents) {
			if (is_start(creation->sync))
				return 0;
			fds[1].fd = -1;
		}
		if (!fds[0].revents)
			continue;
		socket = accept_start(creation->gate);
		if (socket < 0)
			continue;
		*told = socket;
		return 0;
	}
}

static int become_payload(const struct creation *creation, int *told, struct err *err)
{
	const struct payload payload = {
		.identity = {
			.spec = creation->spec,
			.process = &creation->spec->process,
			.capabilities = &creation->capabilities,
			.caller_umask = creation->umask,
			.proc = creation->proc,
		},
		.seccomp = &creation->seccomp,
		.preserved = creation->preserved,
		.listen_fds = creation->listen_fds,
	};

	return payload_run(&payload, told, err);
}

int gate_run(struct creation *creation, int *told, struct err *err)
{
	const struct spec *spec = creation->spec;
	int r = fault("start-not-awaited") ? 0 : await_start(creation, told, err);

	if (r < 0)
		return r;
	creation->state.pid = getpid();
	r = hooks_run(spec, HOOK_START_CONTAINER, &creation->state, -EBADF, err);
	/* Told apart from the rest, for a container whose hook fails is destroyed: runtime.md#lifecycle, step 7. */
	return r < 0 ? -ECANCELED : become_payload(creation, told, err);
}
