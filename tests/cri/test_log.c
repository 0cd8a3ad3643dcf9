/* The CRI log: its records to the byte, and what the file is spared. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/monitor/log.h"

#define AT "1970-01-01T00:00:01.000000002Z "
#define NS 1000000002

/* All records of these bytes, fed in steps. */
static char *records_of(const char *bytes, size_t len, size_t step)
{
	struct log_line line = { .stream = "stdout" };
	auto_text out = { 0 };

	for (size_t at = 0; at < len; at += step) {
		size_t part = len - at < step ? len - at : step;

		ck_assert_uint_eq(log_format(&line, bytes + at, part, NS, &out, SIZE_MAX), part);
	}
	log_format_end(&line, NS, &out);
	log_line_free(&line);
	return text_take(&out);
}

START_TEST(lines_become_records)
{
	static const char bytes[] = "a\n\nb\r\nrest";
	auto_free char *whole = records_of(bytes, sizeof(bytes) - 1, 100);

	ck_assert_str_eq(whole, AT "stdout F a\n" AT "stdout F \n" AT "stdout F b\r\n" AT "stdout P rest\n");
	for (size_t step = 1; step < sizeof(bytes); step++) {
		auto_free char *parts = records_of(bytes, sizeof(bytes) - 1, step);

		ck_assert_str_eq(parts, whole);
	}
}
END_TEST

START_TEST(bytes_are_kept)
{
	struct log_line line = { .stream = "stderr" };
	static const char bytes[] = "\0\x80\xff\n", wanted[] = AT "stderr F \0\x80\xff\n";
	auto_text out = { 0 };

	(void) log_format(&line, bytes, 4, NS, &out, SIZE_MAX);
	ck_assert_uint_eq(out.len, sizeof(wanted) - 1);
	ck_assert_mem_eq(out.data, wanted, out.len);
}
END_TEST

/* How many records there are, their tags and the lengths of their contents. */
static char *shape_of(size_t len, size_t step)
{
	auto_free char *bytes = malloc(len + 1), *records = NULL;
	auto_text shape = { 0 };

	memset(bytes, 'x', len);
	bytes[len] = '\n';
	records = records_of(bytes, len + 1, step);
	for (const char *at = records; *at; at = strchr(at, '\n') + 1)
		text_addf(&shape, "%c%zu ", at[LOG_HEAD - 2], strcspn(at, "\n") - LOG_HEAD);
	return text_take(&shape);
}

START_TEST(long_lines_are_cut)
{
	static const struct {
		size_t len;
		const char *shape;
	} rows[] = {
		{ LOG_CONTENT_MAX - 1, "F16383 " },
		{ LOG_CONTENT_MAX, "F16384 " },
		{ LOG_CONTENT_MAX + 1, "P16384 F1 " },
		{ 2 * LOG_CONTENT_MAX, "P16384 F16384 " },
		{ 2 * LOG_CONTENT_MAX + 1, "P16384 P16384 F1 " },
	};
	static const size_t steps[] = { 1, 1000, LOG_CONTENT_MAX, LOG_CONTENT_MAX + 1, 100000 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t j = 0; j < ARRAY_SIZE(steps); j++) {
			auto_free char *shape = shape_of(rows[i].len, steps[j]);

			ck_assert_str_eq(shape, rows[i].shape);
		}
}
END_TEST

START_TEST(a_limit_bounds_the_output)
{
	struct log_line line = { .stream = "stdout" };
	auto_text out = { 0 };
	char bytes[1000];

	memset(bytes, '\n', sizeof(bytes));
	ck_assert_uint_eq(log_format(&line, bytes, sizeof(bytes), NS, &out, 100), 3);
	ck_assert_uint_lt(out.len, 200);
}
END_TEST

static char directory[64];

static void set_up(void)
{
	strcpy(directory, "/tmp/plumbline-log-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void tear_down(void)
{
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, directory, NULL), 0);
}

static char *read_file(const char *name)
{
	auto_free char *path = text_format("%s/%s", directory, name);
	auto_text content = { 0 };

	ck_assert_int_eq(file_read_at(AT_FDCWD, path, 1 << 20, &content, NULL), 0);
	return text_take(&content);
}

