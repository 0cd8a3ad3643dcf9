/* kill: one signal to init, or to every process of the container. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/names.h"
#include "base/process.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/options.h"
#include "runtime-under-test/oci/state.h"
#include "runtime-under-test/oci/verbs.h"

struct kill_options {
	bool all;
};

const struct option_row kill_rows[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct kill_options, all),
	  "every process of the container, not init alone" },
	{ NULL },
};

/* The words "container not running" are what containerd, CRI-O and podman look for. */
static int not_running(const struct state *state, enum container_status status, struct err *err)
{
	return fail_text(err, -ESRCH, "container not running: %s is %s", state->id,
			 container_status_name(status));
}

/*
 * A pidfd keeps its process: when the pid still is our init after the pidfd was opened, the signal cannot reach a
 * stranger that got the number later.
 */
static int signal_init(const struct state *state, int signal, struct err *err)
{
	enum container_status status = state_status(state);
	auto_fd pidfd = -EBADF;

	if (status == STATUS_STOPPED || state->pid == 0)
		return not_running(state, status, err);
	pidfd = process_pidfd_open(state->pid);
	status = state_status(state);
	if (pidfd == -ESRCH || status == STATUS_STOPPED)
		return not_running(state, STATUS_STOPPED, err);
	if (pidfd < 0)
		return fail(err, pidfd, "open init of container %s", state->id);
	if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0)
		return errno == ESRCH ? not_running(state, STATUS_STOPPED, err)
				      : fail(err, -errno, "signal container %s", state->id);
	return 0;
}

/* What is frozen does not die before it is thawed, and who sends SIGKILL wants it dead. v2 kills what is frozen. */
static void let_die(const struct state *state)
{
	auto_cgroups cgroups = { 0 };

	if (cgroups_from_json(state->cgroups, &cgroups, NULL) == 0)
		cgroups_thaw(&cgroups);
}

int verb_kill(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	struct kill_options options = { 0 };
	int first = verb_arguments(kill_rows, &options, argc, argv, 1, 2, err);
	auto_fd directory = -EBADF;
	struct state state = { 0 };
	int signal = SIGTERM, r;

	if (first < 0)
		return first;
	if (first + 1 < argc)
		signal = name_to_signal(argv[first + 1]);
	if (signal <= 0)
		return fail_text(err, -EINVAL, "kill: unknown signal \"%s\"", argv[first + 1]);
	directory = verb_open(runtime, argv[first], &state, err);
	if (directory < 0)
		return directory;
	/* With --all also a stopped container: without a pid namespace of its own it may have left processes. */
	r = options.all ? container_signal_all(runtime, &state, signal, err)
			: signal_init(&state, signal, err);
	if (r == 0 && signal == SIGKILL && state_status(&state) == STATUS_PAUSED)
		let_die(&state);
	state_clear(&state);
	return r;
}
