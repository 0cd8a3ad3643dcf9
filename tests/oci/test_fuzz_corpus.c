/* Every input that fuzzing started from or once found is read again, with the same promises. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit.h"

#define INPUT_MAX (1u << 20)

typedef int target_fn(const uint8_t *data, size_t size);

static void replay(const char *path, target_fn *target, size_t least)
{
	auto_dir dir = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	ck_assert_msg(dir != NULL, "%s: %s", path, strerror(errno));
	while ((entry = readdir(dir))) {
		auto_text input = { 0 };

		if (entry->d_name[0] == '.')
			continue;
		ck_assert_msg(file_read_at(dirfd(dir), entry->d_name, INPUT_MAX, &input, NULL) == 0, "%s",
			      entry->d_name);
		/* A crash names no input: the last line does. */
		(void) fprintf(stderr, "%s/%s\n", path, entry->d_name);
		ck_assert_int_eq(target((const uint8_t *) text_str(&input), input.len), 0);
		count++;
	}
	ck_assert_uint_ge(count, least);
}

START_TEST(configs_are_read_or_refused)
{
	replay("tests/fuzz/corpus/config", fuzz_config, 20);
}
END_TEST

START_TEST(states_are_read_or_refused)
{
	replay("tests/fuzz/corpus/state", fuzz_state, 10);
}
END_TEST

START_TEST(an_abort_leaves_no_directory)
{
	char path[PATH_MAX] = "";
	int ends[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	/* Who removes it becomes our child, and can be waited for. */
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void) fuzz_state((const uint8_t *) "{}", 2);
		(void) file_write_all(ends[1], fuzz_place(), strlen(fuzz_place()));
		abort();
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_gt(read(ends[0], path, sizeof(path) - 1), 0);
	while (waitpid(-1, &status, 0) > 0)
		;
	ck_assert_msg(access(path, F_OK) < 0, "%s is left", path);
}
END_TEST

Suite *test_fuzz_corpus(void)
{
	return UNIT_SUITE("fuzz corpus", configs_are_read_or_refused, states_are_read_or_refused,
			  an_abort_leaves_no_directory);
}
