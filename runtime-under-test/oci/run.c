/* run: create and start in one, and in the foreground also the wait and the end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/foreground.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/notify.h"
#include "runtime-under-test/oci/spec.h"

static int start(struct creation *creation, int *ret_notify, struct err *err)
{
	const char *id = creation->options->id;

	if (!creation->spec->process.present)
		return fail_text(err, -EINVAL, "container %s: its config has no process to start", id);
	*ret_notify = notify_listen(creation->directory, err);
	if (*ret_notify < 0 && *ret_notify != -EBADF)
		return *ret_notify;
	return start_over(creation->runtime, &creation->state, creation->directory, creation->sync, err);
}

/* A container that never ran, or ended, is gone with `run` unless the caller keeps it. */
static void destroy(const struct creation *creation)
{
	struct err err = { 0 };

	if (creation->options->keep)
		return;
	if (container_destroy_in(creation->runtime, &creation->cgroups, &creation->state, &err) < 0 &&
	    err.text[0])
		log_warning(creation->runtime->log, "%s", err.text);
}

static int wait_for_end(const struct creation *creation, int signals, int notify, int *ret_code,
			struct err *err)
{
	const struct foreground foreground = {
		.pidfd = creation->pidfd,
		.signals = signals,
		.master = creation->master,
		.notify = notify,
		.pid = creation->init,
		.log = creation->runtime->log,
	};

	return foreground_wait(&foreground, ret_code, err);
}

static int run(struct creation *creation, struct json *config, int signals, int *ret_code, struct err *err)
{
	auto_fd notify = -EBADF;
	int code = 0, r = creation_run(creation, config, err);

	if (r < 0)
		return r;
	r = start(creation, &notify, err);
	/* Hooks that fail have destroyed it already. */
	if (r < 0 && faccessat(creation->directory, "state.json", F_OK, 0) < 0)
		return r;
	/* Others may start, kill and delete it while it runs. */
	cleanup_fd(&creation->lock);
	creation->lock = -EBADF;
	if (r == 0 && creation->foreground)
		r = wait_for_end(creation, signals, notify, &code, err);
	else if (r == 0)
		notify_wait(notify, creation->init, creation->runtime->log);
	if (r < 0 || creation->foreground)
		destroy(creation);
	if (r == 0)
		*ret_code = code;
	return r;
}

int container_run(const struct runtime *runtime, const struct create_options *options, struct spec *spec,
		  struct json *config, int *ret_code, struct err *err)
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
	signals = foreground_open_signals(&before, err);
	if (signals < 0)
		return signals;
	r = run(&creation, config, signals, ret_code, err);
	(void) sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
