/* Reading config.json from a bundle: what is no JSON, too deep, too large, or simply big. */
#include <check.h>
#undef fail

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/spec.h"

/* A bundle on disk, in a directory of its own. */
static int make_bundle(char *template, const char *config, size_t len)
{
	int bundle;

	ck_assert_ptr_nonnull(mkdtemp(template));
	bundle = open(template, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(bundle, 0);
	if (config)
		ck_assert_int_eq(file_create_at(bundle, "config.json", config, len, 0644, NULL), 0);
	return bundle;
}

static void expect_unreadable(const char *config, size_t len, const char *part)
{
	char template[] = "/tmp/plumbline-spec-XXXXXX";
	auto_fd bundle = make_bundle(template, config, len);
	struct spec *spec = NULL;
	struct json *json = NULL;
	struct err err = { 0 };

	ck_assert_int_lt(spec_read(bundle, &spec, &json, &err), 0);
	ck_assert_ptr_null(spec);
	ck_assert_ptr_null(json);
	ck_assert_msg(strstr(err.text, "config.json") != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, part) != NULL, "%s", err.text);
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, template, NULL), 0);
}

START_TEST(test_broken_files)
{
	auto_text deep = { 0 }, huge = { 0 };

	expect_unreadable(NULL, 0, "No such file");
	expect_unreadable("", 0, "line 1");
	expect_unreadable("{\"ociVersion\": \"1.0", 19, "line 1");
	expect_unreadable("[]", 2, "must be an object");
	expect_unreadable("{\"ociVersion\": \"\xff\"}", 18, "line 1");
	expect_unreadable("{\"ociVersion\": \"1.0.0\"} x", 25, "line 1");
	for (int i = 0; i < 100000; i++)
		text_add(&deep, "{\"linux\":");
	expect_unreadable(text_str(&deep), deep.len, "line 1");
	text_add(&huge, "{\"ociVersion\": \"1.0.0\"}");
	while (huge.len <= 16u << 20)
		text_add(&huge, "                                                                ");
	expect_unreadable(text_str(&huge), huge.len, "");
}
END_TEST

START_TEST(test_ten_megabytes_are_read)
{
	char template[] = "/tmp/plumbline-spec-XXXXXX";
	auto_text text = { 0 };
	auto_fd bundle = -EBADF;
	struct spec *spec = NULL;
	auto_json json = NULL;
	struct err err = { 0 };
	size_t count = 0;

	text_add(&text,
		 "{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r\"}, \"process\": {\"cwd\": \"/\","
		 " \"args\": [\"a\"], \"env\": [\"A=1\"");
	while (text.len < 10u << 20) {
		text_addf(&text, ", \"VARIABLE_%zu=%064d\"", count, 0);
		count++;
	}
	text_add(&text, "]}}");
	bundle = make_bundle(template, text_str(&text), text.len);
	ck_assert_msg(spec_read(bundle, &spec, &json, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(spec->process.env.count, count + 1);
	ck_assert_ptr_nonnull(json);
	spec_free(spec);
	ck_assert_int_eq(file_remove_tree_at(AT_FDCWD, template, NULL), 0);
}
END_TEST

Suite *test_spec_files(void);
Suite *test_spec_files(void)
{
	Suite *suite = suite_create("oci/spec files");
	TCase *file = tcase_create("files");

	tcase_set_timeout(file, 60);
	tcase_add_test(file, test_broken_files);
	tcase_add_test(file, test_ten_megabytes_are_read);
	suite_add_tcase(suite, file);
	return suite;
}
