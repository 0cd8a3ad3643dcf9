/* The command line as callers spell it: inventory of real callers in docs/plumbline-oci.1. */
#include <check.h>
#undef fail

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/options.h"

struct target {
	const char *bundle, *format;
	int fds;
	bool detach, pivot;
};

static const struct option_row rows[] = {
	{ "bundle", 'b', OPTION_STRING, offsetof(struct target, bundle), "a directory" },
	{ "format", 'f', OPTION_STRING, offsetof(struct target, format), "a format" },
	{ "preserve-fds", 0, OPTION_NUMBER, offsetof(struct target, fds), "a number" },
	{ "detach", 'd', OPTION_FLAG, offsetof(struct target, detach), "a flag" },
	{ "no-pivot", 0, OPTION_FLAG, offsetof(struct target, pivot), "a flag" },
	{ NULL },
};

static const struct {
	const char *words[8];
	int first; /* or -EINVAL */
	struct target target;
	const char *error;
} lines[] = {
	{ { "create", "--bundle", "/b", "id" }, 3, { .bundle = "/b" }, NULL },
	{ { "create", "--bundle=/b", "id" }, 2, { .bundle = "/b" }, NULL },
	{ { "create", "-b", "/b", "id" }, 3, { .bundle = "/b" }, NULL },
	{ { "create", "-b=/b", "id" }, 2, { .bundle = "/b" }, NULL },
	{ { "restore", "-no-pivot", "id" }, 2, { .pivot = true }, NULL },
	{ { "create", "--bundle=", "id" }, 2, { .bundle = "" }, NULL },
	{ { "create", "--bundle", "a=b", "id" }, 3, { .bundle = "a=b" }, NULL },
	{ { "create", "--bundle=a=b", "id" }, 2, { .bundle = "a=b" }, NULL },
	{ { "create", "--bundle", "--detach", "id" }, 3, { .bundle = "--detach" }, NULL },
	{ { "create", "--bundle", "/a", "--bundle", "/b" }, 5, { .bundle = "/b" }, NULL },
	{ { "run", "-d", "--preserve-fds", "2", "id" }, 4, { .fds = 2, .detach = true }, NULL },
	{ { "run", "--detach=false", "id" }, 2, { 0 }, NULL },
	{ { "run", "--detach=true", "id" }, 2, { .detach = true }, NULL },
	/* Behind the first word everything is a word: kill ID -9. */
	{ { "kill", "id", "--detach" }, 1, { 0 }, NULL },
	{ { "kill", "--", "--detach" }, 2, { 0 }, NULL },
	{ { "update", "-b", "-", "id" }, 3, { .bundle = "-" }, NULL },
	{ { "update", "-", "id" }, 1, { 0 }, NULL },
	{ { "list" }, 1, { 0 }, NULL },
	{ { "list", "" }, 1, { 0 }, NULL },
	{ { "list", "--unknown" }, -EINVAL, { 0 }, "unknown option --unknown" },
	{ { "list", "--bundl", "x" }, -EINVAL, { 0 }, "unknown option --bundl" },
	{ { "list", "-x" }, -EINVAL, { 0 }, "unknown option -x" },
	{ { "list", "-df" }, -EINVAL, { 0 }, "unknown option -df" },
	{ { "create", "--bundle" }, -EINVAL, { 0 }, "option --bundle needs a value" },
	{ { "create", "--detach=maybe" }, -EINVAL, { 0 }, "option --detach takes true or false" },
	{ { "create", "--preserve-fds", "-1" }, -EINVAL, { 0 }, "option --preserve-fds takes a number" },
	{ { "create", "--preserve-fds=2x" }, -EINVAL, { 0 }, "option --preserve-fds takes a number" },
	{ { "create", "--preserve-fds=2147483648" }, -EINVAL, { 0 }, "option --preserve-fds takes a number" },
};

static void same(const char *a, const char *b)
{
	ck_assert_int_eq(a == NULL, b == NULL);
	if (a)
		ck_assert_str_eq(a, b);
}

START_TEST(test_line)
{
	struct target target = { 0 };
	struct err err = { 0 };
	char *argv[9] = { NULL };
	int argc = 0, r;

	for (; argc < 8 && lines[_i].words[argc]; argc++)
		argv[argc] = (char *) lines[_i].words[argc];
	r = options_parse(rows, &target, argc, argv, &err);
	ck_assert_msg(r == lines[_i].first, "line %d: %d, %s", _i, r, err.text);
	if (r < 0) {
		ck_assert_msg(text_starts(err.text, lines[_i].error), "line %d: %s", _i, err.text);
		return;
	}
	same(target.bundle, lines[_i].target.bundle);
	ck_assert_int_eq(target.fds, lines[_i].target.fds);
	ck_assert_int_eq(target.detach, lines[_i].target.detach);
	ck_assert_int_eq(target.pivot, lines[_i].target.pivot);
}
END_TEST

START_TEST(test_description_has_every_option)
{
	auto_text out = { 0 };

	options_describe(rows, &out);
	for (const struct option_row *row = rows; row->name; row++)
		ck_assert_msg(strstr(text_str(&out), row->name) != NULL, "%s", row->name);
	ck_assert_ptr_nonnull(strstr(text_str(&out), "-d, --detach "));
}
END_TEST

Suite *test_options(void);
Suite *test_options(void)
{
	Suite *suite = suite_create("oci/options");
	TCase *tcase = tcase_create("lines");

	tcase_add_loop_test(tcase, test_line, 0, (int) ARRAY_SIZE(lines));
	tcase_add_test(tcase, test_description_has_every_option);
	suite_add_tcase(suite, tcase);
	return suite;
}
