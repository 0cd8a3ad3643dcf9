/* Root file systems and volumes, made and undone for real: skipped without root. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mountinfo.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/image.h"
#include "tests/cri/image_fixture.h"

#define ROOTFS IMAGE_PLACE "/c1/rootfs"
#define STORAGE IMAGE_PLACE "/root/containers/c1"

/* Two layers: the second changes, hides and adds. */
static const char two_layers[] =
    "mkdir -p a/etc a/dir/sub a/tmp b/etc b/dir; echo old > a/etc/changed; echo gone > a/etc/hidden;"
    "echo below > a/dir/sub/file; chmod 1777 a/tmp; chown 5:6 a/etc/changed; chmod 4755 a/etc/changed;"
    "ln -s /etc a/link; ln a/dir/sub/file a/dir/other;"
    "echo new > b/etc/changed; : > b/etc/.wh.hidden; : > b/dir/.wh..wh..opq; echo alone > b/dir/only;"
    "$image layout test:1 a b";

static struct image_rootfs rootfs_of(const struct image *image)
{
	return (struct image_rootfs){ .image_id = image->id,
				      .holder = "c1",
				      .storage = STORAGE,
				      .target = ROOTFS,
				      .userns = IMAGE_USERNS_NONE };
}

static struct image *import(struct image_store *store)
{
	struct image *image;
	struct err err = { 0 };

	ck_assert_msg(image_import(store, IMAGE_PLACE "/layout", &err) == 1, "%s", err.text);
	image = image_find(store, "test:1");
	ck_assert_ptr_nonnull(image);
	return image;
}

static void make(struct image_store *store, const struct image_rootfs *rootfs)
{
	struct err err = { 0 };

	ck_assert_msg(image_rootfs_make(store, rootfs, &err) == 0, "%s", err.text);
}

static void expect(const char *path, const char *content)
{
	auto_free char *seen = image_file(path);

	ck_assert_str_eq(seen, content);
}

static struct stat look(const char *path)
{
	struct stat st;

	ck_assert_msg(lstat(path, &st) == 0, "%s: %s", path, strerror(errno));
	return st;
}

static size_t mounts_below(const char *path)
{
	auto_mount_table table = { 0 };
	auto_fd proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t count = 0;

	ck_assert_int_eq(mount_table_read(proc, &table, NULL), 0);
	for (size_t i = 0; i < table.count; i++)
		count +=
		    text_starts(table.rows[i].target, path) && table.rows[i].target[strlen(path)] != '\0';
	return count;
}

static void drop(struct image_store *store, const struct image_rootfs *rootfs)
{
	struct err err = { 0 };

	for (int i = 0; i < 2; i++)
		ck_assert_msg(image_rootfs_drop(store, rootfs, &err) == 0, "%s", err.text);
	ck_assert_int_lt(access(STORAGE, F_OK), 0);
	ck_assert_int_lt(access(ROOTFS, F_OK), 0);
	ck_assert_uint_eq(mounts_below(IMAGE_PLACE), 0);
}

static void check_content(void)
{
	expect(ROOTFS "/etc/changed", "new\n");
	ck_assert_int_lt(access(ROOTFS "/etc/hidden", F_OK), 0);
	ck_assert_int_lt(access(ROOTFS "/dir/sub", F_OK), 0);
	ck_assert_int_lt(access(ROOTFS "/dir/other", F_OK), 0);
	expect(ROOTFS "/dir/only", "alone\n");
	ck_assert_uint_eq(look(ROOTFS "/tmp").st_mode & 07777, 01777);
	ck_assert_uint_eq(look(ROOTFS).st_mode & 07777, 0755);
}

START_TEST(layers_lie_on_each_other)
{
	struct image_store *store;
	struct image_rootfs rootfs;
	auto_image image = NULL;
	const char *why;

	if (!image_fixture_open())
		return;
	image_shell(two_layers);
	store = image_store_for_test();
	ck_assert_msg(image_store_has_overlay(store, &why), "%s", why);
	image = import(store);
	rootfs = rootfs_of(image);
	make(store, &rootfs);
	check_content();
	drop(store, &rootfs);
	image_store_close(store);
}
END_TEST

