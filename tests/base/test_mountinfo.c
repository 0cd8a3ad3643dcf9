/* mountinfo: escaped fields, empty fields, optional fields, damaged lines, and which mount can be seen. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mountinfo.h"
#include "base/text.h"

START_TEST(reads_all_fields)
{
	auto_mount_table table = { 0 };
	struct err err = { 0 };

	ck_assert_msg(
	    mount_table_parse("36 35 98:4095 /mnt1 /mnt2 rw,noatime shared:2 master:1 - ext3 /dev/root "
			      "rw,errors=continue\n",
			      &table, &err) == 0,
	    "%s", err.text);
	ck_assert_uint_eq(table.count, 1);
	ck_assert_int_eq(table.rows[0].id, 36);
	ck_assert_int_eq(table.rows[0].parent, 35);
	ck_assert_uint_eq(table.rows[0].major, 98);
	ck_assert_uint_eq(table.rows[0].minor, 4095);
	ck_assert_str_eq(table.rows[0].root, "/mnt1");
	ck_assert_str_eq(table.rows[0].target, "/mnt2");
	ck_assert_str_eq(table.rows[0].options, "rw,noatime");
	ck_assert_str_eq(table.rows[0].propagation, "shared:2 master:1");
	ck_assert_str_eq(table.rows[0].type, "ext3");
	ck_assert_str_eq(table.rows[0].source, "/dev/root");
	ck_assert_str_eq(table.rows[0].super_options, "rw,errors=continue");
}
END_TEST

START_TEST(unescapes)
{
	auto_mount_table table = { 0 };

	ck_assert_int_eq(
	    mount_table_parse("1 0 0:1 / /a\\040b\\011c\\012d\\134e\\043 rw - x\\055y \\ rw,x=\\1\n", &table,
			      NULL),
	    0);
	ck_assert_str_eq(table.rows[0].target, "/a b\tc\nd\\e#");
	ck_assert_str_eq(table.rows[0].propagation, "");
	ck_assert_str_eq(table.rows[0].type, "x-y");
	ck_assert_str_eq(table.rows[0].source, "\\");
	ck_assert_str_eq(table.rows[0].super_options, "rw,x=\\1");
}
END_TEST

/* mount("", "/a", "tmpfs", 0, "") leaves two blanks in a row. */
START_TEST(keeps_empty_fields)
{
	auto_mount_table table = { 0 };

	ck_assert_int_eq(
	    mount_table_parse("1 0 0:1 / /a rw - tmpfs  rw\n2 1 0:2 / /b rw - none none rw", &table, NULL),
	    0);
	ck_assert_uint_eq(table.count, 2);
	ck_assert_str_eq(table.rows[0].source, "");
	ck_assert_str_eq(table.rows[0].super_options, "rw");
	ck_assert_str_eq(table.rows[1].target, "/b");
}
END_TEST

static const char *const damaged[] = {
	"\n",
	"x\n",
	"1 0 0:1 / /a rw - tmpfs none\n",
	"1 0 0:1 / /a rw - tmpfs\n",
	"1 0 0:1 / /a rw\n",
	"1 0 0:1 / /a rw shared:1\n",
	"1 0 01 / /a rw - tmpfs none rw\n",
	"1 0 0:x / /a rw - tmpfs none rw\n",
	"-1 0 0:1 / /a rw - tmpfs none rw\n",
	" 1 0 0:1 / /a rw - tmpfs none rw\n",
	"99999999999999999999 0 0:1 / /a rw - tmpfs none rw\n",
	"1 0 0:1 / /a rw - tmpfs none rw more\n",
	"1",
	"1 0",
	"1 0 0:1 ",
};

START_TEST(refuses_damaged_lines)
{
	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		auto_free char *text = text_format("9 1 0:1 / / rw - a b c\n%s", damaged[i]);
		struct mount_table table = { .count = 4711 };
		struct err err = { 0 };

		ck_assert_msg(mount_table_parse(text, &table, &err) == -EINVAL, "%s", damaged[i]);
		ck_assert_msg(text_starts(err.text, "mountinfo line 2: not a mount"), "%s", err.text);
		ck_assert_uint_eq(table.count, 4711);
	}
}
END_TEST

