/* What a container shares with its pod and with the node, and where its cgroup lies. */
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/cri/spec_fixture.h"

#define MAPPINGS                                                                                             \
	"'uids': [{'host_id': 100000, 'length': 65536}], 'gids': [{'host_id': 200000, 'length': 65536}]"

static void with_options(struct spec_fixture *f, const char *sandbox, const char *container)
{
	auto_free char *pod = text_format(
	    "{'hostname': 'pod', 'linux': {'security_context': {'namespace_options': %s}}}", sandbox);
	auto_free char *own =
	    text_format("{'linux': {'security_context': {'namespace_options': %s}}}", container);

	fixture_sandbox(f, pod);
	fixture_container(f, own);
}

START_TEST(modes_of_a_container)
{
	static const struct {
		const char *sandbox, *container, *namespaces;
	} rows[] = {
		{ "{}", "{}",
		  "[{'type': 'mount'}, {'type': 'network', 'path': '/ns/net'}, {'type': 'uts', 'path': "
		  "'/ns/uts'}, "
		  "{'type': 'ipc', 'path': '/ns/ipc'}, {'type': 'pid', 'path': '/ns/pid'}, {'type': "
		  "'cgroup'}]" },
		{ "{}", "{'pid': 'CONTAINER'}",
		  "[{'type': 'mount'}, {'type': 'network', 'path': '/ns/net'}, {'type': 'uts', 'path': "
		  "'/ns/uts'}, "
		  "{'type': 'ipc', 'path': '/ns/ipc'}, {'type': 'pid'}, {'type': 'cgroup'}]" },
		{ "{'network': 'NODE', 'ipc': 'NODE', 'pid': 'NODE'}",
		  "{'network': 'NODE', 'ipc': 'NODE', 'pid': 'NODE'}",
		  "[{'type': 'mount'}, {'type': 'cgroup'}]" },
		{ "{'network': 'NODE'}", "{'network': 'NODE', 'pid': 'CONTAINER'}",
		  "[{'type': 'mount'}, {'type': 'ipc', 'path': '/ns/ipc'}, {'type': 'pid'}, {'type': "
		  "'cgroup'}]" },
		{ "{'pid': 'CONTAINER'}", "{'pid': 'TARGET', 'target_id': 'c0'}",
		  "[{'type': 'mount'}, {'type': 'network', 'path': '/ns/net'}, {'type': 'uts', 'path': "
		  "'/ns/uts'}, "
		  "{'type': 'ipc', 'path': '/ns/ipc'}, {'type': 'pid', 'path': '/ns/pid'}, {'type': "
		  "'cgroup'}]" },
		{ "{'network': 'CONTAINER', 'ipc': 'CONTAINER', 'pid': 'CONTAINER'}", "{'pid': 'CONTAINER'}",
		  "[{'type': 'mount'}, {'type': 'network', 'path': '/ns/net'}, {'type': 'uts', 'path': "
		  "'/ns/uts'}, "
		  "{'type': 'ipc', 'path': '/ns/ipc'}, {'type': 'pid'}, {'type': 'cgroup'}]" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_fixture f;

		fixture_open(&f);
		with_options(&f, rows[i].sandbox, rows[i].container);
		fixture_build(&f);
		fixture_has(&f, "linux.namespaces", rows[i].namespaces);
	}
}
END_TEST

START_TEST(modes_of_a_sandbox)
{
	static const struct {
		const char *sandbox, *namespaces;
	} rows[] = {
		{ "{}", "[{'type': 'mount'}, {'type': 'network', 'path': '/ns/net'}, {'type': 'uts'}, "
			"{'type': 'ipc'}, "
			"{'type': 'pid'}, {'type': 'cgroup'}]" },
		{ "{'network': 'NODE', 'ipc': 'NODE', 'pid': 'NODE'}",
		  "[{'type': 'mount'}, {'type': 'cgroup'}]" },
		{ "{'pid': 'CONTAINER', 'userns_options': {'mode': 'POD', " MAPPINGS "}}",
		  "[{'type': 'user', 'path': '/ns/user'}, {'type': 'mount'}, {'type': 'network', 'path': "
		  "'/ns/net'}, "
		  "{'type': 'uts'}, {'type': 'ipc'}, {'type': 'pid'}, {'type': 'cgroup'}]" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_fixture f;

		fixture_open(&f);
		with_options(&f, rows[i].sandbox, "{}");
		fixture_build_sandbox(&f);
		fixture_has(&f, "linux.namespaces", rows[i].namespaces);
	}
}
END_TEST

START_TEST(on_version_1_there_is_no_cgroup_namespace)
{
	auto_fixture f;

	fixture_open(&f);
	f.request.cgroup_v2 = false;
	fixture_build(&f);
	fixture_has(&f, "linux.namespaces[cgroup]", "null");
	fixture_has(&f, "linux.namespaces[mount]", "{'type': 'mount'}");
}
END_TEST

START_TEST(a_container_sees_no_more_than_its_sandbox)
{
	auto_fixture f;

	fixture_open(&f);
	with_options(&f, "{}", "{'pid': 'NODE'}");
	fixture_refuses(&f, EINVAL, "the sandbox does not have the node's");
	with_options(&f, "{}", "{'pid': 'TARGET'}");
	fixture_refuses(&f, EINVAL, "target_id");
	with_options(&f, "{}", "{}");
	f.request.namespaces.pid = NULL;
	fixture_refuses(&f, EINVAL, "no pid namespace to share");
}
END_TEST

START_TEST(user_namespaces_have_one_mapping)
{
	auto_fixture f;

	fixture_open(&f);
	with_options(&f, "{'userns_options': {'mode': 'POD', " MAPPINGS "}}", "{}");
	fixture_build(&f);
	fixture_has(&f, "linux.namespaces[0]", "{'type': 'user', 'path': '/ns/user'}");
	fixture_has(&f, "linux.uidMappings", "[{'containerID': 0, 'hostID': 100000, 'size': 65536}]");
	fixture_has(&f, "linux.gidMappings", "[{'containerID': 0, 'hostID': 200000, 'size': 65536}]");
	with_options(&f, "{'userns_options': {'mode': 'NODE'}}", "{'userns_options': {'mode': 'NODE'}}");
	fixture_build(&f);
	fixture_has(&f, "linux.uidMappings", "null");
}
END_TEST

START_TEST(other_user_namespaces_are_refused)
{
	static const struct {
		const char *sandbox, *container, *words;
		int error;
	} rows[] = {
		{ "{'userns_options': {'mode': 'POD'}}", "{}", "0 mappings, must be exactly one", EINVAL },
		{ "{'userns_options': {'mode': 'POD', 'uids': [{'length': 1}, {'length': 1}], 'gids': "
		  "[{'length': 1}]}}",
		  "{}", "2 mappings", EINVAL },
		{ "{'userns_options': {'mode': 'POD', 'uids': [{'length': 1}], 'gids': []}}", "{}",
		  "gids: 0 mappings", EINVAL },
		{ "{'userns_options': {'mode': 'POD', 'uids': [{'length': 0}], 'gids': [{'length': 1}]}}",
		  "{}", "no ids", EINVAL },
		{ "{'userns_options': {'mode': 'POD', 'uids': [{'host_id': 4294967295, 'length': 2}], "
		  "'gids': [{'length': 1}]}}",
		  "{}", "run past", EINVAL },
		{ "{'userns_options': {'mode': 'NODE', " MAPPINGS "}}", "{}", "mode is NODE", EINVAL },
		{ "{'userns_options': {'mode': 'CONTAINER'}}", "{}", "for each container is not supported",
		  EOPNOTSUPP },
		{ "{'userns_options': {'mode': 'TARGET'}}", "{}", "of another container", EOPNOTSUPP },
		{ "{}", "{'userns_options': {'mode': 'POD', " MAPPINGS "}}", "not those of its sandbox",
		  EINVAL },
		{ "{'userns_options': {'mode': 'POD', " MAPPINGS "}}", "{'userns_options': {'mode': 'NODE'}}",
		  "not those of its sandbox", EINVAL },
		{ "{'userns_options': {'mode': 'POD', " MAPPINGS "}}",
		  "{'userns_options': {'mode': 'POD', 'uids': [{'length': 65536}], 'gids': [{'length': "
		  "65536}]}}",
		  "not those of its sandbox", EINVAL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_fixture f;

		fixture_open(&f);
		with_options(&f, rows[i].sandbox, rows[i].container);
		fixture_refuses(&f, rows[i].error, rows[i].words);
	}
}
END_TEST

START_TEST(cgroups_lie_where_kubelet_made_them)
{
	static const struct {
		const char *parent, *path;
		bool systemd;
	} rows[] = {
		{ "", "'/plumbline-cri/c1'", false },
		{ "/kubepods/pod1", "'/kubepods/pod1/c1'", false },
		{ "kubepods/pod1/", "'/kubepods/pod1/c1'", false },
		{ "/", "'/c1'", false },
		{ "", "'system.slice:plumbline-cri:c1'", true },
		{ "/kubepods.slice/kubepods-pod1.slice", "'kubepods-pod1.slice:plumbline-cri:c1'", true },
		{ "kubepods.slice", "'kubepods.slice:plumbline-cri:c1'", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_free char *sandbox = text_format("{'linux': {'cgroup_parent': '%s'}}", rows[i].parent);
		auto_fixture f;

		fixture_open(&f);
		f.request.systemd_cgroup = rows[i].systemd;
		fixture_sandbox(&f, sandbox);
		fixture_build(&f);
		fixture_has(&f, "linux.cgroupsPath", rows[i].path);
	}
}
END_TEST

START_TEST(drivers_that_disagree_are_told)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_sandbox(&f, "{'linux': {'cgroup_parent': '/kubepods.slice'}}");
	fixture_refuses(&f, EINVAL, "the cgroup driver here is cgroupfs");
	f.request.systemd_cgroup = true;
	fixture_sandbox(&f, "{'linux': {'cgroup_parent': '/kubepods/pod1'}}");
	fixture_refuses(&f, EINVAL, "the cgroup driver here is systemd");
	f.request.systemd_cgroup = false;
	fixture_sandbox(&f, "{'linux': {'cgroup_parent': '/a/../../b'}}");
	fixture_refuses(&f, EINVAL, "leads upwards");
}
END_TEST

START_TEST(sysctls_of_a_sandbox)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_build_sandbox(&f);
	fixture_has(
	    &f, "linux.sysctl",
	    "{'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647'}");
	fixture_sandbox(&f, "{'linux': {'sysctls': {'net.ipv4.ip_unprivileged_port_start': '1024', "
			    "'kernel.sem': '1 2 3 4'}}}");
	fixture_build_sandbox(&f);
	fixture_has(
	    &f, "linux.sysctl",
	    "{'net.ipv4.ip_unprivileged_port_start': '1024', 'net.ipv4.ping_group_range': '0 2147483647', "
	    "'kernel.sem': '1 2 3 4'}");
	fixture_origin(&f, "linux.sysctl[net.ipv4.ip_unprivileged_port_start]", "cri",
		       "linux.sysctls[net.ipv4.ip_unprivileged_port_start]");
	fixture_origin(&f, "linux.sysctl[net.ipv4.ping_group_range]", "default", "unprivileged ping");
	fixture_sandbox(&f, "{'linux': {'sysctls': {'net/ipv4/conf/eth0.1/forwarding': '1'}}}");
	fixture_build_sandbox(&f);
	fixture_has(&f, "linux.sysctl[net.ipv4.conf.eth0/1.forwarding]", "'1'");
	with_options(&f, "{'network': 'NODE'}", "{}");
	fixture_build_sandbox(&f);
	fixture_has(&f, "linux.sysctl", "null");
	with_options(&f, "{'userns_options': {'mode': 'POD', " MAPPINGS "}}", "{}");
	fixture_build_sandbox(&f);
	fixture_has(&f, "linux.sysctl", "{'net.ipv4.ip_unprivileged_port_start': '0'}");
}
END_TEST

START_TEST(sysctls_of_the_node_are_refused)
{
	static const struct {
		const char *mode, *key, *words;
	} rows[] = {
		{ "'network': 'NODE'", "net.core.somaxconn", "node's network" },
		{ "'ipc': 'NODE'", "kernel.shmmax", "node's IPC" },
		{ "'ipc': 'NODE'", "fs.mqueue.msg_max", "node's IPC" },
		{ "'ipc': 'NODE'", "kernel/msgmax", "node's IPC" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_free char *sandbox =
		    text_format("{'linux': {'sysctls': {'%s': '1'}, 'security_context': "
				"{'namespace_options': {%s}}}}",
				rows[i].key, rows[i].mode);
		auto_fixture f;
		struct err err = { 0 };

		fixture_open(&f);
		fixture_sandbox(&f, sandbox);
		ck_assert_int_eq(spec_sandbox(&f.request, &f.result, &err), -EINVAL);
		ck_assert_msg(strstr(err.text, rows[i].words), "%s", err.text);
	}
}
END_TEST

Suite *test_spec_namespaces(void)
{
	return UNIT_SUITE("spec_namespaces", modes_of_a_container, modes_of_a_sandbox,
			  on_version_1_there_is_no_cgroup_namespace,
			  a_container_sees_no_more_than_its_sandbox, user_namespaces_have_one_mapping,
			  other_user_namespaces_are_refused, cgroups_lie_where_kubelet_made_them,
			  drivers_that_disagree_are_told, sysctls_of_a_sandbox,
			  sysctls_of_the_node_are_refused);
}
