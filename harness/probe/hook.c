/*
 * The hook mode: appends one line about this moment to a file and ends as told.
 *   probe --hook FILE NAME [exit=N] [hang] [stderr=TEXT] [exists=PATH]...
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json_check.h"
#include "base/text.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"

#define STDIN_MAX (1024 * 1024)
#define STDIN_PATIENCE_MS 2000

/*
 * Until end-of-file, the bound, or two seconds of silence: a runtime that keeps the pipe open must not hang
 * the hook.
 */
static bool read_stdin(struct text *ret)
{
	char buffer[4096];

	while (ret->len < STDIN_MAX) {
		struct pollfd wait = { .fd = STDIN_FILENO, .events = POLLIN };
		ssize_t n;

		if (poll(&wait, 1, STDIN_PATIENCE_MS) <= 0)
			return false;
		n = read(STDIN_FILENO, buffer, sizeof(buffer));
		if (n == 0)
			return true;
		if (n < 0)
			return false;
		text_add_bytes(ret, buffer, (size_t) n);
	}
	return false;
}

/* A document is put in as it is, on one line: a newline inside a string would have been refused. */
static void put_state(struct out *out, const struct text *input, bool ended)
{
	auto_text line = { 0 };

	out_bytes(out, "stdin_raw", text_str(input), input->len);
	out_bool(out, "stdin_ended", ended);
	if (!input->len || json_check(input->data, input->len, NULL) < 0)
		return;
	text_add_bytes(&line, input->data, input->len);
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] == '\n' || line.data[i] == '\r')
			line.data[i] = ' ';
	out_json(out, "state", line.data, line.len);
}

static void put_exists(const struct probe *probe, struct out *out)
{
	struct stat st;

	out_object(out, "exists");
	out_bool(out, PROBE_TRIES, lstat(PROBE_TRIES, &st) == 0);
	for (int i = 4; i < probe->argc; i++)
		if (text_starts(probe->argv[i], "exists="))
			out_bool(out, probe->argv[i] + 7, lstat(probe->argv[i] + 7, &st) == 0);
	out_end(out);
}

static void put_moment(const struct probe *probe, struct out *out)
{
	static const char *const keys[] = { "pid",          "ppid",    "namespaces", "argv",    "env",
					    "env_list",     "cwd",     "fds",        "fd_list", "cgroup",
					    "uid",          "gid",     "groups",     "caps",    "seccomp",
					    "no_new_privs", "rlimits", "signals" };
	auto_text root = { 0 };

	out_string(out, "name", probe->argv[3]);
	out_int(out, "time_ns", probe->started_ns);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		(void) census_read(probe, out, keys[i]);
	if (probe->proc >= 0 && file_read_link_at(probe->proc, "self/root", &root, NULL) >= 0)
		out_string(out, "root", text_str(&root));
	put_exists(probe, out);
}

/* One write, so that lines of hooks that run at the same time stay whole. */
static int append_line(const struct out *out, const char *path)
{
	auto_fd fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_CLOEXEC, 0666);

	if (fd < 0)
		return -errno;
	/*
	 * Whatever the umask: hooks of another user append too. Not ours to change when another one made it.
	 */
	(void) fchmod(fd, 0666);
	return file_write_all(fd, out->text.data, out->text.len);
}

/* 0, or what "exit=" says. */
static int end_as_told(const struct probe *probe)
{
	int code = EXIT_SUCCESS;

	for (int i = 4; i < probe->argc; i++) {
		const char *word = probe->argv[i];

		if (text_starts(word, "exit="))
			code = atoi(word + 5);
		if (text_starts(word, "stderr=")) {
			auto_free char *line = text_format("%s\n", word + 7);

			(void) file_write_all(STDERR_FILENO, line, strlen(line));
		}
	}
	for (int i = 4; i < probe->argc; i++)
		while (!strcmp(probe->argv[i], "hang"))
			(void) pause();
	return code;
}

int hook_main(struct probe *probe)
{
	auto_out out = OUT_INIT(-1);
	auto_text input = { 0 };
	bool ended;

	/* What costs time comes last: the moment counts. */
	out_object(&out, NULL);
	put_moment(probe, &out);
	ended = probe->stdio[0] >= 0 && read_stdin(&input);
	put_state(&out, &input, ended);
	out_end(&out);
	text_add_char(&out.text, '\n');
	if (append_line(&out, probe->argv[2]) < 0)
		return 111;
	return end_as_told(probe);
}
