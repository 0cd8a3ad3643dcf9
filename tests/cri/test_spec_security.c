/* What confines a container: capabilities, seccomp, labels, privilege, masked paths. */
#include "tests/unit.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/cri/spec_fixture.h"

#define DEFAULTS                                                                                             \
	"'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_SETGID', "            \
	"'CAP_SETUID', 'CAP_SETPCAP', 'CAP_NET_BIND_SERVICE', "

static void with_security(struct spec_fixture *f, const char *security)
{
	auto_free char *container = text_format("{'linux': {'security_context': %s}}", security);

	fixture_container(f, container);
}

static void privileged_sandbox(struct spec_fixture *f)
{
	fixture_sandbox(f, "{'hostname': 'pod', 'linux': {'security_context': {'privileged': true}}}");
}

START_TEST(capabilities_are_added_and_dropped)
{
	static const struct {
		const char *wishes, *bounding;
	} rows[] = {
		{ "{}", "[" DEFAULTS
			"'CAP_NET_RAW', 'CAP_SYS_CHROOT', 'CAP_MKNOD', 'CAP_AUDIT_WRITE', 'CAP_SETFCAP']" },
		{ "{'add_capabilities': ['NET_ADMIN', 'cap_sys_time'], 'drop_capabilities': ['MKNOD', "
		  "'Audit_Write', "
		  "'SETFCAP', 'SYS_CHROOT', 'NET_RAW']}",
		  "[" DEFAULTS "'CAP_NET_ADMIN', 'CAP_SYS_TIME']" },
		{ "{'drop_capabilities': ['ALL']}", "[]" },
		{ "{'add_capabilities': ['CHOWN'], 'drop_capabilities': ['ALL']}", "['CAP_CHOWN']" },
		{ "{'add_capabilities': ['KILL', 'CHOWN'], 'drop_capabilities': ['all', 'KILL']}",
		  "['CAP_CHOWN']" },
		{ "{'add_capabilities': ['ALL'], 'drop_capabilities': ['ALL']}", "[]" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_free char *security = text_format("{'capabilities': %s}", rows[i].wishes);
		auto_fixture f;

		fixture_open(&f);
		with_security(&f, security);
		fixture_build(&f);
		fixture_has(&f, "process.capabilities.bounding", rows[i].bounding);
		fixture_has(&f, "process.capabilities.effective", rows[i].bounding);
		fixture_has(&f, "process.capabilities.permitted", rows[i].bounding);
		fixture_has(&f, "process.capabilities.inheritable", "null");
		fixture_has(&f, "process.capabilities.ambient", "null");
	}
}
END_TEST

/* How many this process, and so a server started like it, could pass on. */
static size_t own_capabilities(void)
{
	size_t count = 0;

	for (int i = 0; i < 64; i++)
		count += prctl(PR_CAPBSET_READ, i) == 1;
	return count;
}

START_TEST(all_but_one_is_all_but_one)
{
	auto_fixture f;

	fixture_open(&f);
	with_security(&f,
		      "{'capabilities': {'add_capabilities': ['ALL'], 'drop_capabilities': ['SYS_ADMIN']}}");
	fixture_build(&f);
	ck_assert_uint_eq(json_length(json_get(f.result.config, "process.capabilities.bounding")),
			  own_capabilities() - (prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) == 1));
	fixture_origin(&f, "process.capabilities.bounding[2]", "cri",
		       "linux.security_context.capabilities.add_capabilities");
	for (size_t i = 0; i < json_length(json_get(f.result.config, "process.capabilities.bounding")); i++)
		ck_assert_str_ne(
		    json_string(json_at(json_get(f.result.config, "process.capabilities.bounding"), i)),
		    "CAP_SYS_ADMIN");
}
END_TEST

