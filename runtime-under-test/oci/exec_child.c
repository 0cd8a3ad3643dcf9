/* The new process's half: into the container, and from its first instruction there to the program. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/exec.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/keyring.h"
#include "runtime-under-test/oci/namespaces.h"
#include "runtime-under-test/oci/payload.h"
#include "runtime-under-test/oci/sync.h"
#include "runtime-under-test/oci/terminal.h"
#include "runtime-under-test/oci/userns.h"

/* Its number is free for others only when it has been reaped, and then no signal reaches it any more. */
int exec_check_target(const struct exec *exec, struct err *err)
{
	if (syscall(SYS_pidfd_send_signal, exec->target, 0, NULL, 0u) == 0)
		return 0;
	return fail_text(err, -errno, "container not running: init has ended");
}

/* For kernels before v5.8, one namespace after the other. The descriptors are only init's if init still lives after they are open. */
static int join_by_files(const struct exec *exec, uint64_t flags, struct err *err)
{
	struct namespaces namespaces = { .joined = flags };
	int r = 0;

	for (size_t i = 0; i < NAMES_NAMESPACES; i++) {
		const char *file = name_of_namespace_file(names_namespaces[i]);
		auto_free char *path = text_format("%d/ns/%s", (int) exec->state.pid, file);

		namespaces.fds[i] = -EBADF;
		if (!(flags & names_namespaces[i]))
			continue;
		namespaces.fds[i] = openat(exec->proc, path, O_RDONLY | O_CLOEXEC);
		if (namespaces.fds[i] < 0)
			r = fail(err, -errno, "open the %s namespace of init", file);
	}
	if (r == 0)
		r = exec_check_target(exec, err);
	if (r == 0)
		r = namespaces_join_all(&namespaces, err);
	namespaces_close(&namespaces);
	return r;
}

/* By the pidfd all at once, the user namespace first: setns(2), kernel commit 303cc571d107, v5.8. No path, so no race for it. */
int exec_join(const struct exec *exec, uint64_t flags, struct err *err)
{
	if (!flags || setns(exec->target, (int) flags) == 0)
		return 0;
	if (errno == EINVAL)
		return join_by_files(exec, flags, err);
	return fail(err, -errno, "join the namespaces of init");
}

/* Ours until here, and of no use in the container: what init of the container could reach through us is less by them. */
static void let_go(struct exec *exec)
{
	cgroups_close(&exec->cgroups);
	if (exec->runtime->root >= 0)
		(void) close(exec->runtime->root);
}

/* See cgroups_enter() and namespaces.c for the two orders. */
static int enter(struct exec *exec, struct err *err)
{
	uint64_t flags = exec->joins;
	int r = fault("exec-skips-the-cgroup") ? 0 : cgroups_enter(&exec->cgroups, err);

	let_go(exec);
	if (fault("exec-keeps-a-descriptor") || fault("exec-closes-descriptors-too-late")) {
		auto_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		(void) dup3(root, 7, O_CLOEXEC);
	}
	/* Joined by the parent for its child: setns(2) does not move the caller itself. */
	if (!exec->helper)
		flags &= ~(uint64_t) CLONE_NEWPID;
	if (fault("exec-skips-a-namespace"))
		flags &= ~(uint64_t) CLONE_NEWUTS;
	if (fault("exec-enters-the-hosts-root"))
		flags &= ~(uint64_t) CLONE_NEWNS;
	if (r == 0)
		r = exec_join(exec, flags, err);
	if (r == 0 && exec->joins & CLONE_NEWUSER)
		r = userns_become_root(exec->spec, err);
	return r;
}

/* A pid namespace takes children only; and without privileges outside it can only be joined together with the user namespace. */
static int go_through_helper(struct exec *exec, struct err *err)
{
	struct clone_args args = { .flags = CLONE_PARENT };
	int r = sync_await(exec->sync, SYNC_ATTACHED, NULL, NULL, err);
	pid_t pid;

	if (!fault("dumpable-left"))
		(void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (r == 0)
		r = enter(exec, err);
	if (r < 0)
		return r;
	pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return fail(err, -errno, "make the process in its namespaces");
	if (pid == 0)
		return 0;
	r = sync_send_number(exec->sync, SYNC_PID, pid, err);
	_exit(r < 0 ? 1 : 0);
}

/*
 * With a mount namespace setns(2) has made its root ours. Without one init's root is a directory that it changed to: its
 * link in the runtime's own procfs is followed by the kernel, never by name.
 */
static int enter_root(const struct exec *exec, struct err *err)
{
	auto_free char *path = text_format("%d/root", (int) exec->state.pid);
	auto_fd root = -EBADF;
	int r;

	if (exec->joins & CLONE_NEWNS)
		return 0;
	root = openat(exec->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail(err, -errno, "open the root of init");
	r = exec_check_target(exec, err);
	if (r < 0)
		return r;
	if (fchdir(root) < 0 || chroot(".") < 0)
		return fail(err, -errno, "change to the root of init");
	return 0;
}

static int take_terminal(struct exec *exec, struct err *err)
{
	struct terminal terminal = { .master = -EBADF, .slave = -EBADF };
	auto_fd root = -EBADF;
	int r;

	if (!exec->process.terminal)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail(err, -errno, "open the root");
	r = terminal_open(&exec->process, root, &terminal, err);
	if (r == 0)
		r = terminal_hand_over(&terminal, exec->console, exec->sync, err);
	return r < 0 ? r : terminal_take(&terminal, err);
}

static void join_keyring(const struct exec *exec)
{
	int r =
	    exec->state.no_new_keyring || fault("exec-keeps-the-keyring") ? 0 : keyring_join(exec->state.id);

	if (r < 0)
		sync_send_warning(exec->sync, "session keyring: %s", strerror(-r));
}

static int set_up(struct exec *exec, struct err *err)
{
	int r = exec->helper ? go_through_helper(exec, err) : enter(exec, err);

	if (r == 0)
		r = sync_await(exec->sync, SYNC_START, NULL, NULL, err);
	if (r == 0)
		r = enter_root(exec, err);
	if (r == 0 && !fault("exec-keeps-the-session") && setsid() < 0 && errno != EPERM)
		r = fail(err, -errno, "lead a session");
	if (r < 0)
		return r;
	join_keyring(exec);
	if (fault("exec-closes-the-input"))
		(void) close(STDIN_FILENO);
	r = process_set_affinity(exec->process.cpu_affinity_final, "final", err);
	return r < 0 ? r : take_terminal(exec, err);
}

void exec_child_main(struct exec *exec)
{
	const struct payload payload = {
		.identity = {
			.spec = exec->spec,
			.process = &exec->process,
			.capabilities = &exec->capabilities,
			.caller_umask = exec->umask,
			.proc = exec->proc,
		},
		.seccomp = &exec->seccomp,
		.preserved = exec->preserved,
		.listen_fds = exec->listen_fds,
	};
	struct err err = { 0 };
	int told = exec->sync, r = set_up(exec, &err);

	if (r == 0)
		r = payload_run(&payload, &told, &err);
	sync_send_error(told, r, err.text[0] ? err.text : strerror(-r));
	_exit(1);
}
