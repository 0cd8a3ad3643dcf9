/* Devices by path, by directory and by CDI: each becomes a node and a row of what the cgroup allows. */
#include "tests/unit.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/cri/spec_fixture.h"

#define DENIED "{'allow': false, 'access': 'rwm'}"

START_TEST(a_device_is_a_node_and_a_permission)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_container(
	    &f,
	    "{'devices': [{'host_path': '/dev/null', 'container_path': '/dev/mine', 'permissions': 'rw'}]}");
	fixture_build(&f);
	fixture_has(&f, "linux.devices[0].path", "'/dev/mine'");
	fixture_has(&f, "linux.devices[0].type", "'c'");
	fixture_has(&f, "linux.devices[0].major", "1");
	fixture_has(&f, "linux.devices[0].minor", "3");
	ck_assert_ptr_nonnull(json_get(f.result.config, "linux.devices[0].fileMode"));
	fixture_has(&f, "linux.resources.devices",
		    "[" DENIED ", {'allow': true, 'type': 'c', 'major': 1, 'minor': 3, 'access': 'rw'}]");
	fixture_origin(&f, "linux.devices[0]", "cri", "devices[0]");
	fixture_origin(&f, "linux.resources.devices[1]", "cri", "devices[0].permissions");
}
END_TEST

START_TEST(what_is_left_out_is_taken_from_the_node)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_container(&f, "{'devices': [{'host_path': '/dev/zero'}, {'host_path': '/dev/zero'}]}");
	fixture_build(&f);
	ck_assert_uint_eq(json_length(json_get(f.result.config, "linux.devices")), 1);
	fixture_has(&f, "linux.devices[/dev/zero].minor", "5");
	fixture_has(&f, "linux.resources.devices[1].access", "'rwm'");
	fixture_origin(&f, "linux.devices[0]", "cri", "devices[1]");
}
END_TEST

START_TEST(symlinks_lead_to_the_device)
{
	auto_free char *container = NULL;
	auto_fixture f;

	fixture_open(&f);
	ck_assert_int_eq(symlinkat("/dev/zero", f.scratch.fd, "by-id"), 0);
	container = text_format("{'devices': [{'host_path': '%s/by-id', 'container_path': '/dev/z'}]}",
				f.scratch.path);
	fixture_container(&f, container);
	fixture_build(&f);
	fixture_has(&f, "linux.devices[/dev/z].minor", "5");
}
END_TEST

/* /dev has null, zero and, one level down, what is no device: /dev/pts and friends are as the machine has them. */
START_TEST(directories_are_walked)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_container(
	    &f, "{'devices': [{'host_path': '/dev', 'container_path': '/dev/all', 'permissions': 'r'}]}");
	fixture_build(&f);
	fixture_has(&f, "linux.devices[/dev/all/null].minor", "3");
	fixture_has(&f, "linux.devices[/dev/all/zero].minor", "5");
	fixture_has(&f, "linux.devices[/dev/all/stdin]", "null"); /* a symlink */
	fixture_has(&f, "linux.resources.devices[1].access", "'r'");
}
END_TEST

START_TEST(what_is_no_device_is_refused)
{
	auto_free char *container = NULL;
	auto_fixture f;

	fixture_open(&f);
	fixture_write(&f, "file", "");
	container = text_format("{'devices': [{'host_path': '%s/file'}]}", f.scratch.path);
	fixture_container(&f, container);
	fixture_refuses(&f, EINVAL, "neither a device nor a directory");
	fixture_container(&f, "{'devices': [{'host_path': '/dev/plumbline-none'}]}");
	fixture_refuses(&f, ENOENT, "/dev/plumbline-none");
	fixture_container(&f, "{'devices': [{'host_path': 'dev/null'}]}");
	fixture_refuses(&f, EINVAL, "absolute");
	fixture_container(&f, "{'devices': [{'host_path': '/dev/null', 'permissions': 'rx'}]}");
	fixture_refuses(&f, EINVAL, "not made of r, w and m");
}
END_TEST

#define VENDOR                                                                                               \
	"{\"cdiVersion\": \"0.6.0\", \"kind\": \"vendor.com/gpu\", \"devices\": ["                           \
	"{\"name\": \"0\", \"containerEdits\": {\"env\": [\"GPU=0\"], \"deviceNodes\": "                     \
	"[{\"path\": \"/dev/gpu0\", \"type\": \"c\", \"major\": 195, \"minor\": 0, \"permissions\": "        \
	"\"rw\"}]}},"                                                                                        \
	"{\"name\": \"1\", \"containerEdits\": {\"deviceNodes\": [{\"path\": \"/dev/gpu1\", \"hostPath\": "  \
	"\"/dev/zero\", \"uid\": 7}]}}],"                                                                    \
	"\"containerEdits\": {\"env\": [\"DRIVER=5\"], \"mounts\": [{\"hostPath\": \"/lib/gpu\", "           \
	"\"containerPath\": \"/usr/lib/gpu\", \"options\": [\"ro\", \"bind\"]}], \"hooks\": "                \
	"[{\"hookName\": "                                                                                   \
	"\"createContainer\", \"path\": \"/bin/hook\", \"args\": [\"hook\", \"x\"]}], \"additionalGids\": "  \
	"[44]}}"

