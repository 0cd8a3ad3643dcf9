/*
 * From the start of a CRI server to its first answer: first-answer SOCKET COMMAND... starts the command, connects as soon as the socket
 * is there, asks for its Version in HTTP/2 spoken by hand (a client of gRPC would be the greater part of what is measured), ends the
 * server and prints "WALL_US PROCESSOR_US": what its tasks had run by then. Exits with 1 when there is no answer within ten seconds.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/cri/http2.h"

enum { PATIENCE_US = 10000000 };

static int64_t now_us(void)
{
	struct timespec ts;

	(void) clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Whether what has come holds an answer to its end: a DATA frame that is not empty, and the trailers. */
static bool is_answered(const struct text *in)
{
	struct http2_frame frame;
	bool data = false;

	for (size_t at = 0; http2_frame(in, &at, &frame);) {
		data |= frame.type == HTTP2_DATA && frame.len > 5;
		if (frame.type == HTTP2_HEADERS && frame.flags & HTTP2_END_STREAM)
			return data;
	}
	return false;
}

/* Negative: not yet. The name is there a moment before anybody listens. */
static int connect_to(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void) strncpy(name.sun_path, path, sizeof(name.sun_path) - 1);
	if (fd < 0 || connect(fd, (struct sockaddr *) &name, sizeof(name)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int await_socket(const char *path, int watch, int64_t until)
{
	struct pollfd ready = { .fd = watch, .events = POLLIN };
	char events[4096];
	int fd;

	while ((fd = connect_to(path)) < 0 && now_us() < until) {
		if (fd == -ENOENT && poll(&ready, 1, 100) > 0 && read(watch, events, sizeof(events)) < 0)
			return -errno;
	}
	return fd;
}

static bool ask(int fd, int64_t until)
{
	auto_text question = { 0 }, answer = { 0 };
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char bytes[4096];
	ssize_t len;

	http2_call(&question, "Version", 65535);
	if (send(fd, question.data, question.len, MSG_NOSIGNAL) != (ssize_t) question.len)
		return false;
	while (!is_answered(&answer)) {
		if (poll(&ready, 1, (int) ((until - now_us()) / 1000)) <= 0)
			return false;
		len = read(fd, bytes, sizeof(bytes));
		if (len <= 0)
			return false;
		text_add_bytes(&answer, bytes, (size_t) len);
	}
	return true;
}

static int64_t processor_us(pid_t pid)
{
	auto_free char *path = text_format("/proc/%d/task", (int) pid);
	DIR *tasks = opendir(path);
	int64_t total = 0;

	for (const struct dirent *task; tasks && (task = readdir(tasks));) {
		auto_free char *name = text_format("%s/%s/schedstat", path, task->d_name);
		FILE *file = task->d_name[0] == '.' ? NULL : fopen(name, "re");
		long long ns = 0;

		if (file && fscanf(file, "%lld", &ns) == 1)
			total += ns / 1000;
		if (file)
			(void) fclose(file);
	}
	if (tasks)
		(void) closedir(tasks);
	return total;
}

int main(int argc, char **argv)
{
	auto_free char *folder = argc > 2 ? text_format("%s", argv[1]) : NULL;
	auto_fd watch = inotify_init1(IN_CLOEXEC);
	auto_fd fd = -EBADF;
	int64_t begun, took, ran;
	bool answered;
	pid_t pid;

	if (argc < 3)
		return fprintf(stderr, "usage: first-answer SOCKET COMMAND...\n"), 2;
	(void) unlink(argv[1]);
	if (inotify_add_watch(watch, dirname(folder), IN_CREATE) < 0)
		return perror(folder), 1;
	begun = now_us();
	if (posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ))
		return perror(argv[2]), 1;
	/* Again, as a client would, when it is closed before the answer. */
	do {
		cleanup_fd(&fd);
		fd = await_socket(argv[1], watch, begun + PATIENCE_US);
		answered = fd >= 0 && ask(fd, begun + PATIENCE_US);
	} while (!answered && now_us() < begun + PATIENCE_US);
	took = now_us() - begun;
	ran = processor_us(pid);
	/* Its end is not measured, and this peer would not answer the ping of a polite one. */
	(void) kill(pid, SIGKILL);
	(void) waitpid(pid, NULL, 0);
	if (!answered)
		return fprintf(stderr, "%s gave no answer\n", argv[2]), 1;
	printf("%lld %lld\n", (long long) took, (long long) ran);
	return 0;
}