START_TEST(a_copy_holds_the_same)
{
	struct image_store *store;
	struct image_rootfs rootfs;
	struct image_usage before, after;
	auto_image image = NULL;
	const char *why;

	if (!image_fixture_open())
		return;
	image_shell(two_layers);
	image_shell("mkdir -p root/images; echo copy > root/images/kind");
	store = image_store_for_test();
	ck_assert(!image_store_has_overlay(store, &why));
	ck_assert_str_eq(why, "the store was made where no overlay could be mounted");
	image = import(store);
	rootfs = rootfs_of(image);
	make(store, &rootfs);
	check_content();
	ck_assert_int_eq(image_rootfs_usage(STORAGE, &before, NULL), 0);
	ck_assert_uint_eq(before.inodes, 0);
	image_shell("echo x > c1/rootfs/x");
	ck_assert_int_eq(image_rootfs_usage(STORAGE, &after, NULL), 0);
	ck_assert_uint_eq(after.inodes, 1);
	drop(store, &rootfs);
	image_store_close(store);
}
END_TEST

START_TEST(what_is_written_is_counted_and_stays_apart)
{
	struct image_store *store;
	struct image_rootfs rootfs;
	struct image_usage usage;
	auto_image image = NULL;

	if (!image_fixture_open())
		return;
	image_shell(two_layers);
	store = image_store_for_test();
	image = import(store);
	rootfs = rootfs_of(image);
	make(store, &rootfs);
	image_shell(
	    "head -c 100000 /dev/zero > c1/rootfs/big; mkdir c1/rootfs/d; echo mine > c1/rootfs/etc/changed");
	ck_assert_int_eq(image_rootfs_usage(STORAGE, &usage, NULL), 0);
	/* The root, big, d, etc and changed. */
	ck_assert_uint_eq(usage.inodes, 5);
	ck_assert(usage.bytes >= 100000 && usage.bytes < 200000);
	drop(store, &rootfs);
	make(store, &rootfs);
	check_content();
	ck_assert_int_lt(access(ROOTFS "/big", F_OK), 0);
	drop(store, &rootfs);
	image_store_close(store);
}
END_TEST

static void check_owner(const char *path, uid_t uid, gid_t gid)
{
	struct stat st = look(path);

	ck_assert_msg(st.st_uid == uid && st.st_gid == gid, "%s: %u:%u", path, st.st_uid, st.st_gid);
}

static void in_userns(const char *kind, bool copies)
{
	static const struct image_mapping mapping = { .host_id = 100000, .container_id = 0, .length = 1000 };
	auto_fd userns = image_userns();
	struct image_store *store;
	struct image_rootfs rootfs;
	auto_image image = NULL;

	image_shell("mkdir -p a/bin a/own; echo x > a/bin/x; chown 5:6 a/bin/x; chmod 4755 a/bin/x; chown "
		    "7:8 a/own; $image layout test:1 a");
	image_shell(kind);
	store = image_store_for_test();
	image = import(store);
	rootfs = rootfs_of(image);
	rootfs.userns = (struct image_userns){ userns, &mapping, &mapping, 1, 1 };
	make(store, &rootfs);
	ck_assert_int_eq(access(STORAGE "/copy", F_OK) == 0, copies);
	check_owner(ROOTFS, 100000, 100000);
	check_owner(ROOTFS "/bin/x", 100005, 100006);
	check_owner(ROOTFS "/own", 100007, 100008);
	ck_assert_uint_eq(look(ROOTFS "/bin/x").st_mode & 07777, 04755);
	drop(store, &rootfs);
	image_store_close(store);
}

START_TEST(ids_of_a_user_namespace_by_mount)
{
	if (!image_fixture_open())
		return;
	in_userns(":", false);
}
END_TEST

START_TEST(ids_of_a_user_namespace_by_copy)
{
	if (!image_fixture_open())
		return;
	in_userns("mkdir -p root/images; echo copy > root/images/kind", true);
}
END_TEST

