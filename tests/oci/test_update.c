/* What update makes of its options, and what it would write to take a change back. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/cgroup_journal.h"
#include "runtime-under-test/oci/update.h"
#include "tests/base/scratch.h"

Suite *test_update(void);

static const struct {
	enum update_value option;
	const char *given, *resources; /* NULL: refused */
} options[] = {
	{ UPDATE_MEMORY, "67108864", "{\"memory\":{\"limit\":67108864}}" },
	{ UPDATE_MEMORY, "64M", "{\"memory\":{\"limit\":67108864}}" },
	{ UPDATE_MEMORY, "64mb", "{\"memory\":{\"limit\":67108864}}" },
	{ UPDATE_MEMORY, "2GiB", "{\"memory\":{\"limit\":2147483648}}" },
	{ UPDATE_MEMORY, "10b", "{\"memory\":{\"limit\":10}}" },
	{ UPDATE_MEMORY, "-1", "{\"memory\":{\"limit\":-1}}" },
	{ UPDATE_MEMORY_SWAP, "1k", "{\"memory\":{\"swap\":1024}}" },
	{ UPDATE_MEMORY, "64X", NULL },
	{ UPDATE_MEMORY, "M", NULL },
	{ UPDATE_MEMORY, "1MiBs", NULL },
	{ UPDATE_MEMORY, "9999999P", NULL },
	{ UPDATE_CPU_QUOTA, "-1", "{\"cpu\":{\"quota\":-1}}" },
	{ UPDATE_CPU_QUOTA, "64M", NULL },
	{ UPDATE_CPUSET_CPUS, "0-1,3", "{\"cpu\":{\"cpus\":\"0-1,3\"}}" },
	{ UPDATE_PIDS_LIMIT, "", "{}" },
};

START_TEST(options_become_resources)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		struct update_options given = { 0 };
		auto_json resources = json_new_object();
		auto_text printed = { 0 };
		struct err err = { 0 };
		int r;

		given.values[options[i].option] = options[i].given;
		r = update_put_options(&given, resources, &err);

		if (!options[i].resources) {
			ck_assert_msg(r < 0 && err.text[0], "\"%s\" was taken", options[i].given);
			continue;
		}
		ck_assert_msg(r == 0, "%s", err.text);
		json_print(resources, 0, &printed);
		ck_assert_str_eq(text_str(&printed), options[i].resources);
	}
}
END_TEST

START_TEST(options_win_over_the_document_and_zero_is_unset)
{
	auto_scratch scratch = scratch_open();
	auto_free char *path = text_format("%s/resources", scratch.path);
	struct update_options given = { .resources = path, .values = { [UPDATE_PIDS_LIMIT] = "9" } };
	static const char document[] = "{\"memory\":{\"limit\":0,\"swap\":5},\"pids\":{\"limit\":7}}";
	auto_json resources = NULL;
	auto_text printed = { 0 };
	struct err err = { 0 };

	ck_assert_int_eq(file_create_at(AT_FDCWD, path, document, strlen(document), 0600, NULL), 0);
	ck_assert_msg(update_read(&given, &resources, &err) == 0, "%s", err.text);
	json_print(resources, 0, &printed);
	ck_assert_str_eq(text_str(&printed), "{\"memory\":{\"swap\":5},\"pids\":{\"limit\":9}}");
}
END_TEST

static const struct {
	const char *file, *content, *written, *undo; /* undo NULL: the file does not tell */
} undos[] = {
	{ "pids.max", "42\n", "77", "42" },
	{ "cpu.max", "max 100000\n", "5000 10000", "max 100000" },
	{ "cpuset.cpus", "\n", "0", "\n" },
	{ "memory.oom_control", "oom_kill_disable 1\nunder_oom 0\noom_kill 0\n", "0", "1" },
	{ "io.max", "8:0 rbps=1 wbps=max riops=max wiops=max\n", "8:0 rbps=2",
	  "8:0 rbps=1 wbps=max riops=max wiops=max" },
	{ "io.max", "8:16 rbps=1 wbps=max riops=max wiops=max\n", "8:1 rbps=2",
	  "8:1 rbps=max wbps=max riops=max wiops=max" },
	{ "io.weight", "default 100\n8:0 50\n", "default 300", "default 100" },
	{ "io.weight", "default 100\n8:0 50\n", "8:16 300", "8:16 default" },
	{ "blkio.throttle.read_bps_device", "", "8:0 1000", "8:0 0" },
	{ "net_prio.ifpriomap", "lo 3\neth0 5\n", "eth0 9", "eth0 5" },
	{ "misc.max", "a 5\nb max\n", "b 3", "b max" },
	{ "misc.max", "a 5\nb max\n", "c 3", NULL },
};

START_TEST(the_old_value_is_what_takes_a_write_back)
{
	auto_scratch scratch = scratch_open();
	const struct cgroup_place place = { .directory = scratch.fd };

	for (size_t i = 0; i < ARRAY_SIZE(undos); i++) {
		auto_free char *undo = NULL;

		ck_assert_int_eq(file_create_at(scratch.fd, undos[i].file, undos[i].content,
						strlen(undos[i].content), 0600, NULL),
				 0);
		undo = cgroup_undo_value(&place, undos[i].file, undos[i].written);
		if (undos[i].undo)
			ck_assert_str_eq(undo, undos[i].undo);
		else
			ck_assert_ptr_null(undo);
	}
	ck_assert_ptr_null(cgroup_undo_value(&place, "missing", "1"));
}
END_TEST

START_TEST(the_last_change_is_taken_back_first)
{
	auto_scratch scratch = scratch_open();
	auto_journal journal = { 0 };
	const struct cgroup_place place = { .directory = scratch.fd, .journal = &journal };
	auto_text content = { 0 };

	ck_assert_int_eq(file_create_at(scratch.fd, "limit", "3", 1, 0600, NULL), 0);
	cgroup_note_file(&place, "limit", text_format("1"));
	cgroup_note_file(&place, "limit", text_format("2"));
	cgroup_note_file(&place, "gone", text_format("2"));
	ck_assert_uint_eq(journal.count, 3);
	ck_assert_uint_eq(cgroup_journal_undo(&journal), 1);
	ck_assert_int_eq(file_read_at(scratch.fd, "limit", 16, &content, NULL), 0);
	ck_assert_str_eq(text_str(&content), "1");
}
END_TEST

Suite *test_update(void)
{
	return UNIT_SUITE("update", options_become_resources, options_win_over_the_document_and_zero_is_unset,
			  the_old_value_is_what_takes_a_write_back, the_last_change_is_taken_back_first);
}
