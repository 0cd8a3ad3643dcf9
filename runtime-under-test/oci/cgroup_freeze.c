/* The freezer: every process of the container is stopped where it stands, and goes on as if nothing had been. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"

#define FREEZE_TIMEOUT_MS 10000
#define LOOK_AGAIN_MS 2
#define KNOCK_AGAIN 16

static int set_freezer(const struct cgroup_place *freezer, bool frozen, struct err *err)
{
	const char *file = freezer->unified ? "cgroup.freeze" : "freezer.state";
	const char *value = freezer->unified ? (frozen ? "1" : "0") : (frozen ? "FROZEN" : "THAWED");

	return file_write_at(freezer->directory, file, value, strlen(value), err);
}

static int64_t min_ms(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * A task of v1 that forks or sleeps uninterruptibly at the wrong moment leaves the cgroup FREEZING; reading the state looks
 * again, and now and then only letting go and freezing anew gets such a task. Kernel cgroup-v1/freezer-subsystem.
 */
static int await_v1(const struct cgroup_place *freezer, int64_t deadline, struct err *err)
{
	for (unsigned round = 1;; round++) {
		auto_text state = { 0 };
		int r = file_read_at(freezer->directory, "freezer.state", 64, &state, err);

		if (r < 0 || text_starts(text_str(&state), "FROZEN"))
			return r;
		if (process_now_ms() > deadline)
			return fail_text(err, -ETIMEDOUT, "it does not freeze within %d s",
					 FREEZE_TIMEOUT_MS / 1000);
		if (round % KNOCK_AGAIN == 0)
			(void) set_freezer(freezer, false, NULL);
		r = set_freezer(freezer, true, err);
		if (r < 0)
			return r;
		(void) poll(NULL, 0, LOOK_AGAIN_MS);
	}
}

/* cgroup.events wakes who polls it for POLLPRI: kernel Documentation/admin-guide/cgroup-v2.rst. */
static int await_v2(const struct cgroup_place *freezer, int64_t deadline, struct err *err)
{
	auto_fd events = openat(freezer->directory, "cgroup.events", O_RDONLY | O_CLOEXEC);

	if (events < 0)
		return fail(err, -errno, "open cgroup.events");
	for (;;) {
		struct pollfd wait = { .fd = events, .events = POLLPRI };
		auto_text content = { 0 };
		int r = lseek(events, 0, SEEK_SET) < 0 ? -errno : file_read_fd(events, 4096, &content, err);
		int64_t left = deadline - process_now_ms();

		if (r < 0)
			return fail(err, r, "read cgroup.events");
		if (strstr(text_str(&content), "frozen 1"))
			return 0;
		if (left <= 0)
			return fail_text(err, -ETIMEDOUT, "it does not freeze within %d s",
					 FREEZE_TIMEOUT_MS / 1000);
		(void) poll(&wait, 1, (int) min_ms(left, FREEZE_TIMEOUT_MS));
	}
}

static const struct cgroup_place *find_freezer(const struct cgroups *cgroups, struct err *err)
{
	const struct cgroup_place *freezer = cgroups_find(cgroups, "freezer");

	if (!freezer)
		(void) fail_text(err, -EOPNOTSUPP, "there is no cgroup to freeze");
	return freezer;
}

int cgroups_freeze(const struct cgroups *cgroups, struct err *err)
{
	const struct cgroup_place *freezer = find_freezer(cgroups, err);
	int64_t deadline = process_now_ms() + FREEZE_TIMEOUT_MS;
	int r;

	if (!freezer)
		return -EOPNOTSUPP;
	r = set_freezer(freezer, true, err);
	if (r == 0)
		r = freezer->unified ? await_v2(freezer, deadline, err) : await_v1(freezer, deadline, err);
	/* Half frozen is no state to leave a container in. */
	if (r < 0)
		(void) set_freezer(freezer, false, NULL);
	return r < 0 ? fail(err, r, "freeze %s%s", freezer->mount_point, freezer->path) : 0;
}

int cgroups_unfreeze(const struct cgroups *cgroups, struct err *err)
{
	const struct cgroup_place *freezer = find_freezer(cgroups, err);
	int r;

	if (!freezer)
		return -EOPNOTSUPP;
	r = set_freezer(freezer, false, err);
	return r < 0 ? fail(err, r, "thaw %s%s", freezer->mount_point, freezer->path) : 0;
}
