/* events: what the container uses, once or at intervals, and each time it runs out of memory; one JSON object a line. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/oom.h"
#include "runtime-under-test/oci/state.h"
#include "runtime-under-test/oci/stats.h"
#include "runtime-under-test/oci/verbs.h"

struct events_options {
	bool stats;
	const char *interval;
};

#define AT(member) offsetof(struct events_options, member)
const struct option_row events_rows[] = {
	{ "stats", 0, OPTION_FLAG, AT(stats), "what it uses now, and no more" },
	{ "interval", 0, OPTION_STRING, AT(interval),
	  "time between two, as 5s, 500ms or 1m; 5s if not given" },
	{ NULL },
};

/* A Go duration of one part, which is what callers send. */
static int read_interval(const char *text, int64_t *ret, struct err *err)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = { { "ms", 1 }, { "s", 1e3 }, { "m", 6e4 }, { "h", 3.6e6 } };
	char *end;
	double number = strtod(text, &end);

	for (size_t i = 0; end != text && i < ARRAY_SIZE(units); i++)
		if (strcmp(end, units[i].unit) == 0 && number * units[i].ms >= 1 &&
		    number * units[i].ms <= INT_MAX) {
			*ret = (int64_t) (number * units[i].ms);
			return 0;
		}
	return fail_text(err, -EINVAL, "events: \"%s\" is no time such as 5s", text);
}

/* One write a line: whoever reads the pipe sees whole objects. */
static int print_event(const char *type, const char *id, struct json *taken, struct err *err)
{
	auto_json event = json_new_object();
	auto_text line = { 0 };
	int r;

	json_put(event, "type", json_new_string(type));
	json_put(event, "id", json_new_string(id));
	if (taken)
		json_put(event, "data", taken);
	json_print(event, 0, &line);
	text_add_char(&line, '\n');
	r = file_write_all(STDOUT_FILENO, text_str(&line), line.len);
	return r < 0 ? fail(err, r, "write to standard output") : 0;
}

static int print_stats(const struct state *state, const struct cgroups *cgroups, struct err *err)
{
	return print_event("stats", state->id, stats_read(cgroups, state->pid), err);
}

/* Until init has ended. */
static int follow(const struct state *state, const struct cgroups *cgroups, int64_t interval, struct err *err)
{
	auto_fd pidfd = process_pidfd_open(state->pid);
	auto_oom_watch watch = OOM_WATCH_INIT;
	int64_t next = process_now_ms() + interval;
	int r = 0;

	if (pidfd < 0 || state_status(state) == STATUS_STOPPED)
		return 0;
	/* Without the memory controller there is nothing to wait for but time. */
	if (oom_watch_open(cgroups, &watch, NULL) < 0)
		watch.fd = -EBADF;
	while (r == 0) {
		struct pollfd waits[] = { { .fd = pidfd, .events = POLLIN },
					  { .fd = watch.fd, .events = POLLIN } };
		int64_t left = next - process_now_ms();
		int ready = poll(waits, ARRAY_SIZE(waits), (int) (left > 0 ? left : 0));

		if (ready < 0 && errno != EINTR)
			return fail(err, -errno, "wait for events");
		if (ready > 0 && waits[1].revents)
			for (unsigned n = oom_watch_read(&watch); n && r == 0; n--)
				r = print_event("oom", state->id, NULL, err);
		if (ready > 0 && waits[0].revents)
			return r;
		if (r == 0 && process_now_ms() >= next) {
			r = print_stats(state, cgroups, err);
			next += interval;
		}
	}
	return r;
}

static int tell(const struct state *state, bool once, int64_t interval, struct err *err)
{
	enum container_status status = state_status(state);
	auto_cgroups cgroups = { 0 };
	int r;

	if (status == STATUS_STOPPED || status == STATUS_CREATING)
		return fail_text(err, -EINVAL, "container not running: %s is %s", state->id,
				 container_status_name(status));
	r = cgroups_from_json(state->cgroups, &cgroups, err);
	if (r < 0)
		return r;
	return once ? print_stats(state, &cgroups, err) : follow(state, &cgroups, interval, err);
}

int verb_events(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	struct events_options options = { .interval = "5s" };
	int first = verb_arguments(events_rows, &options, argc, argv, 1, 1, err);
	auto_fd directory = -EBADF;
	struct state state = { 0 };
	int64_t interval = 0;
	int r;

	if (first < 0)
		return first;
	r = read_interval(options.interval, &interval, err);
	if (r < 0)
		return r;
	directory = verb_open(runtime, argv[first], &state, err);
	if (directory < 0)
		return directory;
	r = tell(&state, options.stats, interval, err);
	state_clear(&state);
	return r;
}
