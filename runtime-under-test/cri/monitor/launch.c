/*
 * The command lines are those of containerd's shim and of conmon, so any runtime that either drives will do. While the
 * runtime works its output is read, its terminal taken, and whoever asked is watched.
 */
#include "runtime-under-test/cri/monitor/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/packet.h"
#include "base/process.h"
#include "runtime-under-test/cri/monitor/options.h"
#include "runtime-under-test/cri/monitor/protocol.h"
#include "runtime-under-test/cri/monitor/tree.h"

#define WORDS_MAX 65536
#define LOG_MAX (1 << 20)
#define LOG_LINE_MAX 8192
#define ARGUMENTS 20
#define KILL_MS 5000

struct command {
	const char *argv[ARGUMENTS];
	size_t count;
	char *log, *pid_file, *process, *console; /* owned */
};

static void command_free(struct command *command)
{
	free(command->log);
	free(command->pid_file);
	free(command->process);
	free(command->console);
}
#define auto_command __attribute__((cleanup(command_free))) struct command

static void add(struct command *command, const char *option, const char *value)
{
	command->argv[command->count++] = option;
	if (value)
		command->argv[command->count++] = value;
}

static const char *verb_of(const struct monitor_options *options)
{
	if (!options->bundle)
		return "exec";
	return options->started ? "run" : "create";
}

static void make_command(struct command *command, const struct launch *launch)
{
	const struct monitor_options *options = launch->options;

	command->log = text_format("%s/" MONITOR_RUNTIME_LOG, launch->work_path);
	command->pid_file = text_format("%s/" MONITOR_PID, launch->work_path);
	command->process = text_format("%s/" MONITOR_PROCESS, launch->work_path);
	/* A path in a socket's address has 107 bytes at most, and the folder may lie deeper. */
	command->console = text_format("/proc/%d/fd/%d/" MONITOR_CONSOLE, (int) getpid(), launch->work);
	add(command, options->runtime, NULL);
	add(command, "--root", options->root);
	if (options->systemd_cgroup)
		add(command, "--systemd-cgroup", NULL);
	add(command, "--log", command->log);
	add(command, "--log-format", "json");
	add(command, verb_of(options), NULL);
	if (options->bundle) {
		if (options->started)
			add(command, "--detach", NULL);
		add(command, "--bundle", options->bundle);
	} else {
		add(command, "--process", command->process);
		add(command, "--detach", NULL);
	}
	add(command, "--pid-file", command->pid_file);
	if (options->tty)
		add(command, "--console-socket", command->console);
	add(command, options->id, NULL);
}

/* False: no more will come. */
static bool read_words(int fd, struct text *said)
{
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n > 0) {
		/* The end matters: there stands why it gave up. */
		if (said->len + (size_t) n > WORDS_MAX)
			text_cut(said, 0);
		text_add_bytes(said, chunk, (size_t) n);
	}
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool has_left(int client)
{
	char data[16];

	return client >= 0 && recv(client, data, sizeof(data), MSG_DONTWAIT | MSG_PEEK) == 0;
}

static void take_console(struct launch *launch, int listener)
{
	auto_fd connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	char name[256];
	size_t count = 1;
	int fd;

	if (connection < 0 || process_poll(connection, process_now_ms() + 1000) <= 0)
		return;
	if (packet_receive(connection, name, sizeof(name), &fd, &count, NULL) < 0 || !count)
		return;
	if (launch->master >= 0)
		(void) close(launch->master);
	launch->master = fd;
}

/* Until the runtime has ended. */
static int attend(struct launch *launch, const struct process *runtime, int listener)
{
	struct pollfd fds[] = {
		{ .fd = runtime->pidfd, .events = POLLIN },   { .fd = launch->client, .events = POLLIN },
		{ .fd = listener, .events = POLLIN },         { .fd = launch->words[0], .events = POLLIN },
		{ .fd = launch->words[1], .events = POLLIN },
	};

	/* Of a container that runs already these are its own words, and belong into its log. */
	if (launch->options->wait)
		fds[3].fd = fds[4].fd = -1;
	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents && has_left(launch->client))
			return -ECANCELED;
		if (fds[2].revents)
			take_console(launch, listener);
		for (size_t i = 3; i < 5; i++)
			if (fds[i].revents && !read_words(fds[i].fd, &launch->said))
				fds[i].fd = -1;
		if (fds[0].revents)
			return 0;
	}
}