START_TEST(ambient_ones_are_in_every_set)
{
	auto_fixture f;

	fixture_open(&f);
	with_security(&f, "{'capabilities': {'drop_capabilities': ['ALL'], "
			  "'add_ambient_capabilities': ['NET_BIND_SERVICE', 'SYS_NICE']}}");
	fixture_build(&f);
	fixture_has(
	    &f, "process.capabilities",
	    "{'bounding': ['CAP_NET_BIND_SERVICE', 'CAP_SYS_NICE'], 'effective': ['CAP_NET_BIND_SERVICE', "
	    "'CAP_SYS_NICE'], 'permitted': ['CAP_NET_BIND_SERVICE', 'CAP_SYS_NICE'], 'inheritable': "
	    "['CAP_NET_BIND_SERVICE', 'CAP_SYS_NICE'], 'ambient': ['CAP_NET_BIND_SERVICE', 'CAP_SYS_NICE']}");
	fixture_origin(&f, "process.capabilities.ambient[0]", "cri",
		       "linux.security_context.capabilities.add_ambient_capabilities[0]");
}
END_TEST

START_TEST(unknown_capabilities_are_refused)
{
	static const char *const lists[] = { "add_capabilities", "drop_capabilities",
					     "add_ambient_capabilities" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		auto_free char *security =
		    text_format("{'capabilities': {'%s': ['CHOWN', 'CAP_COFFEE']}}", lists[i]);
		auto_free char *words = text_format("%s[1]: no capability is named CAP_COFFEE", lists[i]);
		auto_fixture f;

		fixture_open(&f);
		with_security(&f, security);
		fixture_refuses(&f, EINVAL, words);
	}
}
END_TEST

START_TEST(privilege_is_the_sandboxs_to_give)
{
	auto_fixture f;

	fixture_open(&f);
	with_security(&f, "{'privileged': true}");
	fixture_refuses(&f, EINVAL, "no privileged container allowed in sandbox");
	privileged_sandbox(&f);
	fixture_build(&f);
}
END_TEST

static bool has_option(const struct spec_fixture *f, const char *mount, const char *option)
{
	auto_free char *path = text_format("mounts[%s].options", mount);
	const struct json *options = json_get(f->result.config, path);

	for (size_t i = 0; i < json_length(options); i++)
		if (strcmp(json_string(json_at(options, i)), option) == 0)
			return true;
	return false;
}

START_TEST(the_privileged_see_the_machine)
{
	auto_fixture f;

	fixture_open(&f);
	privileged_sandbox(&f);
	with_security(
	    &f,
	    "{'privileged': true, 'masked_paths': ['/proc/kcore'], 'readonly_paths': ['/proc/sys'], "
	    "'seccomp': {'profile_type': 'RuntimeDefault'}, 'capabilities': {'drop_capabilities': ['ALL']}}");
	fixture_build(&f);
	ck_assert_uint_eq(json_length(json_get(f.result.config, "process.capabilities.bounding")),
			  own_capabilities());
	fixture_has(&f, "linux.seccomp", "null");
	fixture_has(&f, "linux.maskedPaths", "null");
	fixture_has(&f, "linux.readonlyPaths", "null");
	fixture_has(&f, "linux.resources.devices", "[{'allow': true, 'access': 'rwm'}]");
	ck_assert(has_option(&f, "/sys", "rw") && !has_option(&f, "/sys", "ro"));
	ck_assert(has_option(&f, "/sys/fs/cgroup", "rw"));
	fixture_build_sandbox(&f); /* it mounts the sysfs of the pod first */
	ck_assert(has_option(&f, "/sys", "rw") && !has_option(&f, "/sys", "ro"));
	fixture_build(&f);
	fixture_has(&f, "linux.devices[/dev/null].minor", "3");
	fixture_has(&f, "linux.devices[/dev/ptmx]", "null");
	for (size_t i = 0; i < json_length(json_get(f.result.config, "linux.namespaces")); i++)
		ck_assert_str_ne(json_string(json_member(
				     json_at(json_get(f.result.config, "linux.namespaces"), i), "type")),
				 "cgroup");
	ck_assert_ptr_nonnull(fixture_unmapped(&f, "linux.security_context.masked_paths"));
	ck_assert_ptr_nonnull(fixture_unmapped(&f, "linux.security_context.seccomp"));
}
END_TEST

