/* The path language: what is found, what is made on the way, and what is no path. */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"

static const char document[] =
    "{\"root\":{\"readonly\":true,\"none\":null},"
    "\"sysctl\":{\"net.core.x\":\"1\",\"a[b]c\":2},"
    "\"mounts\":[{\"destination\":\"/data\",\"type\":\"bind\",\"n\":1},{\"destination\":\"/"
    "proc\",\"type\":\"proc\"},"
    "{\"destination\":\"/data\",\"type\":\"tmpfs\",\"n\":2}],"
    "\"devices\":[{\"path\":\"/dev/a\",\"type\":\"c\",\"n\":1},{\"path\":\"/dev/b\",\"type\":\"c\",\"n\":2}],"
    "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\",\"path\":\"/n\"}],"
    "\"named\":[{\"name\":\"x\",\"n\":5},7]}";

static struct json *parsed(const char *text)
{
	struct json *value = NULL;
	struct err err = { 0 };

	ck_assert_msg(json_parse(text, strlen(text), &value, &err) == 0, "%s: %s", text, err.text);
	return value;
}

static const struct {
	const char *path;
	const char *found; /* NULL: not there */
} get_rows[] = {
	{ "root.readonly", "true" },
	{ "root", "{\"readonly\":true,\"none\":null}" },
	{ "root[readonly]", "true" },
	{ "[root].readonly", "true" },
	{ "sysctl[net.core.x]", "\"1\"" },
	{ "sysctl[a[b]c]", "2" },
	{ "mounts[0].n", "1" },
	{ "mounts[2].n", "2" },
	{ "mounts[/data].n", "2" }, /* the last one: it lies on top */
	{ "mounts[/data].type", "\"tmpfs\"" },
	{ "devices[/dev/a].n", "1" },
	{ "devices[c].n", "2" },
	{ "namespaces[network].path", "\"/n\"" },
	{ "namespaces[/n].type", "\"network\"" },
	{ "named[x].n", "5" },
	{ "named[1]", "7" },
	{ "mounts[proc]", NULL }, /* a mount is known by its destination alone */
	{ "mounts[3]", NULL },
	{ "mounts[18446744073709551616]", NULL },
	{ "mounts[-1]", NULL },
	{ "mounts[]", NULL },
	{ "mounts.n", NULL },
	{ "root.none", NULL },
	{ "root.none.deeper", NULL },
	{ "root.readonly.x", NULL },
	{ "nothing.at.all", NULL },
	{ "sysctl.net.core.x", NULL },
	{ "", NULL },
	{ ".root", NULL },
	{ "root.", NULL },
	{ "root..readonly", NULL },
	{ "root]", NULL },
	{ "mounts[0", NULL },
	{ "mounts[0]n", NULL },
	{ "mounts[0].", NULL },
};

START_TEST(finds)
{
	auto_json root = parsed(document);

	for (size_t i = 0; i < ARRAY_SIZE(get_rows); i++) {
		struct json *value = json_get(root, get_rows[i].path);
		auto_text out = { 0 };

		json_print(value, 0, &out);
		ck_assert_msg(strcmp(text_str(&out), get_rows[i].found ? get_rows[i].found : "null") == 0,
			      "%s: %s", get_rows[i].path, text_str(&out));
	}
	ck_assert_str_eq(json_get_string(root, "mounts[1].type"), "proc");
	ck_assert_ptr_null(json_get_string(root, "mounts[0].n"));
	ck_assert_ptr_null(json_get(NULL, "a"));
}
END_TEST

