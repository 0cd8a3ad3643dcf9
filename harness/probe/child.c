/* Work in a child: see child.h. */
#include "harness/probe/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"

struct pipes {
	int report[2], output[2];
};

static void pipes_close(struct pipes *pipes)
{
	cleanup_fd(&pipes->report[0]);
	cleanup_fd(&pipes->report[1]);
	cleanup_fd(&pipes->output[0]);
	cleanup_fd(&pipes->output[1]);
}

static void in_child(const struct child_work *work, struct pipes *pipes)
{
	long result;

	/* The body may exec: nothing of this process's handling of signals is to show. */
	(void) signal(SIGPIPE, SIG_DFL);
	if (work->output &&
	    (dup2(pipes->output[1], STDOUT_FILENO) < 0 || dup2(pipes->output[1], STDERR_FILENO) < 0))
		_exit(125);
	result = work->body(work->argument);
	(void) !write(pipes->report[1], &result, sizeof(result));
	_exit(0);
}

/* Reads what is there; the descriptor is closed at its end. */
static void drain(int *fd, struct text *output, size_t max)
{
	char buffer[4096];
	ssize_t n = read(*fd, buffer, sizeof(buffer));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		cleanup_fd(fd);
		*fd = -EBADF;
		return;
	}
	if (output->len < max)
		text_add_bytes(output, buffer,
			       (size_t) n < max - output->len ? (size_t) n : max - output->len);
}

/*
 * Ends when the child has, not at end-of-file: a grandchild may keep the pipe. Without pidfd_open(2) (Linux
 * 5.3, or a filter) the child is asked after every 10 ms.
 */
static bool wait_for(pid_t pid, struct pipes *pipes, const struct child_work *work, siginfo_t *info)
{
	auto_fd pidfd = (int) syscall(SYS_pidfd_open, pid, 0);
	int64_t deadline = probe_now_ns() + CHILD_PATIENCE_MS * INT64_C(1000000);

	for (;;) {
		struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
					{ .fd = pipes->output[0], .events = POLLIN } };
		int64_t left = (deadline - probe_now_ns()) / 1000000;

		info->si_pid = 0;
		if (waitid(P_PID, (id_t) pid, info, WEXITED | WNOHANG | WNOWAIT) < 0 || info->si_pid)
			return true;
		if (left <= 0)
			return false;
		if (pidfd < 0 && left > 10)
			left = 10;
		if (poll(fds, ARRAY_SIZE(fds), (int) left) > 0 && fds[1].revents)
			drain(&pipes->output[0], work->output, work->output_max);
	}
}

static void collect(pid_t pid, struct pipes *pipes, const struct child_work *work, struct child_end *ret)
{
	siginfo_t info = { 0 };

	ret->timed_out = !wait_for(pid, pipes, work, &info);
	if (ret->timed_out)
		(void) kill(pid, SIGKILL);
	info = (siginfo_t){ 0 };
	while (waitid(P_PID, (id_t) pid, &info, WEXITED) < 0 && errno == EINTR)
		;
	ret->exited = info.si_code == CLD_EXITED;
	if (ret->exited)
		ret->code = info.si_status;
	else
		ret->signal = info.si_status;
	ret->reported = read(pipes->report[0], &ret->result, sizeof(ret->result)) == sizeof(ret->result);
	while (pipes->output[0] >= 0) {
		struct pollfd rest = { .fd = pipes->output[0], .events = POLLIN };

		/* Not beyond the bound: a grandchild may write for ever. */
		if (work->output->len >= work->output_max || poll(&rest, 1, 0) <= 0)
			break;
		drain(&pipes->output[0], work->output, work->output_max);
	}
}

int child_run(const struct child_work *work, struct child_end *ret)
{
	__attribute__((cleanup(pipes_close))) struct pipes pipes = { { -EBADF, -EBADF }, { -EBADF, -EBADF } };
	pid_t pid;

	*ret = (struct child_end){ 0 };
	if (pipe2(pipes.report, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	if (work->output && pipe2(pipes.output, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		in_child(work, &pipes);
	cleanup_fd(&pipes.output[1]);
	pipes.output[1] = -EBADF;
	collect(pid, &pipes, work, ret);
	return 0;
}

void out_child_end(struct out *out, const struct child_end *end)
{
	const char *name = end->signal ? name_of_signal(end->signal) : NULL;

	if (end->timed_out)
		out_bool(out, "timed_out", true);
	else if (end->exited)
		out_int(out, "code", end->code);
	else if (name)
		out_string(out, "signal", name);
	else
		out_format(out, "signal", "SIG%d", end->signal);
}
