/* Whole reads and writes, size caps, roots that cannot be left, and trees that are hard to remove. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "tests/base/scratch.h"

static void write_file(int dirfd, const char *path, const char *content)
{
	struct err err = { 0 };

	ck_assert_msg(file_create_at(dirfd, path, content, strlen(content), 0644, &err) == 0, "%s", err.text);
}

static void expect_content(int dirfd, const char *path, const char *content)
{
	auto_text text = { 0 };

	ck_assert_int_eq(file_read_at(dirfd, path, 1 << 20, &text, NULL), 0);
	ck_assert_str_eq(text_str(&text), content);
}

START_TEST(reads_up_to_a_cap)
{
	auto_scratch scratch = scratch_open();
	auto_text text = { 0 };
	struct err err = { 0 };

	write_file(scratch.fd, "f", "12345");
	text_add(&text, "before:");
	ck_assert_int_eq(file_read_at(scratch.fd, "f", 4, &text, &err), -EFBIG);
	ck_assert_str_eq(err.text, "f: read: more than 4 bytes");
	ck_assert_str_eq(text_str(&text), "before:");
	ck_assert_int_eq(file_read_at(scratch.fd, "f", 5, &text, NULL), 0);
	ck_assert_str_eq(text_str(&text), "before:12345");
	ck_assert_int_eq(file_read_at(AT_FDCWD, "/dev/zero", 100000, &text, NULL), -EFBIG);
	ck_assert_int_eq(file_read_at(AT_FDCWD, "/proc/self/status", 65536, &text, NULL), 0);
	ck_assert_uint_gt(text.len, 100);
}
END_TEST

START_TEST(errors_name_the_path)
{
	auto_scratch scratch = scratch_open();
	auto_text text = { 0 };
	struct err err = { 0 };

	ck_assert_int_eq(file_read_at(scratch.fd, "none", 10, &text, &err), -ENOENT);
	ck_assert_str_eq(err.text, "open none: No such file or directory");
	err = (struct err){ 0 };
	ck_assert_int_eq(file_read_at(scratch.fd, ".", 10, &text, &err), -EISDIR);
	ck_assert_str_eq(err.text, ".: read: Is a directory");
}
END_TEST

START_TEST(opens_close_on_exec)
{
	auto_scratch scratch = scratch_open();
	auto_fd fd = file_open_at(scratch.fd, "f", O_RDWR | O_CREAT, 0600, NULL);
	auto_fd inside = file_open_in_root(scratch.fd, "/f", O_RDONLY, 0, NULL);

	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(inside, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(never_leaves_the_root)
{
	auto_scratch scratch = scratch_open();
	auto_fd root = -EBADF;
	static const char *const paths[] = {
		"up",         "absolute",       "deep/up",          "../../../secret",
		"/../secret", "absolute-dir/x", "deep/../../secret"
	};

	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "root/deep", 0755, NULL), 0);
	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "root/etc", 0755, NULL), 0);
	root = file_open_at(scratch.fd, "root", O_PATH | O_DIRECTORY, 0, NULL);
	write_file(scratch.fd, "secret", "outside");
	ck_assert_int_eq(symlinkat("../secret", root, "up"), 0);
	ck_assert_int_eq(symlinkat("../../../secret", root, "deep/up"), 0);
	ck_assert_int_eq(symlinkat("/secret", root, "absolute"), 0);
	ck_assert_int_eq(symlinkat("/..", root, "absolute-dir"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct err err = { 0 };

		ck_assert_msg(file_open_in_root(root, paths[i], O_RDONLY, 0, &err) == -ENOENT, "%s: %s",
			      paths[i], err.text);
	}
	/* Inside it, the same links lead to the root's own file. */
	write_file(root, "secret", "inside");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		auto_fd fd = -EBADF;
		auto_text text = { 0 };

		if (strcmp(paths[i], "absolute-dir/x") == 0)
			continue;
		fd = file_open_in_root(root, paths[i], O_RDONLY, 0, NULL);
		ck_assert_msg(fd >= 0, "%s", paths[i]);
		ck_assert_int_eq(file_read_fd(fd, 100, &text, NULL), 0);
		ck_assert_str_eq(text_str(&text), "inside");
	}
}
END_TEST

START_TEST(makes_files_in_the_root)
{
	auto_scratch scratch = scratch_open();
	auto_fd fd = file_open_in_root(scratch.fd, "/new", O_WRONLY | O_CREAT | O_EXCL, 0640, NULL);
	auto_fd magic = file_open_in_root(scratch.fd, "/proc-link", O_RDONLY, 0640, NULL);
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(magic, -ENOENT);
}
END_TEST

/* "/proc/self/fd/N" would lead anywhere. */
START_TEST(no_magic_links_in_the_root)
{
	auto_fd root = file_open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0, NULL);

	ck_assert_int_eq(file_open_in_root(root, "/proc/self/exe", O_RDONLY, 0, NULL), -ELOOP);
}
END_TEST