START_TEST(paths_are_taken_verbatim)
{
	auto_fixture f;

	fixture_open(&f);
	with_security(&f, "{'masked_paths': ['/proc/kcore', '/proc/x'], 'readonly_paths': ['/proc/sys'], "
			  "'readonly_rootfs': true, 'no_new_privs': true}");
	fixture_build(&f);
	fixture_has(&f, "linux.maskedPaths", "['/proc/kcore', '/proc/x']");
	fixture_has(&f, "linux.readonlyPaths", "['/proc/sys']");
	fixture_origin(&f, "linux.maskedPaths[1]", "cri", "linux.security_context.masked_paths[1]");
	fixture_has(&f, "root.readonly", "true");
	fixture_has(&f, "process.noNewPrivileges", "true");
	ck_assert(has_option(&f, "/sys", "ro"));
	fixture_container(&f, "{}");
	fixture_build(&f);
	fixture_has(&f, "linux.maskedPaths", "null");
	fixture_has(&f, "root.readonly", "false");
	fixture_has(&f, "process.noNewPrivileges", "false");
}
END_TEST

/* "allow", the number of an errno rule, or NULL: no rule. args are not looked at. */
static const char *rule_for(const struct spec_fixture *f, const char *name)
{
	const struct json *rules = json_get(f->result.config, "linux.seccomp.syscalls");

	for (size_t i = 0; i < json_length(rules); i++) {
		const struct json *rule = json_at(rules, i), *names = json_member(rule, "names");

		for (size_t j = 0; j < json_length(names); j++)
			if (strcmp(json_string(json_at(names, j)), name) == 0)
				return json_has(rule, "args") ? "conditional"
							      : json_string(json_member(rule, "action"));
	}
	return NULL;
}

START_TEST(the_default_filter_follows_capabilities)
{
	auto_fixture f;

	fixture_open(&f);
	with_security(&f, "{'seccomp': {'profile_type': 'RuntimeDefault'}}");
	fixture_build(&f);
	fixture_has(&f, "linux.seccomp.defaultAction", "'SCMP_ACT_ERRNO'");
	ck_assert_str_eq(rule_for(&f, "openat"), "SCMP_ACT_ALLOW");
	ck_assert_str_eq(rule_for(&f, "chroot"),
			 "SCMP_ACT_ALLOW"); /* by a capability that is there by default */
	ck_assert_str_eq(rule_for(&f, "clone"), "conditional");
	ck_assert_str_eq(rule_for(&f, "clone3"), "SCMP_ACT_ERRNO");
	ck_assert_str_eq(rule_for(&f, "socket"), "conditional");
	ck_assert_ptr_null(rule_for(&f, "mount"));
	ck_assert_ptr_null(rule_for(&f, "io_uring_setup"));
	ck_assert_ptr_null(rule_for(&f, "keyctl"));
	with_security(&f, "{'seccomp': {}, 'capabilities': {'add_capabilities': ['SYS_ADMIN'], "
			  "'drop_capabilities': ['SYS_CHROOT']}}");
	fixture_build(&f);
	ck_assert_str_eq(rule_for(&f, "mount"), "SCMP_ACT_ALLOW");
	ck_assert_str_eq(rule_for(&f, "clone"), "SCMP_ACT_ALLOW");
	ck_assert_ptr_null(rule_for(&f, "chroot"));
	fixture_origin(&f, "linux.seccomp", "cri", "linux.security_context.seccomp");
}
END_TEST

