/* v1 rings an eventfd for every process that memory.oom_control has no memory for; v2 counts, and inotify tells. */
#include "runtime-under-test/oci/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"

void oom_watch_close(struct oom_watch *watch)
{
	cleanup_fd(&watch->fd);
	cleanup_fd(&watch->source);
}

/* Kernel Documentation/admin-guide/cgroup-v1/memory.rst, 10. OOM Control. */
static int open_v1(const struct cgroup_place *place, struct oom_watch *watch, struct err *err)
{
	auto_free char *line = NULL;

	watch->source = openat(place->directory, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	if (watch->source < 0)
		return fail(err, -errno, "open memory.oom_control");
	watch->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (watch->fd < 0)
		return fail(err, -errno, "make an eventfd");
	line = text_format("%d %d", watch->fd, watch->source);
	return file_write_at(place->directory, "cgroup.event_control", line, strlen(line), err);
}

static uint64_t count_kills(int events)
{
	auto_text content = { 0 };
	const char *line;
	unsigned long long kills = 0;

	if (lseek(events, 0, SEEK_SET) < 0 || file_read_fd(events, 4096, &content, NULL) < 0)
		return 0;
	line = strstr(text_str(&content), "oom_kill ");
	if (line) {
		auto_free char *number = text_format("%.*s", (int) strcspn(line + 9, "\n"), line + 9);

		(void) text_to_u64(number, &kills);
	}
	return kills;
}

static int open_v2(const struct cgroup_place *place, struct oom_watch *watch, struct err *err)
{
	auto_free char *path = NULL;

	watch->source = openat(place->directory, "memory.events", O_RDONLY | O_CLOEXEC);
	if (watch->source < 0)
		return fail(err, -errno, "open memory.events");
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->fd < 0)
		return fail(err, -errno, "make an inotify");
	/* By descriptor, whatever became of the path. */
	path = text_format("/proc/self/fd/%d", watch->source);
	if (inotify_add_watch(watch->fd, path, IN_MODIFY) < 0)
		return fail(err, -errno, "watch memory.events");
	watch->seen = count_kills(watch->source);
	return 0;
}

int oom_watch_open(const struct cgroups *cgroups, struct oom_watch *ret, struct err *err)
{
	const struct cgroup_place *place = cgroups_find(cgroups, "memory");
	int r;

	if (!place)
		return fail_text(err, -EOPNOTSUPP, "there is no cgroup for memory");
	ret->unified = place->unified;
	r = place->unified ? open_v2(place, ret, err) : open_v1(place, ret, err);
	if (r < 0) {
		oom_watch_close(ret);
		*ret = (struct oom_watch) OOM_WATCH_INIT;
	}
	return r;
}

/* The eventfd also rings when the cgroup goes; by then oom_control cannot be read. */
static unsigned read_v1(const struct oom_watch *watch)
{
	uint64_t rings = 0;
	char byte;

	if (read(watch->fd, &rings, sizeof(rings)) != sizeof(rings) || pread(watch->source, &byte, 1, 0) != 1)
		return 0;
	return (unsigned) rings;
}

static unsigned read_v2(struct oom_watch *watch)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	uint64_t kills, new;

	while (read(watch->fd, buffer, sizeof(buffer)) > 0)
		; /* which event it was does not matter: the counter tells */
	kills = count_kills(watch->source);
	new = kills > watch->seen ? kills - watch->seen : 0;
	watch->seen = kills;
	return (unsigned) new;
}

unsigned oom_watch_read(struct oom_watch *watch)
{
	return watch->unified ? read_v2(watch) : read_v1(watch);
}
