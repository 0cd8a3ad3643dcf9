/* Bounded looks at a file tree: see read.h. */
#include "harness/probe/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "harness/probe/out.h"

int read_fd(int fd, size_t max, struct text *ret)
{
	char buffer[8192];
	size_t got = 0;

	for (;;) {
		size_t want = max - got < sizeof(buffer) ? max - got : sizeof(buffer);
		/* One byte beyond the bound tells a file that ends there from one that goes on. */
		ssize_t n = read(fd, buffer, want ? want : 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return got && errno == EAGAIN ? 0 : -errno;
		if (n == 0)
			return 0;
		if (!want)
			return 1;
		text_add_bytes(ret, buffer, (size_t) n);
		got += (size_t) n;
	}
}

int read_file(int dirfd, const char *path, size_t max, struct text *ret)
{
	auto_fd fd = openat(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return read_fd(fd, max, ret);
}

int read_line(int dirfd, const char *path, struct text *ret)
{
	int r = read_file(dirfd, path, 4096, ret);

	if (r < 0)
		return r;
	text_trim_end(ret);
	return ret->len ? 0 : -ENODATA;
}

int read_number(int dirfd, const char *path, long long *ret)
{
	auto_text text = { 0 };
	int r = read_line(dirfd, path, &text);

	return r < 0 ? r : text_to_i64(text.data, ret);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

int read_directory(int dirfd, const char *path, size_t max, struct name_list *ret)
{
	auto_name_list list = { 0 };
	auto_fd fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	auto_dir dir = NULL;
	struct dirent *entry;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	(void) TAKE_FD(fd);
	list.names = calloc(max, sizeof(*list.names));
	if (!list.names)
		return -ENOMEM;
	while ((errno = 0, entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		list.cut = list.count == max;
		if (list.cut)
			break;
		list.names[list.count++] = text_format("%s", entry->d_name);
	}
	if (!entry && errno)
		return -errno;
	if (list.count)
		qsort(list.names, list.count, sizeof(*list.names), compare_names);
	*ret = list;
	list = (struct name_list){ 0 };
	return 0;
}

void name_list_free(struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct name_list){ 0 };
}

const char *kind_of_mode(unsigned mode)
{
	static const struct {
		unsigned format;
		const char *word;
	} kinds[] = {
		{ S_IFREG, "file" }, { S_IFDIR, "directory" }, { S_IFCHR, "char" }, { S_IFBLK, "block" },
		{ S_IFIFO, "fifo" }, { S_IFSOCK, "socket" },   { S_IFLNK, "link" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].format == (mode & S_IFMT))
			return kinds[i].word;
	return "other";
}

const char *errno_word(int error)
{
	const char *word = name_of_errno(error);

	return word ? word : "EUNKNOWN";
}

void out_stat(struct out *out, const struct stat *st)
{
	out_string(out, "kind", kind_of_mode(st->st_mode));
	out_format(out, "mode", "%04o", st->st_mode & 07777);
	out_uint(out, "uid", st->st_uid);
	out_uint(out, "gid", st->st_gid);
	out_int(out, "size", st->st_size);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		out_uint(out, "major", major(st->st_rdev));
		out_uint(out, "minor", minor(st->st_rdev));
	}
	out_uint(out, "links", st->st_nlink);
	out_format(out, "device", "%u:%u", major(st->st_dev), minor(st->st_dev));
	out_uint(out, "inode", st->st_ino);
	out_int(out, "atime_ns", st->st_atim.tv_sec * INT64_C(1000000000) + st->st_atim.tv_nsec);
	out_int(out, "mtime_ns", st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec);
}
