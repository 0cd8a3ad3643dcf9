/* Where a run is written, so that a killed run stays readable: a line a case, and run.json by rename. */
#include "harness/run_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/options.h"
#include "reports/report.h"

char *run_name_new(void)
{
	time_t now = time(NULL);
	unsigned short salt = 0;
	struct tm tm;
	char stamp[32];

	(void) gmtime_r(&now, &tm);
	(void) strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	if (getrandom(&salt, sizeof(salt), GRND_NONBLOCK) != sizeof(salt))
		salt = (unsigned short) getpid();
	return text_format("plumbline-%s-%04x", stamp, salt);
}

static int open_directory(int dirfd, const char *path, struct err *err)
{
	int r = file_make_dirs_at(dirfd, path, 0755, err);

	return r < 0 ? r : file_open_at(dirfd, path, O_RDONLY | O_DIRECTORY, 0, err);
}

int run_dir_open(const char *out, const char *name, struct run_dir *ret, struct err *err)
{
	auto_free char *path = out ? text_format("%s", out) : text_format("runs/%s", name);
	int fd = open_directory(AT_FDCWD, path, err);

	if (fd < 0)
		return fail(err, fd, "run directory");
	*ret = (struct run_dir){ .path = TAKE(path), .fd = fd };
	return 0;
}

void run_dir_close(struct run_dir *directory)
{
	free(directory->path);
	cleanup_fd(&directory->fd);
	*directory = (struct run_dir){ .fd = -EBADF };
}

int runtime_dir_open(const struct run_dir *run, const char *runtime, struct runtime_dir *ret, struct err *err)
{
	auto_fd fd = open_directory(run->fd, runtime, err);
	int cases;

	if (fd < 0)
		return fail(err, fd, "run directory %s", run->path);
	cases = file_open_at(fd, "cases.jsonl", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644, err);
	if (cases < 0)
		return fail(err, cases, "run directory %s", run->path);
	*ret = (struct runtime_dir){ .fd = TAKE_FD(fd), .cases = cases };
	return 0;
}

int runtime_dir_add(const struct runtime_dir *directory, const struct case_record *record,
		    const char *runtime, struct err *err)
{
	auto_json json = case_record_to_json(record, runtime);
	auto_text line = { 0 };

	json_print(json, 0, &line);
	text_add_char(&line, '\n');
	int r = file_write_all(directory->cases, text_str(&line), line.len);
	return r < 0 ? fail(err, r, "write cases.jsonl") : 0;
}

void runtime_dir_close(struct runtime_dir *directory)
{
	cleanup_fd(&directory->fd);
	cleanup_fd(&directory->cases);
	*directory = (struct runtime_dir){ .fd = -EBADF, .cases = -EBADF };
}

int run_dir_write_reports(const struct run_dir *directory, const struct run_record *runs, size_t count,
			  struct err *err)
{
	for (size_t i = 0; i < report_format_count; i++) {
		const struct report_format *format = &report_formats[i];
		auto_text out = { 0 };

		format->write(runs, count, &out);
		int r = file_replace_at(directory->fd, format->file, text_str(&out), out.len, 0644, err);
		if (r < 0)
			return fail(err, r, "report %s", format->name);
	}
	return 0;
}

/* The options that name a file for a report format; a format without an option is only in run directories. */
static const struct {
	const char *format;
	size_t offset;
} report_options[] = {
	{ "junit", offsetof(struct options, junit) },       { "tap", offsetof(struct options, tap) },
	{ "markdown", offsetof(struct options, markdown) }, { "html", offsetof(struct options, html) },
	{ "badge", offsetof(struct options, badge) },
};

static const char *asked_file(const struct options *options, size_t i)
{
	return *(const char *const *) ((const char *) options + report_options[i].offset);
}

bool reports_asked(const struct options *options)
{
	for (size_t i = 0; i < ARRAY_SIZE(report_options); i++)
		if (asked_file(options, i))
			return true;
	return false;
}

int write_asked_reports(const struct options *options, const struct run_record *runs, size_t count,
			struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(report_options); i++) {
		const struct report_format *format = report_format_find(report_options[i].format);
		const char *file = asked_file(options, i);
		auto_text out = { 0 };
		int r;

		if (!file)
			continue;
		if (!format)
			return fail_text(err, -EINVAL, "there is no report format %s",
					 report_options[i].format);
		format->write(runs, count, &out);
		if (!strcmp(file, "-"))
			r = file_write_all(STDOUT_FILENO, text_str(&out), out.len);
		else
			r = file_replace_at(AT_FDCWD, file, text_str(&out), out.len, 0644, err);
		if (r < 0)
			return fail(err, r, "report %s to %s", format->name, file);
	}
	return 0;
}
