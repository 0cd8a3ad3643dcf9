/* What counts as left behind: rows that came, mounts that went, and many mounts as one finding. */
#include "tests/unit.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/census.h"

Suite *test_census(void);

static struct json *parse(const char *text)
{
	struct json *ret = NULL;
	struct err err = { 0 };

	ck_assert_msg(json_parse(text, strlen(text), &ret, &err) == 0, "%s", err.text);
	return ret;
}

static void assert_difference(const char *before_text, const char *after_text, const char *expected)
{
	auto_json before = parse(before_text);
	auto_json after = parse(after_text);
	auto_json rows = census_difference(before, after);
	auto_text seen = { 0 };

	json_print(rows, 0, &seen);
	ck_assert_str_eq(text_str(&seen), expected);
}

START_TEST(what_was_there_is_not_left)
{
	assert_difference("{\"processes\": {\"7\": \"process 7\"}}",
			  "{\"processes\": {\"7\": \"process 7\"}}", "[]");
	assert_difference("{}", "{\"processes\": {\"7\": \"process 7\"}, \"files\": {\"a\": \"file a\"}}",
			  "[\"process 7\",\"file a\"]");
	/* A process that ended took nothing away; a mount that is gone was somebody's. */
	assert_difference("{\"processes\": {\"7\": \"process 7\"}, \"mounts\": {\"21\": \"mount of x\"}}",
			  "{}", "[\"mount of x is gone\"]");
}
END_TEST

START_TEST(few_mounts_are_told_apart)
{
	assert_difference("{\"mounts\": {\"1\": \"root\"}}",
			  "{\"mounts\": {\"1\": \"root\", \"2\": \"on /a\", \"3\": \"on /b\"},"
			  " \"targets\": {\"1\": \"/\", \"2\": \"/a\", \"3\": \"/b\"}}",
			  "[\"on /a\",\"on /b\"]");
}
END_TEST

static void assert_many(const char *a, const char *b, const char *c, const char *d, const char *directory)
{
	auto_free char *after =
	    text_format("{\"mounts\": {\"1\": \"A\", \"2\": \"B\", \"3\": \"C\", \"4\": \"D\"},"
			" \"targets\": {\"1\": \"%s\", \"2\": \"%s\", \"3\": \"%s\", \"4\": \"%s\"}}",
			a, b, c, d);
	auto_free char *expected =
	    text_format("[\"4 mounts are left at or below %s: A, B, C, and 1 more\"]", directory);

	assert_difference("{}", after, expected);
}

START_TEST(many_mounts_are_one_finding)
{
	assert_many("/run/b/proc", "/run/b/dev", "/run/b/dev/pts", "/run/b/sys", "/run/b");
	assert_many("/run/b", "/run/b/dev", "/run/b/dev/pts", "/run/b/sys", "/run/b");
	assert_many("/run/b/sys", "/run/b/sysfs", "/run/b/sy", "/run/b/sys", "/run/b");
	assert_many("/a", "/b", "/c", "/d", "/");
	assert_many("/", "/b", "/c", "/d", "/");
}
END_TEST

Suite *test_census(void)
{
	return UNIT_SUITE("census", what_was_there_is_not_left, few_mounts_are_told_apart,
			  many_mounts_are_one_finding);
}
