/* One hook: a program with the state on stdin, a deadline, and its stderr kept for the error. */
#include "runtime-under-test/oci/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/log.h"

#define STDERR_MAX 400

/* The container is "created" when create is done, so not before a hook of create has run: runtime.md#lifecycle. */
static const enum container_status statuses[HOOK_COUNT] = {
	[HOOK_PRESTART] = STATUS_CREATING,         [HOOK_CREATE_RUNTIME] = STATUS_CREATING,
	[HOOK_CREATE_CONTAINER] = STATUS_CREATING, [HOOK_START_CONTAINER] = STATUS_CREATED,
	[HOOK_POSTSTART] = STATUS_RUNNING,         [HOOK_POSTSTOP] = STATUS_STOPPED,
};

char *hook_state(enum spec_hook_kind kind, const struct state *state)
{
	auto_json json = state_to_json(state, statuses[kind]);
	struct text out = { 0 };

	json_print(json, 0, &out);
	return text_take(&out);
}

/* A file, not a pipe: a hook that does not read its stdin must not make the runtime wait or get SIGPIPE. */
static int state_file(const char *state, struct err *err)
{
	auto_fd file = memfd_create("state", MFD_CLOEXEC);
	int r = file < 0 ? -errno : file_write_all(file, state, strlen(state));

	if (r < 0 || lseek(file, 0, SEEK_SET) < 0)
		return fail(err, r < 0 ? r : -errno, "prepare the state");
	return TAKE_FD(file);
}

struct running {
	pid_t pid;
	int pidfd, errors; /* errors: reading end of its stderr */
};

/* In the child: exactly 0, 1 and 2, default signals, a session of its own, so that a deadline ends its children as well. */
static void become_hook(const struct spec_hook *hook, int in, int out, int errors, int directory)
{
	static char *const no_env[] = { NULL };
	char *const plain[] = { hook->path, NULL };
	char *const *argv = hook->args.count ? hook->args.items : plain;
	sigset_t none;

	(void) sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
	(void) signal(SIGPIPE, SIG_DFL);
	(void) setsid();
	if (directory >= 0 && fchdir(directory) < 0)
		_exit(126);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(errors, 2) < 0)
		_exit(126);
	/* What the runtime has open is none of the hook's business. */
	if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		_exit(126);
	/* Stays open on purpose, and nobody needs its number. */
	if (fault("hook-inherits-descriptors") && open("/", O_RDONLY | O_DIRECTORY) < 0)
		_exit(126);
	(void) execve(hook->path, argv, hook->env.count ? hook->env.items : no_env);
	(void) dprintf(2, "execute: %s", strerror(errno));
	_exit(127);
}

static int start_hook(const struct spec_hook *hook, const char *state, int directory, struct running *ret,
		      struct err *err)
{
	auto_fd in = state_file(state, err), out = open("/dev/null", O_RDWR | O_CLOEXEC);
	auto_fd read_end = -EBADF, write_end = -EBADF;
	int pidfd = -EBADF, ends[2];
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t) &pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	if (in < 0)
		return in;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return fail(err, -errno, "make a pipe");
	read_end = ends[0];
	write_end = ends[1];
	pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return fail(err, -errno, "clone");
	if (pid == 0) {
		/* Without a /dev/null in the container what it prints has nowhere to go but to its errors. */
		(void) fcntl(write_end, F_SETFL, 0);
		become_hook(hook, in, out < 0 ? write_end : out, write_end, directory);
	}
	*ret = (struct running){ .pid = pid, .pidfd = pidfd, .errors = TAKE_FD(read_end) };
	return 0;
}

static void drain(int errors, struct text *out)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(errors, chunk, sizeof(chunk))) > 0)
		if (out->len < STDERR_MAX)
			text_add_bytes(out, chunk,
				       (size_t) n > STDERR_MAX - out->len ? STDERR_MAX - out->len
									  : (size_t) n);
}

/* Until the hook itself ends; children it leaves behind may hold its stderr for ever. 0: ended, 1: the deadline passed. */
static int await(const struct running *running, int64_t deadline, struct text *out)
{
	struct pollfd fds[2] = { { .fd = running->pidfd, .events = POLLIN },
				 { .fd = running->errors, .events = POLLIN } };

	for (;;) {
		int64_t left = deadline < 0 ? -1 : deadline - process_now_ms();

		if (deadline >= 0 && left <= 0)
			return 1;
		if (poll(fds, 2, (int) left) < 0 && errno != EINTR)
			return 0;
		drain(running->errors, out);
		if (fds[0].revents)
			return 0;
		if (fds[1].revents & POLLHUP)
			fds[1].fd = -1;
	}
}

static int judge(int status, const struct text *errors, struct err *err)
{
	const char *colon = errors->len ? ": " : "", *text = errors->len ? errors->data : "";

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return fail_text(err, -EIO, "ended by signal %d%s%s", WTERMSIG(status), colon, text);
	return fail_text(err, -EIO, "exit status %d%s%s", WEXITSTATUS(status), colon, text);
}

static int run_one(const struct spec_hook *hook, const char *state, int directory, struct err *err)
{
	struct running running = { .errors = -EBADF };
	int64_t deadline = hook->has_timeout ? process_now_ms() + (int64_t) hook->timeout_s * 1000 : -1;
	auto_text errors = { 0 };
	int status = 0, late, r;

	r = start_hook(hook, state, directory, &running, err);
	if (r < 0)
		return r;
	late = await(&running, deadline, &errors);
	if (late) {
		(void) kill(-running.pid,
			    SIGKILL); /* its session; not reaped, so the number is still its own */
		(void) kill(running.pid, SIGKILL);
	}
	while (waitpid(running.pid, &status, 0) < 0 && errno == EINTR)
		;
	drain(running.errors, &errors);
	cleanup_fd(&running.pidfd);
	cleanup_fd(&running.errors);
	text_trim_end(&errors);
	if (late)
		return fail_text(err, -ETIMEDOUT, "not done after %d s", hook->timeout_s);
	return judge(status, &errors, err);
}

static int run_indexed(const struct spec *spec, enum spec_hook_kind kind, size_t index, const char *state,
		       int directory, struct err *err)
{
	const struct spec_hook *hook = &spec->hooks[kind].items[index];
	int r = run_one(hook, fault("hook-state-empty") ? "{}" : state, directory, err);

	if (r < 0 && fault("hook-failure-ignored"))
		return 0;
	return r < 0 ? fail(err, r, "hooks.%s[%zu]: %s", spec_hook_name(kind), index, hook->path) : 0;
}

int hooks_run(const struct spec *spec, enum spec_hook_kind kind, const struct state *state, int directory,
	      struct err *err)
{
	size_t count = spec->hooks[kind].count;
	auto_free char *text = count ? hook_state(kind, state) : NULL;

	for (size_t i = 0; i < count; i++) {
		size_t index = fault("hooks-out-of-order") ? count - 1 - i : i;
		int r = run_indexed(spec, kind, index, text, directory, err);

		if (r < 0)
			return r;
	}
	return 0;
}

void hooks_run_all(const struct spec *spec, enum spec_hook_kind kind, const struct state *state,
		   int directory, const struct log *log)
{
	size_t count = spec->hooks[kind].count;
	auto_free char *text = count ? hook_state(kind, state) : NULL;

	for (size_t i = 0; i < count; i++) {
		struct err err = { 0 };

		if (run_indexed(spec, kind, i, text, directory, &err) < 0)
			log_warning(log, "%s", err.text);
	}
}
