/*
 * A command with its output captured. It has ended when its pidfd says so: a container that it started holds the
 * other ends of the pipes for as long as it lives, so end-of-file may come hours later.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/text.h"

/* How long a killed command may take to die before it is left behind: a frozen cgroup v1 task never does. */
#define DEATH_MS 2000

struct stream {
	struct text *text; /* NULL: not captured */
	int fd; /* our end; -EBADF: not captured, or at its end */
	size_t max, start;
	uint64_t dropped;
};

static void keep_bytes(struct stream *stream, const char *bytes, size_t len)
{
	size_t used = stream->text->len - stream->start;
	size_t kept = len < stream->max - used ? len : stream->max - used;

	text_add_bytes(stream->text, bytes, kept);
	stream->dropped += len - kept;
}

/* One read. False: nothing there now, or never again. */
static bool drain_once(struct stream *stream, size_t *ret_taken)
{
	char chunk[65536];
	ssize_t n = stream->fd < 0 ? -1 : read(stream->fd, chunk, sizeof(chunk));

	if (n > 0) {
		keep_bytes(stream, chunk, (size_t) n);
		*ret_taken = (size_t) n;
		return true;
	}
	if (stream->fd >= 0 && (n == 0 || (errno != EAGAIN && errno != EINTR)))
		cleanup_fd(&stream->fd), stream->fd = -EBADF;
	return false;
}

/* What the command wrote before it ended is in the pipe now. Grandchildren may go on for ever: take no more than that. */
static void drain_rest(struct stream *stream)
{
	int size = stream->fd < 0 ? 0 : fcntl(stream->fd, F_GETPIPE_SZ);
	size_t left = size > 0 ? (size_t) size : 65536, taken;

	while (left && drain_once(stream, &taken))
		left -= taken < left ? taken : left;
}

/* Makes the pipe; the child's end is owned by the caller. */
static int open_stream(struct stream *stream, int *ret_child_end, struct err *err)
{
	int ends[2];

	if (!stream->text)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, -errno, "make a pipe for output");
	stream->fd = ends[0];
	*ret_child_end = ends[1];
	/* Ours alone: O_NONBLOCK at the child's end would make its writes fail. */
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		return fail(err, -errno, "make a pipe for output");
	return 0;
}

static int milliseconds_until(int64_t deadline)
{
	int64_t left = deadline - process_now_ms();

	if (deadline < 0)
		return -1;
	if (left < 0)
		return 0;
	return left > 60000 ? 60000 : (int) left;
}

/* 0: it has ended; -ETIMEDOUT. A flood of output cannot hide the deadline: it is looked at after every round. */
static int pump(const struct process *process, struct stream streams[2], int64_t deadline)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = process->pidfd, .events = POLLIN },
			{ .fd = streams[0].fd, .events = POLLIN },
			{ .fd = streams[1].fd, .events = POLLIN },
		};
		size_t taken;

		if (poll(fds, ARRAY_SIZE(fds), milliseconds_until(deadline)) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			return 0;
		for (size_t i = 0; i < 2; i++)
			if (fds[i + 1].revents)
				(void) drain_once(&streams[i], &taken);
		if (deadline >= 0 && process_now_ms() >= deadline)
			return -ETIMEDOUT;
	}
}

static void kill_command(const struct process *process, bool whole_group)
{
	/* Not reaped yet, so the group's number is still its own. */
	if (whole_group)
		(void) kill(-process->pid, SIGKILL);
	(void) process_kill(process, SIGKILL);
}

static int run_to_end(const struct process_options *options, const struct process_capture *capture,
		      struct stream streams[2], struct process_status *ret, struct err *err)
{
	int64_t deadline = capture->timeout_ms < 0 ? -1 : process_now_ms() + capture->timeout_ms;
	struct process process = PROCESS_INIT;
	int r = process_spawn(options, &process, err), ended;

	if (r < 0)
		return r;
	ended = pump(&process, streams, deadline);
	if (ended < 0)
		kill_command(&process, options->new_group || options->new_session);
	r = process_wait(&process, ended < 0 ? process_now_ms() + DEATH_MS : -1, ret, ended < 0 ? NULL : err);
	process_close(&process);
	drain_rest(&streams[0]);
	drain_rest(&streams[1]);
	if (ended == -ETIMEDOUT)
		return fail_text(err, ended, "%s: still running after %lld ms%s", options->argv[0],
				 (long long) capture->timeout_ms, r < 0 ? ", and survived SIGKILL" : "");
	return ended < 0 ? fail(err, ended, "poll for the output of %s", options->argv[0]) : r;
}

int process_run(const struct process_options *options, const struct process_capture *capture,
		struct process_status *ret, struct err *err)
{
	struct stream streams[2] = {
		{ .text = capture->out, .fd = -EBADF, .max = capture->max },
		{ .text = capture->err, .fd = -EBADF, .max = capture->max },
	};
	struct process_options with_pipes = *options;
	auto_fd out_end = -EBADF, err_end = -EBADF;
	int r;

	for (size_t i = 0; i < 2; i++)
		streams[i].start = streams[i].text ? streams[i].text->len : 0;
	r = open_stream(&streams[0], &out_end, err);
	if (r >= 0)
		r = open_stream(&streams[1], &err_end, err);
	if (streams[0].text)
		with_pipes.stdio[1] = out_end;
	if (streams[1].text)
		with_pipes.stdio[2] = err_end;
	if (r >= 0)
		r = run_to_end(&with_pipes, capture, streams, ret, err);
	cleanup_fd(&streams[0].fd);
	cleanup_fd(&streams[1].fd);
	if (capture->ret_dropped)
		*capture->ret_dropped = streams[0].dropped + streams[1].dropped;
	return r;
}
