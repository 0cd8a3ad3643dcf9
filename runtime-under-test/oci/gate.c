/*
 * Stage 8: init waits for `start` without a clock, and becomes the payload. The gate is a socket: its end tells `start` that
 * init has died, where a fifo would let it wait for ever (runc issue 3448), and what goes wrong comes back as a sentence.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/hooks.h"
#include "runtime-under-test/oci/process.h"
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

/* Socket activation: the payload is to know how many of its descriptors are sockets, and that they are meant for it. */
static char **payload_env(const struct creation *creation)
{
	const struct spec_strings *env = &creation->spec->process.env;
	const char *names = getenv("LISTEN_FDNAMES");
	char **all;
	size_t count = 0;

	if (!creation->listen_fds)
		return env->items;
	all = calloc(env->count + 4, sizeof(*all));
	if (!all)
		abort();
	for (size_t i = 0; i < env->count; i++)
		all[count++] = env->items[i];
	all[count++] = text_format("LISTEN_FDS=%d", creation->listen_fds);
	all[count++] = text_format("LISTEN_PID=%d", (int) getpid());
	if (names)
		all[count++] = text_format("LISTEN_FDNAMES=%s", names);
	return all;
}

static int set_no_new_privileges(const struct spec_process *process, struct err *err)
{
	if (!process->no_new_privileges || fault("nnp-forgotten"))
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(err, -errno, "process.noNewPrivileges");
	return 0;
}

/* The listener goes to who started us, and from there to the agent, before any call of the payload can wait for it. */
static int install_filter(const struct creation *creation, int told, struct err *err)
{
	int listener = -EBADF, r;

	if (!creation->seccomp.code || fault("seccomp-skipped"))
		return 0;
	r = seccomp_install(&creation->seccomp, &listener, err);
	if (r < 0 || listener < 0)
		return r;
	r = sync_send_fd(told, SYNC_SECCOMP, listener, err);
	(void) close(listener);
	return r;
}

/*
 * With no_new_privs a filter needs no privilege: it comes last, and the profile need not allow what was done before. Without
 * it CAP_SYS_ADMIN is needed once more (seccomp(2)): so it comes before the last step of the capabilities, and only falling
 * ones follow.
 */
static int give_up_privileges(const struct creation *creation, int told, struct err *err)
{
	const struct spec_process *process = &creation->spec->process;
	int r;

	if (process->no_new_privileges) {
		r = capabilities_apply(&creation->capabilities, err);
		if (r == 0 && fault("seccomp-before-nnp"))
			r = install_filter(creation, told, NULL);
		if (r == 0)
			r = set_no_new_privileges(process, err);
		return r < 0 ? r : install_filter(creation, told, err);
	}
	if (!creation->seccomp.code)
		return capabilities_apply(&creation->capabilities, err);
	r = capabilities_hold(err);
	if (r == 0)
		r = install_filter(creation, told, err);
	return r < 0 ? r : capabilities_apply(&creation->capabilities, err);
}

static int become_payload(const struct creation *creation, int told, struct err *err)
{
	const struct spec_process *process = &creation->spec->process;
	const struct process_identity identity = {
		.spec = creation->spec,
		.process = process,
		.capabilities = &creation->capabilities,
		.caller_umask = creation->umask,
		.proc = creation->proc,
	};
	auto_free char *program = NULL;
	char **env = payload_env(creation);
	int r = process_become(&identity, err);

	if (r == 0)
		r = process_find_program(process, &program, err);
	if (r == 0)
		r = process_close_at_exec(creation->preserved, err);
	if (r == 0)
		r = sync_send(told, SYNC_EXEC, err);
	if (r == 0)
		r = give_up_privileges(creation, told, err);
	return r < 0 ? r : process_execute(program, process->args.items, env, err);
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
	return r < 0 ? -ECANCELED : become_payload(creation, *told, err);
}
