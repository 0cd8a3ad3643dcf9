/* mounts: what the CRI lists over what is usual, in an order in which nothing hides what it should hold. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mountinfo.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/mounts.h"
#include "tests/cri/spec_fixture.h"

static void with_mounts(struct spec_fixture *f, const char *format, const char *path)
{
	auto_text text = { 0 };

	text_add(&text, "{'mounts': [");
	for (; *format; format++) {
		if (*format == '@')
			text_add(&text, path);
		else
			text_add_char(&text, *format);
	}
	text_add(&text, "]}");
	fixture_container(f, text_str(&text));
}

/* Destinations in their order, by spaces. */
static void order_is(const struct spec_fixture *f, const char *wanted)
{
	const struct json *mounts = json_get(f->result.config, "mounts");
	auto_text found = { 0 };

	for (size_t i = 0; i < json_length(mounts); i++)
		text_addf(&found, "%s%s", i ? " " : "",
			  json_string(json_member(json_at(mounts, i), "destination")));
	ck_assert_str_eq(text_str(&found), wanted);
}

#define USUAL "/proc /dev /dev/pts /dev/mqueue /sys /sys/fs/cgroup"

START_TEST(the_usual_ones_are_there)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_build(&f);
	order_is(&f, USUAL);
	fixture_has(&f, "mounts[/sys].options", "['nosuid', 'noexec', 'nodev', 'ro']");
	fixture_has(&f, "mounts[/dev/pts].options",
		    "['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']");
	fixture_origin(&f, "mounts[0].destination", "default", "usual mounts");
}
END_TEST

START_TEST(files_of_the_sandbox_come_along)
{
	auto_fixture f;

	fixture_open(&f);
	f.request.hosts = "/s/hosts";
	f.request.hostname = "/s/hostname";
	f.request.resolv_conf = "/s/resolv.conf";
	f.request.shm = "/s/shm";
	fixture_build(&f);
	order_is(&f, USUAL " /etc/hosts /etc/hostname /etc/resolv.conf /dev/shm");
	fixture_has(&f, "mounts[/etc/hosts]",
		    "{'destination': '/etc/hosts', 'type': 'bind', 'source': '/s/hosts', 'options': "
		    "['rbind', 'rprivate', 'rw']}");
	fixture_has(&f, "mounts[/dev/shm].options",
		    "['rbind', 'rprivate', 'nosuid', 'noexec', 'nodev', 'rw']");
	fixture_container(&f, "{'linux': {'security_context': {'readonly_rootfs': true}}}");
	fixture_build(&f);
	fixture_has(&f, "mounts[/etc/hosts].options", "['rbind', 'rprivate', 'ro']");
	fixture_sandbox(&f, "{'linux': {'security_context': {'namespace_options': {'ipc': 'NODE'}}}}");
	fixture_build(&f);
	fixture_has(&f, "mounts[/dev/shm].source", "'/dev/shm'");
}
END_TEST

START_TEST(the_cri_wins_over_what_is_usual)
{
	auto_fixture f;

	fixture_open(&f);
	f.request.hosts = "/s/hosts";
	with_mounts(&f,
		    "{'container_path': '/etc/hosts', 'host_path': '@'}, {'container_path': '/dev', "
		    "'host_path': '@'}",
		    f.scratch.path);
	fixture_build(&f);
	order_is(&f, "/proc /sys /sys/fs/cgroup /dev /etc/hosts");
	fixture_has(&f, "mounts[/etc/hosts].options", "['rbind', 'rprivate', 'rw']");
	fixture_origin(&f, "mounts[4].source", "cri", "mounts[0].host_path");
	fixture_origin(&f, "mounts[4].options[2]", "cri", "mounts[0].readonly");
	with_mounts(&f, "{'container_path': '/sys', 'host_path': '@'}", f.scratch.path);
	fixture_build(&f);
	order_is(&f, "/proc /dev /dev/pts /dev/mqueue /sys /etc/hosts");
}
END_TEST

START_TEST(shallow_comes_before_deep)
{
	auto_fixture f;

	fixture_open(&f);
	with_mounts(&f,
		    "{'container_path': '/a/b/c', 'host_path': '@'}, {'container_path': '//a/./b/', "
		    "'host_path': '@'}, "
		    "{'container_path': 'z', 'host_path': '@'}, {'container_path': '/a', 'host_path': '@'}",
		    f.scratch.path);
	fixture_build(&f);
	order_is(&f, USUAL " /z /a /a/b /a/b/c");
	fixture_origin(&f, "mounts[9].destination", "cri", "mounts[0].container_path");
}
END_TEST

