/* Census: everything below /dev. Nothing is opened but directories. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"

#define DEPTH_MAX 4

struct walk {
	struct out *out;
	size_t count;
	bool cut;
};

static const char *kind_letter(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFCHR:
		return "c";
	case S_IFBLK:
		return "b";
	case S_IFIFO:
		return "p";
	case S_IFSOCK:
		return "s";
	}
	return "f";
}

static void device_row(struct walk *walk, const char *path, const struct stat *st)
{
	out_object(walk->out, NULL);
	out_string(walk->out, "path", path);
	out_string(walk->out, "kind", kind_letter(st->st_mode));
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		out_uint(walk->out, "major", major(st->st_rdev));
		out_uint(walk->out, "minor", minor(st->st_rdev));
	}
	out_format(walk->out, "mode", "%04o", st->st_mode & 07777);
	out_uint(walk->out, "uid", st->st_uid);
	out_uint(walk->out, "gid", st->st_gid);
	out_end(walk->out);
	walk->count++;
}

static int walk_directory(struct walk *walk, int parent, const char *name, const char *path, int depth)
{
	auto_name_list list = { 0 };
	auto_fd dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r;

	if (dir < 0)
		return -errno;
	r = read_directory(dir, ".", CENSUS_MAX, &list);
	if (r < 0)
		return r;
	walk->cut |= list.cut;
	for (size_t i = 0; i < list.count; i++) {
		auto_free char *child = text_format("%s/%s", path, list.names[i]);
		struct stat st;

		if (fstatat(dir, list.names[i], &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISLNK(st.st_mode))
			continue;
		if (walk->count == CENSUS_MAX || (S_ISDIR(st.st_mode) && depth == DEPTH_MAX))
			walk->cut = true;
		else if (S_ISDIR(st.st_mode))
			(void) walk_directory(walk, dir, list.names[i], child, depth + 1);
		else
			device_row(walk, child, &st);
	}
	return 0;
}

int census_devices(const struct probe *probe, struct out *out, const char *key)
{
	struct walk walk = { .out = out };
	int r;

	(void) probe;
	out_array(out, key);
	r = walk_directory(&walk, AT_FDCWD, "/dev", "/dev", 1);
	out_end(out);
	return r < 0 ? r : walk.cut;
}

int census_links(const struct probe *probe, struct out *out, const char *key)
{
	auto_name_list list = { 0 };
	int r = read_directory(AT_FDCWD, "/dev", CENSUS_MAX, &list);

	(void) probe;
	if (r < 0)
		return r;
	out_object(out, key);
	for (size_t i = 0; i < list.count; i++) {
		auto_free char *path = text_format("/dev/%s", list.names[i]);
		auto_text target = { 0 };

		/* Only a symlink can be read as one. */
		if (file_read_link_at(AT_FDCWD, path, &target, NULL) >= 0)
			out_string(out, path, text_str(&target));
	}
	out_end(out);
	return list.cut;
}
