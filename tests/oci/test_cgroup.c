/* What making a container's cgroups changes above them, on plain directories in the place of hierarchies. */
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "tests/base/scratch.h"

Suite *test_cgroup(void);

/* A cgroup2 that has hugetlb and a v1 hierarchy, each with the container's cgroup. */
static const struct {
	const char *path, *content;
} files[] = {
	{ "unified/cgroup.controllers", "hugetlb\n" },
	{ "unified/cgroup.subtree_control", "" },
	{ "unified/c1/cgroup.procs", "" },
	{ "cpu/c1/cgroup.procs", "" },
	{ "cpu/c1/tasks", "" },
};

/* What unified hands down once the container's cgroups are made; owned. */
static char *handed_down(bool with_v1)
{
	auto_scratch scratch = scratch_open();
	auto_free char *unified = text_format("%s/unified", scratch.path);
	auto_free char *cpu = text_format("%s/cpu", scratch.path);
	struct cgroup_hierarchy rows[] = {
		{ .controllers = (char[]){ "" }, .mount_point = unified, .unified = true },
		{ .controllers = (char[]){ "cpu" }, .mount_point = cpu },
	};
	auto_cgroups cgroups = { 0 };
	struct text given = { 0 };
	struct err err = { 0 };

	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "unified/c1", 0700, NULL), 0);
	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "cpu/c1", 0700, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		ck_assert_int_eq(file_create_at(scratch.fd, files[i].path, files[i].content,
						strlen(files[i].content), 0600, NULL),
				 0);
	for (size_t i = 0; i < (with_v1 ? 2 : 1); i++)
		(void) cgroups_add_place(&cgroups, &rows[i], "/c1");
	ck_assert_msg(cgroups_make(&cgroups, false, &err) == 0, "%s", err.text);
	ck_assert_int_eq(file_read_at(scratch.fd, "unified/cgroup.subtree_control", 64, &given, NULL), 0);
	return text_take(&given);
}

START_TEST(a_hybrid_host_hands_nothing_down)
{
	auto_free char *given = handed_down(true);

	ck_assert_str_eq(given ? given : "", "");
}
END_TEST

START_TEST(cgroup2_alone_hands_its_controllers_down)
{
	auto_free char *given = handed_down(false);

	ck_assert_str_eq(given, "+hugetlb");
}
END_TEST

Suite *test_cgroup(void)
{
	return UNIT_SUITE("oci/cgroup", a_hybrid_host_hands_nothing_down,
			  cgroup2_alone_hands_its_controllers_down);
}
