/* Starting, waiting for and killing children: all by pidfd, so that no recycled pid is ever meant. */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"

#ifndef P_PIDFD
#define P_PIDFD 3 /* kernel commit 3695eae5fee0 ("pidfd: add P_PIDFD to waitid()"), v5.4; glibc 2.36 */
#endif

/* What went wrong in the child before its exec comes through a pipe that exec closes. */
enum spawn_step { STEP_PARENT, STEP_SESSION, STEP_DIRECTORY, STEP_DESCRIPTORS, STEP_EXEC };
struct spawn_failure {
	enum spawn_step step;
	int error;
};

struct spawn {
	const struct process_options *options;
	const char *path; /* resolved */
	pid_t parent;
	int report; /* write end of the pipe */
	int *moved; /* room for a descriptor a slot: no memory may be had after clone */
};

void process_close(struct process *process)
{
	if (process->pidfd >= 0)
		(void) close(process->pidfd);
	process->pidfd = -EBADF;
}

int64_t process_now_ms(void)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int process_pidfd_open(pid_t pid)
{
	int fd = (int) syscall(SYS_pidfd_open, pid, 0u);

	return fd < 0 ? -errno : fd;
}

/*
 * From here to child_main(): between clone and exec, so async-signal-safe calls only. Their frames never return: an address
 * sanitizer would find what it noted about them at the next child's stack.
 */
#define IN_CHILD __attribute__((no_sanitize_address))

IN_CHILD static void give_up(const struct spawn *spawn, enum spawn_step step)
{
	struct spawn_failure failure = { step, errno };

	(void) !write(spawn->report, &failure, sizeof(failure));
	_exit(127);
}

/*
 * Handlers and ignored signals alike, before any is let through. By the raw call: sigaction() refuses the two signals that libc
 * keeps for itself, and some callers hand those down ignored.
 */
IN_CHILD static void reset_signals(void)
{
	const struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} action = { 0 };
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++)
		(void) syscall(SYS_rt_sigaction, signal, &action, NULL, sizeof(action.mask));
	(void) sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
}

IN_CHILD static int open_source(const struct process_options *options, int slot, int lowest)
{
	int source = slot < 3 ? options->stdio[slot] : options->keep[slot - 3], null, moved;

	if (source >= 0)
		return fcntl(source, F_DUPFD_CLOEXEC, lowest);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -1;
	moved = fcntl(null, F_DUPFD_CLOEXEC, lowest);
	(void) close(null);
	return moved;
}

/*
 * Every source is first duplicated above all targets, for 1->0 and 0->1 at once would overwrite each other. The
 * report pipe goes right behind the last target, and nothing else stays open.
 */
IN_CHILD static void arrange_descriptors(struct spawn *spawn)
{
	const struct process_options *options = spawn->options;
	int slots = 3 + (int) options->keep_count;
	int report = fcntl(spawn->report, F_DUPFD_CLOEXEC, slots + 1);

	if (report < 0)
		give_up(spawn, STEP_DESCRIPTORS);
	spawn->report = report;
	for (int slot = 0; slot < slots; slot++) {
		spawn->moved[slot] = open_source(options, slot, slots + 1);
		if (spawn->moved[slot] < 0)
			give_up(spawn, STEP_DESCRIPTORS);
	}
	for (int slot = 0; slot < slots; slot++)
		if (dup2(spawn->moved[slot], slot) < 0)
			give_up(spawn, STEP_DESCRIPTORS);
	if (dup3(report, slots, O_CLOEXEC) < 0)
		give_up(spawn, STEP_DESCRIPTORS);
	spawn->report = slots;
	if (syscall(SYS_close_range, (unsigned) slots + 1, ~0u, 0u) < 0)
		give_up(spawn, STEP_DESCRIPTORS);
}

IN_CHILD static void run_child(struct spawn *spawn)
{
	const struct process_options *options = spawn->options;
	char *const *env = (char *const *) (options->env ? options->env : (const char *const *) environ);

	reset_signals();
	if (options->death_signal) {
		/* The parent may have died before the signal was armed: then nobody would ever send it. */
		if (prctl(PR_SET_PDEATHSIG, options->death_signal) < 0 || getppid() != spawn->parent)
			give_up(spawn, STEP_PARENT);
	}
	if ((options->new_session && setsid() < 0) || (options->new_group && setpgid(0, 0) < 0))
		give_up(spawn, STEP_SESSION);
	if (options->directory >= 0 && fchdir(options->directory) < 0)
		give_up(spawn, STEP_DIRECTORY);
	arrange_descriptors(spawn);
	(void) execve(spawn->path, (char *const *) options->argv, env);
	give_up(spawn, STEP_EXEC);
}

/*
 * The child borrows our memory, on a stack of its own, and we stand still until its exec: a server of many threads and much
 * memory pays neither for copied page tables nor for pages written anew in every thread, and no handler of fork runs. Signals
 * are blocked meanwhile, for a handler in the child would write to what is ours; posix_spawn(3) does the same.
 */
#define CHILD_STACK 65536

IN_CHILD static int child_main(void *spawn)
{
	run_child(spawn);
	return 0;
}

