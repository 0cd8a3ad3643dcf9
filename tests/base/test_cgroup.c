/* cgroup layouts from text, and a process's place in them from a made-up /proc/PID. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mountinfo.h"
#include "base/text.h"
#include "tests/base/scratch.h"

#define ROOT "1 0 8:0 / / rw - ext4 /dev/sda rw\n"
#define V1_CPU "10 1 0:10 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
#define V1_NAMED                                                                                             \
	"11 1 0:11 / /sys/fs/cgroup/systemd rw - cgroup systemd rw,xattr,release_agent=/x,name=systemd\n"
#define V2_UNIFIED "12 1 0:12 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
#define V2_ALONE "13 1 0:13 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n"
#define V1_PIDS_BELOW "14 1 0:14 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"
#define V1_AGAIN "15 1 0:10 /x /mnt/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
#define COVER "16 1 0:16 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"

static void layout_of(const char *mountinfo, struct cgroup_layout *ret)
{
	auto_mount_table table = { 0 };

	ck_assert_int_eq(mount_table_parse(mountinfo, &table, NULL), 0);
	ck_assert_int_eq(cgroup_layout_from(&table, ret, NULL), 0);
}

START_TEST(knows_the_modes)
{
	static const struct {
		const char *mountinfo, *mode;
		size_t count;
	} rows[] = {
		{ ROOT, "none", 0 },
		{ ROOT V1_CPU V1_NAMED, "v1", 2 },
		{ ROOT V1_CPU V1_NAMED V2_UNIFIED, "hybrid", 3 },
		{ ROOT V2_ALONE, "v2", 1 },
		{ ROOT V2_ALONE V2_ALONE, "v2", 1 },
		{ ROOT V1_CPU V1_AGAIN, "v1", 1 },
		{ ROOT V1_CPU V1_NAMED V2_UNIFIED COVER, "none", 0 },
		{ "", "none", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_cgroup_layout layout = { 0 };

		layout_of(rows[i].mountinfo, &layout);
		ck_assert_msg(strcmp(cgroup_mode_name(layout.mode), rows[i].mode) == 0, "row %zu", i);
		ck_assert_uint_eq(layout.count, rows[i].count);
	}
}
END_TEST

START_TEST(finds_controllers)
{
	auto_cgroup_layout layout = { 0 };

	layout_of(ROOT V1_CPU V1_AGAIN V1_NAMED V2_UNIFIED, &layout);
	ck_assert_str_eq(cgroup_find(&layout, "cpu")->mount_point, "/sys/fs/cgroup/cpu,cpuacct");
	ck_assert_str_eq(cgroup_find(&layout, "cpuacct")->controllers, "cpu,cpuacct");
	ck_assert_str_eq(cgroup_find(&layout, "name=systemd")->controllers, "name=systemd");
	ck_assert(cgroup_find(&layout, "")->unified);
	ck_assert_str_eq(cgroup_find(&layout, "")->controllers, "");
	ck_assert_ptr_null(cgroup_find(&layout, "cp"));
	ck_assert_ptr_null(cgroup_find(&layout, "acct"));
	ck_assert_ptr_null(cgroup_find(&layout, "pids"));
	ck_assert_ptr_null(cgroup_find(&layout, "systemd"));
	ck_assert_ptr_null(cgroup_find(&layout, "xattr"));
}
END_TEST

START_TEST(unified_is_no_controller_of_v1)
{
	auto_cgroup_layout layout = { 0 };

	layout_of(ROOT V1_CPU, &layout);
	ck_assert_ptr_null(cgroup_find(&layout, ""));
}
END_TEST

static const struct {
	const char *mountinfo, *controller, *cgroup_file;
	int r;
	const char *path, *directory;
} places[] = {
	{ ROOT V2_ALONE, "", "0::/a/b\n", 0, "/a/b", "/sys/fs/cgroup/a/b" },
	{ ROOT V2_ALONE, "", "0::/\n", 0, "/", "/sys/fs/cgroup" },
	{ ROOT V2_ALONE, "", "0::/a:b\n", 0, "/a:b", "/sys/fs/cgroup/a:b" },
	{ ROOT V1_CPU V2_UNIFIED, "cpuacct", "4:name=systemd:/s\n3:cpu,cpuacct:/c\n0::/u\n", 0, "/c",
	  "/sys/fs/cgroup/cpu,cpuacct/c" },
	{ ROOT V1_CPU V2_UNIFIED, "", "3:cpu,cpuacct:/c\n0::/u\n", 0, "/u", "/sys/fs/cgroup/unified/u" },
	{ ROOT V1_PIDS_BELOW, "pids", "2:pids:/docker/abc/x\n", 0, "/docker/abc/x", "/sys/fs/cgroup/pids/x" },
	{ ROOT V1_PIDS_BELOW, "pids", "2:pids:/docker/abc\n", 0, "/docker/abc", "/sys/fs/cgroup/pids" },
	{ ROOT V1_PIDS_BELOW, "pids", "2:pids:/docker/abcd\n", -EXDEV, "/docker/abcd", NULL },
	{ ROOT V1_PIDS_BELOW, "pids", "2:pids:/\n", -EXDEV, "/", NULL },
	{ ROOT V2_ALONE, "", "0::/../other\n", -EXDEV, "/../other", NULL },
	{ ROOT V2_ALONE, "", "0::/..x\n", 0, "/..x", "/sys/fs/cgroup/..x" },
	{ ROOT "13 1 0:13 /.. /sys/fs/cgroup rw - cgroup2 cgroup rw\n", "", "0::/\n", -EXDEV, "/", NULL },
};

START_TEST(finds_a_process)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		auto_cgroup_layout layout = { 0 };
		auto_text path = { 0 }, directory = { 0 };
		auto_scratch scratch = scratch_open();
		const struct cgroup_hierarchy *hierarchy;
		struct err err = { 0 };

		layout_of(places[i].mountinfo, &layout);
		hierarchy = cgroup_find(&layout, places[i].controller);
		ck_assert_int_eq(file_create_at(scratch.fd, "cgroup", places[i].cgroup_file,
						strlen(places[i].cgroup_file), 0600, NULL),
				 0);
		ck_assert_int_eq(cgroup_path_of(scratch.fd, hierarchy, &path, NULL), 0);
		ck_assert_str_eq(text_str(&path), places[i].path);
		ck_assert_msg(cgroup_directory_of(scratch.fd, hierarchy, &directory, &err) == places[i].r,
			      "row %zu: %s", i, err.text);
		ck_assert_str_eq(text_str(&directory), places[i].directory ? places[i].directory : "");
	}
}
END_TEST

START_TEST(process_outside_a_hierarchy)
{
	auto_cgroup_layout layout = { 0 };
	auto_scratch scratch = scratch_open();
	auto_text path = { 0 };
	static const char lines[] = "3:cpu:/c\n2:cpu,cpuacct,x:/d\nnonsense\n1:\n";

	layout_of(ROOT V1_CPU, &layout);
	ck_assert_int_eq(cgroup_path_of(scratch.fd, &layout.rows[0], &path, NULL), -ENOENT);
	ck_assert_int_eq(file_create_at(scratch.fd, "cgroup", lines, strlen(lines), 0600, NULL), 0);
	ck_assert_int_eq(cgroup_path_of(scratch.fd, &layout.rows[0], &path, NULL), -ENOENT);
	ck_assert_uint_eq(path.len, 0);
}
END_TEST

START_TEST(lists_members)
{
	static const char procs[] = "1\n\n0\n42\n99999999999\nx\n4194304\n";
	auto_scratch scratch = scratch_open();
	auto_free pid_t *pids = NULL;
	size_t count = 0;

	ck_assert_int_eq(cgroup_members(scratch.fd, &pids, &count, NULL), -ENOENT);
	ck_assert_int_eq(file_create_at(scratch.fd, "cgroup.procs", procs, strlen(procs), 0600, NULL), 0);
	ck_assert_int_eq(cgroup_members(scratch.fd, &pids, &count, NULL), 0);
	ck_assert_uint_eq(count, 3);
	ck_assert_int_eq(pids[0], 1);
	ck_assert_int_eq(pids[1], 42);
	ck_assert_int_eq(pids[2], 4194304);
}
END_TEST

START_TEST(empty_cgroup_has_no_members)
{
	auto_scratch scratch = scratch_open();
	auto_free pid_t *pids = NULL;
	size_t count = 4711;

	ck_assert_int_eq(file_create_at(scratch.fd, "cgroup.procs", "", 0, 0600, NULL), 0);
	ck_assert_int_eq(cgroup_members(scratch.fd, &pids, &count, NULL), 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_ptr_nonnull(pids);
}
END_TEST

/* Whatever this machine mounts: our own place in each hierarchy is a directory that lists us. */
START_TEST(finds_ourselves)
{
	auto_cgroup_layout layout = { 0 };
	auto_fd self = file_open_at(AT_FDCWD, "/proc/self", O_PATH | O_DIRECTORY, 0, NULL);

	ck_assert_int_eq(cgroup_layout_read(&layout, NULL), 0);
	for (size_t i = 0; i < layout.count; i++) {
		auto_text path = { 0 };
		auto_fd directory = -EBADF;
		auto_free pid_t *pids = NULL;
		size_t count = 0, found = 0;
		struct err err = { 0 };
		int r = cgroup_directory_of(self, &layout.rows[i], &path, &err);

		if (r == -EXDEV)
			continue; /* a container shows a part of the tree that we are not in */
		ck_assert_msg(r == 0, "%s", err.text);
		directory = file_open_at(AT_FDCWD, text_str(&path), O_RDONLY | O_DIRECTORY, 0, &err);
		ck_assert_msg(directory >= 0, "%s", err.text);
		ck_assert_int_eq(cgroup_members(directory, &pids, &count, NULL), 0);
		for (size_t k = 0; k < count; k++)
			found += pids[k] == getpid();
		ck_assert_msg(found == 1, "%s", text_str(&path));
	}
}
END_TEST