START_TEST(writes_existing_files_only)
{
	auto_scratch scratch = scratch_open();
	struct err err = { 0 };

	ck_assert_int_eq(file_write_at(scratch.fd, "f", "x", 1, &err), -ENOENT);
	write_file(scratch.fd, "f", "abc");
	ck_assert_int_eq(file_write_at(scratch.fd, "f", "x", 1, NULL), 0);
	expect_content(scratch.fd, "f", "xbc");
	err = (struct err){ 0 };
	ck_assert_int_eq(file_write_at(AT_FDCWD, "/dev/full", "x", 1, &err), -ENOSPC);
	ck_assert_str_eq(err.text, "write to /dev/full: No space left on device");
}
END_TEST

START_TEST(create_truncates)
{
	auto_scratch scratch = scratch_open();

	write_file(scratch.fd, "f", "long content");
	write_file(scratch.fd, "f", "short");
	expect_content(scratch.fd, "f", "short");
	ck_assert_int_eq(file_create_at(AT_FDCWD, "/dev/full", "x", 1, 0600, NULL), -ENOSPC);
}
END_TEST

START_TEST(replaces_or_leaves)
{
	auto_scratch scratch = scratch_open();
	auto_fd old = -EBADF;
	auto_text text = { 0 };
	struct stat st;

	write_file(scratch.fd, "f", "old");
	old = file_open_at(scratch.fd, "f", O_RDONLY, 0, NULL);
	ck_assert_int_eq(file_replace_at(scratch.fd, "f", "new", 3, 0600, NULL), 0);
	expect_content(scratch.fd, "f", "new");
	ck_assert_int_eq(fstatat(scratch.fd, "f", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(file_read_fd(old, 100, &text, NULL), 0); /* a reader keeps what it opened */
	ck_assert_str_eq(text_str(&text), "old");
	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "d/x", 0700, NULL), 0);
	ck_assert_int_eq(file_replace_at(scratch.fd, "d", "new", 3, 0600, NULL), -EISDIR);
	ck_assert_int_eq(unlinkat(scratch.fd, "d/x", AT_REMOVEDIR), 0);
	ck_assert_int_eq(unlinkat(scratch.fd, "d", AT_REMOVEDIR), 0);
	ck_assert_int_eq(unlinkat(scratch.fd, "f", 0), 0);
	ck_assert_int_eq(rmdir(scratch.path),
			 0); /* so no temporary file is left, after the failure neither */
	ck_assert_int_eq(mkdir(scratch.path, 0700), 0);
}
END_TEST

START_TEST(a_fifo_stops_no_reader)
{
	auto_scratch scratch = scratch_open();
	auto_text text = { 0 };

	ck_assert_int_eq(mkfifoat(scratch.fd, "fifo", 0600), 0);
	ck_assert_int_eq(file_read_at(scratch.fd, "fifo", 100, &text, NULL), 0);
	ck_assert_uint_eq(text.len, 0);
}
END_TEST

START_TEST(makes_directories)
{
	auto_scratch scratch = scratch_open();
	struct err err = { 0 };

	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "a//b/./c/", 0755, NULL), 0);
	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "a/b/c", 0755, NULL), 0);
	ck_assert_int_eq(faccessat(scratch.fd, "a/b/c", F_OK, 0), 0);
	write_file(scratch.fd, "a/f", "");
	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "a/f", 0755, &err), -ENOTDIR);
	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "a/f/g", 0755, NULL), -ENOTDIR);
	ck_assert_str_eq(err.text, "make directory a/f: Not a directory");
}
END_TEST

