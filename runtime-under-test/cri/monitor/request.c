/* What clients ask for, one line a request. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/packet.h"
#include "runtime-under-test/cri/monitor/monitor.h"
#include "runtime-under-test/cri/monitor/options.h"
#include "runtime-under-test/oci/faults.h"

#define WORDS 4

/* Descriptors for the answer are added to ret_fds, and closed when it is sent. */
struct answer {
	int fds[PACKET_FDS];
	size_t count;
};

typedef int request_fn(struct monitor *monitor, struct client *client, char *const words[WORDS],
		       struct answer *answer, struct err *err);

static int reopen_log(struct monitor *monitor, struct client *client, char *const words[WORDS],
		      struct answer *answer, struct err *err)
{
	(void) client;
	(void) words;
	(void) answer;
	if (fault("log-reopen-ignored"))
		return 0;
	return log_reopen(&monitor->log, err);
}

static int size_of(const char *word, unsigned short *ret, struct err *err)
{
	long long number;

	if (!word || text_to_i64(word, &number) < 0 || number < 0 || number > 65535)
		return fail_text(err, -EINVAL, "a terminal has 0 to 65535 columns and rows");
	*ret = (unsigned short) number;
	return 0;
}

static int resize(struct monitor *monitor, struct client *client, char *const words[WORDS],
		  struct answer *answer, struct err *err)
{
	struct winsize size = { 0 };
	int r;

	(void) client;
	(void) answer;
	if (monitor->master < 0)
		return fail_text(err, -EINVAL, "the container has no terminal");
	r = size_of(words[1], &size.ws_col, err);
	if (r == 0)
		r = size_of(words[2], &size.ws_row, err);
	if (r < 0)
		return r;
	return ioctl(monitor->master, TIOCSWINSZ, &size) < 0 ? fail(err, -errno, "resize the terminal") : 0;
}

/* Typing into a container that reads nothing goes nowhere, and is no error: callers do not know. */
static int open_nowhere(int *ret)
{
	*ret = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return *ret < 0 ? -errno : 0;
}

static bool is_wanted(const char *word)
{
	return word && strcmp(word, "1") == 0;
}

static int attach(struct monitor *monitor, struct client *client, char *const words[WORDS],
		  struct answer *answer, struct err *err)
{
	bool in = is_wanted(words[1]), out = is_wanted(words[2]), errors = is_wanted(words[3]);
	int ends[3] = { -EBADF, -EBADF, -EBADF }, r;

	if (client->had_in || client->sinks[0].fd >= 0 || client->sinks[1].fd >= 0)
		return fail_text(err, -EBUSY, "this connection is attached already");
	if (monitor->master >= 0)
		errors = false;
	r = client_join(client, in && monitor->in >= 0, out, errors, ends);
	if (r == 0 && in && ends[0] < 0)
		r = open_nowhere(&ends[0]);
	for (size_t i = 0; i < 3; i++)
		if (ends[i] >= 0)
			answer->fds[answer->count++] = ends[i];
	return r < 0 ? fail(err, r, "make pipes") : 0;
}

static const struct {
	const char *name;
	request_fn *fn;
} requests[] = {
	{ "reopen-log", reopen_log },
	{ "resize", resize },
	{ "attach", attach },
};

static int handle(struct monitor *monitor, struct client *client, char *request, struct answer *answer,
		  struct err *err)
{
	char *words[WORDS] = { 0 }, *rest = request;

	for (size_t i = 0; i < WORDS; i++)
		words[i] = strsep(&rest, " ");
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (strcmp(words[0], requests[i].name) == 0)
			return requests[i].fn(monitor, client, words, answer, err);
	return fail_text(err, -EINVAL, "unknown request");
}

void monitor_answer(struct monitor *monitor, struct client *client, char *request)
{
	struct answer answer = { .count = 0 };
	auto_text text = { 0 };
	struct err err = { 0 };
	int r;

	/* Its streams are at their end, and a log that is made now would stay empty for ever. */
	r = monitor->ended ? fail_text(&err, -ESRCH, "the container has ended")
			   : handle(monitor, client, request, &answer, &err);
	if (r < 0) {
		text_add(&text, "{\"error\":\"");
		text_escape_json(&text, err.text, strlen(err.text));
		text_addf(&text, "\",\"errno\":%d}", -r);
	} else {
		text_add(&text, "{\"ok\":true}");
	}
	(void) packet_send(client->socket, text_str(&text), text.len, answer.fds, r < 0 ? 0 : answer.count,
			   NULL);
	for (size_t i = 0; i < answer.count; i++)
		(void) close(answer.fds[i]);
}
