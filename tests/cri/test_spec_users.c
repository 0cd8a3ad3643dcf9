/* Who a container runs as: every form of the CRI and of the image, looked up in files that the image's maker wrote. */
#include "tests/unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/cri/spec_fixture.h"

static void add_files(struct spec_fixture *f)
{
	fixture_write(f, "etc/passwd",
		      "root:x:0:0:root:/root:/bin/sh\nbroken line\nweb:x:33:44:web:/:/bin/false\nshort:x:7\n"
		      "wide:x:99999999999:1::/:\n# a comment\nlast:x:55:66::/:/bin/sh");
	fixture_write(f, "etc/group",
		      "root:x:0:\nadm:x:4:web,last\nstaff:x:50:other,web\nwebadm:x:51:webmaster\nbad:x:"
		      "notanumber:web\n");
}

START_TEST(every_form_is_resolved)
{
	static const struct {
		const char *container, *image, *user;
	} rows[] = {
		{ "{}", "", "{'uid': 0, 'gid': 0, 'additionalGids': [0]}" },
		{ "{}", "web", "{'uid': 33, 'gid': 44, 'additionalGids': [44, 4, 50]}" },
		{ "{}", "33", "{'uid': 33, 'gid': 44, 'additionalGids': [44, 4, 50]}" },
		{ "{}", "1234", "{'uid': 1234, 'gid': 0, 'additionalGids': [0]}" },
		{ "{}", "web:staff", "{'uid': 33, 'gid': 50, 'additionalGids': [50, 4]}" },
		{ "{}", "33:77", "{'uid': 33, 'gid': 77, 'additionalGids': [77, 4, 50]}" },
		{ "{}", "1234:staff", "{'uid': 1234, 'gid': 50, 'additionalGids': [50]}" },
		{ "{}", "last:", "{'uid': 55, 'gid': 66, 'additionalGids': [66, 4]}" },
		{ "{'run_as_user': {'value': 33}}", "root",
		  "{'uid': 33, 'gid': 44, 'additionalGids': [44, 4, 50]}" },
		{ "{'run_as_user': {}}", "web", "{'uid': 0, 'gid': 0, 'additionalGids': [0]}" },
		{ "{'run_as_username': 'last'}", "web:staff",
		  "{'uid': 55, 'gid': 66, 'additionalGids': [66, 4]}" },
		{ "{'run_as_user': {'value': 9}, 'run_as_group': {'value': 8}}", "web",
		  "{'uid': 9, 'gid': 8, 'additionalGids': [8]}" },
		{ "{'run_as_username': 'web', 'run_as_group': {'value': 0}}", "",
		  "{'uid': 33, 'gid': 0, 'additionalGids': [0, 4, 50]}" },
		{ "{'run_as_username': '33'}", "", "{'uid': 33, 'gid': 44, 'additionalGids': [44, 4, 50]}" },
		{ "{'run_as_user': {'value': 33}, 'supplemental_groups': [50, 1000, 1000]}", "",
		  "{'uid': 33, 'gid': 44, 'additionalGids': [44, 4, 50, 1000]}" },
		{ "{'run_as_user': {'value': 33}, 'supplemental_groups': [1000], "
		  "'supplemental_groups_policy': 'Strict'}",
		  "", "{'uid': 33, 'gid': 44, 'additionalGids': [44, 1000]}" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_free char *container =
		    text_format("{'linux': {'security_context': %s}}", rows[i].container);
		auto_free char *image = text_format("{'Cmd': ['x'], 'User': '%s'}", rows[i].image);
		auto_fixture f;

		fixture_open(&f);
		add_files(&f);
		fixture_container(&f, container);
		fixture_image(&f, image);
		fixture_build(&f);
		fixture_has(&f, "process.user", rows[i].user);
	}
}
END_TEST

static void refuses_user(const char *security, const char *image_user, const char *words)
{
	auto_free char *container = text_format("{'linux': {'security_context': %s}}", security);
	auto_free char *image = text_format("{'Cmd': ['x'], 'User': '%s'}", image_user);
	auto_fixture f;

	fixture_open(&f);
	add_files(&f);
	fixture_container(&f, container);
	fixture_image(&f, image);
	fixture_refuses(&f, EINVAL, words);
}

START_TEST(nobody_is_guessed)
{
	refuses_user("{'run_as_group': {'value': 5}}", "web", "run_as_group without");
	refuses_user("{'run_as_user': {'value': 5}, 'run_as_username': 'web'}", "", "at most one");
	refuses_user("{'run_as_username': 'ghost'}", "", "no user ghost");
	refuses_user("{}", "ghost", "no user ghost");
	refuses_user("{}", "web:ghosts", "no group ghosts");
	refuses_user("{'run_as_user': {'value': -1}}", "", "is no id");
	refuses_user("{'run_as_user': {'value': 4294967295}}", "", "is no id");
	refuses_user("{'run_as_user': {'value': 1}, 'run_as_group': {'value': 4294967295}}", "", "is no id");
	refuses_user("{'supplemental_groups': [-7]}", "", "supplemental_groups[0]");
	refuses_user("{}", "99999999999", "is no id");
}
END_TEST

START_TEST(origins_tell_the_image_from_the_cri)
{
	auto_fixture f;

	fixture_open(&f);
	add_files(&f);
	fixture_container(
	    &f,
	    "{'linux': {'security_context': {'run_as_user': {'value': 33}, 'supplemental_groups': [9]}}}");
	fixture_build(&f);
	fixture_origin(&f, "process.user.uid", "cri", "linux.security_context.run_as_user");
	fixture_origin(&f, "process.user.gid", "image", "/etc/passwd");
	fixture_origin(&f, "process.user.additionalGids[1]", "image", "/etc/group");
	fixture_origin(&f, "process.user.additionalGids[3]", "cri",
		       "linux.security_context.supplemental_groups[0]");
	ck_assert_int_eq(f.result.user.uid, 33);
	ck_assert_uint_eq(f.result.user.group_count, 4);
}
END_TEST

/* A symlink of the image means a file of the image, however it is written. */
START_TEST(the_files_are_the_images_own)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_write(&f, "real/passwd", "inside:x:12:13::/:\n");
	ck_assert_int_eq(mkdirat(f.scratch.fd, "etc", 0755), 0);
	ck_assert_int_eq(symlinkat("/../../real/passwd", f.scratch.fd, "etc/passwd"), 0);
	fixture_container(&f, "{'linux': {'security_context': {'run_as_username': 'inside'}}}");
	fixture_build(&f);
	fixture_has(&f, "process.user.uid", "12");
	fixture_container(&f, "{'linux': {'security_context': {'run_as_username': 'root'}}}");
	fixture_refuses(&f, EINVAL, "no user root");
}
END_TEST

START_TEST(what_is_no_file_is_not_waited_for)
{
	auto_fixture f;

	fixture_open(&f);
	ck_assert_int_eq(mkdirat(f.scratch.fd, "etc", 0755), 0);
	ck_assert_int_eq(mkfifoat(f.scratch.fd, "etc/passwd", 0644), 0);
	fixture_refuses(&f, EINVAL, "no regular file");
}
END_TEST

START_TEST(numbers_need_no_files)
{
	auto_fixture f;

	fixture_open(&f);
	f.request.rootfs = -EBADF;
	fixture_container(&f, "{'linux': {'security_context': {'run_as_user': {'value': 5}}}}");
	fixture_build(&f);
	fixture_has(&f, "process.user", "{'uid': 5, 'gid': 0, 'additionalGids': [0]}");
}
END_TEST

Suite *test_spec_users(void)
{
	return UNIT_SUITE("spec_users", every_form_is_resolved, nobody_is_guessed,
			  origins_tell_the_image_from_the_cri, the_files_are_the_images_own,
			  what_is_no_file_is_not_waited_for, numbers_need_no_files);
}