static pid_t pausing_child(void)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void) pause();
	_exit(0);
}

/* Two were listed; by now one of the numbers may be a stranger's. */
START_TEST(a_signal_is_for_members_alone)
{
	auto_scratch scratch = scratch_open();
	pid_t pids[] = { pausing_child(), pausing_child(), 0 };
	auto_free char *procs = text_format("%d\n", (int) pids[0]);
	size_t reached = 0;
	siginfo_t info = { 0 };

	ck_assert_int_eq(file_create_at(scratch.fd, "cgroup.procs", procs, strlen(procs), 0600, NULL), 0);
	ck_assert_int_eq(cgroup_signal(scratch.fd, pids, ARRAY_SIZE(pids), SIGUSR1, &reached, NULL), 0);
	ck_assert_uint_eq(reached, 1);
	ck_assert_int_eq(waitid(P_PID, (id_t) pids[0], &info, WEXITED), 0);
	ck_assert_int_eq(info.si_status, SIGUSR1);
	ck_assert_int_eq(kill(pids[1], SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t) pids[1], &info, WEXITED), 0);
	ck_assert_int_eq(info.si_status, SIGKILL);
}
END_TEST

Suite *test_cgroup(void)
{
	return UNIT_SUITE("cgroup", knows_the_modes, finds_controllers, unified_is_no_controller_of_v1,
			  finds_a_process, process_outside_a_hierarchy, lists_members,
			  a_signal_is_for_members_alone, empty_cgroup_has_no_members, finds_ourselves);
}
