/* The end of a container: its processes, its cgroups, its state, and last its poststop hooks. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/process.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/hooks.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/rdt.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/state.h"

#define KILL_TIMEOUT_MS 10000

/* -ESRCH: init is gone. The pid is asked for again after the pidfd is open, so the number cannot be a stranger's. */
static int open_init(const struct state *state)
{
	auto_fd pidfd = -EBADF;

	if (state->pid <= 0 || state_status(state) == STATUS_STOPPED)
		return -ESRCH;
	pidfd = process_pidfd_open(state->pid);
	if (pidfd < 0)
		return pidfd;
	return state_status(state) == STATUS_STOPPED ? -ESRCH : TAKE_FD(pidfd);
}

static int signal_pidfd(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0u) < 0 ? -errno : 0;
}

/* What a freezer of v1 holds does not die of SIGKILL before it is thawed: cgroups_signal() does that for all. */
static int kill_init(const struct state *state, const struct cgroups *cgroups, struct err *err)
{
	auto_fd pidfd = open_init(state);
	int r;

	if (pidfd == -ESRCH)
		return 0;
	if (pidfd < 0)
		return fail(err, pidfd, "open init");
	r = signal_pidfd(pidfd, SIGKILL);
	if (r < 0 && r != -ESRCH)
		return fail(err, r, "kill init");
	cgroups_thaw(cgroups);
	r = process_poll(pidfd, process_now_ms() + KILL_TIMEOUT_MS);
	return r == 0 ? fail_text(err, -ETIMEDOUT, "init does not end") : r < 0 ? r : 0;
}

static void run_poststop(const struct runtime *runtime, const struct state *state)
{
	auto_fd bundle = -EBADF;
	struct spec *spec = NULL;
	struct err err = { 0 };

	if (fault("poststop-skipped") || json_length(json_get(state->config, "hooks.poststop")) == 0)
		return;
	bundle = open(state->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (spec_parse(state->config, &spec, &err) < 0)
		log_warning(runtime->log, "poststop hooks: %s", err.text);
	else
		hooks_run_all(spec, HOOK_POSTSTOP, state, bundle, runtime->log);
	spec_free(spec);
}

int container_destroy_in(const struct runtime *runtime, const struct cgroups *cgroups,
			 const struct state *state, struct err *err)
{
	int r = kill_init(state, cgroups, err);

	if (r == 0)
		r = cgroups_remove(cgroups, err);
	if (r == 0)
		r = rdt_remove(json_member(state->cgroups, "resctrl"), err);
	if (r == 0 && !fault("state-not-removed"))
		r = state_remove(runtime->root, state->id, err);
	if (r < 0)
		return fail(err, r, "delete container %s", state->id);
	run_poststop(runtime, state);
	return 0;
}

int container_destroy(const struct runtime *runtime, int directory, const struct state *state,
		      struct err *err)
{
	auto_cgroups cgroups = { 0 };
	int r = cgroups_from_json(state->cgroups, &cgroups, err);

	(void) directory; /* the caller's lock; everything goes by name, as it may be half made */
	if (r < 0)
		return fail(err, r, "delete container %s", state->id);
	return container_destroy_in(runtime, &cgroups, state, err);
}

int container_signal_all(const struct runtime *runtime, const struct state *state, int signal,
			 struct err *err)
{
	auto_cgroups cgroups = { 0 };
	auto_fd pidfd = -EBADF;
	int r = cgroups_from_json(state->cgroups, &cgroups, err);

	(void) runtime;
	if (r < 0)
		return r;
	if (cgroups.count)
		return cgroups_signal(&cgroups, signal, err);
	/* Without cgroups init is all that is known. */
	pidfd = open_init(state);
	if (pidfd < 0)
		return pidfd == -ESRCH ? 0 : fail(err, pidfd, "open init");
	r = signal_pidfd(pidfd, signal);
	return r < 0 && r != -ESRCH ? fail(err, r, "signal init") : 0;
}
