/* The command line of the server, the file beside it, and which of them wins. */
#include "tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/options.h"

static int read_words(const char *const *words, struct options *ret, struct err *err)
{
	char *argv[16] = { "plumbline-cri" };
	int argc = 1, first;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *) words[argc - 1];
	return options_read(argc, argv, ret, &first, err);
}
#define READ(ret, err, ...) read_words((const char *const[]){ __VA_ARGS__, NULL }, ret, err)

START_TEST(defaults_are_filled_in)
{
	struct options options;

	ck_assert_int_eq(READ(&options, NULL, NULL), 0);
	ck_assert_str_eq(options.listen, "unix:///run/plumbline-cri/plumbline-cri.sock");
	ck_assert_str_eq(options.root, "/var/lib/plumbline-cri");
	ck_assert_str_eq(options.state, "/run/plumbline-cri");
	ck_assert_str_eq(options.cgroup_driver, "cgroupfs");
	ck_assert_ptr_null(options_runtime(&options, ""));
	options_free(&options);
}
END_TEST

START_TEST(words_in_both_forms)
{
	struct options options;

	ck_assert_int_eq(
	    READ(&options, NULL, "--root", "/a", "--state=/b", "--runtime", "x=/bin/x", "--runtime==/bin/d"),
	    0);
	ck_assert_str_eq(options.root, "/a");
	ck_assert_str_eq(options.state, "/b");
	ck_assert_str_eq(options_runtime(&options, "x"), "/bin/x");
	ck_assert_str_eq(options_runtime(&options, ""), "/bin/d");
	ck_assert_ptr_null(options_runtime(&options, "xx"));
	options_free(&options);
}
END_TEST

/* Writes a file of options and reads it; more words follow. */
static int read_file(const char *content, const char *word, const char *value, struct options *ret,
		     struct err *err)
{
	char path[] = "/tmp/plumbline-options.XXXXXX";
	int fd = mkstemp(path), r;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write_all(fd, content, strlen(content)), 0);
	(void) close(fd);
	r = READ(ret, err, "--config", path, word, value);
	(void) unlink(path);
	return r;
}

START_TEST(the_command_line_wins_over_the_file)
{
	static const char content[] = "{\"root\":\"/from/file\",\"state\":\"/s\",\"runtime\":[\"=/bin/"
				      "file\",\"y=/bin/y\"],\"cgroup-driver\":\"systemd\"}";
	struct options options;
	struct err err = { 0 };
	int r = read_file(content, "--root", "/from/line", &options, &err);

	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_str_eq(options.root, "/from/line");
	ck_assert_str_eq(options.state, "/s");
	ck_assert_str_eq(options.cgroup_driver, "systemd");
	ck_assert_str_eq(options_runtime(&options, "y"), "/bin/y");
	options_free(&options);
	ck_assert_int_eq(read_file(content, "--runtime", "=/bin/line", &options, &err), 0);
	ck_assert_str_eq(options_runtime(&options, ""), "/bin/line");
	options_free(&options);
}
END_TEST

static void refused(const char *word, const char *value, const char *sentence)
{
	struct options options;
	struct err err = { 0 };

	ck_assert_int_eq(READ(&options, &err, word, value), -EINVAL);
	ck_assert_str_eq(err.text, sentence);
	options_free(&options);
}

static void file_refused(const char *content, const char *part)
{
	struct options options;
	struct err err = { 0 };

	ck_assert_int_eq(read_file(content, NULL, NULL, &options, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, part) != NULL, "\"%s\" does not say \"%s\"", err.text, part);
	options_free(&options);
}

START_TEST(what_is_wrong_is_named)
{
	refused("--rot", "/a", "unknown option --rot");
	refused("--root", NULL, "option --root needs DIR");
	refused("--help=x", NULL, "option --help takes no value");
	refused("--cgroup-driver", "cgroups",
		"option --cgroup-driver takes cgroupfs or systemd, not \"cgroups\"");
	refused("--runtime", "runc", "option --runtime takes NAME=/PATH, not \"runc\"");
	refused("--grace", "-1", "option --grace takes milliseconds up to 600000, not \"-1\"");
	refused("--root", "relative", "options --root and --state take absolute paths");
	file_refused("[]", "expected an object");
	file_refused("{\"rot\":\"/a\"}", "no option is called \"rot\"");
	file_refused("{\"help\":true}", "no option is called \"help\"");
	file_refused("{\"root\":1}", "root: expected a string");
	file_refused("{\"runtime\":\"x=/y\"}", "runtime: expected an array of strings");
	file_refused("{\"runtime\":[1]}", "runtime[0]: expected a string");
}
END_TEST

Suite *test_options(void)
{
	return UNIT_SUITE("options", defaults_are_filled_in, words_in_both_forms,
			  the_command_line_wins_over_the_file, what_is_wrong_is_named);
}
