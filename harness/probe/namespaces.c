/* Census: namespaces, who owns them, id maps, clocks, and what System V IPC shows through. */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/names.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"

/* Adds "key": "pid:[4026531836]" when self/ns/FILE can be read. */
static int link_member(const struct probe *probe, struct out *out, const char *key, const char *file)
{
	auto_free char *path = text_format("self/ns/%s", file);
	auto_text target = { 0 };
	int r = file_read_link_at(probe->proc, path, &target, NULL);

	if (r >= 0)
		out_string(out, key, text_str(&target));
	return r;
}

int census_namespaces(const struct probe *probe, struct out *out, const char *key)
{
	int error = 0;
	size_t count = 0;

	if (probe->proc < 0)
		return probe->proc;
	out_object(out, key);
	for (size_t i = 0; i < NAMES_NAMESPACES; i++) {
		const char *type = name_of_namespace(names_namespaces[i]);
		int r = link_member(probe, out, type, name_of_namespace_file(names_namespaces[i]));

		if (r < 0)
			error = r;
		else
			count++;
	}
	out_end(out);
	return count ? 0 : error;
}

int census_namespaces_for_children(const struct probe *probe, struct out *out, const char *key)
{
	int r;

	if (probe->proc < 0)
		return probe->proc;
	out_object(out, key);
	r = link_member(probe, out, "pid", "pid_for_children");
	(void) link_member(probe, out, "time", "time_for_children"); /* since Linux 5.6 */
	out_end(out);
	return r < 0 ? r : 0;
}

/*
 * The user namespace that owns self/ns/FILE; -EPERM: it lies outside what this process may see.
 * ioctl_nsfs(2).
 */
static int owner_member(const struct probe *probe, struct out *out, const char *key, const char *file)
{
	auto_free char *path = text_format("self/ns/%s", file);
	auto_fd fd = openat(probe->proc, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), owner = -EBADF;
	struct stat st;

	if (fd < 0)
		return -errno;
	owner = ioctl(fd, NS_GET_USERNS);
	if (owner < 0 || fstat(owner, &st) < 0)
		return -errno;
	out_format(out, key, "user:[%ju]", (uintmax_t) st.st_ino);
	return 0;
}

int census_namespace_owners(const struct probe *probe, struct out *out, const char *key)
{
	if (probe->proc < 0)
		return probe->proc;
	out_object(out, key);
	for (size_t i = 0; i < NAMES_NAMESPACES; i++) {
		const char *type = name_of_namespace(names_namespaces[i]);

		/*
		 * An owner that may not be seen is left out of the object, and that tells it is an
		 * ancestor's.
		 */
		(void) owner_member(probe, out, type, name_of_namespace_file(names_namespaces[i]));
	}
	out_end(out);
	return 0;
}

static int map_rows(const struct probe *probe, struct out *out, const char *key, const char *path)
{
	auto_text text = { 0 };
	int r = probe->proc < 0 ? probe->proc : read_file(probe->proc, path, 16384, &text);
	char *at = text.data;

	if (r < 0)
		return r;
	out_array(out, key);
	while (at && *at) {
		out_array(out, NULL);
		for (int i = 0; i < 3; i++)
			out_uint(out, NULL, strtoul(at, &at, 10));
		out_end(out);
		at += strspn(at, " \n");
	}
	out_end(out);
	return r;
}

int census_uid_map(const struct probe *probe, struct out *out, const char *key)
{
	return map_rows(probe, out, key, "self/uid_map");
}

int census_gid_map(const struct probe *probe, struct out *out, const char *key)
{
	return map_rows(probe, out, key, "self/gid_map");
}

int census_setgroups(const struct probe *probe, struct out *out, const char *key)
{
	auto_text text = { 0 };
	int r = probe->proc < 0 ? probe->proc : read_line(probe->proc, "self/setgroups", &text);

	if (r < 0)
		return r;
	out_string(out, key, text_str(&text));
	return 0;
}

/* Lines "monotonic   0   0". */
int census_time_offsets(const struct probe *probe, struct out *out, const char *key)
{
	auto_text text = { 0 };
	int r = probe->proc < 0 ? probe->proc : read_file(probe->proc, "self/timens_offsets", 4096, &text);
	char *line, *rest = text.data;

	if (r < 0)
		return r;
	out_object(out, key);
	while (rest && (line = strsep(&rest, "\n"))) {
		size_t len = strcspn(line, " ");
		char *at = line + len;

		if (!len || !*at)
			continue;
		*at++ = '\0';
		out_object(out, line);
		out_int(out, "secs", strtoll(at, &at, 10));
		out_int(out, "nanosecs", strtoll(at, &at, 10));
		out_end(out);
	}
	out_end(out);
	return 0;
}

int census_clocks(const struct probe *probe, struct out *out, const char *key)
{
	static const struct {
		const char *name;
		clockid_t clock;
	} clocks[] = { { "realtime_ns", CLOCK_REALTIME },
		       { "monotonic_ns", CLOCK_MONOTONIC },
		       { "boottime_ns", CLOCK_BOOTTIME } };

	(void) probe;
	out_object(out, key);
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		struct timespec ts;

		if (clock_gettime(clocks[i].clock, &ts) == 0)
			out_int(out, clocks[i].name, ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec);
	}
	out_end(out);
	return 0;
}

/* How many System V objects are visible: one heading line, then a line each. */
int census_ipc(const struct probe *probe, struct out *out, const char *key)
{
	static const char *const kinds[] = { "msg", "sem", "shm" };
	int error = 0;
	size_t count = 0;

	if (probe->proc < 0)
		return probe->proc;
	out_object(out, key);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		auto_free char *path = text_format("sysvipc/%s", kinds[i]);
		auto_text text = { 0 };
		int r = read_file(probe->proc, path, 65536, &text), lines = 0;

		if (r < 0) {
			error = r;
			continue;
		}
		for (size_t at = 0; at < text.len; at++)
			lines += text.data[at] == '\n';
		out_int(out, kinds[i], lines > 0 ? lines - 1 : 0);
		count++;
	}
	out_end(out);
	return count ? 0 : error;
}