START_TEST(ids_beyond_the_map_are_refused_whole)
{
	static const struct image_mapping mapping = { .host_id = 100000, .container_id = 0, .length = 1000 };
	auto_fd userns = -EBADF;
	struct image_store *store;
	struct image_rootfs rootfs;
	auto_image image = NULL;
	struct err err = { 0 };

	if (!image_fixture_open())
		return;
	userns = image_userns();
	image_shell("mkdir -p a root/images; echo copy > root/images/kind; echo x > a/x; chown 5000:0 a/x; "
		    "$image layout test:1 a");
	store = image_store_for_test();
	image = import(store);
	rootfs = rootfs_of(image);
	rootfs.userns = (struct image_userns){ userns, &mapping, &mapping, 1, 1 };
	ck_assert_int_eq(image_rootfs_make(store, &rootfs, &err), -EINVAL);
	ck_assert_str_eq(err.text, "root file system of c1: x: owner 5000:0 has no id in the user namespace");
	drop(store, &rootfs);
	image_store_close(store);
}
END_TEST

START_TEST(a_removed_image_stays_under_its_containers)
{
	auto_free char *layers = NULL;
	struct image_store *store;
	struct image_rootfs rootfs;
	auto_image image = NULL;

	if (!image_fixture_open())
		return;
	image_shell(two_layers);
	store = image_store_for_test();
	image = import(store);
	rootfs = rootfs_of(image);
	make(store, &rootfs);
	ck_assert_int_eq(image_remove(store, "test:1", NULL), 0);
	ck_assert_int_eq(image_remove(store, "test:1", NULL), 0);
	ck_assert_ptr_null(image_find(store, image->id));
	check_content();
	/* Neither forgets it over a restart. */
	image_store_close(store);
	store = image_store_for_test();
	check_content();
	image_shell("test \"$(ls root/images/layers | wc -l)\" = 2");
	drop(store, &rootfs);
	image_shell(
	    "test -z \"$(ls -A root/images/layers root/images/blobs/sha256 root/images/tmp | grep -v :)\"");
	image_store_close(store);
}
END_TEST

static bool nobody(const char *holder, void *user)
{
	(void) holder;
	(void) user;
	return false;
}

START_TEST(who_is_gone_holds_nothing)
{
	struct image_store *store;
	struct image_rootfs rootfs;
	auto_image image = NULL;

	if (!image_fixture_open())
		return;
	image_shell(two_layers);
	store = image_store_for_test();
	image = import(store);
	rootfs = rootfs_of(image);
	make(store, &rootfs);
	ck_assert_int_eq(umount2(ROOTFS, MNT_DETACH), 0);
	ck_assert_int_eq(image_remove(store, image->id, NULL), 0);
	image_sweep_holders(store, nobody, NULL);
	image_shell("test -z \"$(ls -A root/images/layers root/images/holders | grep -v :)\"");
	image_store_close(store);
}
END_TEST

START_TEST(leftovers_of_a_killed_server_are_removed)
{
	struct image_store *store;
	auto_image image = NULL;

	if (!image_fixture_open())
		return;
	image_shell(two_layers);
	store = image_store_for_test();
	image = import(store);
	image_store_close(store);
	image_shell("cd root/images; mkdir -p tmp/7/upper layers/$(printf a%.0s $(seq 64)) layers/half; : > "
		    "blobs/sha256/partial;"
		    "echo x > tmp/7/upper/x; : > holders/c9.new-3");
	store = image_store_for_test();
	image_shell("cd root/images; test -z \"$(ls -A tmp)\"; test $(ls layers | wc -l) = 2; test $(ls "
		    "blobs/sha256 | wc -l) = 1");
	/* An image of which a layer is gone is gone: it can be pulled again. */
	image_store_close(store);
	image_shell("rm -r root/images/layers/*");
	store = image_store_for_test();
	ck_assert_ptr_null(image_find(store, "test:1"));
	image_store_close(store);
}
END_TEST

