/* YAML as JSON, and what of YAML is refused. */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/yaml.h"

static void becomes(const char *yaml, const char *wanted)
{
	auto_json value = NULL;
	auto_text seen = { 0 };
	struct err err = { 0 };

	ck_assert_msg(yaml_parse(yaml, strlen(yaml), &value, &err) == 0, "%s: %s", yaml, err.text);
	json_print(value, 0, &seen);
	ck_assert_str_eq(text_str(&seen), wanted);
}

static void is_refused(const char *yaml, const char *why)
{
	struct json *value = NULL;
	struct err err = { 0 };

	ck_assert_int_eq(yaml_parse(yaml, strlen(yaml), &value, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s: %s", yaml, err.text);
	ck_assert_ptr_null(value);
}

START_TEST(words_are_what_they_look_like)
{
	becomes("[a, 'a b', \"c\\n\", x:y, -, .5x]", "[\"a\",\"a b\",\"c\\n\",\"x:y\",\"-\",\".5x\"]");
	becomes("[1, -7, +2, 0x1F, 0o17, 0660, 0, 1.5, 1e3]", "[1,-7,2,31,15,432,0,1.5,1000.0]");
	becomes("['1', \"0x1F\", !!str 5, ! 6]", "[\"1\",\"0x1F\",\"5\",\"6\"]");
	becomes("[true, False, yes, on, ~, null, '']", "[true,false,\"yes\",\"on\",null,null,\"\"]");
	becomes("[0.6.0, 1-2, 08, 0xg, 99999999999999999999]", "[\"0.6.0\",\"1-2\",\"08\",\"0xg\",1e+20]");
	becomes("[1e999, -1e999]", "[\"1e999\",\"-1e999\"]");
}
END_TEST

START_TEST(structures_nest)
{
	becomes("a:\n  - b: 1\n    c: [d, {e: f}]\n  -\ng: |\n  two\n  lines\n",
		"{\"a\":[{\"b\":1,\"c\":[\"d\",{\"e\":\"f\"}]},null],\"g\":\"two\\nlines\\n\"}");
	becomes("", "null");
	becomes("--- # nothing\n...\n", "null");
}
END_TEST

START_TEST(what_is_too_clever_is_refused)
{
	auto_text deep = { 0 };

	is_refused("a: &x [1]\nb: *x", "line 2, column 4: an alias");
	is_refused("a: 1\na: 2", "line 2, column 1: a key for the second time");
	is_refused("[a]: 1", "a key that is no string");
	is_refused("--- 1\n--- 2\n", "line 2, column 1: a second document");
	is_refused("a: !!binary eA==", "a tag other than !!str");
	is_refused("a: \"\\0\"", "a NUL");
	is_refused("a: [1", "did not find expected");
	is_refused("a: \xff", "line 1");
	for (int i = 0; i < 65; i++)
		text_add_char(&deep, '[');
	is_refused(text_str(&deep), "more than 64 levels");
}
END_TEST

Suite *test_spec_yaml(void)
{
	return UNIT_SUITE("spec_yaml", words_are_what_they_look_like, structures_nest,
			  what_is_too_clever_is_refused);
}
