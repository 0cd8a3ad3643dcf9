/*
 * The caller's half of exec, and its stages:
 *
 *	caller (plumbline-oci exec)			the new process
 *	1 look     the container lives; what can be refused, is (exec_look.c)
 *	2 hide     its own executable and memory from the container
 *	3 clone    ----------------------------------> 4 enter: cgroups, namespaces
 *	           out-of-memory score, limits,
 *	           scheduling, from outside  --START-->  root, session, keyring, terminal
 *	5 hear     filter's listener        <-SECCOMP-   user, descriptors, privileges
 *	           pid file, pidfd          <-EXEC, end- becomes the program
 *	6 wait     relays terminal and signals, or exits
 *
 * The process is the caller's child in its cgroup from its first instruction (clone3), and its child for good: callers adopt
 * it when this program exits. A helper between them is needed without privileges only, see exec_child.c.
 */
#include "runtime-under-test/oci/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/foreground.h"
#include "runtime-under-test/oci/handover.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/process.h"
#include "runtime-under-test/oci/rdt.h"
#include "runtime-under-test/oci/sync.h"

static void exec_close(struct exec *exec)
{
	int *fds[] = { &exec->proc, &exec->target, &exec->console, &exec->sync, &exec->pidfd, &exec->master };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		cleanup_fd(fds[i]);
	cgroups_close(&exec->cgroups);
	seccomp_program_clear(&exec->seccomp);
	spec_process_clear(&exec->process);
	spec_free(exec->spec);
	state_clear(&exec->state);
}
#define auto_exec __attribute__((cleanup(exec_close))) struct exec

static pid_t clone_into(struct clone_args *args, int cgroup)
{
	args->flags |= CLONE_INTO_CGROUP;
	args->cgroup = (uint64_t) cgroup;
	return (pid_t) syscall(SYS_clone3, args, sizeof(*args));
}

/* *ret_cgroup: where to attach what could not be cloned there; -EBADF: nothing is left to do. */
static pid_t clone_child(const struct exec *exec, int *ret_pidfd, int *ret_cgroup)
{
	struct clone_args args = { .flags = CLONE_PIDFD,
				   .pidfd = (uintptr_t) ret_pidfd,
				   .exit_signal = SIGCHLD };
	int cgroup = cgroups_unified(&exec->cgroups);
	pid_t pid;

	*ret_cgroup = -EBADF;
	if (cgroup < 0 || fault("exec-skips-the-cgroup"))
		return (pid_t) syscall(SYS_clone3, &args, sizeof(args));
	/* A helper would be counted where pids.max may not allow two. */
	if (!exec->helper) {
		auto_fd other = -EBADF;

		pid = clone_into(&args, cgroup);
		if (pid < 0 && (errno == EBUSY || errno == EOPNOTSUPP) && !exec->options->cgroups.count) {
			other = exec_cgroup_of_init(exec, NULL);
			pid = other < 0 ? -1 : clone_into(&args, other);
		}
		if (pid >= 0 || (errno != EINVAL && errno != E2BIG))
			return pid;
		/* Kernels before v5.7 do not know the flag. */
		args.flags &= ~(uint64_t) CLONE_INTO_CGROUP;
	}
	*ret_cgroup = cgroup;
	return (pid_t) syscall(SYS_clone3, &args, sizeof(args));
}

static int await(const struct exec *exec, enum sync_type wanted, struct sync_message *ret, struct err *err)
{
	return sync_await(exec->sync, wanted, exec->runtime->log, ret, err);
}

/* The score is given while the files of the helper are still the caller's: not dumpable, they are root's. */
static int meet_helper(struct exec *exec, struct err *err)
{
	struct sync_message message;
	int r = process_set_oom(&exec->process, exec->proc, exec->pid, err);

	if (r == 0)
		r = sync_send(exec->sync, SYNC_ATTACHED, err);
	if (r == 0)
		r = await(exec, SYNC_PID, &message, err);
	if (r < 0)
		return r;
	(void) waitpid(exec->pid, NULL, 0);
	(void) close(exec->pidfd);
	exec->pid = message.number;
	exec->pidfd = process_pidfd_open(exec->pid);
	return exec->pidfd < 0 ? fail(err, exec->pidfd, "open the process") : 0;
}

static int attach(const struct exec *exec, int cgroup, struct err *err)
{
	int r = cgroup < 0 ? 0 : cgroups_attach_unified(&exec->cgroups, exec->pid, err);

	return r < 0 ? r : rdt_attach(json_member(exec->state.cgroups, "resctrl"), exec->pid, err);
}

