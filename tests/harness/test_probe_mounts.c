/* The probe's reader of mountinfo rows, as Linux and as gVisor write them. */
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "harness/probe/census.h"

Suite *test_probe_mounts(void);

START_TEST(rows_are_taken_apart)
{
	static const struct {
		const char *line, *options, *optional, *type, *super;
	} rows[] = {
		{ "36 35 98:0 / /mnt rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue",
		  "rw,noatime", "shared:1 master:2", "ext3", "rw,errors=continue" },
		{ "25 24 0:22 / /data ro - tmpfs tmpfs rw,size=64k", "ro", "", "tmpfs", "rw,size=64k" },
		/* gVisor: an empty optional field, so two blanks before the separator */
		{ "12 8 0:11 / /a/b/c rw  - tmpfs none rw", "rw", "", "tmpfs", "rw" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *line = strdup(rows[i].line);
		struct mount_line row;

		ck_assert_int_eq(mount_line_parse(line, &row), 0);
		ck_assert_str_eq(row.options, rows[i].options);
		ck_assert_str_eq(row.optional, rows[i].optional);
		ck_assert_str_eq(row.type, rows[i].type);
		ck_assert_str_eq(row.super, rows[i].super);
		free(line);
	}
}
END_TEST

START_TEST(rows_that_are_cut_are_refused)
{
	static const char *const rows[] = { "", "36 35 98:0 / /mnt", "36 35 98:0 / /mnt rw",
					    "36 35 98:0 / /mnt rw shared:1 ext3 x y",
					    "36 35 98:0 / /mnt rw - ext3" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *line = strdup(rows[i]);
		struct mount_line row;

		ck_assert_int_lt(mount_line_parse(line, &row), 0);
		free(line);
	}
}
END_TEST

Suite *test_probe_mounts(void)
{
	return UNIT_SUITE("probe_mounts", rows_are_taken_apart, rows_that_are_cut_are_refused);
}
