/* run: create and start in one, and in the foreground also the wait and the end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/relay.h"
#include "runtime-under-test/oci/spec.h"

/* Everything that can be is forwarded, so it must wait in a descriptor until init is there to get it. */
static int open_signals(sigset_t *ret_before, struct err *err)
{
	sigset_t all;
	int fd;

	(void) sigfillset(&all);
	(void) sigprocmask(SIG_SETMASK, &all, ret_before);
	fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? fail(err, -errno, "wait for signals") : fd;
}

static void forward(int signals, int pidfd, struct relay *relay)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == (ssize_t) sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		if (info.ssi_signo == SIGWINCH && relay->master >= 0) {
			relay_resize(relay);
			continue;
		}
		/* Gone already: its end is what we hear of next. */
		(void) syscall(SYS_pidfd_send_signal, pidfd, (int) info.ssi_signo, NULL, 0u);
	}
}

static int reap(int pidfd, int *ret_code, struct err *err)
{
	siginfo_t info = { 0 };

	while (waitid((idtype_t) P_PIDFD, (id_t) pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return fail(err, -errno, "wait for the container");
	*ret_code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return 0;
}

static int wait_for_end(const struct creation *creation, int signals, int *ret_code, struct err *err)
{
	struct relay relay = RELAY_INIT;
	struct pollfd fds[2 + RELAY_POLLS] = { { .fd = creation->pidfd, .events = POLLIN },
					       { .fd = signals, .events = POLLIN } };
	int r = relay_open(&relay, creation->master, err);

	while (r == 0) {
		relay_prepare(&relay, fds + 2);
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR) {
			r = fail(err, -errno, "wait for the container");
			break;
		}
		if (fds[1].revents)
			forward(signals, creation->pidfd, &relay);
		relay_move(&relay, fds + 2);
		if (fds[0].revents)
			break;
	}
	if (r == 0)
		r = reap(creation->pidfd, ret_code, err);
	relay_close(&relay);
	return r;
}

static int start(struct creation *creation, struct err *err)
{
	const char *id = creation->options->id;

	if (!creation->spec->process.present)
		return fail_text(err, -EINVAL, "container %s: its config has no process to start", id);
	return start_over(creation->runtime, &creation->state, creation->directory, creation->sync, err);
}

/* A container that never ran, or ended, is gone with `run` unless the caller keeps it. */
static void destroy(const struct creation *creation)
{
	struct err err = { 0 };

	if (creation->options->keep)
		return;
	if (container_destroy(creation->runtime, creation->directory, &creation->state, &err) < 0 &&
	    err.text[0])
		log_warning(creation->runtime->log, "%s", err.text);
}

static int run(struct creation *creation, const struct json *config, int signals, int *ret_code,
	       struct err *err)
{
	int code = 0, r = creation_run(creation, config, err);

	if (r < 0)
		return r;
	r = start(creation, err);
	/* Hooks that fail have destroyed it already. */
	if (r < 0 && faccessat(creation->directory, "state.json", F_OK, 0) < 0)
		return r;
	/* Others may start, kill and delete it while it runs. */
	cleanup_fd(&creation->lock);
	creation->lock = -EBADF;
	if (r == 0 && creation->foreground)
		r = wait_for_end(creation, signals, &code, err);
	if (r < 0 || creation->foreground)
		destroy(creation);
	if (r == 0)
		*ret_code = code;
	return r;
}

int container_run(const struct runtime *runtime, const struct create_options *options, struct spec *spec,
		  const struct json *config, int *ret_code, struct err *err)
{
	auto_creation creation = CREATION_INIT;
	auto_fd signals = -EBADF;
	sigset_t before;
	int r;

	creation.runtime = runtime;
	creation.options = options;
	creation.spec = spec;
	creation.foreground = !options->detach;
	if (!creation.foreground)
		return run(&creation, config, -EBADF, ret_code, err);
	signals = open_signals(&before, err);
	if (signals < 0)
		return signals;
	r = run(&creation, config, signals, ret_code, err);
	(void) sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