START_TEST(copies)
{
	auto_scratch scratch = scratch_open();
	auto_text big = { 0 }, copy = { 0 };
	struct stat st;

	for (int i = 0; i < 50000; i++)
		text_addf(&big, "%d,", i);
	write_file(scratch.fd, "from", text_str(&big));
	ck_assert_int_eq(file_copy_at(scratch.fd, "from", scratch.fd, "to", 0755, NULL), 0);
	ck_assert_int_eq(file_read_at(scratch.fd, "to", 1 << 20, &copy, NULL), 0);
	ck_assert_str_eq(text_str(&copy), text_str(&big));
	ck_assert_int_eq(fstatat(scratch.fd, "to", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	ck_assert_int_eq(file_copy_at(scratch.fd, "none", scratch.fd, "to2", 0755, NULL), -ENOENT);
	ck_assert_int_eq(faccessat(scratch.fd, "to2", F_OK, 0), -1);
	ck_assert_int_eq(file_copy_at(scratch.fd, "from", AT_FDCWD, "/dev/full", 0666, NULL), -ENOSPC);
}
END_TEST

START_TEST(reads_links)
{
	auto_scratch scratch = scratch_open();
	auto_text text = { 0 };
	char longest[PATH_MAX];

	ck_assert_int_eq(symlinkat("target", scratch.fd, "l"), 0);
	ck_assert_int_eq(file_read_link_at(scratch.fd, "l", &text, NULL), 0);
	ck_assert_str_eq(text_str(&text), "target");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(symlinkat(longest, scratch.fd, "longest"), 0);
	text_cut(&text, 0);
	ck_assert_int_eq(file_read_link_at(scratch.fd, "longest", &text, NULL), 0);
	ck_assert_uint_eq(text.len, sizeof(longest) - 1);
	write_file(scratch.fd, "f", "");
	ck_assert_int_eq(file_read_link_at(scratch.fd, "f", &text, NULL), -EINVAL);
}
END_TEST

START_TEST(removes_trees_not_targets)
{
	auto_scratch scratch = scratch_open();

	ck_assert_int_eq(file_remove_tree_at(scratch.fd, "none", NULL), 0);
	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "kept/x", 0755, NULL), 0);
	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "tree/a/b", 0755, NULL), 0);
	write_file(scratch.fd, "kept/f", "kept");
	write_file(scratch.fd, "tree/a/b/f", "");
	ck_assert_int_eq(symlinkat("../kept", scratch.fd, "tree/link"), 0);
	ck_assert_int_eq(symlinkat("kept", scratch.fd, "top"), 0);
	ck_assert_int_eq(file_remove_tree_at(scratch.fd, "top", NULL), 0);
	ck_assert_int_eq(file_remove_tree_at(scratch.fd, "tree", NULL), 0);
	ck_assert_int_eq(faccessat(scratch.fd, "tree", F_OK, 0), -1);
	ck_assert_int_eq(faccessat(scratch.fd, "top", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	expect_content(scratch.fd, "kept/f", "kept");
	ck_assert_int_eq(file_remove_tree_at(scratch.fd, "kept/f", NULL), 0);
	ck_assert_int_eq(faccessat(scratch.fd, "kept/f", F_OK, 0), -1);
}
END_TEST

/* Deeper than PATH_MAX and than the descriptors we may have; two of them in one directory. */
START_TEST(removes_what_is_deep)
{
	auto_scratch scratch = scratch_open();
	struct rlimit few = { 100, 100 };
	struct err err = { 0 };
	char name[201] = { 0 };

	memset(name, 'd', sizeof(name) - 1);
	for (int tree = 0; tree < 2; tree++) {
		auto_fd at = -EBADF;

		ck_assert_int_eq(file_make_dirs_at(scratch.fd, tree ? "t/two" : "t/one", 0755, NULL), 0);
		at = file_open_at(scratch.fd, tree ? "t/two" : "t/one", O_PATH | O_DIRECTORY, 0, NULL);
		for (int i = 0; i < 150; i++) {
			int below;

			ck_assert_int_eq(mkdirat(at, name, 0755), 0);
			below = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
			ck_assert_int_ge(below, 0);
			(void) close(at);
			at = below;
		}
		write_file(at, "bottom", "");
	}
	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "t/.remove-0/.remove-1", 0755, NULL), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_msg(file_remove_tree_at(scratch.fd, "t", &err) == 0, "%s", err.text);
	ck_assert_int_eq(faccessat(scratch.fd, "t", F_OK, 0), -1);
}
END_TEST

static bool enter_mount_namespace(void)
{
	return (unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

START_TEST(stays_on_its_side_of_a_mount)
{
	auto_scratch scratch = scratch_open();
	auto_free char *target = text_format("%s/t/mounted", scratch.path);
	auto_free char *source = text_format("%s/kept", scratch.path);
	struct err err = { 0 };

	ck_assert(enter_mount_namespace());
	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "t/mounted", 0755, NULL), 0);
	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "t/other", 0755, NULL), 0);
	ck_assert_int_eq(file_make_dirs_at(scratch.fd, "kept", 0755, NULL), 0);
	write_file(scratch.fd, "kept/f", "kept");
	/* A bind mount: the same device number, so st_dev alone would not stop us. */
	ck_assert_int_eq(mount(source, target, NULL, MS_BIND, NULL), 0);
	ck_assert_int_lt(file_remove_tree_at(scratch.fd, "t", &err), 0);
	ck_assert_msg(text_starts(err.text, "remove tree t: "), "%s", err.text);
	expect_content(scratch.fd, "kept/f", "kept");
	ck_assert_int_eq(faccessat(scratch.fd, "t/other", F_OK, 0), -1); /* the rest is gone all the same */
	ck_assert_int_eq(umount2(target, MNT_DETACH), 0);
	ck_assert_int_eq(file_remove_tree_at(scratch.fd, "t", NULL), 0);
}
END_TEST

Suite *test_file(void)
{
	return UNIT_SUITE("file", reads_up_to_a_cap, errors_name_the_path, opens_close_on_exec,
			  never_leaves_the_root, makes_files_in_the_root, no_magic_links_in_the_root,
			  writes_existing_files_only, create_truncates, replaces_or_leaves,
			  a_fifo_stops_no_reader, makes_directories, copies, reads_links,
			  removes_trees_not_targets, removes_what_is_deep, stays_on_its_side_of_a_mount);
}