START_TEST(one_process_has_the_store)
{
	struct image_store_options options = { .root = IMAGE_PLACE "/root" };
	struct image_store *store, *second = NULL;
	struct err err = { 0 };

	if (!image_fixture_open())
		return;
	store = image_store_for_test();
	ck_assert_int_eq(image_store_open(&options, &second, &err), -EBUSY);
	ck_assert_str_eq(err.text, "open the store of images: /media/root/images: another process has it");
	image_store_close(store);
}
END_TEST

#define VOLUMES IMAGE_PLACE "/s1/images"

static char *mount_volume(struct image_store *store, const char *id, const char *sub_path, struct err *err)
{
	char *path = NULL;

	(void) image_volume_mount(store, id, sub_path, VOLUMES, "s1", NULL, &path, err);
	return path;
}

START_TEST(volumes_are_read_only_and_shared)
{
	auto_free char *whole = NULL, *again = NULL, *part = NULL, *through = NULL, *file = NULL;
	struct image_store *store;
	auto_image image = NULL;
	struct err err = { 0 };

	if (!image_fixture_open())
		return;
	image_shell(two_layers);
	store = image_store_for_test();
	image = import(store);
	whole = mount_volume(store, image->id, "", &err);
	again = mount_volume(store, image->id, "", &err);
	part = mount_volume(store, image->id, "dir", &err);
	ck_assert_msg(whole && again && part, "%s", err.text);
	ck_assert_str_eq(whole, again);
	ck_assert_uint_eq(mounts_below(VOLUMES), 2);
	file = text_format("%s/only", part);
	expect(file, "alone\n");
	ck_assert_int_lt(open(file, O_WRONLY | O_CLOEXEC), 0);
	ck_assert_int_eq(errno, EROFS);
	/* A link to /etc is the image's /etc. */
	through = mount_volume(store, image->id, "link", &err);
	ck_assert_msg(through != NULL, "%s", err.text);
	free(TAKE(file));
	file = text_format("%s/changed", through);
	expect(file, "new\n");
	for (int i = 0; i < 2; i++)
		ck_assert_msg(image_volumes_drop(store, VOLUMES, "s1", &err) == 0, "%s", err.text);
	ck_assert_uint_eq(mounts_below(IMAGE_PLACE), 0);
	ck_assert_int_lt(access(VOLUMES, F_OK), 0);
	image_store_close(store);
}
END_TEST

START_TEST(one_layer_alone_is_read_only_too)
{
	auto_free char *whole = NULL, *file = NULL;
	struct image_store *store;
	auto_image image = NULL;
	struct err err = { 0 };

	if (!image_fixture_open())
		return;
	image_shell("mkdir a; echo x > a/x; $image layout test:1 a");
	store = image_store_for_test();
	image = import(store);
	whole = mount_volume(store, image->id, "", &err);
	ck_assert_msg(whole != NULL, "%s", err.text);
	file = text_format("%s/x", whole);
	expect(file, "x\n");
	ck_assert_int_lt(open(file, O_WRONLY | O_CLOEXEC), 0);
	ck_assert_int_eq(errno, EROFS);
	ck_assert_int_eq(image_volumes_drop(store, VOLUMES, "s1", NULL), 0);
	image_store_close(store);
}
END_TEST

START_TEST(an_import_that_lies_leaves_nothing)
{
	static const struct {
		const char *script, *why;
	} rows[] = {
		{ "echo >> $(find layout/blobs -size +0 -name '*' -type f | xargs grep -l diff_ids)",
		  "its digest is" },
		{ "f=$(ls -S layout/blobs/sha256 | head -n 1); echo >> layout/blobs/sha256/$f",
		  "its digest is" },
		{ "rm layout/blobs/sha256/$(ls -S layout/blobs/sha256 | head -n 1)",
		  "No such file or directory" },
		{ "sed -i s/sha256:/sha256:x/ layout/index.json", "manifests[0] has no digest" },
		{ "echo '{}' > layout/index.json", "no image for linux" },
		{ "rm layout/oci-layout", "neither an OCI layout nor what docker save writes" },
	};

	if (!image_fixture_open())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image_store *store;
		struct err err = { 0 };

		image_shell(
		    "rm -rf layout a; mkdir a; head -c 9999 /dev/zero > a/x; $image -z none layout test:1 a");
		image_shell(rows[i].script);
		store = image_store_for_test();
		ck_assert_int_lt(image_import(store, IMAGE_PLACE "/layout", &err), 0);
		ck_assert_msg(strstr(err.text, rows[i].why) != NULL, "%zu: %s", i, err.text);
		ck_assert_ptr_null(image_find(store, "test:1"));
		image_shell("test -z \"$(ls -A root/images/layers root/images/tmp root/images/blobs/sha256 | "
			    "grep -v :)\"");
		image_store_close(store);
	}
}
END_TEST