/* The same as a person writes it. */
#define VENDOR_YAML                                                                                          \
	"# of a vendor\n"                                                                                    \
	"cdiVersion: 0.6.0\n"                                                                                \
	"kind: \"vendor.com/gpu\"\n"                                                                         \
	"devices:\n"                                                                                         \
	"- name: 0\n"                                                                                        \
	"  containerEdits:\n"                                                                                \
	"    env: [GPU=0]\n"                                                                                 \
	"    deviceNodes:\n"                                                                                 \
	"    - path: /dev/gpu0\n"                                                                            \
	"      type: c\n"                                                                                    \
	"      major: 195\n"                                                                                 \
	"      minor: 0\n"                                                                                   \
	"      permissions: rw\n"                                                                            \
	"- name: '1'\n"                                                                                      \
	"  containerEdits: {deviceNodes: [{path: /dev/gpu1, hostPath: /dev/zero, uid: 0x7}]}\n"              \
	"containerEdits:\n"                                                                                  \
	"  env:\n"                                                                                           \
	"    - DRIVER=5\n"                                                                                   \
	"  mounts:\n"                                                                                        \
	"    - hostPath: /lib/gpu\n"                                                                         \
	"      containerPath: /usr/lib/gpu\n"                                                                \
	"      options: [ro, bind]\n"                                                                        \
	"  hooks:\n"                                                                                         \
	"    - {hookName: createContainer, path: /bin/hook, args: [hook, !!str x]}\n"                        \
	"  additionalGids: [44]\n"

static void add_cdi_file(struct spec_fixture *f, const char *const *dirs, const char *name,
			 const char *content)
{
	auto_free char *path = text_format("cdi/%s", name);

	fixture_write(f, path, content);
	f->request.cdi_dirs = dirs;
	f->request.cdi_dir_count = 1;
}

static void add_cdi(struct spec_fixture *f, const char *const *dirs, const char *content)
{
	add_cdi_file(f, dirs, "vendor.json", content);
}

static void check_edits(const char *name, const char *content)
{
	auto_free char *dir = NULL;
	const char *dirs[1];
	auto_fixture f;

	fixture_open(&f);
	dirs[0] = dir = text_format("%s/cdi", f.scratch.path);
	add_cdi_file(&f, dirs, name, content);
	fixture_container(&f, "{'CDI_devices': [{'name': 'vendor.com/gpu=0'}, {'name': 'vendor.com/gpu=0'}], "
			      "'annotations': {'cdi.k8s.io/plugin': 'vendor.com/gpu=1,vendor.com/gpu=0'}}");
	fixture_build(&f);
	fixture_has(&f, "linux.devices[/dev/gpu0]",
		    "{'path': '/dev/gpu0', 'type': 'c', 'major': 195, 'minor': 0}");
	fixture_has(&f, "linux.devices[/dev/gpu1].minor", "5");
	fixture_has(&f, "linux.devices[/dev/gpu1].uid", "7");
	ck_assert_uint_eq(json_length(json_get(f.result.config, "linux.devices")), 2);
	fixture_has(&f, "linux.resources.devices[1]",
		    "{'allow': true, 'type': 'c', 'major': 195, 'minor': 0, 'access': 'rw'}");
	fixture_has(&f, "process.env[2]", "'GPU=0'");
	fixture_has(&f, "process.env[3]", "'DRIVER=5'");
	fixture_has(&f, "process.env[4]", "null"); /* what devices share is done once */
	fixture_has(&f, "mounts[/usr/lib/gpu]",
		    "{'destination': '/usr/lib/gpu', 'type': 'bind', 'source': '/lib/gpu', 'options': ['ro', "
		    "'bind']}");
	fixture_has(&f, "hooks.createContainer", "[{'path': '/bin/hook', 'args': ['hook', 'x']}]");
	fixture_has(&f, "process.user.additionalGids", "[0, 44]");
	fixture_origin(&f, "linux.devices[0]", "cdi", "vendor.com/gpu=0");
	fixture_origin(&f, "process.env[3]", "cdi", "vendor.com/gpu");
	ck_assert_ptr_nonnull(fixture_unmapped(&f, "CDI_devices[0]"));
}

START_TEST(cdi_devices_bring_their_edits)
{
	check_edits("vendor.json", VENDOR);
}
END_TEST

