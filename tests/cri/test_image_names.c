/* Names of images, and paths in layers: what is left out, what is refused, and what a path can never do. */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/reference.h"
#include "runtime-under-test/cri/unpack/unpack.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(fills_in_what_is_left_out)
{
	static const struct {
		const char *name, *tagged, *digest;
	} rows[] = {
		{ "busybox", "docker.io/library/busybox:latest", NULL },
		{ "busybox:1.36", "docker.io/library/busybox:1.36", NULL },
		{ "team/app", "docker.io/team/app:latest", NULL },
		{ "docker.io/busybox", "docker.io/library/busybox:latest", NULL },
		{ "index.docker.io/library/busybox", "docker.io/library/busybox:latest", NULL },
		{ "localhost/app", "localhost/app:latest", NULL },
		{ "localhost:5000/a/b/c:x_y.z-1", "localhost:5000/a/b/c:x_y.z-1", NULL },
		{ "ghcr.io/a/b", "ghcr.io/a/b:latest", NULL },
		{ "[::1]:5000/a", "[::1]:5000/a:latest", NULL },
		{ "Registry/a", "Registry/a:latest", NULL },
		{ "a__b/c---d.e", "docker.io/a__b/c---d.e:latest", NULL },
		{ "busybox@sha256:" HEX, NULL, "sha256:" HEX },
		{ "r.example/a:1@sha256:" HEX, "r.example/a:1", "sha256:" HEX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_image_reference reference = { 0 };
		auto_free char *tagged = NULL;
		struct err err = { 0 };

		ck_assert_msg(image_reference_parse(rows[i].name, &reference, &err) == 0, "%s", err.text);
		tagged = image_reference_tagged(&reference);
		ck_assert_pstr_eq(tagged, rows[i].tagged);
		ck_assert_pstr_eq(reference.digest, rows[i].digest);
	}
}
END_TEST

START_TEST(refuses_what_is_no_name)
{
	static const char *const rows[] = {
		"",
		"Busybox",
		"a b",
		"a//b",
		"/a",
		"a/",
		"a:",
		"a:-x",
		"a:.x",
		"a@",
		"a@sha256:abc",
		"a@sha512:" HEX HEX,
		"a@sha256:" HEX "0",
		"user@evil.example/a",
		"-r.example/a",
		"r..example/a",
		"r.example:port/a",
		"r.example:123456/a",
		"[::1/a.b",
		"a..b",
		"a___b",
		"a.-b",
		"a-",
		"http://r.example/a",
		"r.example/a?x=y",
		"r.example/a#x",
		"r.example/\xc3\xa4",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image_reference reference = { 0 };
		struct err err = { 0 };

		ck_assert_msg(image_reference_parse(rows[i], &reference, &err) == -EINVAL, "%s", rows[i]);
		ck_assert_ptr_null(reference.host);
		ck_assert_str_ne(err.text, "");
	}
}
END_TEST

START_TEST(refuses_what_is_too_long)
{
	char name[400], tag[200] = "a:";
	struct image_reference reference = { 0 };

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(image_reference_parse(name, &reference, NULL), -EINVAL);
	memset(tag + 2, 'a', 129);
	ck_assert_int_eq(image_reference_parse(tag, &reference, NULL), -EINVAL);
	tag[2 + 128] = '\0';
	ck_assert_int_eq(image_reference_parse(tag, &reference, NULL), 0);
	image_reference_clear(&reference);
}
END_TEST

START_TEST(paths_stay_below_the_root)
{
	static const struct {
		const char *name, *path;
	} rows[] = {
		{ "", "" },
		{ ".", "" },
		{ "./", "" },
		{ "/", "" },
		{ "a", "a" },
		{ "./a/./b//c/", "a/b/c" },
		{ "/a/b", "a/b" },
		{ "a/../b", "b" },
		{ "../../etc/passwd", "etc/passwd" },
		{ "a/b/../../../../c", "c" },
		{ "..", "" },
		{ "a/..", "" },
		{ "...", "..." },
		{ "a/..b", "a/..b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *path = path_clean(rows[i].name);

		ck_assert_str_eq(path, rows[i].path);
	}
}
END_TEST

START_TEST(remembers_paths_and_their_parents)
{
	struct touched touched = { 0 };

	ck_assert(!touched_has(&touched, "a"));
	touched_add(&touched, "a/b/c");
	ck_assert(touched_has(&touched, "a") && touched_has(&touched, "a/b") &&
		  touched_has(&touched, "a/b/c"));
	ck_assert(!touched_has(&touched, "b") && !touched_has(&touched, "a/b/") &&
		  !touched_has(&touched, "a/b/c/d"));
	for (int i = 0; i < 5000; i++) {
		auto_free char *path = text_format("x/%d", i);

		touched_add(&touched, path);
	}
	ck_assert(touched_has(&touched, "x/0") && touched_has(&touched, "x/4999") &&
		  !touched_has(&touched, "x/5000"));
	touched_free(&touched);
}
END_TEST

Suite *test_image_names(void)
{
	return UNIT_SUITE("image_names", fills_in_what_is_left_out, refuses_what_is_no_name,
			  refuses_what_is_too_long, paths_stay_below_the_root,
			  remembers_paths_and_their_parents);
}