START_TEST(empty_is_no_mount)
{
	auto_mount_table table = { 0 };

	ck_assert_int_eq(mount_table_parse("", &table, NULL), 0);
	ck_assert_uint_eq(table.count, 0);
	ck_assert_ptr_null(mount_table_find(&table, "/"));
}
END_TEST

/* The kernel lists by mount id, not by nesting: the root comes after its children here, as on real machines. */
static const char layered[] = "22 27 0:21 / /proc rw - proc proc rw\n"
			      "27 1 8:0 / / rw - ext4 /dev/sda rw\n"
			      "30 27 0:30 / /a rw - tmpfs below rw\n"
			      "31 30 0:31 / /a/x rw - tmpfs hidden-by-sibling rw\n"
			      "32 30 0:32 / /a rw - tmpfs top rw\n"
			      "33 32 0:33 / /a/x rw - tmpfs seen rw\n"
			      "34 27 0:34 / /b/c rw - tmpfs under-b rw\n"
			      "35 34 0:35 / /b/c/d rw - tmpfs under-c rw\n"
			      "36 27 0:36 / /b rw - tmpfs over-b rw\n"
			      "37 27 0:37 / /bb rw - tmpfs beside-b rw\n";

START_TEST(knows_what_is_visible)
{
	static const struct {
		const char *source;
		bool visible;
	} rows[] = {
		{ "proc", true },     { "/dev/sda", true },
		{ "below", false },   { "hidden-by-sibling", false },
		{ "top", true },      { "seen", true },
		{ "under-b", false }, { "under-c", false },
		{ "over-b", true },   { "beside-b", true },
	};
	auto_mount_table table = { 0 };

	ck_assert_int_eq(mount_table_parse(layered, &table, NULL), 0);
	ck_assert_uint_eq(table.count, ARRAY_SIZE(rows));
	for (size_t i = 0; i < table.count; i++) {
		ck_assert_str_eq(table.rows[i].source, rows[i].source);
		ck_assert_msg(mount_row_is_visible(&table, &table.rows[i]) == rows[i].visible, "%s",
			      rows[i].source);
	}
	ck_assert_str_eq(mount_table_find(&table, "/a")->source, "top");
	ck_assert_str_eq(mount_table_find(&table, "/a/x")->source, "seen");
	ck_assert_str_eq(mount_table_find(&table, "/")->source, "/dev/sda");
	ck_assert_ptr_null(mount_table_find(&table, "/a/"));
}
END_TEST

START_TEST(survives_a_circle_of_parents)
{
	auto_mount_table table = { 0 };

	ck_assert_int_eq(mount_table_parse("1 2 0:1 / /a rw - a a rw\n2 1 0:2 / /b rw - b b rw\n"
					   "3 3 0:3 / /c rw - c c rw\n",
					   &table, NULL),
			 0);
	for (size_t i = 0; i < table.count; i++)
		ck_assert(mount_row_is_visible(&table, &table.rows[i]));
}
END_TEST

START_TEST(reads_our_own)
{
	auto_fd self = file_open_at(AT_FDCWD, "/proc/self", O_PATH | O_DIRECTORY, 0, NULL);
	auto_fd elsewhere = file_open_at(AT_FDCWD, "/tmp", O_PATH | O_DIRECTORY, 0, NULL);
	auto_mount_table table = { 0 };

	ck_assert_int_eq(mount_table_read(self, &table, NULL), 0);
	ck_assert_ptr_nonnull(mount_table_find(&table, "/"));
	ck_assert_str_eq(mount_table_find(&table, "/proc")->type, "proc");
	ck_assert_int_eq(mount_table_read(elsewhere, &table, NULL), -ENOENT);
}
END_TEST

Suite *test_mountinfo(void)
{
	return UNIT_SUITE("mountinfo", reads_all_fields, unescapes, keeps_empty_fields, refuses_damaged_lines,
			  empty_is_no_mount, knows_what_is_visible, survives_a_circle_of_parents,
			  reads_our_own);
}