START_TEST(cdi_devices_may_stand_in_yaml)
{
	check_edits("vendor.yaml", VENDOR_YAML);
	check_edits("vendor.yml", VENDOR_YAML);
	check_edits("vendor.yaml", VENDOR); /* JSON is YAML */
}
END_TEST

START_TEST(mounts_of_cdi_stand_in_order)
{
	auto_free char *dir = NULL, *container = NULL;
	const char *dirs[1];
	auto_fixture f;

	fixture_open(&f);
	dirs[0] = dir = text_format("%s/cdi", f.scratch.path);
	add_cdi(&f, dirs, VENDOR);
	container =
	    text_format("{'CDI_devices': [{'name': 'vendor.com/gpu=0'}], 'mounts': [{'container_path': "
			"'/usr/lib/gpu/own/deep', 'host_path': '%s'}]}",
			f.scratch.path);
	fixture_container(&f, container);
	fixture_build(&f);
	fixture_has(&f, "mounts[6].destination", "'/usr/lib/gpu'");
	fixture_has(&f, "mounts[7].destination", "'/usr/lib/gpu/own/deep'");
	fixture_origin(&f, "mounts[6].options[0]", "cdi", "vendor.com/gpu");
}
END_TEST

START_TEST(later_directories_win)
{
	auto_free char *dir = NULL, *later = NULL;
	const char *dirs[2];
	auto_fixture f;

	fixture_open(&f);
	dirs[0] = dir = text_format("%s/cdi", f.scratch.path);
	dirs[1] = later = text_format("%s/run", f.scratch.path);
	add_cdi(&f, dirs, VENDOR);
	fixture_write(&f, "run/other.json",
		      "{\"kind\": \"vendor.com/gpu\", \"devices\": [{\"name\": \"0\", \"containerEdits\": "
		      "{\"env\": [\"GPU=new\"]}}]}");
	f.request.cdi_dir_count = 2;
	fixture_container(&f, "{'CDI_devices': [{'name': 'vendor.com/gpu=0'}]}");
	fixture_build(&f);
	fixture_has(&f, "process.env[2]", "'GPU=new'");
	fixture_has(&f, "linux.devices", "null");
	fixture_write(&f, "run/same.json",
		      "{\"kind\": \"vendor.com/gpu\", \"devices\": [{\"name\": \"0\"}]}");
	fixture_refuses(&f, EINVAL, "two files of one directory");
}
END_TEST

START_TEST(cdi_devices_that_nobody_describes)
{
	static const struct {
		const char *content, *name, *words;
	} rows[] = {
		{ VENDOR, "vendor.com/gpu=2", "CDI device vendor.com/gpu=2: no file describes it" },
		{ VENDOR, "vendor.com/gpu", "no file describes it" },
		{ VENDOR, "vendor.com/gp=0", "no file describes it" },
		{ "{\"devices\": []}", "vendor.com/gpu=0", "no kind" },
		{ "{broken", "vendor.com/gpu=0", "CDI file vendor.json" },
		{ "{\"kind\": \"v/c\", \"devices\": [{\"name\": \"0\", \"containerEdits\": {\"hooks\": "
		  "[{\"hookName\": \"never\"}]}}]}",
		  "v/c=0", "unknown hookName" },
		{ "{\"kind\": \"v/c\", \"devices\": [{\"name\": \"0\", \"containerEdits\": {\"env\": "
		  "[\"=x\"]}}]}",
		  "v/c=0", "no NAME=VALUE" },
		{ "{\"kind\": \"v/c\", \"devices\": [{\"name\": \"0\", \"containerEdits\": {\"deviceNodes\": "
		  "[{\"path\": "
		  "\"/etc/passwd\"}]}}]}",
		  "v/c=0", "is no device" },
		{ "{\"kind\": \"v/c\", \"devices\": [{\"name\": \"0\", \"containerEdits\": {\"mounts\": "
		  "[{\"hostPath\": "
		  "\"/a\"}]}}]}",
		  "v/c=0", "containerPath" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_free char *container = text_format("{'CDI_devices': [{'name': '%s'}]}", rows[i].name);
		auto_free char *dir = NULL;
		const char *dirs[1];
		auto_fixture f;

		fixture_open(&f);
		dirs[0] = dir = text_format("%s/cdi", f.scratch.path);
		add_cdi(&f, dirs, rows[i].content);
		fixture_container(&f, container);
		fixture_refuses(&f, EINVAL, rows[i].words);
	}
}
END_TEST

Suite *test_spec_devices(void)
{
	return UNIT_SUITE("spec_devices", a_device_is_a_node_and_a_permission,
			  what_is_left_out_is_taken_from_the_node, symlinks_lead_to_the_device,
			  directories_are_walked, what_is_no_device_is_refused, cdi_devices_bring_their_edits,
			  cdi_devices_may_stand_in_yaml, mounts_of_cdi_stand_in_order, later_directories_win,
			  cdi_devices_that_nobody_describes);
}