/* A process of the container must not look through /proc/PID of the new one before it is the program: CVE-2016-9962. */
static void hide(const struct exec *exec)
{
	if (!exec->helper && !fault("dumpable-left"))
		(void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/*
 * setns(2) moves the caller's children only, and ours is made: later ones are none of the container's. The leak checker's of a
 * build with sanitizers is one; in another pid namespace it looks for us in vain, and we wait for it for ever.
 */
static int return_home(int home, struct err *err)
{
	return home >= 0 && setns(home, CLONE_NEWPID) < 0 ? fail(err, -errno, "return to our pid namespace")
							  : 0;
}

/* Stage 3, up to the point where the process waits for START. */
static int make_process(struct exec *exec, struct err *err)
{
	auto_fd home = -EBADF;
	int ends[2], cgroup, r = process_set_affinity(exec->process.cpu_affinity_initial, "initial", err);

	if (r == 0)
		hide(exec);
	if (r == 0)
		r = sync_pair(ends, err);
	if (r < 0)
		return r;
	if (!exec->helper && exec->joins & CLONE_NEWPID) {
		home = file_open_at(exec->proc, "self/ns/pid", O_RDONLY, 0, err);
		r = home < 0 ? home : exec_join(exec, CLONE_NEWPID, err);
	}
	exec->pid = r < 0 ? -1 : clone_child(exec, &exec->pidfd, &cgroup);
	if (exec->pid == 0) {
		(void) close(ends[0]);
		cleanup_fd(&home);
		exec->sync = ends[1];
		exec_child_main(exec);
	}
	if (r == 0 && exec->pid < 0)
		r = fail(err, -errno, "make a process in the container");
	(void) close(ends[1]);
	exec->sync = ends[0];
	if (r == 0)
		r = return_home(home, err);
	if (r < 0)
		return r;
	if (exec->helper)
		r = meet_helper(exec, err);
	else
		r = process_set_oom(&exec->process, exec->proc, exec->pid, err);
	return r < 0 ? r : attach(exec, cgroup, err);
}

static int take_message(struct exec *exec, struct sync_message *message, bool *executed, struct err *err)
{
	auto_fd fd = message->fd;
	int r;

	switch ((int) message->type) {
	case SYNC_WARNING:
		log_warning(exec->runtime->log, "%s", message->text);
		return 0;
	case SYNC_ERROR:
		return fail_text(err, message->number < 0 ? message->number : -EIO, "%s", message->text);
	case SYNC_SECCOMP:
		r = seccomp_send_listener(&exec->spec->seccomp, &exec->state, exec->pid, fd, err);
		return r < 0 ? r : sync_send(exec->sync, SYNC_LISTENED, err);
	case SYNC_CONSOLE:
		cleanup_fd(&exec->master);
		exec->master = TAKE_FD(fd);
		return 0;
	case SYNC_EXEC:
		*executed = true;
		return 0;
	}
	return fail_text(err, -EPROTO, "the process said something unexpected");
}

/* Stage 5. The end of the socket after EXEC is the success of execve; only then is there a pid file: callers ask it, not us. */
static int hear_out(struct exec *exec, struct err *err)
{
	struct sync_message message;
	bool executed = false;
	int r;

	while ((r = sync_receive(exec->sync, &message, err)) > 0) {
		r = take_message(exec, &message, &executed, err);
		if (r < 0)
			return r;
	}
	if (r == 0 && !executed)
		return fail_text(err, -EIO, "the process died before the program began");
	if (r == 0)
		r = handover_pidfd(exec->options->pidfd_socket, exec->pidfd, err);
	return r < 0 || fault("exec-pid-file-forgotten")
		   ? r
		   : handover_pid_file(exec->options->pid_file, exec->pid, err);
}

static void undo(const struct exec *exec)
{
	if (exec->pid <= 0)
		return;
	(void) kill(exec->pid, SIGKILL); /* ours and not reaped */
	(void) waitpid(exec->pid, NULL, 0);
}

static int run(struct exec *exec, int signals, int *ret_code, struct err *err)
{
	struct foreground foreground = { .signals = signals, .notify = -EBADF };
	int r = make_process(exec, err);

	if (r == 0)
		r = process_tune(&exec->process, exec->pid, err);
	if (r == 0)
		r = sync_send(exec->sync, SYNC_START, err);
	if (r == 0 && fault("exec-pid-file-too-early"))
		r = handover_pid_file(exec->options->pid_file, exec->pid, err);
	if (r == 0)
		r = hear_out(exec, err);
	if (r < 0) {
		undo(exec);
		return r;
	}
	*ret_code = 0;
	if (exec->options->detach)
		return 0;
	foreground.pidfd = exec->pidfd;
	foreground.master = exec->master;
	r = foreground_wait(&foreground, ret_code, err);
	if (r == 0 && fault("exec-loses-the-exit-code"))
		*ret_code = *ret_code ? 1 : 0;
	return r;
}

static int exec_locked_out(struct exec *exec, int *ret_code, struct err *err)
{
	auto_fd signals = -EBADF;
	sigset_t before;
	int r = exec_look(exec, err);

	if (r < 0)
		return r;
	if (exec->options->detach)
		return run(exec, -EBADF, ret_code, err);
	signals = foreground_open_signals(&before, err);
	if (signals < 0)
		return signals;
	r = run(exec, signals, ret_code, err);
	(void) sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

/*
 * Without the container's lock: a hook may exec, and a `delete` must not wait for it. Init is held by its pidfd; when it goes
 * meanwhile, joining fails, or the kernel ends what has joined.
 */
int container_exec(const struct runtime *runtime, const struct exec_options *options, int *ret_code,
		   struct err *err)
{
	auto_exec exec = { .runtime = runtime,
			   .options = options,
			   .proc = -EBADF,
			   .target = -EBADF,
			   .console = -EBADF,
			   .sync = -EBADF,
			   .pidfd = -EBADF,
			   .master = -EBADF };
	auto_fd directory = state_open(runtime->root, options->id, err);
	int r = directory < 0 ? directory : state_read(directory, &exec.state, err);
	if (r < 0)
		return r;
	exec.umask = umask(0);
	(void) umask(exec.umask);
	return exec_locked_out(&exec, ret_code, err);
}
