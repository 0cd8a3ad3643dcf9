/*
 * Tries that look at something the census cannot have: because it changes, or because asking has an effect.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"
#include "harness/probe/try.h"

#define STDIN_PATIENCE_MS 10000

static int try_loadavg(struct try *try)
{
	auto_text text = { 0 };
	int r = read_line(AT_FDCWD, "/proc/loadavg", &text);

	if (r < 0)
		return r;
	out_string(try->out, "data", text_str(&text));
	return 0;
}

static int try_timens(struct try *try)
{
	auto_text uptime = { 0 };
	int r = census_clocks(try->probe, try->out, "clocks");

	if (r < 0)
		return r;
	if (!read_line(AT_FDCWD, "/proc/uptime", &uptime))
		out_string(try->out, "uptime", text_str(&uptime));
	return census_time_offsets(try->probe, try->out, "offsets");
}

/* Keys of the census once more, after tries or a caller have changed something. */
static int try_census(struct try *try)
{
	struct probe now = *try->probe;
	int r = 0;

	/* The status file was read when the probe started. */
	now.status = (struct text){ 0 };
	probe_read_status(&now);
	for (int i = 1; i < try->count && r >= 0; i++)
		r = census_read(&now, try->out, try->words[i]);
	text_free(&now.status);
	return r < 0 ? r : 0;
}

/* Puts a newline into the terminal's input, as if typed: CVE-2016-2779 and its kind. */
static int try_ioctl_sti(struct try *try)
{
	(void) try;
	return ioctl(STDIN_FILENO, TIOCSTI, "\n") < 0 ? -errno : 0;
}

/* One read: what a terminal or a pipe gives at once. */
static int try_read_stdin(struct try *try)
{
	struct pollfd wait = { .fd = STDIN_FILENO, .events = POLLIN };
	char data[TRY_DATA_MAX];
	ssize_t n;

	if (poll(&wait, 1, STDIN_PATIENCE_MS) == 0)
		return -ETIMEDOUT;
	n = read(STDIN_FILENO, data, sizeof(data));
	if (n < 0)
		return -errno;
	out_bytes(try->out, "data", data, (size_t) n);
	return (int) n;
}

static int try_winsize(struct try *try)
{
	struct winsize size = { 0 };
	long long rows, cols;

	if (try_number(try->words[1], &rows) < 0 || try_number(try->words[2], &cols) < 0)
		return -EINVAL;
	size.ws_row = (unsigned short) rows;
	size.ws_col = (unsigned short) cols;
	return ioctl(STDIN_FILENO, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

const struct try_verb try_look_verbs[] = {
	{ "loadavg", try_loadavg, 0, "data: /proc/loadavg" },
	{ "timens", try_timens, 0, "clocks, uptime, offsets as they are now" },
	{ "census KEY...", try_census, 1, "those keys again, as they are now" },
	{ "ioctl-sti", try_ioctl_sti, 0, "TIOCSTI on stdin" },
	{ "read-stdin", try_read_stdin, 0, "data: one read; 10 s at most" },
	{ "winsize ROWS COLS", try_winsize, 2, "TIOCSWINSZ on stdin" },
	{ NULL },
};