/* Nothing of the container's own has run yet: what lies in the pipes was said by the runtime and its hooks. */
static void empty_words(struct launch *launch)
{
	for (size_t i = 0; i < 2; i++)
		for (int rounds = 0; launch->words[i] >= 0 && rounds < 64; rounds++) {
			size_t before = launch->said.len;

			if (!read_words(launch->words[i], &launch->said) || launch->said.len == before)
				break;
		}
}

static void read_log(struct launch *launch)
{
	auto_text content = { 0 };
	const char *line;

	if (file_read_at(launch->work, MONITOR_RUNTIME_LOG, LOG_MAX, &content, NULL) < 0)
		return;
	text_trim_end(&content);
	line = content.len ? memrchr(content.data, '\n', content.len) : NULL;
	line = line ? line + 1 : text_str(&content);
	text_add_bytes(&launch->log, line, strnlen(line, LOG_LINE_MAX));
}

static const char *last_line(struct text *said)
{
	const char *newline;

	text_trim_end(said);
	newline = said->len ? memrchr(said->data, '\n', said->len) : NULL;
	return newline ? newline + 1 : text_str(said);
}

static int judge(struct launch *launch, const struct process_status *status, struct err *err)
{
	const char *verb = verb_of(launch->options);
	const char *said;

	if (status->exited && status->code == 0)
		return 0;
	read_log(launch);
	said = last_line(&launch->said);
	if (*said)
		return fail_text(err, -EIO, "%.512s", said);
	if (!status->exited)
		return fail_text(err, -EIO, "the runtime's %s was ended by signal %d", verb, status->signal);
	return fail_text(err, -EIO, "the runtime's %s ended with status %d", verb, status->code);
}

static int find_init(struct launch *launch, struct err *err)
{
	auto_text content = { 0 };
	long long pid;
	int r = file_read_at(launch->work, MONITOR_PID, 64, &content, err);

	if (r < 0)
		return fail(err, r, "the runtime's pid file");
	text_trim_end(&content);
	if (text_to_i64(text_str(&content), &pid) < 0 || pid <= 0 || pid > 1 << 30)
		return fail_text(err, -EINVAL, "the runtime's pid file says \"%s\"", text_str(&content));
	launch->pid = (pid_t) pid;
	launch->pidfd = process_pidfd_open(launch->pid);
	if (launch->pidfd < 0)
		return fail(err, launch->pidfd, "open process %lld", pid);
	if (launch->options->tty && launch->master < 0)
		return fail_text(err, -EIO, "the runtime sent no terminal");
	return 0;
}

static int run(struct launch *launch, int listener, struct err *err)
{
	auto_command command = { .count = 0 };
	struct process_options how = PROCESS_OPTIONS_INIT;
	struct process runtime = PROCESS_INIT;
	struct process_status status;
	int r;

	make_command(&command, launch);
	how.argv = command.argv;
	memcpy(how.stdio, launch->stdio, sizeof(how.stdio));
	r = process_spawn(&how, &runtime, err);
	if (r < 0)
		return r;
	r = attend(launch, &runtime, listener);
	if (r == 0)
		r = process_wait(&runtime, -1, &status, err);
	else
		r = fail_text(err, r, "nobody waits for it any more");
	process_close(&runtime);
	if (r < 0)
		return r;
	if (listener >= 0)
		take_console(launch, listener);
	if (!launch->options->wait || !status.exited || status.code != 0)
		empty_words(launch);
	r = judge(launch, &status, err);
	return r < 0 ? r : find_init(launch, err);
}

int launch(struct launch *launch, struct err *err)
{
	auto_fd listener = -EBADF;
	int r;

	(void) unlinkat(launch->work, MONITOR_RUNTIME_LOG, 0);
	(void) unlinkat(launch->work, MONITOR_PID, 0);
	if (launch->options->tty) {
		listener = packet_listen_at(launch->work, MONITOR_CONSOLE, SOCK_STREAM, err);
		if (listener < 0)
			return listener;
	}
	r = run(launch, listener, err);
	(void) unlinkat(launch->work, MONITOR_CONSOLE, 0);
	if (r < 0)
		(void) tree_kill(launch->mark, process_now_ms() + KILL_MS, NULL);
	return r;
}

void launch_close(struct launch *launch)
{
	cleanup_fd(&launch->pidfd);
	cleanup_fd(&launch->master);
	launch->pidfd = launch->master = -EBADF;
	text_free(&launch->said);
	text_free(&launch->log);
}
