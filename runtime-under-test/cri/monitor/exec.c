/*
 * The verb exec: one command in a running container. Its streams are the server's own pipes; what a monitor adds is that
 * somebody knows when it has ended, and can end it with everything it started.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/packet.h"
#include "base/process.h"
#include "runtime-under-test/cri/monitor/launch.h"
#include "runtime-under-test/cri/monitor/monitor.h"
#include "runtime-under-test/cri/monitor/options.h"
#include "runtime-under-test/cri/monitor/polls.h"
#include "runtime-under-test/cri/monitor/protocol.h"
#include "runtime-under-test/cri/monitor/reply.h"
#include "runtime-under-test/cri/monitor/tree.h"

#define KILL_MS 5000

struct execution {
	const struct monitor_options *options; /* borrowed */
	int directory, work; /* owned */
	int signals;
	unsigned mark;
	struct launch launch;
};

static int open_places(struct execution *execution, struct err *err)
{
	const struct monitor_options *options = execution->options;
	unsigned long long mark = 0;

	execution->directory = file_open_at(AT_FDCWD, options->directory, O_RDONLY | O_DIRECTORY, 0, err);
	if (execution->directory < 0)
		return execution->directory;
	execution->work = file_open_at(execution->directory, options->work, O_RDONLY | O_DIRECTORY, 0, err);
	if (execution->work < 0)
		return execution->work;
	if (!options->mark || text_to_u64(options->mark, &mark) < 0 || mark == 0 || mark > MONITOR_MARKS)
		return fail_text(err, -EINVAL, "exec needs a --mark from 1 to %d", MONITOR_MARKS);
	execution->mark = (unsigned) mark;
	execution->signals = reap_signals(err);
	if (execution->signals < 0)
		return execution->signals;
	return tree_mark(execution->mark, err);
}

/* Ends that stay open here would keep the server from seeing the end of the command's output. */
static void let_go_of_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3 && null >= 0; fd++)
		(void) dup2(null, fd);
	if (null >= 0)
		(void) close(null);
}

static int start(struct execution *execution, struct err *err)
{
	auto_free char *path = text_format("%s/%s", execution->options->directory, execution->options->work);
	int r = open_places(execution, err);

	if (r < 0)
		return r;
	execution->launch.options = execution->options;
	execution->launch.work = execution->work;
	execution->launch.work_path = path;
	execution->launch.client = MONITOR_REPLY_FD;
	execution->launch.mark = execution->mark;
	for (int fd = 0; fd < 3; fd++)
		execution->launch.stdio[fd] = fd;
	r = launch(&execution->launch, err);
	execution->launch.work_path = NULL;
	return r;
}

/* Whether the server wants the command gone: it says so, or has gone itself. */
static bool is_unwanted(void)
{
	char word[32];
	int n = packet_receive(MONITOR_REPLY_FD, word, sizeof(word), NULL, NULL, NULL);

	return n != -EAGAIN;
}

static int wait_for_end(struct execution *execution, struct polls *polls, struct reaped *reaped)
{
	for (;;) {
		int end, children, client;

		polls->count = 0;
		end = polls_add(polls, execution->launch.pidfd, POLLIN);
		children = polls_add(polls, execution->signals, POLLIN);
		client = polls_add(polls, MONITOR_REPLY_FD, POLLIN);
		polls_wait(polls, 0);
		if (polls_seen(polls, children) || polls_seen(polls, end))
			reap_children(execution->launch.pid, reaped);
		if (polls_seen(polls, end))
			return 0;
		if (polls_seen(polls, client) && is_unwanted())
			return -ECANCELED;
	}
}

static void attend(struct execution *execution)
{
	struct reaped reaped = { .code = 255 };
	struct polls polls = { 0 };
	struct err err = { 0 };

	if (wait_for_end(execution, &polls, &reaped) == 0)
		reply_end(reaped.code, reaped.signal);
	else if (tree_kill(execution->mark, process_now_ms() + KILL_MS, &err) < 0)
		reply_error(&err, &execution->launch.log);
	else
		reply_killed();
	polls_free(&polls);
}

int monitor_exec_verb(const struct monitor_options *options)
{
	struct execution execution = { .options = options,
				       .directory = -EBADF,
				       .work = -EBADF,
				       .signals = -EBADF,
				       .launch = LAUNCH_INIT };
	struct err err = { 0 };
	int r = start(&execution, &err);

	let_go_of_streams();
	if (execution.directory >= 0)
		(void) file_remove_tree_at(execution.directory, options->work, NULL);
	if (r < 0) {
		reply_error(&err, &execution.launch.log);
		return 1;
	}
	if (execution.launch.master >= 0) {
		reply_console(execution.launch.master);
		(void) close(execution.launch.master);
		execution.launch.master = -EBADF;
	}
	reply_pid(execution.launch.pid);
	attend(&execution);
	launch_close(&execution.launch);
	return 0;
}