START_TEST(no_call_is_named_twice)
{
	auto_fixture f;
	const struct json *names;

	fixture_open(&f);
	with_security(&f, "{'seccomp': {}}");
	fixture_build(&f);
	names = json_get(f.result.config, "linux.seccomp.syscalls[0].names");
	ck_assert_uint_gt(json_length(names), 300);
	for (size_t i = 0; i < json_length(names); i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(json_string(json_at(names, i)), json_string(json_at(names, j)));
}
END_TEST

START_TEST(seccomp_fields_old_and_new)
{
	static const struct {
		const char *security, *action;
	} rows[] = {
		{ "{}", "null" },
		{ "{'seccomp': {'profile_type': 'Unconfined'}}", "null" },
		{ "{'seccomp_profile_path': 'unconfined'}", "null" },
		{ "{'seccomp_profile_path': 'runtime/default'}", "'SCMP_ACT_ERRNO'" },
		{ "{'seccomp_profile_path': 'docker/default'}", "'SCMP_ACT_ERRNO'" },
		{ "{'seccomp_profile_path': 'unconfined', 'seccomp': {}}", "'SCMP_ACT_ERRNO'" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_fixture f;

		fixture_open(&f);
		with_security(&f, rows[i].security);
		fixture_build(&f);
		fixture_has(&f, "linux.seccomp.defaultAction", rows[i].action);
	}
}
END_TEST

START_TEST(a_profile_of_the_node_is_read)
{
	auto_fixture f;
	auto_free char *file = NULL, *old = NULL, *missing = NULL, *none = NULL;

	fixture_open(&f);
	fixture_write(&f, "profile.json", "{\"defaultAction\": \"SCMP_ACT_LOG\"}");
	fixture_write(&f, "none.json", "{\"names\": []}");
	file = text_format("{'seccomp': {'profile_type': 'Localhost', 'localhost_ref': '%s/profile.json'}}",
			   f.scratch.path);
	old = text_format("{'seccomp_profile_path': 'localhost/%s/profile.json'}", f.scratch.path);
	missing = text_format(
	    "{'seccomp': {'profile_type': 'Localhost', 'localhost_ref': '%s/nowhere.json'}}", f.scratch.path);
	none = text_format(
	    "{'seccomp': {'profile_type': 'Localhost', 'localhost_ref': 'localhost/%s/none.json'}}",
	    f.scratch.path);
	with_security(&f, file);
	fixture_build(&f);
	fixture_has(&f, "linux.seccomp", "{'defaultAction': 'SCMP_ACT_LOG'}");
	with_security(&f, old);
	fixture_build(&f);
	fixture_has(&f, "linux.seccomp", "{'defaultAction': 'SCMP_ACT_LOG'}");
	with_security(&f, missing);
	fixture_refuses(&f, EINVAL, "nowhere.json");
	with_security(&f, none);
	fixture_refuses(&f, EINVAL, "no seccomp profile");
	with_security(&f, "{'seccomp': {'profile_type': 'Localhost', 'localhost_ref': 'relative.json'}}");
	fixture_refuses(&f, EINVAL, "absolute");
	with_security(&f, "{'seccomp_profile_path': 'whatever'}");
	fixture_refuses(&f, EINVAL, "is no profile");
}
END_TEST

START_TEST(labels_that_the_kernel_lacks)
{
	auto_fixture f;

	fixture_open(&f);
	with_security(&f, "{'apparmor': {'profile_type': 'RuntimeDefault'}}");
	fixture_build(&f);
	fixture_has(&f, "process.apparmorProfile", "null");
	ck_assert_ptr_nonnull(fixture_unmapped(&f, "linux.security_context.apparmor"));
	with_security(&f, "{'apparmor_profile': 'unconfined'}");
	fixture_build(&f);
	ck_assert_ptr_nonnull(fixture_unmapped(&f, "linux.security_context.apparmor_profile"));
	if (access("/sys/module/apparmor/parameters/enabled", F_OK) < 0) {
		with_security(&f, "{'apparmor': {'profile_type': 'Localhost', 'localhost_ref': 'mine'}}");
		fixture_refuses(&f, EOPNOTSUPP, "profile mine: this kernel has no AppArmor");
		with_security(&f, "{'apparmor_profile': 'localhost/mine'}");
		fixture_refuses(&f, EOPNOTSUPP, "no AppArmor");
	}
	if (access("/sys/fs/selinux/enforce", F_OK) < 0) {
		with_security(&f, "{'selinux_options': {'level': 's0:c1,c2'}}");
		fixture_build(&f);
		fixture_has(&f, "process.selinuxLabel", "null");
		ck_assert_ptr_nonnull(fixture_unmapped(&f, "linux.security_context.selinux_options"));
	}
}
END_TEST

Suite *test_spec_security(void)
{
	return UNIT_SUITE("spec_security", capabilities_are_added_and_dropped, all_but_one_is_all_but_one,
			  ambient_ones_are_in_every_set, unknown_capabilities_are_refused,
			  privilege_is_the_sandboxs_to_give, the_privileged_see_the_machine,
			  paths_are_taken_verbatim, the_default_filter_follows_capabilities,
			  no_call_is_named_twice, seccomp_fields_old_and_new, a_profile_of_the_node_is_read,
			  labels_that_the_kernel_lacks);
}
