/* Children: exact descriptors, default signals, exec errors, deadlines, floods, and survivors that hold pipes. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/text.h"
#include "tests/base/scratch.h"

struct outcome {
	struct text out, err;
	struct process_status status;
	uint64_t dropped;
	struct err why;
	int r;
};

static void outcome_free(struct outcome *outcome)
{
	text_free(&outcome->out);
	text_free(&outcome->err);
}
#define auto_outcome __attribute__((cleanup(outcome_free))) struct outcome

static void run_with(struct process_options options, const char *script, size_t max, int64_t timeout_ms,
		     struct outcome *ret)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct process_capture capture = {
		.out = &ret->out,
		.err = &ret->err,
		.max = max,
		.timeout_ms = timeout_ms,
		.ret_dropped = &ret->dropped,
	};

	options.argv = argv;
	ret->r = process_run(&options, &capture, &ret->status, &ret->why);
}

static void run(const char *script, struct outcome *ret)
{
	run_with((struct process_options) PROCESS_OPTIONS_INIT, script, 65536, 20000, ret);
}

START_TEST(captures_both_streams)
{
	auto_outcome seen = { 0 };

	run("echo out; echo err >&2; exit 7", &seen);
	ck_assert_msg(seen.r == 0, "%s", seen.why.text);
	ck_assert(seen.status.exited);
	ck_assert_int_eq(seen.status.code, 7);
	ck_assert_str_eq(text_str(&seen.out), "out\n");
	ck_assert_str_eq(text_str(&seen.err), "err\n");
	ck_assert_uint_eq(seen.dropped, 0);
}
END_TEST

START_TEST(tells_signals_from_codes)
{
	auto_outcome seen = { 0 };

	run("kill -9 $$", &seen);
	ck_assert_int_eq(seen.r, 0);
	ck_assert(!seen.status.exited);
	ck_assert_int_eq(seen.status.signal, SIGKILL);
}
END_TEST

START_TEST(exec_failures_carry_their_errno)
{
	static const struct {
		const char *program;
		int r;
		const char *why;
	} rows[] = {
		{ "/nonexistent/x", -ENOENT, "execute /nonexistent/x: No such file or directory" },
		{ "/etc/passwd", -EACCES, "execute /etc/passwd: Permission denied" },
		{ "/tmp", -EACCES, "execute /tmp: Permission denied" },
		{ "no-such-command-anywhere", -ENOENT,
		  "no-such-command-anywhere: command not found in PATH" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *argv[] = { rows[i].program, NULL };
		struct process_options options = PROCESS_OPTIONS_INIT;
		struct process process = PROCESS_INIT;
		struct err err = { 0 };

		options.argv = argv;
		ck_assert_int_eq(process_spawn(&options, &process, &err), rows[i].r);
		ck_assert_str_eq(err.text, rows[i].why);
		ck_assert_int_lt(process.pidfd, 0);
		ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no zombie is left: ECHILD */
		ck_assert_int_eq(errno, ECHILD);
	}
}
END_TEST

