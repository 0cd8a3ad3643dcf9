/* The verb create: a container, its streams, its log, and at last how it ended. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/packet.h"
#include "runtime-under-test/cri/monitor/launch.h"
#include "runtime-under-test/cri/monitor/monitor.h"
#include "runtime-under-test/cri/monitor/options.h"
#include "runtime-under-test/cri/monitor/protocol.h"
#include "runtime-under-test/cri/monitor/reply.h"
#include "runtime-under-test/oci/faults.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41) /* kernel commit 54ebbfb16034, v4.13 */
#endif

#define EXIT_RESERVED "exit.new"
#define EXIT_SIZE 512

/* The container's ends of its pipes. */
struct ends {
	int fds[3];
};

static void close_ends(struct ends *ends)
{
	for (size_t i = 0; i < 3; i++) {
		cleanup_fd(&ends->fds[i]);
		ends->fds[i] = -1;
	}
}

/* Ours does not block; O_NONBLOCK at the container's end would make its writes fail. */
static int make_pipe(bool ours_reads, int *ret_ours, int *ret_its, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, -errno, "make a pipe");
	*ret_ours = ends[ours_reads ? 0 : 1];
	*ret_its = ends[ours_reads ? 1 : 0];
	if (fcntl(*ret_ours, F_SETFL, O_NONBLOCK) < 0)
		return fail(err, -errno, "make a pipe");
	return 0;
}

/* A runtime with a terminal to make has output of its own still. */
static int make_streams(struct monitor *monitor, struct ends *ends, struct err *err)
{
	int r = make_pipe(true, &monitor->sources[0].fd, &ends->fds[1], err);

	if (r == 0)
		r = make_pipe(true, &monitor->sources[1].fd, &ends->fds[2], err);
	if (r == 0 && monitor->options->with_stdin && !monitor->options->tty)
		r = make_pipe(false, &monitor->in, &ends->fds[0], err);
	return r;
}

/*
 * The slave is held open here too: else the master would read as hung up whenever no process of the container has it open,
 * and a shell that its init starts later would talk to nobody.
 */
static int take_terminal(struct monitor *monitor, int master, struct err *err)
{
	cleanup_fd(&monitor->sources[0].fd);
	cleanup_fd(&monitor->sources[1].fd);
	monitor->sources[1].fd = -EBADF;
	monitor->master = master;
	monitor->slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	monitor->sources[0].fd = fcntl(master, F_DUPFD_CLOEXEC, 0);
	if (monitor->options->with_stdin)
		monitor->in = fcntl(master, F_DUPFD_CLOEXEC, 0);
	if (monitor->sources[0].fd < 0 || fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return fail(err, -errno, "take the terminal");
	return 0;
}

/*
 * The room for the exit file is taken at the start: a disk that has filled up since must not take the exit code of a container
 * away. Overwriting and renaming need none.
 */
static int reserve_exit(struct monitor *monitor, struct err *err)
{
	char blanks[EXIT_SIZE];
	int r;

	memset(blanks, ' ', sizeof(blanks));
	monitor->exit_file = file_open_at(monitor->directory, EXIT_RESERVED,
					  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, err);
	if (monitor->exit_file < 0)
		return monitor->exit_file;
	r = file_write_all(monitor->exit_file, blanks, sizeof(blanks));
	return r < 0 ? fail(err, r, "write %s", EXIT_RESERVED) : 0;
}

static int open_places(struct monitor *monitor, struct err *err)
{
	const struct monitor_options *options = monitor->options;
	int r;

	monitor->directory = file_open_at(AT_FDCWD, options->directory, O_RDONLY | O_DIRECTORY, 0, err);
	if (monitor->directory < 0)
		return monitor->directory;
	(void) unlinkat(monitor->directory, MONITOR_EXIT, 0);
	r = reserve_exit(monitor, err);
	if (r < 0)
		return r;
	if (options->log_directory && *options->log_directory && options->log_path && *options->log_path)
		return log_open(&monitor->log, options->log_directory, options->log_path, err);
	return 0;
}

static int start(struct monitor *monitor, struct launch *launched, struct err *err)
{
	struct ends ends = { { -1, -1, -1 } };
	int r = open_places(monitor, err);

	if (r == 0)
		r = make_streams(monitor, &ends, err);
	if (r == 0) {
		launched->work = monitor->directory;
		memcpy(launched->stdio, ends.fds, sizeof(ends.fds));
		launched->words[0] = monitor->sources[0].fd;
		launched->words[1] = monitor->sources[1].fd;
		r = launch(launched, err);
	}
	close_ends(&ends);
	if (r < 0)
		return r;
	monitor->pid = launched->pid;
	monitor->pidfd = TAKE_FD(launched->pidfd);
	if (monitor->options->tty)
		r = take_terminal(monitor, TAKE_FD(launched->master), err);
	if (r == 0 && monitor->options->wait)
		r = monitor_wait_begin(monitor, err);
	/* Without its count a container is never said to be killed for memory; no reason to refuse it. */
	(void) oom_open(&monitor->oom, monitor->pid, NULL);
	if (r == 0)
		monitor->listener = packet_listen_at(monitor->directory, MONITOR_SOCKET, SOCK_SEQPACKET, err);
	return r < 0 ? r : monitor->listener < 0 ? monitor->listener : 0;
}

static void write_exit(struct monitor *monitor)
{
	int code = monitor->status_known ? monitor->code : 255;
	struct timespec now;
	auto_text text = { 0 };

	(void) clock_gettime(CLOCK_REALTIME, &now);
	if (fault("exit-code-lost"))
		code = 0;
	text_addf(
	    &text,
	    "{\"code\":%d,\"signal\":%d,\"finished_at\":%lld%09ld,\"oom_killed\":%s,\"log_lost\":%llu}\n",
	    code, monitor->status_known ? monitor->signal : 0, (long long) now.tv_sec, now.tv_nsec,
	    oom_was_it(&monitor->oom, code) ? "true" : "false", (unsigned long long) monitor->log.lost_bytes);
	if (pwrite(monitor->exit_file, text.data, text.len, 0) == (ssize_t) text.len)
		(void) renameat(monitor->directory, EXIT_RESERVED, monitor->directory, MONITOR_EXIT);
	(void) unlinkat(monitor->directory, MONITOR_SOCKET, 0);
}

/* Among the last to go when memory is short: without it nobody learns how the container ended. */
static void stay_alive(void)
{
	(void) file_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "-999", 4, NULL);
}

int monitor_create_verb(const struct monitor_options *options)
{
	struct monitor monitor = MONITOR_INIT;
	struct launch launched = LAUNCH_INIT;
	struct err err = { 0 };
	int r;

	monitor.options = options;
	monitor.sources[0].line.stream = "stdout";
	monitor.sources[1].line.stream = "stderr";
	launched.options = options;
	launched.work_path = options->directory;
	launched.client = MONITOR_REPLY_FD;
	monitor.signals = reap_signals(&err);
	r = monitor.signals < 0 ? monitor.signals : start(&monitor, &launched, &err);
	if (r < 0) {
		reply_error(&err, &launched.log);
		return 1;
	}
	launch_close(&launched);
	stay_alive();
	reply_pid(monitor.pid);
	(void) close(MONITOR_REPLY_FD);
	monitor_serve(&monitor);
	log_close(&monitor.log);
	write_exit(&monitor);
	return 0;
}
