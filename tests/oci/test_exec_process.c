/* From the command line of exec to a process object: what is added, what is replaced, what is refused. */
#include <check.h>
#undef fail

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime-under-test/oci/exec.h"

#define BIT(name) (UINT64_C(1) << name_to_capability(name))

static const char text[] =
    "{\"process\": {\"args\": [\"/init\"], \"cwd\": \"/home\", \"env\": [\"A=1\"], \"terminal\": true,"
    " \"user\": {\"uid\": 10, \"gid\": 20, \"additionalGids\": [30], \"umask\": 7},"
    " \"capabilities\": {\"bounding\": [\"CAP_KILL\"], \"inheritable\": [\"CAP_CHOWN\"]}}}";

static char *words[] = { (char *) "/bin/sh", (char *) "-c", (char *) "", NULL };
static struct json *config;
static struct exec_options options;
static struct spec_process process;

static void set_up(void)
{
	ck_assert_int_eq(json_parse(text, strlen(text), &config, NULL), 0);
	options = (struct exec_options){ .id = "c1", .args = words };
	process = (struct spec_process){ 0 };
}

static void tear_down(void)
{
	spec_process_clear(&process);
	json_free(config);
}

static void make(void)
{
	struct err err = { 0 };

	ck_assert_msg(exec_process_make(config, &options, &process, &err) == 0, "%s", err.text);
}

static void refuses(const char *wanted)
{
	struct err err = { 0 };

	ck_assert_int_lt(exec_process_make(config, &options, &process, &err), 0);
	ck_assert_msg(strstr(err.text, wanted), "\"%s\" has no \"%s\"", err.text, wanted);
}

static struct option_list list(const char **items, size_t count)
{
	return (struct option_list){ .items = items, .count = count };
}

START_TEST(test_without_options_only_the_words_differ)
{
	make();
	ck_assert_uint_eq(process.args.count, 3);
	ck_assert_str_eq(process.args.items[0], "/bin/sh");
	ck_assert_str_eq(process.args.items[2], "");
	ck_assert_str_eq(process.cwd, "/home");
	ck_assert_uint_eq(process.uid, 10);
	ck_assert_uint_eq(process.gid, 20);
	ck_assert_uint_eq(process.umask, 7);
	ck_assert_uint_eq(process.capabilities[CAPS_BOUNDING], BIT("CAP_KILL"));
	ck_assert(!process.terminal);
}
END_TEST

START_TEST(test_a_user_alone_keeps_the_group)
{
	options.user = "1";
	make();
	ck_assert_uint_eq(process.uid, 1);
	ck_assert_uint_eq(process.gid, 20);
	ck_assert_uint_eq(process.umask, 7);
}
END_TEST

START_TEST(test_a_user_with_a_group)
{
	options.user = "1:2";
	make();
	ck_assert_uint_eq(process.uid, 1);
	ck_assert_uint_eq(process.gid, 2);
}
END_TEST

START_TEST(test_ids_are_numbers)
{
	static const char *const wrong[] = { "",   "root", "1:",         "1:2:3", ":1", "-1",
					     "1x", " 1",   "4294967295", "1:x",   "0x1" };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		options.user = wrong[i];
		refuses("option --user");
	}
	options.user = NULL;
	options.groups = list((const char *[]){ "5", "five" }, 2);
	refuses("option --additional-gids: \"five\" is no id");
}
END_TEST

START_TEST(test_lists_are_added_to)
{
	options.env = list((const char *[]){ "B=2", "A=3" }, 2);
	options.groups = list((const char *[]){ "40" }, 1);
	make();
	ck_assert_uint_eq(process.env.count, 3);
	ck_assert_str_eq(process.env.items[0], "A=1");
	ck_assert_str_eq(process.env.items[2], "A=3");
	ck_assert_uint_eq(process.group_count, 2);
	ck_assert_uint_eq(process.groups[1], 40);
}
END_TEST

START_TEST(test_a_capability_is_never_made_inheritable)
{
	options.caps = list((const char *[]){ "CAP_SYSLOG", "CAP_CHOWN" }, 2);
	make();
	ck_assert_uint_eq(process.capabilities[CAPS_INHERITABLE], BIT("CAP_CHOWN"));
	ck_assert_uint_eq(process.capabilities[CAPS_AMBIENT], BIT("CAP_CHOWN"));
	ck_assert_uint_eq(process.capabilities[CAPS_PERMITTED], BIT("CAP_CHOWN") | BIT("CAP_SYSLOG"));
	ck_assert_uint_eq(process.capabilities[CAPS_EFFECTIVE], BIT("CAP_CHOWN") | BIT("CAP_SYSLOG"));
	ck_assert_uint_eq(process.capabilities[CAPS_BOUNDING],
			  BIT("CAP_CHOWN") | BIT("CAP_SYSLOG") | BIT("CAP_KILL"));
}
END_TEST

START_TEST(test_errors_name_the_field)
{
	options.cwd = "relative";
	refuses("process.cwd");
}
END_TEST

/* A config need not have a process; exec then runs as root in the root. */
START_TEST(test_a_config_without_a_process)
{
	json_remove(config, "process");
	options.groups = list((const char *[]){ "7" }, 1);
	make();
	ck_assert_str_eq(process.cwd, "/");
	ck_assert_uint_eq(process.uid, 0);
	ck_assert_uint_eq(process.group_count, 1);
}
END_TEST

START_TEST(test_a_file_that_is_not_there)
{
	options.process = "/nowhere/process.json";
	refuses("--process /nowhere/process.json");
}
END_TEST

Suite *test_exec_process(void);
Suite *test_exec_process(void)
{
	Suite *suite = suite_create("oci/exec_process");
	TCase *tcase = tcase_create("process");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, test_without_options_only_the_words_differ);
	tcase_add_test(tcase, test_a_user_alone_keeps_the_group);
	tcase_add_test(tcase, test_a_user_with_a_group);
	tcase_add_test(tcase, test_ids_are_numbers);
	tcase_add_test(tcase, test_lists_are_added_to);
	tcase_add_test(tcase, test_a_capability_is_never_made_inheritable);
	tcase_add_test(tcase, test_errors_name_the_field);
	tcase_add_test(tcase, test_a_config_without_a_process);
	tcase_add_test(tcase, test_a_file_that_is_not_there);
	suite_add_tcase(suite, tcase);
	return suite;
}