START_TEST(a_file_that_is_no_program)
{
	auto_scratch scratch = scratch_open();
	auto_free char *path = text_format("%s/garbage", scratch.path);
	const char *argv[] = { path, NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;
	struct process process = PROCESS_INIT;
	int fd = openat(scratch.fd, "garbage", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	ck_assert_int_eq(write(fd, "garbage", 7), 7);
	ck_assert_int_eq(close(fd), 0);
	options.argv = argv;
	ck_assert_int_eq(process_spawn(&options, &process, NULL), -ENOEXEC);
}
END_TEST

START_TEST(deadline_kills)
{
	auto_outcome seen = { 0 };
	int64_t start = process_now_ms();

	run_with((struct process_options) PROCESS_OPTIONS_INIT, "echo started; exec tail -f /dev/null", 100,
		 200, &seen);
	ck_assert_int_eq(seen.r, -ETIMEDOUT);
	ck_assert_str_eq(seen.why.text, "sh: still running after 200 ms");
	ck_assert_str_eq(text_str(&seen.out), "started\n");
	ck_assert_int_eq(seen.status.signal, SIGKILL);
	ck_assert_int_lt(process_now_ms() - start, 5000);
	ck_assert_int_ge(process_now_ms() - start, 200);
}
END_TEST

START_TEST(deadline_kills_the_group)
{
	struct process_options options = PROCESS_OPTIONS_INIT;
	auto_outcome seen = { 0 };
	auto_fd pidfd = -EBADF;

	options.new_group = true;
	run_with(options, "tail -f /dev/null & echo $!; wait", 100, 300, &seen);
	ck_assert_int_eq(seen.r, -ETIMEDOUT);
	pidfd = process_pidfd_open(atoi(text_str(&seen.out)));
	if (pidfd >= 0) /* gone already, or it goes now */
		ck_assert_int_eq(process_poll(pidfd, process_now_ms() + 5000), 1);
	else
		ck_assert_int_eq(pidfd, -ESRCH);
}
END_TEST

START_TEST(flood_is_cut_and_counted)
{
	auto_outcome seen = { 0 };

	run_with((struct process_options) PROCESS_OPTIONS_INIT,
		 "head -c 3000000 /dev/zero | tr '\\0' x; echo e >&2", 1000, 20000, &seen);
	ck_assert_msg(seen.r == 0, "%s", seen.why.text);
	ck_assert_uint_eq(seen.out.len, 1000);
	ck_assert_uint_eq(seen.dropped, 3000000 - 1000);
	ck_assert_str_eq(text_str(&seen.err), "e\n");
}
END_TEST

START_TEST(endless_flood_meets_the_deadline)
{
	auto_outcome seen = { 0 };

	run_with((struct process_options) PROCESS_OPTIONS_INIT, "exec cat /dev/zero", 1000, 300, &seen);
	ck_assert_int_eq(seen.r, -ETIMEDOUT);
	ck_assert_uint_eq(seen.out.len, 1000);
	ck_assert_uint_gt(seen.dropped, 0);
}
END_TEST

/* A container keeps the pipes of the command that made it. */
START_TEST(does_not_wait_for_end_of_file)
{
	auto_outcome seen = { 0 };
	auto_fd pidfd = -EBADF;
	int64_t start = process_now_ms();
	int survivor;

	run("sleep 600 & echo $!", &seen);
	ck_assert_int_eq(seen.r, 0);
	ck_assert_int_lt(process_now_ms() - start, 5000);
	survivor = atoi(text_str(&seen.out));
	ck_assert_int_gt(survivor, 1);
	pidfd = process_pidfd_open(survivor);
	ck_assert_int_ge(pidfd, 0);
	ck_assert_int_eq(process_poll(pidfd, process_now_ms() + 50), 0);
	ck_assert_int_eq(process_kill(&(struct process){ .pidfd = pidfd }, SIGKILL), 0);
}
END_TEST

START_TEST(survivors_flood_does_not_hold_us)
{
	auto_outcome seen = { 0 };
	int64_t start = process_now_ms();
	auto_fd pidfd = -EBADF;

	run_with((struct process_options) PROCESS_OPTIONS_INIT, "cat /dev/zero & echo $! >&2", 100, 20000,
		 &seen);
	ck_assert_int_eq(seen.r, 0);
	ck_assert_int_lt(process_now_ms() - start, 5000);
	pidfd = process_pidfd_open(atoi(text_str(&seen.err)));
	if (pidfd >= 0) /* it may have got SIGPIPE already */
		(void) process_kill(&(struct process){ .pidfd = pidfd }, SIGKILL);
}
END_TEST

START_TEST(gives_the_exact_descriptors)
{
	struct process_options options = PROCESS_OPTIONS_INIT;
	auto_outcome seen = { 0 };
	int pipes[2], keep[2], loose = open("/dev/zero", O_RDONLY); /* not close-on-exec, on purpose */

	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(write(pipes[1], "hello", 5), 5);
	(void) close(pipes[1]);
	/* Targets 3 and 4 are sources as well, the other way round where the numbers allow it. */
	keep[0] = fcntl(pipes[0], F_DUPFD, 4);
	keep[1] = open("/dev/full", O_WRONLY);
	options.keep = keep;
	options.keep_count = 2;
	run_with(options,
		 "head -c 5 <&3; echo; readlink /proc/self/fd/4; readlink /proc/$$/fd/0; ls /proc/$$/fd; :",
		 4096, 20000, &seen);
	ck_assert_msg(seen.r == 0, "%s", seen.why.text);
	ck_assert_str_eq(text_str(&seen.out), "hello\n/dev/full\n/dev/null\n0\n1\n2\n3\n4\n");
	(void) close(loose);
}
END_TEST

START_TEST(swaps_descriptors)
{
	struct process_options options = PROCESS_OPTIONS_INIT;
	const char *argv[] = { "sh", "-c", "echo to-out; echo to-err >&2; readlink /proc/$$/fd/3 >&2", NULL };
	struct process process = PROCESS_INIT;
	struct process_status status;
	auto_scratch scratch = scratch_open();
	auto_text text = { 0 };
	int one = openat(scratch.fd, "one", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int two = openat(scratch.fd, "two", O_RDWR | O_CREAT | O_CLOEXEC, 0600), keep[1];

	/* Our own 1 and 2 become the child's 2 and 1, and 0 its 3. */
	ck_assert_int_eq(dup2(one, 1), 1);
	ck_assert_int_eq(dup2(two, 2), 2);
	keep[0] = 0;
	options.argv = argv;
	options.stdio[1] = 2;
	options.stdio[2] = 1;
	options.keep = keep;
	options.keep_count = 1;
	ck_assert_int_eq(process_spawn(&options, &process, NULL), 0);
	ck_assert_int_eq(process_wait(&process, process_now_ms() + 20000, &status, NULL), 0);
	process_close(&process);
	(void) lseek(two, 0, SEEK_SET);
	ck_assert_int_gt(read(two, (char[100]){ 0 }, 7), 0);
	(void) lseek(two, 0, SEEK_SET);
	text_add(&text, "");
	for (char c; read(two, &c, 1) == 1;)
		text_add_char(&text, c);
	ck_assert_str_eq(text_str(&text), "to-out\n");
	(void) lseek(one, 0, SEEK_SET);
	text_cut(&text, 0);
	for (char c; read(one, &c, 1) == 1;)
		text_add_char(&text, c);
	ck_assert(text_starts(text_str(&text), "to-err\n/"));
}
END_TEST

START_TEST(resets_signals)
{
	auto_outcome seen = { 0 };
	sigset_t blocked;

	ck_assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	ck_assert(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	(void) sigemptyset(&blocked);
	(void) sigaddset(&blocked, SIGTERM);
	(void) sigaddset(&blocked, SIGRTMIN + 3);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
	run("grep -E '^Sig(Blk|Ign)' /proc/self/status", &seen);
	ck_assert_str_eq(text_str(&seen.out), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}
END_TEST

START_TEST(options_reach_the_child)
{
	static const char *const env[] = { "ONLY=this", NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;
	auto_scratch scratch = scratch_open();
	auto_outcome seen = { 0 };
	auto_text expected = { 0 };

	options.env = env;
	options.directory = scratch.fd;
	options.new_session = true;
	run_with(
	    options,
	    "readlink /proc/$$/cwd; tr '\\0' '\\n' </proc/$$/environ; read -r s </proc/$$/stat; echo $$ $s",
	    4096, 20000, &seen);
	ck_assert_msg(seen.r == 0, "%s", seen.why.text);
	text_addf(&expected, "%s\nONLY=this\n", scratch.path);
	ck_assert_msg(text_starts(text_str(&seen.out), text_str(&expected)), "%s", text_str(&seen.out));
	/* "PID PID (sh) R PPID PGRP SESSION": all three are its own. */
	{
		int pid, pgrp, session;

		ck_assert_int_eq(sscanf(text_str(&seen.out) + expected.len, "%d %*d (%*[^)]) %*c %*d %d %d",
					&pid, &pgrp, &session),
				 3);
		ck_assert_int_eq(pgrp, pid);
		ck_assert_int_eq(session, pid);
	}
}
END_TEST

START_TEST(dies_with_its_parent)
{
	int ends[2];
	auto_fd pidfd = -EBADF;
	pid_t middle, child;

	ck_assert_int_eq(pipe(ends), 0);
	middle = fork();
	if (middle == 0) {
		static const char *const argv[] = { "tail", "-f", "/dev/null", NULL };
		struct process_options options = PROCESS_OPTIONS_INIT;
		struct process process = PROCESS_INIT;

		options.argv = argv;
		options.death_signal = SIGKILL;
		if (process_spawn(&options, &process, NULL) == 0)
			(void) !write(ends[1], &process.pid, sizeof(process.pid));
		(void) pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ends[0], &child, sizeof(child)), sizeof(child));
	pidfd = process_pidfd_open(child);
	ck_assert_int_ge(pidfd, 0);
	ck_assert_int_eq(process_poll(pidfd, process_now_ms() + 50), 0);
	ck_assert_int_eq(kill(middle, SIGKILL), 0);
	ck_assert_int_eq(process_poll(pidfd, process_now_ms() + 10000), 1);
	ck_assert_int_eq(waitpid(middle, NULL, 0), middle);
}
END_TEST

START_TEST(wait_times_out_and_kill_ends)
{
	static const char *const argv[] = { "tail", "-f", "/dev/null", NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;
	struct process process = PROCESS_INIT;
	struct process_status status = { .code = 4711 };
	struct err err = { 0 };

	options.argv = argv;
	ck_assert_int_eq(process_spawn(&options, &process, NULL), 0);
	ck_assert_int_eq(fcntl(process.pidfd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(process_wait(&process, process_now_ms() + 50, &status, &err), -ETIMEDOUT);
	ck_assert_int_eq(status.code, 4711);
	ck_assert_int_eq(process_kill(&process, SIGTERM), 0);
	ck_assert_int_eq(process_wait(&process, -1, &status, NULL), 0);
	ck_assert_int_eq(status.signal, SIGTERM);
	ck_assert_int_eq(process_kill(&process, SIGTERM), -ESRCH);
	ck_assert_int_eq(process_wait(&process, -1, &status, NULL), -ECHILD);
	process_close(&process);
	process_close(&process);
	ck_assert_int_lt(process.pidfd, 0);
}
END_TEST

START_TEST(leaves_no_descriptor_behind)
{
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;

	(void) close(before);
	for (int i = 0; i < 3; i++) {
		auto_outcome good = { 0 }, late = { 0 };

		run("true", &good);
		run_with((struct process_options) PROCESS_OPTIONS_INIT, "exec tail -f /dev/null", 10, 20,
			 &late);
		ck_assert_int_eq(
		    process_spawn(&(struct process_options){ .argv = (const char *[]){ "/x", NULL },
							     .stdio = { -1, -1, -1 },
							     .directory = -1 },
				  &(struct process) PROCESS_INIT, NULL),
		    -ENOENT);
	}
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(after, before);
	(void) close(after);
}
END_TEST

/* Each thread's children say the thread's own number: no two starts may share a stack, a signal mask or a report. */
static void *start_children(void *number)
{
	auto_free char *script = text_format("echo %s", (const char *) number);
	auto_free char *said = text_format("%s\n", (const char *) number);

	for (int i = 0; i < 25; i++) {
		auto_outcome seen = { 0 };

		run(script, &seen);
		if (seen.r < 0 || strcmp(text_str(&seen.out), said) != 0)
			return text_format("%d: %s%s", seen.r, seen.why.text, text_str(&seen.out));
	}
	return NULL;
}

START_TEST(threads_start_children_at_once)
{
	static const char *const numbers[] = { "1", "2", "3", "4", "5", "6" };
	pthread_t threads[ARRAY_SIZE(numbers)];

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, start_children, (void *) numbers[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		void *wrong;

		ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
		ck_assert_msg(!wrong, "%s", (const char *) wrong);
	}
}
END_TEST

Suite *test_process(void)
{
	return UNIT_SUITE(
	    "process", captures_both_streams, tells_signals_from_codes, exec_failures_carry_their_errno,
	    a_file_that_is_no_program, deadline_kills, deadline_kills_the_group, flood_is_cut_and_counted,
	    endless_flood_meets_the_deadline, does_not_wait_for_end_of_file, survivors_flood_does_not_hold_us,
	    gives_the_exact_descriptors, swaps_descriptors, resets_signals, options_reach_the_child,
	    dies_with_its_parent, wait_times_out_and_kill_ends, leaves_no_descriptor_behind,
	    threads_start_children_at_once);
}
