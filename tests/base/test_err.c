/* Sentences grow leftwards, end with the errno's words, and keep their cause when they are too long. */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"

START_TEST(grows_leftwards)
{
	struct err err = { 0 };

	ck_assert_int_eq(fail(&err, -ENOENT, "open %s", "pids.max"), -ENOENT);
	ck_assert_str_eq(err.text, "open pids.max: No such file or directory");
	ck_assert_int_eq(fail(&err, -ENOENT, "apply limits"), -ENOENT);
	fail(&err, -EPERM, "container %s", "c1");
	ck_assert_str_eq(err.text, "container c1: apply limits: open pids.max: No such file or directory");
}
END_TEST

START_TEST(text_stands_alone)
{
	struct err err = { 0 };

	ck_assert_int_eq(fail_text(&err, -EINVAL, "line %d", 3), -EINVAL);
	ck_assert_str_eq(err.text, "line 3");
	fail(&err, -EINVAL, "config.json");
	ck_assert_str_eq(err.text, "config.json: line 3");
}
END_TEST

START_TEST(null_err_keeps_the_code)
{
	ck_assert_int_eq(fail(NULL, -EIO, "x"), -EIO);
	ck_assert_int_eq(fail_text(NULL, -EIO, "x"), -EIO);
}
END_TEST

START_TEST(may_quote_itself)
{
	struct err err = { 0 };

	fail_text(&err, -EINVAL, "inner");
	fail_text(&err, -EINVAL, "outer (%s)", err.text);
	ck_assert_str_eq(err.text, "outer (inner): inner");
}
END_TEST

START_TEST(long_context_keeps_the_cause)
{
	struct err err = { 0 };
	char path[3000];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	for (int i = 0; i < 5; i++) {
		fail(&err, -EROFS, "open %s", path);
		ck_assert_uint_lt(strlen(err.text), ERR_MAX);
		ck_assert_ptr_nonnull(strstr(err.text, "..."));
	}
	ck_assert_ptr_eq(strstr(err.text, "open xxx"), err.text);
	memset(&err, 0, sizeof(err));
	fail(&err, -EROFS, "open %s", path);
	ck_assert_ptr_nonnull(strstr(err.text, ": Read-only file system"));
}
END_TEST

Suite *test_err(void)
{
	return UNIT_SUITE("err", grows_leftwards, text_stands_alone, null_err_keeps_the_code,
			  may_quote_itself, long_context_keeps_the_cause);
}