static const struct {
	const char *before, *path, *value;
	int r;
	const char *after; /* of failures: the sentence holds this */
} set_rows[] = {
	{ "{}", "a", "1", 0, "{\"a\":1}" },
	{ "{\"a\":{\"b\":1}}", "a.b", "null", 0, "{\"a\":{\"b\":null}}" },
	{ "{}", "a.b.c", "1", 0, "{\"a\":{\"b\":{\"c\":1}}}" },
	{ "{\"a\":null}", "a.b", "1", 0, "{\"a\":{\"b\":1}}" },
	{ "{}", "a[x.y]", "1", 0, "{\"a\":{\"x.y\":1}}" },
	{ "{}", "a[]", "1", 0, "{\"a\":[1]}" },
	{ "{\"a\":[1]}", "a[]", "null", 0, "{\"a\":[1,null]}" },
	{ "{}", "a[].b", "1", 0, "{\"a\":[{\"b\":1}]}" },
	{ "{}", "a[][]", "1", 0, "{\"a\":[[1]]}" },
	{ "{\"a\":[1,2]}", "a[1]", "3", 0, "{\"a\":[1,3]}" },
	{ "{\"m\":[{\"destination\":\"/d\"},{\"destination\":\"/d\"}]}", "m[/d].x", "1", 0,
	  "{\"m\":[{\"destination\":\"/d\"},{\"destination\":\"/d\",\"x\":1}]}" },
	{ "{\"m\":[{\"type\":\"pid\"}]}", "m[pid]", "{\"type\":\"uts\"}", 0, "{\"m\":[{\"type\":\"uts\"}]}" },
	{ "[]", "[]", "1", 0, "[1]" },
	{ "{\"a\":[1,2]}", "a[2]", "3", -ENOENT, "a[2]: the array has no element \"2\"" },
	{ "{\"a\":[]}", "a[x].y", "3", -ENOENT, "no element \"x\"" },
	{ "{\"a\":1}", "a.b", "1", -EINVAL, "a.b: a value of kind integer has no member \"b\"" },
	{ "{\"a\":\"s\"}", "a[]", "1", -EINVAL, "cannot append to a value of kind string" },
	{ "{\"a\":{}}", "a[]", "1", -EINVAL, "cannot append to a value of kind object" },
	{ "{\"a\":[]}", "a.b", "1", -EINVAL, "a value of kind array has no member" },
	{ "{}", "", "1", -EINVAL, "malformed path" },
	{ "{}", "a.b..c", "1", -EINVAL, "malformed path" },
	{ "{}", "a.b[c", "1", -EINVAL, "malformed path" },
};

START_TEST(sets)
{
	for (size_t i = 0; i < ARRAY_SIZE(set_rows); i++) {
		auto_json root = parsed(set_rows[i].before);
		auto_text out = { 0 };
		struct err err = { 0 };
		int r = json_set(root, set_rows[i].path, parsed(set_rows[i].value), &err);

		ck_assert_msg(r == set_rows[i].r, "row %zu, %s: %d, %s", i, set_rows[i].path, r, err.text);
		json_print(root, 0, &out);
		if (r < 0)
			ck_assert_msg(strstr(err.text, set_rows[i].after), "row %zu: %s", i, err.text);
		ck_assert_str_eq(text_str(&out), r < 0 ? set_rows[i].before : set_rows[i].after);
	}
}
END_TEST

static const struct {
	const char *path;
	int r;
	const char *gone;
} drop_rows[] = {
	{ "root.readonly", 0, "root.readonly" },
	{ "root.none", 0, NULL },
	{ "sysctl[net.core.x]", 0, "sysctl[net.core.x]" },
	{ "mounts", 0, "mounts" },
	{ "root.nothing", -ENOENT, NULL },
	{ "nothing.at.all", -ENOENT, NULL },
	{ "mounts[9]", -ENOENT, NULL },
	{ "mounts[/none].x", -ENOENT, NULL },
	{ "mounts[]", -EINVAL, NULL },
	{ "mounts[", -EINVAL, NULL },
	{ "", -EINVAL, NULL },
};

START_TEST(drops)
{
	for (size_t i = 0; i < ARRAY_SIZE(drop_rows); i++) {
		auto_json root = parsed(document);
		auto_json before = parsed(document);
		struct err err = { 0 };
		int r = json_drop(root, drop_rows[i].path, &err);

		ck_assert_msg(r == drop_rows[i].r, "%s: %d %s", drop_rows[i].path, r, err.text);
		ck_assert(json_equal(root, before) == (r < 0));
		ck_assert_msg(!err.text[0] == !r, "%s", err.text);
		if (drop_rows[i].gone)
			ck_assert_ptr_null(json_get(root, drop_rows[i].gone));
	}
}
END_TEST

START_TEST(drops_the_last_match)
{
	auto_json root = parsed(document);

	ck_assert_int_eq(json_drop(root, "mounts[/data]", NULL), 0);
	ck_assert_uint_eq(json_length(json_member(root, "mounts")), 2);
	ck_assert_int_eq(json_int(json_get(root, "mounts[/data].n"), 0), 1);
	ck_assert_int_eq(json_drop(root, "mounts[/data]", NULL), 0);
	ck_assert_int_eq(json_drop(root, "mounts[/data]", NULL), -ENOENT);
}
END_TEST

Suite *test_json_path(void)
{
	return UNIT_SUITE("json_path", finds, sets, drops, drops_the_last_match);
}
