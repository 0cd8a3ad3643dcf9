/* Tries: contents of files and directories. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"
#include "harness/probe/try.h"

/* No try waits for the other end of a FIFO, and none takes a terminal. */
#define SAFELY (O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static int open_to_write(const char *path, int flags)
{
	int fd = open(path, O_WRONLY | SAFELY | flags);

	/*
	 * Only then O_CREAT: with it fs.protected_regular refuses files in a sticky directory that another
	 * one owns.
	 */
	if (fd < 0 && errno == ENOENT)
		fd = open(path, O_WRONLY | O_CREAT | SAFELY | flags, 0666);
	return fd < 0 ? -errno : fd;
}

static int write_with(struct try *try, int flags)
{
	const char *text = try->count > 2 ? try_rest(try, 2) : "plumbline";
	auto_fd fd = open_to_write(try->words[1], flags);
	ssize_t n;

	if (fd < 0) {
		out_string(try->out, "step", "open");
		return fd;
	}
	n = write(fd, text, strlen(text));
	if (n >= 0)
		return (int) n;
	out_string(try->out, "step", "write");
	return -errno;
}

static int try_write(struct try *try)
{
	return write_with(try, O_TRUNC);
}

static int try_append(struct try *try)
{
	return write_with(try, O_APPEND);
}

static int show_data(struct try *try, int fd)
{
	auto_text data = { 0 };
	int r = read_fd(fd, TRY_DATA_MAX, &data);

	if (r < 0)
		return r;
	out_bytes(try->out, "data", text_str(&data), data.len);
	if (r)
		out_bool(try->out, "more", true);
	return (int) data.len;
}

static int try_read(struct try *try)
{
	auto_fd fd = open(try->words[1], O_RDONLY | SAFELY);

	if (fd < 0)
		return -errno;
	return show_data(try, fd);
}

/* A descriptor that was handed over: fd.pass cases. Reads from its position on. */
static int try_read_fd(struct try *try)
{
	long long number;
	struct stat st;

	if (try_number(try->words[1], &number) < 0)
		return -EINVAL;
	if (fstat((int) number, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode)) {
		int flags = fcntl((int) number, F_GETFL);

		/* The flag belongs to the open file, which others may hold: it goes back afterwards. */
		(void) fcntl((int) number, F_SETFL, flags | O_NONBLOCK);
		int r = show_data(try, (int) number);

		(void) fcntl((int) number, F_SETFL, flags);
		return r;
	}
	return show_data(try, (int) number);
}

static int try_write_fd(struct try *try)
{
	const char *text = try->count > 2 ? try_rest(try, 2) : "plumbline";
	long long number;
	ssize_t n;

	if (try_number(try->words[1], &number) < 0)
		return -EINVAL;
	n = write((int) number, text, strlen(text));
	return n < 0 ? -errno : (int) n;
}

static int try_open(struct try *try)
{
	static const struct {
		const char *word;
		int flags;
	} modes[] = { { "r", O_RDONLY },  { "w", O_WRONLY },
		      { "rw", O_RDWR },   { "directory", O_DIRECTORY },
		      { "path", O_PATH }, { "nofollow", O_NOFOLLOW } };
	const char *word = try_word(try, 2, "r");

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(modes[i].word, word) != 0)
			continue;
		auto_fd fd = open(try->words[1], modes[i].flags | SAFELY);

		return fd < 0 ? -errno : 0;
	}
	out_string(try->out, "usage", "open P [r|w|rw|directory|path|nofollow]");
	return -EINVAL;
}

static int try_create(struct try *try)
{
	auto_fd fd = open(try->words[1], O_WRONLY | O_CREAT | O_EXCL | SAFELY, 0666);

	return fd < 0 ? -errno : 0;
}

static int try_copy(struct try *try)
{
	char buffer[65536];
	auto_fd from = open(try->words[1], O_RDONLY | SAFELY), to = -EBADF;
	ssize_t n;

	if (from < 0)
		return -errno;
	to = open(try->words[2], O_WRONLY | O_CREAT | O_TRUNC | SAFELY, 0755);
	if (to < 0)
		return -errno;
	while ((n = read(from, buffer, sizeof(buffer))) > 0) {
		int r = file_write_all(to, buffer, (size_t) n);

		if (r < 0)
			return r;
	}
	return n < 0 ? -errno : 0;
}

static int try_list(struct try *try)
{
	auto_name_list list = { 0 };
	int r = read_directory(AT_FDCWD, try->words[1], CENSUS_MAX, &list);

	if (r < 0)
		return r;
	out_array(try->out, "entries");
	for (size_t i = 0; i < list.count; i++)
		out_string(try->out, NULL, list.names[i]);
	out_end(try->out);
	if (list.cut)
		out_bool(try->out, "more", true);
	return (int) list.count;
}

static int try_truncate(struct try *try)
{
	long long size;

	if (try_number(try->words[2], &size) < 0)
		return -EINVAL;
	return truncate(try->words[1], size) < 0 ? -errno : 0;
}

const struct try_verb try_file_verbs[] = {
	{ "write P [TEXT]", try_write, 1,
	  "writes TEXT (plumbline) to P, which is made or truncated; step: open or write" },
	{ "append P [TEXT]", try_append, 1, "the same with O_APPEND" },
	{ "read P", try_read, 1, "data: the first 512 bytes" },
	{ "read-fd N", try_read_fd, 1, "data: what descriptor N gives without waiting" },
	{ "write-fd N [TEXT]", try_write_fd, 1, "writes TEXT to descriptor N" },
	{ "open P [r|w|rw|directory|path|nofollow]", try_open, 1, "opens and closes it" },
	{ "create P", try_create, 1, "makes a new empty file: O_EXCL" },
	{ "copy FROM TO", try_copy, 2, "copies contents; a new file gets mode 0755" },
	{ "list P", try_list, 1, "entries: sorted names" },
	{ "truncate P SIZE", try_truncate, 2, "truncate(2)" },
	{ NULL },
};
