/*
 * The counter oom_kill says how many processes of the cgroup the kernel has killed; not which. A container whose exec was
 * killed an hour ago and that somebody stops now was not killed for its memory: a kill counts for a second only, and only when
 * init ended as a killed process does, or a shell whose child was.
 */
#include "runtime-under-test/cri/monitor/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"

#define SETTLE_MS 1000

static void sample(struct oom *oom)
{
	static const char name[] = "oom_kill ";
	char data[512];
	ssize_t n = oom->events < 0 ? -1 : pread(oom->events, data, sizeof(data) - 1, 0);
	const char *line;
	unsigned long long value;

	/* -ENODEV: the cgroup has gone; then what was seen last is all there is. */
	if (n <= 0)
		return;
	data[n] = '\0';
	for (line = data; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		auto_text number = { 0 };

		if (!text_starts(line, name))
			continue;
		text_add_bytes(&number, line + sizeof(name) - 1, strcspn(line + sizeof(name) - 1, "\n"));
		if (text_to_u64(text_str(&number), &value) == 0)
			oom->seen = value;
	}
}

/* cgroup v1 tells by an eventfd: Documentation/admin-guide/cgroup-v1/memory.rst, section 10. */
static int ask_for_notice(struct oom *oom, int directory, struct err *err)
{
	auto_free char *line = NULL;

	oom->notice = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (oom->notice < 0)
		return fail(err, -errno, "make an eventfd");
	line = text_format("%d %d", oom->notice, oom->events);
	return file_write_at(directory, "cgroup.event_control", line, strlen(line), err);
}

static int open_events(struct oom *oom, const struct cgroup_hierarchy *hierarchy, int proc, struct err *err)
{
	auto_text path = { 0 };
	auto_fd directory = -EBADF;
	int r;

	r = cgroup_directory_of(proc, hierarchy, &path, err);
	if (r < 0)
		return r;
	directory = file_open_at(AT_FDCWD, text_str(&path), O_PATH | O_DIRECTORY, 0, err);
	if (directory < 0)
		return directory;
	oom->events = file_open_at(directory, hierarchy->unified ? "memory.events" : "memory.oom_control",
				   O_RDONLY, 0, err);
	if (oom->events < 0)
		return oom->events;
	return hierarchy->unified ? 0 : ask_for_notice(oom, directory, err);
}

int oom_open(struct oom *oom, pid_t pid, struct err *err)
{
	auto_free char *path = text_format("/proc/%d", (int) pid);
	auto_fd proc = file_open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0, err);
	auto_cgroup_layout layout = { 0 };
	const struct cgroup_hierarchy *hierarchy;
	int r;

	if (proc < 0)
		return proc;
	r = cgroup_layout_read(&layout, err);
	if (r < 0)
		return r;
	hierarchy = cgroup_find(&layout, "memory");
	if (!hierarchy)
		hierarchy = cgroup_find(&layout, "");
	if (!hierarchy)
		return fail_text(err, -ENOENT, "no cgroup hierarchy has memory");
	r = open_events(oom, hierarchy, proc, err);
	sample(oom);
	oom->before = oom->seen;
	return r;
}

int oom_fd(const struct oom *oom, short *ret_events)
{
	*ret_events = oom->notice >= 0 ? POLLIN : POLLPRI;
	return oom->notice >= 0 ? oom->notice : oom->events;
}

void oom_noticed(struct oom *oom)
{
	uint64_t count;

	if (oom->notice >= 0)
		(void) !read(oom->notice, &count, sizeof(count));
	sample(oom);
	/* cgroup v1 rings before it kills: the count may follow. */
	oom->settles_ms = process_now_ms() + SETTLE_MS;
}

void oom_settle(struct oom *oom, int64_t now_ms)
{
	if (!oom->settles_ms || now_ms < oom->settles_ms)
		return;
	sample(oom);
	oom->before = oom->seen;
	oom->settles_ms = 0;
}

bool oom_was_it(struct oom *oom, int code)
{
	sample(oom);
	return !fault("oom-not-told") && code == 128 + SIGKILL && oom->seen > oom->before;
}

void oom_close(struct oom *oom)
{
	cleanup_fd(&oom->events);
	cleanup_fd(&oom->notice);
	oom->events = oom->notice = -EBADF;
}
