/*
 * monitor VERB NAME=VALUE...: one call of the server's client of plumbline-monitor, for the shell tests. Prints what came out;
 * an error goes to stderr with status 125. Verbs: create, wait, alive, reopen, resize, attach, exec.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/monitor_client.h"

#define PROCESS_MAX (1 << 20)

static char **arguments;

static const char *value_of(const char *name)
{
	size_t len = strlen(name);

	for (char **at = arguments; *at; at++)
		if (strncmp(*at, name, len) == 0 && (*at)[len] == '=')
			return *at + len + 1;
	return NULL;
}

static struct monitor_runtime runtime(void)
{
	return (struct monitor_runtime){
		.monitor = value_of("monitor") ? value_of("monitor") : "build/bin/plumbline-monitor",
		.program = value_of("runtime"),
		.root = value_of("root"),
	};
}

static struct monitor_limit limit(void)
{
	const char *ms = value_of("ms");

	return (struct monitor_limit){ .deadline_ms = ms ? process_now_ms() + atoll(ms) : -1, .cancel = -1 };
}

static int create(struct err *err)
{
	struct monitor_create how = {
		.runtime = runtime(),
		.id = value_of("id"),
		.bundle = value_of("bundle"),
		.directory = value_of("directory"),
		.log_directory = value_of("log-directory"),
		.log_path = value_of("log-path"),
		.tty = value_of("tty") != NULL,
		.with_stdin = value_of("stdin") != NULL,
		.stdin_once = value_of("once") != NULL,
	};
	struct monitor_limit until = limit();
	pid_t pid;
	int r = monitor_create(&how, &until, &pid, err);

	if (r == 0)
		printf("%d\n", (int) pid);
	return r;
}

static void ended(void *user, const char *id, const struct monitor_exit *how)
{
	printf("%s known=%d code=%d signal=%d oom=%d lost=%llu\n", id, how->known, how->code, how->signal,
	       how->oom_killed, (unsigned long long) how->log_lost);
	(void) !write(*(int *) user, "", 1);
}

static int wait_for_end(struct err *err)
{
	struct monitor_watcher *watcher = NULL;
	int ends[2], r;
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, -errno, "make a pipe");
	r = monitor_watcher_open(ended, &ends[1], &watcher, err);
	if (r == 0)
		r = monitor_watch(watcher, value_of("id"), value_of("directory"), err);
	if (r == 0)
		(void) !read(ends[0], &byte, 1);
	monitor_watcher_close(watcher);
	return r;
}

static int alive(struct err *err)
{
	int r = monitor_alive(value_of("directory"), err);

	if (r >= 0)
		puts(r ? "yes" : "no");
	return r < 0 ? r : 0;
}

static int reopen(struct err *err)
{
	return monitor_reopen_log(value_of("directory"), err);
}

static int resize(struct err *err)
{
	return monitor_resize(value_of("directory"), (unsigned) atoi(value_of("width")),
			      (unsigned) atoi(value_of("height")), err);
}

/* False: at its end. */
static bool copy(int from, int to)
{
	char chunk[65536];
	ssize_t n = read(from, chunk, sizeof(chunk));

	return n > 0 && file_write_all(to, chunk, (size_t) n) == 0;
}

static void serve(struct monitor_streams *streams)
{
	struct pollfd fds[] = { { .fd = 0, .events = POLLIN },
				{ .fd = streams->out, .events = POLLIN },
				{ .fd = streams->err, .events = POLLIN },
				{ .fd = streams->control, .events = POLLIN } };

	if (streams->in < 0)
		fds[0].fd = -1;
	while (fds[0].fd >= 0 || fds[1].fd >= 0 || fds[2].fd >= 0) {
		(void) poll(fds, ARRAY_SIZE(fds), -1);
		if (fds[0].revents && !copy(0, streams->in)) {
			(void) close(streams->in);
			streams->in = fds[0].fd = -1;
			if (value_of("leave"))
				return;
		}
		/* What runs on when stdin stays open does so without it. */
		if (fds[3].revents && fds[1].fd < 0 && fds[2].fd < 0)
			return;
		for (int i = 1; i < 3; i++)
			if (fds[i].revents && !copy(fds[i].fd, i))
				fds[i].fd = -1;
		if (fds[3].revents)
			fds[0].fd = fds[3].fd = -1;
	}
}

static int attach(struct err *err)
{
	struct monitor_attach how = { .in = value_of("in") != NULL,
				      .out = value_of("out") != NULL,
				      .err = value_of("err") != NULL };
	struct monitor_streams streams;
	int r = monitor_attach(value_of("directory"), &how, &streams, err);

	if (r < 0)
		return r;
	(void) fprintf(stderr, "attached\n");
	serve(&streams);
	monitor_streams_close(&streams);
	return 0;
}

static int exec_sync(struct err *err)
{
	auto_text process = { 0 }, out = { 0 }, errors = { 0 };
	struct monitor_exit how;
	struct monitor_exec what = {
		.runtime = runtime(),
		.id = value_of("id"),
		.directory = value_of("directory"),
		.tty = value_of("tty") != NULL,
		.out = true,
		.err = true,
	};
	struct monitor_limit until = limit();
	int r = file_read_at(AT_FDCWD, value_of("process"), PROCESS_MAX, &process, err);

	if (r < 0)
		return r;
	what.process = text_str(&process);
	r = monitor_exec_sync(&what, &until, (size_t) 16 << 20, &out, &errors, &how, err);
	(void) file_write_all(1, text_str(&out), out.len);
	(void) file_write_all(2, text_str(&errors), errors.len);
	if (r == 0)
		exit(how.code);
	return r;
}

static const struct {
	const char *name;
	int (*fn)(struct err *err);
} verbs[] = {
	{ "create", create }, { "wait", wait_for_end }, { "alive", alive },    { "reopen", reopen },
	{ "resize", resize }, { "attach", attach },     { "exec", exec_sync },
};

int main(int argc, char **argv)
{
	struct err err = { 0 };

	arguments = argv + 2;
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		if (verbs[i].fn(&err) == 0)
			return 0;
		(void) fprintf(stderr, "%s\n", err.text);
		return 125;
	}
	return 2;
}