START_TEST(folders_are_made_and_modes_are_right)
{
	auto_free char *path = text_format("%s/a/b/0.log", directory);
	struct log log = LOG_INIT;
	struct stat st;

	(void) umask(022);
	ck_assert_int_eq(log_open(&log, directory, "a/b/0.log", NULL), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	log_close(&log);
}
END_TEST

/* The second member is made first, and must not be written to. */
START_TEST(nothing_is_followed)
{
	static const struct {
		const char *log, *target, *name;
		bool hard;
	} rows[] = {
		{ "0.log", "victim", "0.log", false },
		{ "c/0.log", ".", "c", false },
		{ "1.log", "victim", "1.log", true },
	};
	auto_free char *victim = text_format("%s/victim", directory);

	ck_assert_int_eq(file_create_at(AT_FDCWD, victim, "v", 1, 0600, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *name = text_format("%s/%s", directory, rows[i].name);
		auto_free char *target = text_format("%s/%s", directory, rows[i].target);
		struct log log = LOG_INIT;
		struct err err = { 0 };

		ck_assert_int_eq(rows[i].hard ? link(target, name) : symlink(target, name), 0);
		ck_assert_int_lt(log_open(&log, directory, rows[i].log, &err), 0);
		ck_assert_ptr_nonnull(strstr(err.text, rows[i].log));
		log_close(&log);
	}
	ck_assert_int_eq(unlink(victim), 0);
}
END_TEST

START_TEST(a_fifo_hangs_nobody)
{
	auto_free char *path = text_format("%s/0.log", directory);
	struct log log = LOG_INIT;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_lt(log_open(&log, directory, "0.log", NULL), 0);
	log_close(&log);
}
END_TEST

START_TEST(what_there_is_no_room_for_is_counted_and_said)
{
	struct rlimit full = { .rlim_cur = 100, .rlim_max = RLIM_INFINITY }, room = full;
	struct log_line line = { .stream = "stdout" };
	struct log log = LOG_INIT;
	auto_free char *content = NULL;
	static const char said[] =
	    "plumbline-monitor: 1 lines with 5 bytes of output are lost: File too large\n";
	char *second, *third;

	room.rlim_cur = RLIM_INFINITY;
	(void) signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(log_open(&log, directory, "0.log", NULL), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
	/* Two records fit, the third does not. */
	log_write(&log, &line, "one\ntwo\nthree\n", 14);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &room), 0);
	log_write(&log, &line, "four\n", 5);
	log_close(&log);
	ck_assert_uint_eq(log.lost_bytes, 5);
	content = read_file("0.log");
	second = strchr(content, '\n') + 1;
	third = strchr(second, '\n') + 1;
	ck_assert_int_eq(strncmp(content + LOG_HEAD, "one\n", 4), 0);
	ck_assert_int_eq(strncmp(second + LOG_HEAD, "two\n", 4), 0);
	ck_assert_int_eq(strncmp(third + LOG_HEAD, said, strlen(said)), 0);
	ck_assert(text_ends(third, " stdout F four\n"));
	log_line_free(&line);
}
END_TEST

START_TEST(reopening_goes_on_in_the_new_file)
{
	auto_free char *old = text_format("%s/0.log", directory), *new = text_format("%s/0.log.1", directory);
	struct log_line line = { .stream = "stdout" };
	struct log log = LOG_INIT;
	auto_free char *before = NULL;

	ck_assert_int_eq(log_open(&log, directory, "0.log", NULL), 0);
	log_write(&log, &line, "a\nb", 3);
	ck_assert_int_eq(rename(old, new), 0);
	ck_assert_int_eq(log_reopen(&log, NULL), 0);
	log_write(&log, &line, "c\n", 2);
	/* A name that cannot be opened changes nothing. */
	ck_assert_int_eq(unlink(old), 0);
	ck_assert_int_eq(mkdir(old, 0700), 0);
	ck_assert_int_lt(log_reopen(&log, NULL), 0);
	ck_assert_int_eq(rmdir(old), 0);
	log_write(&log, &line, "d\n", 2);
	before = read_file("0.log.1");
	ck_assert_str_eq(before + LOG_HEAD, "a\n");
	log_close(&log);
	log_line_free(&line);
}
END_TEST

Suite *test_log(void)
{
	Suite *suite = UNIT_SUITE("log", lines_become_records, bytes_are_kept, long_lines_are_cut,
				  a_limit_bounds_the_output);
	TCase *files = tcase_create("files");

	tcase_add_checked_fixture(files, set_up, tear_down);
	tcase_add_test(files, folders_are_made_and_modes_are_right);
	tcase_add_test(files, nothing_is_followed);
	tcase_add_test(files, a_fifo_hangs_nobody);
	tcase_add_test(files, what_there_is_no_room_for_is_counted_and_said);
	tcase_add_test(files, reopening_goes_on_in_the_new_file);
	suite_add_tcase(suite, files);
	return suite;
}
