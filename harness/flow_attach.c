/* plumbline trace --pid, started and ended around a pod. */
#include "harness/flow_attach.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/options.h"

#define BEGIN_MS 10000 /* to load the recorder's programs, on a machine with other work */
#define END_MS 10000
#define SAID_MAX 4096
#define BEGUN "plumbline: attached"

/* Its first line: that it has begun, or why it cannot. */
static int hear(int fd, struct text *ret)
{
	int64_t deadline = process_now_ms() + BEGIN_MS;

	while (ret->len < SAID_MAX && !strchr(text_str(ret), '\n')) {
		char bytes[512];
		int r = process_poll(fd, deadline);
		ssize_t n = r > 0 ? read(fd, bytes, sizeof(bytes)) : 0;

		if (r <= 0)
			return r < 0 ? r : -ETIMEDOUT;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		text_add_bytes(ret, bytes, (size_t) n);
	}
	return 0;
}

static int give_up(struct flow_attach *attach, int r, struct text *said, struct err *err)
{
	static const char own[] = "plumbline: ";
	struct process_status status;
	const char *sentence = text_str(said);

	(void) process_kill(&attach->process, SIGKILL);
	(void) process_wait(&attach->process, process_now_ms() + END_MS, &status, NULL);
	process_close(&attach->process);
	cleanup_fd(&attach->said);
	*attach = (struct flow_attach) FLOW_ATTACH_INIT;
	text_trim_end(said);
	if (r < 0)
		return fail(err, r, "watch the server");
	return fail_text(err, -EPERM, "%s", text_starts(sentence, own) ? sentence + strlen(own) : sentence);
}

int flow_attach_begin(pid_t pid, const char *file, struct flow_attach *ret, struct err *err)
{
	auto_free char *number = text_format("%d", (int) pid);
	const char *const argv[] = { "/proc/self/exe", "trace", "--pid", number, "-o", file, NULL };
	struct process_options options = PROCESS_OPTIONS_INIT;
	auto_text said = { 0 };
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, -errno, "make a pipe");
	auto_fd to = ends[1];
	*ret = (struct flow_attach) FLOW_ATTACH_INIT;
	ret->said = ends[0];
	options.argv = argv;
	options.stdio[2] = to;
	options.death_signal = SIGKILL;
	options.new_group = true;
	r = process_spawn(&options, &ret->process, err);
	cleanup_fd(&to);
	if (r < 0) {
		cleanup_fd(&ret->said);
		return r;
	}
	r = hear(ret->said, &said);
	return r < 0 || !text_starts(text_str(&said), BEGUN) ? give_up(ret, r, &said, err) : 0;
}

int flow_attach_end(struct flow_attach *attach, struct err *err)
{
	struct process_status status = { 0 };
	int r;

	if (attach->process.pid <= 0)
		return 0;
	(void) process_kill(&attach->process, SIGINT);
	r = process_wait(&attach->process, process_now_ms() + END_MS, &status, err);
	if (r < 0)
		(void) process_kill(&attach->process, SIGKILL);
	else if (!status.exited || (status.code != EXIT_AS_EXPECTED && status.code != EXIT_BROKEN))
		r = fail_text(err, -EIO, "the recording of the server did not come to an end");
	process_close(&attach->process);
	cleanup_fd(&attach->said);
	*attach = (struct flow_attach) FLOW_ATTACH_INIT;
	return r;
}
