/* Tries that wait, end the probe, or talk on its streams: they print lines of their own. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/names.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/try.h"

#define AWAIT_SECONDS 10
#define PRINT_MAX (1ll << 32)

static int try_hold(struct try *try)
{
	out_line(try->out, try->probe->nonce);
	out_bool(try->out, "hold", true);
	(void) out_line_end(try->out);
	while (pause() < 0)
		;
	return 0;
}

/* Every signal that can be waited for, when no name is given. */
static int wanted_signals(const struct try *try, sigset_t *ret)
{
	(void) sigemptyset(ret);
	if (try->count == 1)
		(void) sigfillset(ret);
	for (int i = 1; i < try->count; i++) {
		int number = name_to_signal(try->words[i]);

		if (number < 0 || sigaddset(ret, number) < 0)
			return -EINVAL;
	}
	return 0;
}

/*
 * Blocked, not caught: a blocked signal reaches even the first process of a PID namespace, for which the
 * kernel drops whatever has its default action. pid_namespaces(7).
 */
static int try_await(struct try *try)
{
	const struct timespec patience = { .tv_sec = AWAIT_SECONDS };
	sigset_t set, before;
	siginfo_t info = { 0 };
	const char *name;
	int number, error;

	if (wanted_signals(try, &set) < 0)
		return -EINVAL;
	(void) sigprocmask(SIG_BLOCK, &set, &before);
	out_line(try->out, try->probe->nonce);
	out_string(try->out, "waiting", try->count > 1 ? try_rest(try, 1) : "any");
	(void) out_line_end(try->out);
	do
		number = sigtimedwait(&set, &info, &patience);
	while (number < 0 && errno == EINTR);
	error = errno;
	(void) sigprocmask(SIG_SETMASK, &before, NULL);
	if (number < 0)
		return error == EAGAIN ? -ETIMEDOUT : -error;
	name = name_of_signal(number);
	try_begin(try);
	out_string(try->out, "signal", name ? name : "unknown");
	out_int(try->out, "from_pid", info.si_pid);
	out_uint(try->out, "from_uid", info.si_uid);
	out_int(try->out, "si_code", info.si_code);
	return number;
}

static int try_exit(struct try *try)
{
	long long code;

	if (try_number(try->words[1], &code) < 0)
		return -EINVAL;
	tries_end(try->probe, try->out);
	_exit((int) code);
}

/* A filter with one instruction: from now on every call kills the process. */
static void forbid_everything(void)
{
	struct sock_filter kill = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	const struct sock_fprog program = { .len = 1, .filter = &kill };

	(void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
	(void) getppid();
}

static void allow_almost_nothing(void)
{
	(void) prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
	(void) getppid();
}

static void fault_segment(void)
{
	volatile uintptr_t first_page = 16; /* never mapped: mmap_min_addr */

	*(volatile char *) first_page = 0;
}

static void fault_instruction(void)
{
	__builtin_trap();
}

/*
 * The first process of a PID namespace does not get signals that it sends itself: pid_namespaces(7). What the
 * kernel forces on it does arrive.
 */
static const struct forced {
	int number;
	void (*die)(void);
} forced[] = {
	{ SIGKILL, allow_almost_nothing },
	{ SIGSYS, forbid_everything },
	{ SIGSEGV, fault_segment },
	{ SIGILL, fault_instruction },
};

static int try_die(struct try *try)
{
	int number = name_to_signal(try->words[1]);
	const struct forced *way = NULL;
	sigset_t set;

	if (number < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(forced); i++)
		if (forced[i].number == number)
			way = &forced[i];
	(void) sigemptyset(&set);
	(void) sigaddset(&set, number);
	(void) sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void) signal(number, SIG_DFL);
	if (getpid() != 1 || way)
		tries_end(try->probe, try->out);
	(void) kill(getpid(), number);
	if (way)
		way->die();
	/* Still here: the kernel dropped it. */
	try_begin(try);
	out_bool(try->out, "survived", true);
	return 0;
}

static int try_print(struct try *try)
{
	static const char filler[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+\n";
	long long left;

	if (try_number(try->words[1], &left) < 0 || left < 0 || left > PRINT_MAX)
		return -EINVAL;
	while (left > 0) {
		/* Always a newline last: the next line must begin with the nonce. */
		size_t len = left < 64 ? (size_t) left : 64;
		int r = file_write_all(STDOUT_FILENO, filler + 64 - len, len);

		if (r < 0)
			return r;
		left -= (long long) len;
	}
	return 0;
}

static int try_errors(struct try *try)
{
	auto_free char *line = text_format("%s\n", try_rest(try, 1));

	return file_write_all(STDERR_FILENO, line, strlen(line));
}

const struct try_verb try_flow_verbs[] = {
	{ "hold", try_hold, 0, "prints {\"hold\": true} and stays until killed", true },
	{ "await [SIG...]", try_await, 0,
	  "prints {\"waiting\": ...}; signal, from_pid, from_uid of the first; 10 s", true },
	{ "exit N", try_exit, 1, "ends the probe with that status", true },
	{ "die SIG", try_die, 1, "ends the probe by that signal; survived: the kernel dropped it", true },
	{ "print N", try_print, 1, "so many bytes of filler on stdout", true },
	{ "errors TEXT", try_errors, 1, "one line on stderr" },
	{ NULL },
};
