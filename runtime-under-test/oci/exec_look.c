/* Stage 1 of exec: the container lives, and what can be refused is, before there is a process to undo. */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/names.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/exec.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/payload.h"
#include "runtime-under-test/oci/process.h"
#include "runtime-under-test/oci/sockets.h"

/* The words "container not running" are what callers look for. A created container can be looked into: nothing of it runs yet. */
static int check_status(const struct exec *exec, enum container_status status, struct err *err)
{
	switch (status) {
	case STATUS_CREATED:
	case STATUS_RUNNING:
		return 0;
	case STATUS_PAUSED:
		if (exec->options->ignore_paused || fault("exec-enters-paused"))
			return 0;
		return fail_text(err, -EBUSY,
				 "cannot exec in a paused container (use --ignore-paused to override)");
	case STATUS_CREATING:
	case STATUS_STOPPED:
		break;
	}
	return fail_text(err, -ESRCH, "container not running: cannot exec in a container that is %s",
			 container_status_name(status));
}

/* The status is asked for again once the pidfd is open: it is init then, and not who got the number after it. */
static int open_target(struct exec *exec, struct err *err)
{
	int r = check_status(exec, state_status(&exec->state), err);

	if (r < 0)
		return r;
	exec->target = process_pidfd_open(exec->state.pid);
	if (exec->target < 0 && exec->target != -ESRCH)
		return fail(err, exec->target, "open init");
	return check_status(exec, exec->target < 0 ? STATUS_STOPPED : state_status(&exec->state), err);
}

/*
 * What the config says is not asked: a namespace that init shares with us need not, and mostly may not, be joined. A stranger
 * with the number of an init that has ended may share all of them: then nothing would be joined at all.
 */
static int find_namespaces(struct exec *exec, struct err *err)
{
	for (size_t i = 0; i < NAMES_NAMESPACES; i++) {
		const char *file = name_of_namespace_file(names_namespaces[i]);
		auto_free char *own = text_format("self/ns/%s", file);
		auto_free char *other = text_format("%d/ns/%s", (int) exec->state.pid, file);
		struct stat a, b;

		if (fstatat(exec->proc, own, &a, 0) < 0)
			continue; /* a kind that this kernel has not */
		if (fstatat(exec->proc, other, &b, 0) < 0)
			return fail(err, -errno, "look at the %s namespace of init", file);
		if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
			exec->joins |= names_namespaces[i];
	}
	exec->helper = exec->joins & CLONE_NEWPID && !capability_is_effective(CAP_SYS_ADMIN);
	return exec_check_target(exec, err);
}

static int check_terminal(struct exec *exec, struct err *err)
{
	const char *path = exec->options->console_socket;
	bool terminal = exec->process.terminal;

	if (path && !terminal)
		return fail_text(err, -EINVAL, "--console-socket: the process has no terminal");
	if (terminal && !path && exec->options->detach)
		return fail_text(err, -EINVAL, "a detached process with a terminal needs --console-socket");
	if (!path)
		return 0;
	exec->console = socket_connect(path, err);
	return exec->console < 0 ? fail(err, exec->console, "--console-socket") : 0;
}

static int check_process(struct exec *exec, struct err *err)
{
	const struct spec_process *process = &exec->process;
	bool user = exec->joins & CLONE_NEWUSER;
	int r = process_check_limits(process, err);

	if (r == 0)
		r = process_check_labels(process, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < process->unknown_capabilities.count; i++)
		log_warning(exec->runtime->log, "process.capabilities: %s: unknown",
			    process->unknown_capabilities.items[i]);
	exec->capabilities = capabilities_plan(process, capabilities_available(user), exec->runtime->log);
	if (fault("exec-skips-the-filter"))
		return 0;
	return seccomp_compile(&exec->spec->seccomp, &exec->seccomp, err);
}

int exec_look(struct exec *exec, struct err *err)
{
	const struct exec_options *options = exec->options;
	int r = open_target(exec, err);

	if (r == 0)
		r = payload_count_preserved(options->preserve_fds, &exec->preserved, &exec->listen_fds, err);
	if (r == 0)
		r = exec->proc = process_open_proc(err);
	if (r >= 0)
		r = spec_parse(exec->state.config, &exec->spec, err);
	if (r == 0)
		r = exec_process_make(exec->state.config, options, &exec->process, err);
	if (r == 0)
		r = find_namespaces(exec, err);
	if (r == 0)
		r = check_process(exec, err);
	if (r == 0)
		r = exec_cgroups_open(exec->state.cgroups, &options->cgroups, &exec->cgroups, err);
	return r < 0 ? r : check_terminal(exec, err);
}
