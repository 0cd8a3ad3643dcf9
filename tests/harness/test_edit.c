/* SET, ADD and DROP, symbols, and the bundle that comes of them. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/bundle.h"
#include "harness/case.h"
#include "harness/edit.h"
#include "harness/probe_file.h"
#include "harness/profile.h"

Suite *test_edit(void);

static struct json *parse(const char *text)
{
	struct err err = { 0 };
	struct json *ret = NULL;

	ck_assert_msg(json_parse(text, strlen(text), &ret, &err) == 0, "%s", err.text);
	return ret;
}

static void check_edit(const char *before, const struct edit *edit, const char *after)
{
	auto_json config = parse(before);
	auto_json expected = parse(after);
	struct err err = { 0 };
	auto_text seen = { 0 };

	ck_assert_msg(edit_apply(config, &edit, 1, true, &err) == 0, "%s", err.text);
	json_print(config, 0, &seen);
	ck_assert_msg(json_equal(config, expected), "%s became %s", before, text_str(&seen));
}

START_TEST(edits_change_what_they_name)
{
	check_edit("{}", SET("a.b", 1), "{\"a\": {\"b\": 1}}");
	check_edit("{\"a\": 1}", SET("a", { "x" : [ true, null ] }), "{\"a\": {\"x\": [true, null]}}");
	check_edit("{\"m\": [1]}", ADD("m[]", 2), "{\"m\": [1, 2]}");
	check_edit("{}", ADD("m[]", "x"), "{\"m\": [\"x\"]}");
	check_edit("{}", ADD("sysctl[net.a.b]", "1"), "{\"sysctl\": {\"net.a.b\": \"1\"}}");
	check_edit("{\"a\": 1, \"b\": 2}", DROP("a"), "{\"b\": 2}");
	check_edit("{\"n\": [{\"type\": \"pid\"}, {\"type\": \"user\"}]}", DROP("n[pid]"),
		   "{\"n\": [{\"type\": \"user\"}]}");
}
END_TEST

static void check_refused(const struct edit *edit, bool strict, const char *word)
{
	auto_json config = parse("{\"a\": 1, \"m\": []}");
	struct err err = { 0 };
	int r = edit_apply(config, &edit, 1, strict, &err);

	if (!word) {
		ck_assert_msg(r == 0, "%s", err.text);
		return;
	}
	ck_assert_int_lt(r, 0);
	ck_assert_msg(strstr(err.text, word) != NULL, "%s", err.text);
}

START_TEST(mistakes_of_a_case_are_told)
{
	check_refused(DROP("nothing"), true, "DROP nothing");
	check_refused(DROP("nothing"), false, NULL);
	check_refused(ADD("a", 2), true, "use SET");
	check_refused(ADD("m", 2), true, "append with PATH[]");
	check_refused(ADD("a", 2), false, NULL);
	check_refused(SET("a", nonsense), true, "SET a");
	check_refused(SET("a"), true, "SET a");
	check_refused(SET("m[", 1), true, "SET m[");
}
END_TEST

START_TEST(profile_edits_are_read)
{
	auto_json config = parse("{\"a\": 1, \"b\": 2}");
	auto_json edits =
	    parse("[{\"op\": \"drop\", \"path\": \"a\"}, {\"op\": \"drop\", \"path\": \"none\"},"
		  " {\"op\": \"set\", \"path\": \"b\", \"value\": [3]}]");
	auto_json wrong = parse("[{\"op\": \"replace\", \"path\": \"a\"}]");
	auto_json expected = parse("{\"b\": [3]}");
	struct err err = { 0 };

	ck_assert_int_eq(edit_apply_json(config, edits, &err), 0);
	ck_assert(json_equal(config, expected));
	ck_assert_int_eq(edit_apply_json(config, wrong, &err), -EINVAL);
}
END_TEST

static void check_symbols(const char *string, const char *expected)
{
	auto_json symbols = parse(
	    "{\"@id\": \"c1\", \"@ns-pid\": \"/proc/1/ns/pid\", \"@scratch\": \"/s\", \"@id-2\": \"c1-2\"}");
	auto_text out = { 0 };

	symbols_expand_text(string, symbols, &out);
	ck_assert_str_eq(text_str(&out), expected);
}

START_TEST(symbols_are_whole_words)
{
	check_symbols("@id", "c1");
	check_symbols("a @scratch/x @scratch", "a /s/x /s");
	check_symbols("@ns-pid", "/proc/1/ns/pid");
	check_symbols("@id.2", "c1.2");
	check_symbols("@id-3", "c1-3");
	check_symbols("@id-2", "c1-2");
	check_symbols("@idle", "@idle");
	check_symbols("@unknown @", "@unknown @");
	check_symbols("user@example", "user@example");
	check_symbols("", "");
}
END_TEST

START_TEST(symbols_reach_every_value_and_no_key)
{
	auto_json symbols = parse("{\"@a\": \"1\"}");
	auto_json value = parse("{\"@a\": [\"@a\", {\"x\": \"-@a-\"}, 5, null, true, 1.5]}");
	auto_json expected = parse("{\"@a\": [\"1\", {\"x\": \"-1-\"}, 5, null, true, 1.5]}");
	auto_json seen = symbols_expand(value, symbols);

	ck_assert(json_equal(seen, expected));
}
END_TEST

static const struct conformance_case edited = {
	CASE(edited),
	.given = { SET("hostname", "box"), ADD("mounts[]", { "destination" : "/d", "source" : "@scratch" }),
		   DROP("linux.maskedPaths") },
	.control = { SET("hostname", "right") },
	.inside = { "write @scratch/x", "hold" },
};

static struct bundle_request request_of(const struct json *symbols)
{
	return (struct bundle_request){
		.c = &edited,
		.profile = profile_find("generic"),
		.spec_version = "1.0.9",
		.nonce = "abc",
		.symbols = symbols,
	};
}

START_TEST(a_config_is_default_plus_edits)
{
	auto_json symbols = parse("{\"@scratch\": \"/s\", \"@cgroup\": \"/c\"}");
	struct bundle_request request = request_of(symbols);
	struct err err = { 0 };
	auto_json config = NULL;
	auto_json control = NULL;

	ck_assert_msg(bundle_config(&request, &config, &err) == 0, "%s", err.text);
	ck_assert_str_eq(json_get_string(config, "ociVersion"), "1.0.9");
	ck_assert_str_eq(json_get_string(config, "hostname"), "box");
	ck_assert_str_eq(json_get_string(config, "mounts[/d].source"), "/s");
	ck_assert_str_eq(json_get_string(config, "linux.cgroupsPath"), "/c");
	ck_assert_ptr_null(json_get(config, "linux.maskedPaths"));
	ck_assert_ptr_nonnull(json_get(config, "linux.readonlyPaths"));
	request.control = true;
	ck_assert_int_eq(bundle_config(&request, &control, &err), 0);
	ck_assert_str_eq(json_get_string(control, "hostname"), "right");
	ck_assert_str_eq(json_get_string(control, "mounts[/d].source"), "/s");
}
END_TEST

START_TEST(a_bundle_holds_config_probe_and_tries)
{
	char path[] = "/tmp/plumbline-test-XXXXXX";
	auto_json symbols = parse("{\"@scratch\": \"/s\", \"@cgroup\": \"/c\"}");
	struct bundle_request request = request_of(symbols);
	mode_t old = umask(077);
	auto_text tries = { 0 };
	const struct text *probe;
	struct err err = { 0 };
	struct stat st;
	auto_json config = NULL;
	auto_json read_back = NULL;

	ck_assert_ptr_nonnull(mkdtemp(path));
	auto_fd fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(bundle_write(fd, &request, &config, &err) == 0, "%s", err.text);
	(void) umask(old);
	ck_assert_int_eq(json_read_at(fd, "config.json", 1 << 20, &read_back, &err), 0);
	ck_assert(json_equal(config, read_back));
	ck_assert_int_eq(file_read_at(fd, "rootfs/.plumbline/tries", 4096, &tries, &err), 0);
	ck_assert_str_eq(text_str(&tries), "abc\nwrite /s/x\nhold\n");
	ck_assert_int_eq(fstatat(fd, "rootfs/probe", &st, 0), 0);
	ck_assert_int_eq(probe_file(&probe, &err), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0755);
	ck_assert_uint_eq((size_t) st.st_size, probe->len);
	ck_assert_int_eq(fstatat(fd, "rootfs/tmp", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 07777, 01777);
	ck_assert_int_eq(fstatat(fd, "scratch", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0777);
	ck_assert_int_lt(bundle_write(fd, &request, NULL, &err), 0);
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, path, &err), 0);
}
END_TEST

Suite *test_edit(void)
{
	return UNIT_SUITE("edit", edits_change_what_they_name, mistakes_of_a_case_are_told,
			  profile_edits_are_read, symbols_are_whole_words,
			  symbols_reach_every_value_and_no_key, a_config_is_default_plus_edits,
			  a_bundle_holds_config_probe_and_tries);
}
