/* Commands in running containers. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/packet.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/monitor/protocol.h"
#include "runtime-under-test/cri/monitor_call.h"
#include "runtime-under-test/cri/monitor_client.h"

/* Beyond its own time for killing, monitor/exec.c. */
#define KILL_MS 10000

/* What runs at the same time has different marks, and what a server that was here before left behind most likely too. */
static unsigned next_mark(void)
{
	static atomic_uint counter;
	unsigned expected = 0, first;

	if (atomic_load(&counter) == 0) {
		if (getrandom(&first, sizeof(first), 0) != sizeof(first))
			first = (unsigned) process_now_ms();
		(void) atomic_compare_exchange_strong(&counter, &expected, first | 1);
	}
	return atomic_fetch_add(&counter, 1) % MONITOR_MARKS + 1;
}

/* The command's ends of its streams, and ours. */
struct pipes {
	int its[3]; /* -1: /dev/null */
	struct monitor_streams ours;
};

static void pipes_close_its(struct pipes *pipes)
{
	for (size_t i = 0; i < 3; i++) {
		cleanup_fd(&pipes->its[i]);
		pipes->its[i] = -1;
	}
}

static int make_pipe(int *ret_read, int *ret_write, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, -errno, "make a pipe");
	*ret_read = ends[0];
	*ret_write = ends[1];
	return 0;
}

/* With a terminal stderr is the runtime's own, to complain on. */
static int make_pipes(const struct monitor_exec *exec, struct pipes *pipes, struct err *err)
{
	int r = 0;

	if (exec->in && !exec->tty)
		r = make_pipe(&pipes->its[0], &pipes->ours.in, err);
	if (r == 0 && exec->out && !exec->tty)
		r = make_pipe(&pipes->ours.out, &pipes->its[1], err);
	if (r == 0 && (exec->err || exec->tty))
		r = make_pipe(&pipes->ours.err, &pipes->its[2], err);
	return r;
}

/* A folder of its own for what goes to the runtime and comes from it. The monitor removes it. */
static int make_work(const struct monitor_exec *exec, char **ret_name, struct err *err)
{
	auto_fd at = file_open_at(AT_FDCWD, exec->directory, O_PATH | O_DIRECTORY, 0, err), work = -EBADF;
	auto_free char *name = NULL;
	uint64_t number;
	int r;

	if (at < 0)
		return at;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return fail(err, -errno, "get a random number");
	name = text_format("exec-%016llx", (unsigned long long) number);
	if (mkdirat(at, name, 0700) < 0)
		return fail(err, -errno, "make the folder %s", name);
	work = file_open_at(at, name, O_PATH | O_DIRECTORY, 0, err);
	r = work < 0 ? work
		     : file_create_at(work, MONITOR_PROCESS, exec->process, strlen(exec->process), 0600, err);
	if (r < 0)
		(void) file_remove_tree_at(at, name, NULL);
	else
		*ret_name = TAKE(name);
	return r;
}

/* It runs, or why not. With a terminal its master comes first. */
static int await_start(int control, const struct monitor_limit *limit, struct monitor_streams *streams,
		       pid_t *ret_pid, struct err *err)
{
	for (;;) {
		auto_json answer = NULL;
		int master = -EBADF, r;
		size_t count = 1;

		r = monitor_receive(control, limit, &answer, &master, &count, err);
		if (r == 0)
			r = monitor_check(answer, err);
		if (r < 0)
			return r;
		if (count) {
			streams->out = streams->in = master;
			continue;
		}
		*ret_pid = (pid_t) json_int(json_member(answer, "pid"), -1);
		return *ret_pid > 0 ? 0 : fail_text(err, -EIO, "the monitor names no process");
	}
}

static int start(const struct monitor_exec *exec, const struct pipes *pipes, const char *work,
		 struct err *err)
{
	auto_free char *mark = text_format("%u", next_mark());
	struct monitor_command command;

	monitor_command_begin(&command, &exec->runtime, "exec");
	monitor_command_add(&command, "--id", exec->id);
	monitor_command_add(&command, "--directory", exec->directory);
	monitor_command_add(&command, "--work", work);
	monitor_command_add(&command, "--mark", mark);
	if (exec->tty)
		monitor_command_add(&command, "--tty", NULL);
	return monitor_start(&command, pipes->its, err);
}

/* What the runtime says on stderr when it starts nothing, unless its log had said it better. */
static int explain(const struct monitor_streams *streams, int r, struct err *err)
{
	char words[512];
	ssize_t n;

	if (r != -EIO || streams->err < 0 || !strstr(err->text, "ended with status"))
		return r;
	(void) fcntl(streams->err, F_SETFL, O_NONBLOCK);
	n = read(streams->err, words, sizeof(words) - 1);
	if (n <= 0)
		return r;
	words[n] = '\0';
	words[strcspn(words, "\n")] = '\0';
	*err = (struct err){ 0 };
	return fail_text(err, r, "%s", words);
}

int monitor_exec(const struct monitor_exec *exec, const struct monitor_limit *limit,
		 struct monitor_streams *ret, pid_t *ret_pid, struct err *err)
{
	struct pipes pipes = { .its = { -1, -1, -1 }, .ours = { -EBADF, -EBADF, -EBADF, -EBADF } };
	auto_free char *work = NULL;
	int r = make_work(exec, &work, err);

