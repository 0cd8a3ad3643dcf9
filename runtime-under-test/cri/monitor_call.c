/* Starting monitors, and packets to and from them. */
#include "runtime-under-test/cri/monitor_call.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/packet.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/monitor/protocol.h"
#include "runtime-under-test/cri/monitor_client.h"

/* An answer on monitor.sock takes no work. */
#define ASK_MS 10000
/* The process that is started forks twice and goes. */
#define START_MS 10000

void monitor_command_add(struct monitor_command *command, const char *option, const char *value)
{
	command->argv[command->count++] = option;
	if (value)
		command->argv[command->count++] = value;
}

void monitor_command_begin(struct monitor_command *command, const struct monitor_runtime *runtime,
			   const char *verb)
{
	*command = (struct monitor_command){ .count = 0 };
	monitor_command_add(command, runtime->monitor, verb);
	monitor_command_add(command, "--runtime", runtime->program);
	monitor_command_add(command, "--root", runtime->root);
	if (runtime->systemd_cgroup)
		monitor_command_add(command, "--systemd-cgroup", NULL);
}

int monitor_start(const struct monitor_command *command, const int stdio[3], struct err *err)
{
	struct process_options how = PROCESS_OPTIONS_INIT;
	struct process process = PROCESS_INIT;
	struct process_status status;
	auto_fd ours = -EBADF, its = -EBADF;
	int ends[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fail(err, -errno, "make a connection to the monitor");
	ours = ends[0];
	its = ends[1];
	how.argv = command->argv;
	memcpy(how.stdio, stdio, sizeof(how.stdio));
	how.keep = &its;
	how.keep_count = 1;
	r = process_spawn(&how, &process, err);
	if (r < 0)
		return fail(err, r, "monitor");
	r = process_wait(&process, process_now_ms() + START_MS, &status, err);
	process_close(&process);
	if (r < 0)
		return fail(err, r, "monitor");
	if (!status.exited || status.code != 0)
		return fail_text(err, -EIO, "monitor: it ended with status %d",
				 status.exited ? status.code : 128 + status.signal);
	return TAKE_FD(ours);
}

/* 1: readable. */
static int await(int socket, const struct monitor_limit *limit)
{
	struct pollfd fds[] = { { .fd = socket, .events = POLLIN },
				{ .fd = limit->cancel, .events = POLLIN } };

	for (;;) {
		int64_t left = limit->deadline_ms < 0 ? INT_MAX : limit->deadline_ms - process_now_ms();

		if (left < 0)
			left = 0;
		if (poll(fds, ARRAY_SIZE(fds), left > INT_MAX ? INT_MAX : (int) left) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			return 1;
		if (fds[1].revents)
			return -ECANCELED;
		if (limit->deadline_ms >= 0 && process_now_ms() >= limit->deadline_ms)
			return -ETIMEDOUT;
	}
}

int monitor_receive(int socket, const struct monitor_limit *limit, struct json **ret, int *ret_fds,
		    size_t *ret_fd_count, struct err *err)
{
	char data[MONITOR_PACKET_MAX];
	int r = await(socket, limit);

	if (r < 0)
		return fail(err, r, "wait for the monitor");
	r = packet_receive(socket, data, sizeof(data), ret_fds, ret_fd_count, err);
	if (r < 0)
		return fail(err, r, "monitor");
	if (r == 0)
		return fail_text(err, -ECONNRESET, "the monitor has gone");
	r = json_parse(data, (size_t) r, ret, err);
	return r < 0 ? fail(err, r, "answer of the monitor") : 0;
}

/* A line of --log-format json; crun's and runc's differ in their other members only. */
static int log_sentence(const char *line, struct err *err)
{
	auto_json entry = NULL;
	const char *message;

	if (!line || json_parse(line, strlen(line), &entry, NULL) < 0)
		return 0;
	message = json_get_string(entry, "msg");
	if (!message || !*message)
		return 0;
	return fail_text(err, -EIO, "%.900s", message);
}

int monitor_check(const struct json *answer, struct err *err)
{
	const char *error = json_get_string(answer, "error");
	int r;

	if (!error)
		return 0;
	r = log_sentence(json_get_string(answer, "log"), err);
	if (r < 0)
		return r;
	r = (int) json_int(json_member(answer, "errno"), EIO);
	return fail_text(err, r > 0 ? -r : -EIO, "%.900s", error);
}

int monitor_ask(const char *directory, const char *request, int *ret_fds, size_t *ret_fd_count,
		struct err *err)
{
	struct monitor_limit limit = { .deadline_ms = process_now_ms() + ASK_MS, .cancel = -1 };
	auto_fd at = file_open_at(AT_FDCWD, directory, O_PATH | O_DIRECTORY, 0, err), socket = -EBADF;
	auto_json answer = NULL;
	int r;

	if (at < 0)
		return at;
	socket = packet_connect_at(at, MONITOR_SOCKET, err);
	if (socket < 0)
		return fail(err, socket, "monitor");
	r = packet_send(socket, request, strlen(request), NULL, 0, err);
	if (r == 0)
		r = monitor_receive(socket, &limit, &answer, ret_fds, ret_fd_count, err);
	if (r == 0)
		r = monitor_check(answer, err);
	return r < 0 ? r : TAKE_FD(socket);
}
