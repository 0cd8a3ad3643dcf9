/* Containers: creating, asking, and how they ended. */
#include "runtime-under-test/cri/monitor_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

#define EXIT_FILE_MAX 4096
/* After a create was given up: how long its monitor may take to kill what it has started. */
#define GIVE_UP_MS 10000

/*
 * Our half is shut: the monitor sees end-of-file, kills all there is of it and says goodbye by closing its own.
 */
static void give_up(int socket)
{
	struct monitor_limit limit = { .deadline_ms = process_now_ms() + GIVE_UP_MS, .cancel = -1 };
	int r = packet_shut(socket);

	while (r == 0) {
		auto_json answer = NULL;

		r = monitor_receive(socket, &limit, &answer, NULL, NULL, NULL);
	}
}

static int await_pid(int socket, const struct monitor_limit *limit, pid_t *ret_pid, struct err *err)
{
	auto_json answer = NULL;
	int r = monitor_receive(socket, limit, &answer, NULL, NULL, err);
	int64_t pid;

	if (r == -ETIMEDOUT || r == -ECANCELED)
		give_up(socket);
	if (r == 0)
		r = monitor_check(answer, err);
	if (r < 0)
		return r;
	pid = json_int(json_member(answer, "pid"), -1);
	if (pid <= 0)
		return fail_text(err, -EIO, "the monitor names no process");
	*ret_pid = (pid_t) pid;
	return 0;
}

int monitor_create(const struct monitor_create *create, const struct monitor_limit *limit, pid_t *ret_pid,
		   struct err *err)
{
	static const int no_streams[3] = { -1, -1, -1 };
	struct monitor_command command;
	auto_fd socket = -EBADF;

	monitor_command_begin(&command, &create->runtime, "create");
	monitor_command_add(&command, "--id", create->id);
	monitor_command_add(&command, "--bundle", create->bundle);
	monitor_command_add(&command, "--directory", create->directory);
	if (create->log_directory && *create->log_directory && create->log_path && *create->log_path) {
		monitor_command_add(&command, "--log-directory", create->log_directory);
		monitor_command_add(&command, "--log-path", create->log_path);
	}
	if (create->started)
		monitor_command_add(&command, "--started", NULL);
	if (create->wait)
		monitor_command_add(&command, "--wait", NULL);
	if (create->tty)
		monitor_command_add(&command, "--tty", NULL);
	if (create->with_stdin)
		monitor_command_add(&command, "--stdin", NULL);
	if (create->stdin_once)
		monitor_command_add(&command, "--stdin-once", NULL);
	socket = monitor_start(&command, no_streams, err);
	return socket < 0 ? socket : await_pid(socket, limit, ret_pid, err);
}

int monitor_read_exit(const char *directory, struct monitor_exit *ret, struct err *err)
{
	auto_fd at = file_open_at(AT_FDCWD, directory, O_PATH | O_DIRECTORY, 0, err);
	auto_json content = NULL;
	int r;

	if (at < 0)
		return at;
	r = json_read_at(at, MONITOR_EXIT, EXIT_FILE_MAX, &content, err);
	if (r < 0)
		return r;
	*ret = (struct monitor_exit){
		.known = true,
		.code = (int) json_int(json_member(content, "code"), 255),
		.signal = (int) json_int(json_member(content, "signal"), 0),
		.finished_at = json_int(json_member(content, "finished_at"), 0),
		.oom_killed = json_bool(json_member(content, "oom_killed"), false),
		.log_lost = json_uint(json_member(content, "log_lost"), 0),
	};
	return 0;
}

int monitor_alive(const char *directory, struct err *err)
{
	auto_fd at = file_open_at(AT_FDCWD, directory, O_PATH | O_DIRECTORY, 0, NULL);
	auto_fd socket = at < 0 ? at : packet_connect_at(at, MONITOR_SOCKET, NULL);

	if (socket >= 0)
		return 1;
	if (socket == -ENOENT || socket == -ECONNREFUSED)
		return 0;
	return fail(err, socket, "monitor of %s", directory);
}

int monitor_reopen_log(const char *directory, struct err *err)
{
	auto_fd socket = monitor_ask(directory, "reopen-log", NULL, NULL, err);

	return socket < 0 ? socket : 0;
}

int monitor_resize(const char *directory, unsigned width, unsigned height, struct err *err)
{
	auto_free char *request = text_format("resize %u %u", width, height);
	auto_fd socket = monitor_ask(directory, request, NULL, NULL, err);

	return socket < 0 ? socket : 0;
}

void monitor_streams_close(struct monitor_streams *streams)
{
	if (streams->err >= 0 && streams->err != streams->out)
		(void) close(streams->err);
	if (streams->in >= 0 && streams->in != streams->out)
		(void) close(streams->in);
	cleanup_fd(&streams->out);
	cleanup_fd(&streams->control);
	streams->in = streams->out = streams->err = streams->control = -EBADF;
}

int monitor_attach(const char *directory, const struct monitor_attach *attach, struct monitor_streams *ret,
		   struct err *err)
{
	auto_free char *request = text_format("attach %d %d %d", attach->in, attach->out, attach->err);
	struct monitor_streams streams = { -EBADF, -EBADF, -EBADF, -EBADF };
	int fds[PACKET_FDS], next = 0;
	size_t count = PACKET_FDS;

	streams.control = monitor_ask(directory, request, fds, &count, err);
	if (streams.control < 0)
		return streams.control;
	/* With a terminal there is no stderr, whoever asks for it. */
	if (attach->in && next < (int) count)
		streams.in = fds[next++];
	if (attach->out && next < (int) count)
		streams.out = fds[next++];
	if (attach->err && next < (int) count)
		streams.err = fds[next++];
	*ret = streams;
	return 0;
}