	if (r < 0)
		return r;
	r = make_pipes(exec, &pipes, err);
	if (r == 0) {
		pipes.ours.control = start(exec, &pipes, work, err);
		r = pipes.ours.control < 0 ? pipes.ours.control : 0;
	}
	pipes_close_its(&pipes);
	if (r == 0)
		r = await_start(pipes.ours.control, limit, &pipes.ours, ret_pid, err);
	if (r == -ETIMEDOUT || r == -ECANCELED)
		(void) monitor_exec_kill(pipes.ours.control, NULL);
	if (r < 0) {
		r = explain(&pipes.ours, r, err);
		monitor_streams_close(&pipes.ours);
		return r;
	}
	if (exec->tty)
		cleanup_fd(&pipes.ours.err), pipes.ours.err = -EBADF;
	*ret = pipes.ours;
	return 0;
}

int monitor_exec_wait(int control, const struct monitor_limit *limit, struct monitor_exit *ret,
		      struct err *err)
{
	auto_json answer = NULL;
	int r = monitor_receive(control, limit, &answer, NULL, NULL, err);

	if (r == 0)
		r = monitor_check(answer, err);
	if (r < 0)
		return r;
	if (!json_has(answer, "code"))
		return fail_text(err, -EIO, "the monitor does not say how the command ended");
	*ret = (struct monitor_exit){
		.known = true,
		.code = (int) json_int(json_member(answer, "code"), 255),
		.signal = (int) json_int(json_member(answer, "signal"), 0),
	};
	return 0;
}

int monitor_exec_kill(int control, struct err *err)
{
	struct monitor_limit limit = { .deadline_ms = process_now_ms() + KILL_MS, .cancel = -1 };

	(void) packet_shut(control);
	for (;;) {
		auto_json answer = NULL;
		int r = monitor_receive(control, &limit, &answer, NULL, NULL, NULL);

		/* It has gone: after its last word, or with the command's own end at the same time. */
		if (r == -ECONNRESET)
			return 0;
		if (r < 0)
			return fail(err, r, "kill the command");
		if (json_has(answer, "error"))
			return monitor_check(answer, err);
	}
}

/* What is kept of one stream. */
struct kept {
	int fd; /* borrowed; -1: at its end */
	struct text *text; /* borrowed */
	size_t max, start;
};

static bool keep_some(struct kept *kept, size_t *ret_taken)
{
	char chunk[65536];
	ssize_t n = kept->fd < 0 ? 0 : read(kept->fd, chunk, sizeof(chunk));
	size_t room = kept->max - (kept->text->len - kept->start);

	if (n > 0) {
		text_add_bytes(kept->text, chunk, (size_t) n < room ? (size_t) n : room);
		*ret_taken = (size_t) n;
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		kept->fd = -1;
	return false;
}

/* A child in the background may hold the pipe for ever: what the command itself wrote is in it by now. */
static void keep_rest(struct kept *kept)
{
	int size = kept->fd < 0 ? 0 : fcntl(kept->fd, F_GETPIPE_SZ);
	size_t left = size > 0 ? (size_t) size : 65536, taken;

	while (left && keep_some(kept, &taken))
		left -= taken < left ? taken : left;
}

static int pump(struct kept kept[2], int control, const struct monitor_limit *limit)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = kept[0].fd, .events = POLLIN },
			{ .fd = kept[1].fd, .events = POLLIN },
			{ .fd = control, .events = POLLIN },
			{ .fd = limit->cancel, .events = POLLIN },
		};
		int64_t left = limit->deadline_ms < 0 ? -1 : limit->deadline_ms - process_now_ms();
		size_t taken;

		if (limit->deadline_ms >= 0 && left <= 0)
			return -ETIMEDOUT;
		if (poll(fds, ARRAY_SIZE(fds), left > 60000 ? 60000 : (int) left) < 0 && errno != EINTR)
			return -errno;
		for (size_t i = 0; i < 2; i++)
			if (fds[i].revents)
				(void) keep_some(&kept[i], &taken);
		if (fds[2].revents)
			return 0;
		if (fds[3].revents)
			return -ECANCELED;
	}
}

int monitor_exec_sync(const struct monitor_exec *exec, const struct monitor_limit *limit, size_t max,
		      struct text *out, struct text *errors, struct monitor_exit *ret, struct err *err)
{
	struct monitor_streams streams = { -EBADF, -EBADF, -EBADF, -EBADF };
	struct kept kept[2];
	pid_t pid;
	int r = monitor_exec(exec, limit, &streams, &pid, err);

	if (r < 0)
		return r;
	kept[0] = (struct kept){ streams.out, out, max, out->len };
	kept[1] = (struct kept){ streams.err, errors, max, errors->len };
	for (size_t i = 0; i < 2; i++)
		if (kept[i].fd >= 0)
			(void) fcntl(kept[i].fd, F_SETFL, O_NONBLOCK);
	r = pump(kept, streams.control, limit);
	if (r == 0)
		r = monitor_exec_wait(streams.control, limit, ret, err);
	else
		r = fail(err, r, "wait for the command");
	if (r < 0)
		(void) monitor_exec_kill(streams.control, NULL);
	keep_rest(&kept[0]);
	keep_rest(&kept[1]);
	monitor_streams_close(&streams);
	return r;
}