START_TEST(options_of_a_mount)
{
	static const struct {
		const char *fields, *options;
	} rows[] = {
		{ "", "['rbind', 'rprivate', 'rw']" },
		{ ", 'readonly': true", "['rbind', 'rprivate', 'ro']" },
		{ ", 'readonly': true, 'recursive_read_only': true", "['rbind', 'rprivate', 'rro']" },
		{ ", 'mount_options': ['noexec', 'nodev', 'nosuid']",
		  "['rbind', 'rprivate', 'rw', 'noexec', 'nodev', 'nosuid']" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_free char *mount =
		    text_format("{'container_path': '/d', 'host_path': '@'%s}", rows[i].fields);
		auto_fixture f;

		fixture_open(&f);
		with_mounts(&f, mount, f.scratch.path);
		fixture_build(&f);
		fixture_has(&f, "mounts[/d].options", rows[i].options);
		fixture_has(&f, "linux.rootfsPropagation", "null");
	}
}
END_TEST

START_TEST(mounts_that_cannot_be_are_refused)
{
	static const struct {
		const char *mount, *words;
		int error;
	} rows[] = {
		{ "{'container_path': '/d', 'host_path': '@/none'}", "host path", ENOENT },
		{ "{'container_path': '/d', 'host_path': 'relative'}", "not absolute", EINVAL },
		{ "{'container_path': '/d'}", "not absolute", EINVAL },
		{ "{'host_path': '@'}", "container_path is empty", EINVAL },
		{ "{'container_path': '/.', 'host_path': '@'}", "the root is the image's", EINVAL },
		{ "{'container_path': '/d', 'host_path': '@', 'recursive_read_only': true}", "needs readonly",
		  EINVAL },
		{ "{'container_path': '/d', 'host_path': '@', 'readonly': true, 'recursive_read_only': true, "
		  "'propagation': 'PROPAGATION_HOST_TO_CONTAINER'}",
		  "needs private", EINVAL },
		{ "{'container_path': '/d', 'host_path': '@', 'mount_options': ['suid']}", "suid is none of",
		  EINVAL },
		{ "{'container_path': '/d', 'host_path': '@', 'uidMappings': [{'length': 1}]}",
		  "need each other", EINVAL },
		{ "{'container_path': '/d', 'host_path': '@', 'image': {'image': 'i'}, 'readonly': true}",
		  "at once", EINVAL },
		{ "{'container_path': '/d', 'image': {'image': 'i'}}", "only be mounted readonly", EINVAL },
		{ "{'container_path': '/d', 'image': {'image': 'i'}, 'readonly': true}",
		  "ImageVolumeMountFailed", EINVAL },
	};
	auto_fixture f;

	fixture_open(&f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		with_mounts(&f, rows[i].mount, f.scratch.path);
		fixture_refuses(&f, rows[i].error, rows[i].words);
	}
}
END_TEST

START_TEST(what_the_handler_lacks_is_said)
{
	auto_fixture f;

	fixture_open(&f);
	f.request.has_recursive_readonly = f.request.has_id_mapped_mounts = false;
	with_mounts(
	    &f, "{'container_path': '/d', 'host_path': '@', 'readonly': true, 'recursive_read_only': true}",
	    f.scratch.path);
	fixture_refuses(&f, EOPNOTSUPP, "RROUnsupported");
	with_mounts(
	    &f,
	    "{'container_path': '/d', 'host_path': '@', 'uidMappings': [{'length': 1}], 'gidMappings': "
	    "[{'length': 1}]}",
	    f.scratch.path);
	fixture_refuses(&f, EOPNOTSUPP, "no id-mapped mounts");
	f.request.has_id_mapped_mounts = true;
	fixture_build(&f);
	fixture_has(&f, "mounts[/d].uidMappings", "[{'containerID': 0, 'hostID': 0, 'size': 1}]");
}
END_TEST

START_TEST(sources_are_resolved_or_made)
{
	auto_free char *resolved = NULL;
	auto_fixture f;

	fixture_open(&f);
	ck_assert_int_eq(mkdirat(f.scratch.fd, "real", 0755), 0);
	ck_assert_int_eq(symlinkat("real", f.scratch.fd, "link"), 0);
	with_mounts(&f, "{'container_path': '/d', 'host_path': '@/link'}", f.scratch.path);
	fixture_build(&f);
	resolved = text_format("'%s/real'", f.scratch.path);
	fixture_has(&f, "mounts[/d].source", resolved);
	ck_assert_uint_eq(f.result.missing_count, 0);
	f.request.make_missing_sources = true;
	with_mounts(&f, "{'container_path': '/d', 'host_path': '@/none/deep'}", f.scratch.path);
	fixture_build(&f);
	ck_assert_uint_eq(f.result.missing_count, 1);
	ck_assert(text_ends(f.result.missing[0], "/none/deep"));
}
END_TEST

START_TEST(propagation_is_read_from_mountinfo)
{
	static const struct {
		const char *fields;
		bool to_container, both_ways;
	} rows[] = {
		{ "", false, false },
		{ "shared:1", true, true },
		{ "master:2", true, false },
		{ "shared:1 master:2", true, true },
		{ "master:2 propagate_from:3", true, false },
		{ "unbindable", false, false },
		{ "unshared:1", false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *line = text_format("9 1 0:5 / /d rw %s%s- tmpfs none rw\n", rows[i].fields,
						   *rows[i].fields ? " " : "");
		auto_mount_table table = { 0 };

		ck_assert_int_eq(mount_table_parse(line, &table, NULL), 0);
		ck_assert_int_eq(
		    mount_takes_part(&table.rows[0], "/d/x",
				     RUNTIME__V1__MOUNT_PROPAGATION__PROPAGATION_HOST_TO_CONTAINER, NULL),
		    rows[i].to_container ? 0 : -EINVAL);
		ck_assert_int_eq(mount_takes_part(&table.rows[0], "/d/x",
						  RUNTIME__V1__MOUNT_PROPAGATION__PROPAGATION_BIDIRECTIONAL,
						  NULL),
				 rows[i].both_ways ? 0 : -EINVAL);
	}
}
END_TEST

/* The mount that holds the directory, as this machine has it: every outcome is right for one of them. */
START_TEST(propagation_needs_a_source_that_takes_part)
{
	static const char *const modes[] = { "PROPAGATION_HOST_TO_CONTAINER", "PROPAGATION_BIDIRECTIONAL" };
	static const char *const options[] = { "rslave", "rshared" };

	for (size_t i = 0; i < 2; i++) {
		auto_free char *mount = text_format(
		    "{'container_path': '/d', 'host_path': '/proc', 'propagation': '%s'}", modes[i]);
		auto_free char *wanted = text_format("['rbind', '%s', 'rw']", options[i]);
		auto_free char *root = text_format("'%s'", options[i]);
		auto_mount_table table = { 0 };
		const struct mount_row *row;
		auto_fixture f;
		auto_fd self = open("/proc/self", O_PATH | O_CLOEXEC);

		fixture_open(&f);
		ck_assert_int_eq(mount_table_read(self, &table, NULL), 0);
		row = mount_table_find(&table, "/proc");
		with_mounts(&f, mount, "");
		if (!strstr(row->propagation, "shared:") &&
		    (i == 1 || !strstr(row->propagation, "master:"))) {
			fixture_refuses(&f, EINVAL, "which is not shared");
			continue;
		}
		fixture_build(&f);
		fixture_has(&f, "mounts[/d].options", wanted);
		fixture_has(&f, "linux.rootfsPropagation", root);
	}
}
END_TEST

START_TEST(images_are_mounted_where_they_lie)
{
	const char *paths[2] = { NULL, "/images/1/sub" };
	auto_fixture f;

	fixture_open(&f);
	f.request.image_mounts = paths;
	with_mounts(&f,
		    "{'container_path': '/h', 'host_path': '@', 'image': {}}, {'container_path': '/d', "
		    "'image': {'image': "
		    "'i'}, 'readonly': true, 'image_sub_path': 'sub'}",
		    f.scratch.path);
	fixture_build(&f);
	fixture_has(&f, "mounts[/d]",
		    "{'destination': '/d', 'type': 'bind', 'source': '/images/1/sub', 'options': ['rbind', "
		    "'rprivate', 'ro', 'noexec']}");
	fixture_has(&f, "mounts[/h].options", "['rbind', 'rprivate', 'rw']");
	fixture_origin(&f, "mounts[6].source", "cri", "mounts[0].host_path");
	fixture_origin(&f, "mounts[7].source", "cri", "mounts[1].image_sub_path");
}
END_TEST

START_TEST(volumes_of_the_image_are_left_to_the_caller)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_image(&f, "{'Cmd': ['x'], 'Volumes': {'/data': {}, '/taken/': {}}}");
	f.request.volume_dir = "/v";
	with_mounts(&f, "{'container_path': '/taken', 'host_path': '@'}", f.scratch.path);
	fixture_build(&f);
	ck_assert_uint_eq(f.result.volume_count, 1);
	ck_assert_str_eq(f.result.volumes[0].destination, "/data");
	ck_assert_str_eq(f.result.volumes[0].source, "/v/0");
	fixture_has(&f, "mounts[/data].source", "'/v/0'");
	f.request.volume_dir = NULL;
	fixture_build(&f);
	fixture_has(&f, "mounts[/data]", "null");
}
END_TEST

START_TEST(sysfs_is_bound_where_it_cannot_be_mounted)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_sandbox(
	    &f, "{'linux': {'security_context': {'namespace_options': {'network': 'NODE', 'userns_options': "
		"{'uids': [{'length': 9}], 'gids': [{'length': 9}]}}}}}");
	fixture_build(&f);
	fixture_has(&f, "mounts[/sys]",
		    "{'destination': '/sys', 'type': 'bind', 'source': '/sys', 'options': ['nosuid', "
		    "'noexec', 'nodev', "
		    "'rbind', 'rro']}");
}
END_TEST

Suite *test_spec_mounts(void)
{
	return UNIT_SUITE("spec_mounts", the_usual_ones_are_there, files_of_the_sandbox_come_along,
			  the_cri_wins_over_what_is_usual, shallow_comes_before_deep, options_of_a_mount,
			  mounts_that_cannot_be_are_refused, what_the_handler_lacks_is_said,
			  sources_are_resolved_or_made, propagation_is_read_from_mountinfo,
			  propagation_needs_a_source_that_takes_part, images_are_mounted_where_they_lie,
			  volumes_of_the_image_are_left_to_the_caller,
			  sysfs_is_bound_where_it_cannot_be_mounted);
}
