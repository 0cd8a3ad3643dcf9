/* Census: the descriptors that were open when main() began, before the probe opened its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"

/* Without /proc every number is asked for, up to here. */
#define FD_SCAN 4096

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int compare_numbers(const void *a, const void *b)
{
	return *(const int *) a - *(const int *) b;
}

static void add_fd(struct probe *probe, int fd)
{
	if (probe->fd_count == CENSUS_MAX)
		probe->fds_cut = true;
	else
		probe->fds[probe->fd_count++] = fd;
}

/* The list of the kernel also has numbers above the scan; is_open() makes a forged list harmless. */
static int take_from_proc(struct probe *probe)
{
	auto_dir dir = opendir("/proc/self/fd");
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		long long number;

		if (text_to_i64(entry->d_name, &number) || number == dirfd(dir) || number < 0 ||
		    number > 1 << 30)
			continue;
		if (is_open((int) number))
			add_fd(probe, (int) number);
	}
	return 0;
}

void fds_take(struct probe *probe)
{
	for (int i = 0; i < 3; i++)
		probe->stdio[i] = is_open(i) ? i : -1;
	probe->fds = calloc(CENSUS_MAX, sizeof(*probe->fds));
	if (!probe->fds)
		return;
	if (take_from_proc(probe) < 0 || probe->fd_count == 0)
		for (int fd = 0; fd < FD_SCAN; fd++)
			if (is_open(fd))
				add_fd(probe, fd);
	qsort(probe->fds, probe->fd_count, sizeof(*probe->fds), compare_numbers);
}

static const struct {
	int bit;
	const char *name;
} flag_names[] = {
	{ O_APPEND, "O_APPEND" },       { O_NONBLOCK, "O_NONBLOCK" },
	{ O_DIRECTORY, "O_DIRECTORY" }, { O_PATH, "O_PATH" },
	{ O_DIRECT, "O_DIRECT" },       { O_NOATIME, "O_NOATIME" },
	{ O_SYNC, "O_SYNC" },           { O_TMPFILE & ~O_DIRECTORY, "O_TMPFILE" },
};

static void flag_words(struct out *out, int flags)
{
	static const char *const modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };
	const char *names[1 + ARRAY_SIZE(flag_names)] = { modes[flags & O_ACCMODE] };
	size_t count = 1;

	for (size_t i = 0; i < ARRAY_SIZE(flag_names); i++)
		if ((flags & flag_names[i].bit) == flag_names[i].bit)
			names[count++] = flag_names[i].name;
	out_sorted(out, "flags", names, count);
}

static void fd_row(const struct probe *probe, struct out *out, int fd)
{
	auto_free char *number = text_format("%d", fd), *path = text_format("self/fd/%d", fd);
	auto_text target = { 0 };
	int flags = fcntl(fd, F_GETFL), fd_flags = fcntl(fd, F_GETFD);
	struct stat st;

	out_object(out, number);
	if (probe->proc >= 0 && file_read_link_at(probe->proc, path, &target, NULL) >= 0)
		out_string(out, "target", text_str(&target));
	if (fstat(fd, &st) == 0) {
		bool anonymous = text_starts(text_str(&target), "anon_inode:");

		out_string(out, "kind", anonymous ? "anon" : kind_of_mode(st.st_mode));
		out_format(out, "device", "%u:%u", major(st.st_dev), minor(st.st_dev));
		out_uint(out, "inode", st.st_ino);
	}
	if (flags >= 0)
		flag_words(out, flags);
	if (fd_flags >= 0)
		out_bool(out, "cloexec", fd_flags & FD_CLOEXEC);
	out_end(out);
}

/* A descriptor that was closed at first is occupied by now: see stdio_occupy() in main.c. */
int census_fds(const struct probe *probe, struct out *out, const char *key)
{
	out_object(out, key);
	for (size_t i = 0; i < probe->fd_count; i++)
		fd_row(probe, out, probe->fds[i]);
	out_end(out);
	return probe->fds_cut;
}

int census_fd_list(const struct probe *probe, struct out *out, const char *key)
{
	out_array(out, key);
	for (size_t i = 0; i < probe->fd_count; i++)
		out_int(out, NULL, probe->fds[i]);
	out_end(out);
	return probe->fds_cut;
}