static pid_t clone_child(struct spawn *spawn, int *ret_pidfd)
{
	char *stack =
	    mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int pidfd = -EBADF, error;
	uint64_t all = ~(uint64_t) 0, before;
	pid_t pid;

	if (stack == MAP_FAILED)
		return -1;
	/* By the raw call as well: the libc's own signals run handlers like any other. */
	(void) syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(all));
	pid = clone(child_main, stack + CHILD_STACK, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, spawn,
		    &pidfd);
	error = errno;
	(void) syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	(void) munmap(stack, CHILD_STACK);
	errno = error;
	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}

static bool is_executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static char *find_program(const char *name)
{
	const char *dirs = getenv("PATH");

	if (strchr(name, '/'))
		return text_format("%s", name);
	for (const char *dir = dirs ? dirs : "/usr/local/bin:/usr/bin:/bin"; dir;) {
		size_t len = strcspn(dir, ":");
		auto_free char *path = text_format("%.*s%s%s", (int) len, dir, len ? "/" : "", name);

		if (is_executable(path))
			return TAKE(path);
		dir = dir[len] ? dir + len + 1 : NULL;
	}
	return NULL;
}

static int report_failure(const struct spawn *spawn, const struct spawn_failure *failure, struct err *err)
{
	static const char *const steps[] = {
		[STEP_PARENT] = "watch its parent",
		[STEP_SESSION] = "make a session or group",
		[STEP_DIRECTORY] = "enter its directory",
		[STEP_DESCRIPTORS] = "arrange its descriptors",
	};

	if (failure->step == STEP_EXEC)
		return fail(err, -failure->error, "execute %s", spawn->path);
	return fail(err, -failure->error, "start %s: %s", spawn->path, steps[failure->step]);
}

/* End-of-file means that exec has closed the child's end. */
static int await_exec(const struct spawn *spawn, int report, const struct process *child, struct err *err)
{
	struct spawn_failure failure;
	struct process_status status;
	ssize_t n;

	do
		n = read(report, &failure, sizeof(failure));
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t) sizeof(failure))
		return 0;
	(void) process_wait(child, -1, &status, NULL);
	return report_failure(spawn, &failure, err);
}

static int spawn_path(struct spawn *spawn, struct process *ret, struct err *err)
{
	auto_fd read_end = -EBADF, write_end = -EBADF;
	struct process child = PROCESS_INIT;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, -errno, "start %s: make a pipe", spawn->path);
	read_end = ends[0];
	write_end = ends[1];
	spawn->report = write_end;
	child.pid = clone_child(spawn, &child.pidfd);
	if (child.pid < 0)
		return fail(err, -errno, "start %s: clone", spawn->path);
	cleanup_fd(&write_end);
	write_end = -EBADF;
	if (child.pidfd < 0) {
		(void) kill(child.pid, SIGKILL); /* not reaped yet, so the pid is still its own */
		(void) waitpid(child.pid, NULL, 0);
		return fail(err, child.pidfd, "start %s: open its pidfd", spawn->path);
	}
	r = await_exec(spawn, read_end, &child, err);
	if (r < 0) {
		process_close(&child);
		return r;
	}
	*ret = child;
	return 0;
}

int process_spawn(const struct process_options *options, struct process *ret, struct err *err)
{
	auto_free char *path = find_program(options->argv[0]);
	auto_free int *moved = calloc(3 + options->keep_count, sizeof(*moved));
	struct spawn spawn = { .options = options, .path = path, .parent = getpid(), .moved = moved };

	if (!moved)
		abort();
	if (!path)
		return fail_text(err, -ENOENT, "%s: command not found in PATH", options->argv[0]);
	return spawn_path(&spawn, ret, err);
}

static int time_left(int64_t deadline)
{
	int64_t left;

	if (deadline < 0)
		return -1;
	left = deadline - process_now_ms();
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int) left;
}

int process_poll(int fd, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	for (;;) {
		int r = poll(&poll_fd, 1, time_left(deadline));

		if (r > 0)
			return 1;
		if (r < 0 && errno != EINTR)
			return -errno;
		if (deadline >= 0 && process_now_ms() >= deadline)
			return 0;
	}
}

static int reap(const struct process *process, struct process_status *ret, struct err *err)
{
	struct process_status status = { 0 };
	siginfo_t info;
	int r;

	do
		r = waitid((idtype_t) P_PIDFD, (id_t) process->pidfd, &info, WEXITED);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return fail(err, -errno, "wait for process %d", (int) process->pid);
	status.exited = info.si_code == CLD_EXITED;
	if (status.exited)
		status.code = info.si_status;
	else
		status.signal = info.si_status;
	*ret = status;
	return 0;
}

int process_wait(const struct process *process, int64_t deadline, struct process_status *ret, struct err *err)
{
	int r = process_poll(process->pidfd, deadline);

	if (r < 0)
		return fail(err, r, "wait for process %d", (int) process->pid);
	if (r == 0)
		return fail(err, -ETIMEDOUT, "wait for process %d", (int) process->pid);
	return reap(process, ret, err);
}

int process_kill(const struct process *process, int signal)
{
	return syscall(SYS_pidfd_send_signal, process->pidfd, signal, NULL, 0u) < 0 ? -errno : 0;
}