START_TEST(volumes_refuse_with_the_kubelets_word)
{
	static const struct {
		const char *sub_path;
		const char *end;
	} rows[] = {
		{ "nothing", ": No such file or directory" },
		{ "etc/changed", ": Not a directory" },
		{ "../../../nothing", ": No such file or directory" },
	};
	struct image_store *store;
	auto_image image = NULL;

	if (!image_fixture_open())
		return;
	image_shell(two_layers);
	store = image_store_for_test();
	image = import(store);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = { 0 };

		ck_assert_ptr_null(mount_volume(store, image->id, rows[i].sub_path, &err));
		ck_assert(text_starts(err.text, "ImageVolumeMountFailed: "));
		ck_assert_msg(text_ends(err.text, rows[i].end), "%s", err.text);
	}
	ck_assert_int_eq(image_volumes_drop(store, VOLUMES, "s1", NULL), 0);
	image_store_close(store);
}
END_TEST

START_TEST(volumes_begin_with_what_the_image_has)
{
	auto_fd root = -EBADF, to = -EBADF;
	struct err err = { 0 };

	if (!image_fixture_open())
		return;
	image_shell("mkdir -p r/data/d v; echo x > r/data/d/x; chown 5:6 r/data; chmod 700 r/data; ln -s "
		    "/data r/link");
	root = open(IMAGE_PLACE "/r", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to = open(IMAGE_PLACE "/v", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_msg(image_copy_up(root, "link", to, &err) == 0, "%s", err.text);
	expect(IMAGE_PLACE "/v/d/x", "x\n");
	check_owner(IMAGE_PLACE "/v", 5, 6);
	ck_assert_uint_eq(look(IMAGE_PLACE "/v").st_mode & 07777, 0700);
	ck_assert_int_eq(image_copy_up(root, "nothing", to, &err), 0);
}
END_TEST

START_TEST(many_layers_still_mount)
{
	struct image_store *store;
	struct image_rootfs rootfs;
	auto_image image = NULL;

	if (!image_fixture_open())
		return;
	/* As paths, of 90 bytes or more, longer than a page: by descriptors. */
	image_shell("mkdir l; for i in $(seq 48); do echo $i > l/last; echo $i > l/f$i; tar --sort=name "
		    "--mtime=@0 -C l -cf $i.tar .; rm l/f$i;"
		    " set -- \"$@\" $i.tar; done; $image -z none layout test:1 \"$@\"");
	store = image_store_for_test();
	image = import(store);
	ck_assert_uint_eq(image->layer_count, 48);
	rootfs = rootfs_of(image);
	make(store, &rootfs);
	expect(ROOTFS "/last", "48\n");
	expect(ROOTFS "/f1", "1\n");
	drop(store, &rootfs);
	image_store_close(store);
}
END_TEST

Suite *test_image_rootfs(void)
{
	return UNIT_SUITE("image_rootfs", layers_lie_on_each_other, a_copy_holds_the_same,
			  what_is_written_is_counted_and_stays_apart, ids_of_a_user_namespace_by_mount,
			  ids_of_a_user_namespace_by_copy, ids_beyond_the_map_are_refused_whole,
			  a_removed_image_stays_under_its_containers, who_is_gone_holds_nothing,
			  leftovers_of_a_killed_server_are_removed, one_process_has_the_store,
			  volumes_are_read_only_and_shared, one_layer_alone_is_read_only_too,
			  an_import_that_lies_leaves_nothing, volumes_refuse_with_the_kubelets_word,
			  volumes_begin_with_what_the_image_has, many_layers_still_mount);
}
