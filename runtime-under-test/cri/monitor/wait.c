/* See monitor.h. */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/monitor/monitor.h"
#include "runtime-under-test/cri/monitor/options.h"

#define ANSWER_MAX 4096

int monitor_wait_begin(struct monitor *monitor, struct err *err)
{
	const struct monitor_options *options = monitor->options;
	const char *const argv[] = { options->runtime, "--root", options->root, "wait", options->id, NULL };
	struct process_options how = PROCESS_OPTIONS_INIT;
	struct process waiter = PROCESS_INIT;
	int r;

	monitor->answer = memfd_create("plumbline-wait", MFD_CLOEXEC);
	if (monitor->answer < 0)
		return fail(err, -errno, "make a file of memory");
	how.argv = argv;
	how.stdio[1] = monitor->answer;
	how.death_signal = SIGKILL;
	r = process_spawn(&how, &waiter, err);
	if (r < 0)
		return fail(err, r, "wait for the container");
	monitor->waiter = waiter.pid;
	process_close(&waiter);
	return 0;
}

/* {"id": ID, "exitStatus": 143}; a waiter that failed knows nothing, as when the whole sandbox has gone. */
void monitor_wait_end(struct monitor *monitor, int code)
{
	auto_json answer = NULL;
	auto_text text = { 0 };

	monitor->ended = true;
	if (code != 0 || lseek(monitor->answer, 0, SEEK_SET) < 0 ||
	    file_read_fd(monitor->answer, ANSWER_MAX, &text, NULL) < 0 ||
	    json_parse(text_str(&text), text.len, &answer, NULL) < 0 || !json_has(answer, "exitStatus"))
		return;
	monitor->status_known = true;
	monitor->code = (int) json_int(json_member(answer, "exitStatus"), 255);
	monitor->signal = monitor->code > 128 ? monitor->code - 128 : 0;
}
