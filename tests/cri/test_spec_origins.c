/*
 * Nothing in config.json is without an origin, and nothing that the CRI says is lost without a word: both are walked, by the
 * descriptors of the interface, so that a field added to it fails here until somebody has decided what it means.
 */
#include "tests/unit.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "tests/cri/spec_fixture.h"

/* Two containers, for some fields exclude each other. Host paths are missing on purpose: they are made then, not looked at. */
static const char *const sandboxes[] = {
	"{'metadata': {'name': 'n', 'uid': 'u', 'namespace': 's', 'attempt': 2}, 'hostname': 'pod', "
	"'log_directory': '/l', "
	"'dns_config': {'servers': ['1.1.1.1'], 'searches': ['a'], 'options': ['b']}, 'port_mappings': "
	"[{'protocol': 'UDP', "
	"'container_port': 1, 'host_port': 2, 'host_ip': '127.0.0.1'}], 'labels': {'a': 'b'}, 'annotations': "
	"{'c': 'd'}, "
	"'linux': {'cgroup_parent': '/pods', 'sysctls': {'kernel.sem': '1'}, 'overhead': {'cpu_shares': 1}, "
	"'resources': {'cpu_shares': 1}, 'security_context': {'namespace_options': {'network': 'CONTAINER', "
	"'pid': 'CONTAINER', "
	"'ipc': 'CONTAINER', 'target_id': 'x', 'userns_options': {'uids': [{'host_id': 1, 'container_id': 1, "
	"'length': 9}], "
	"'gids': [{'host_id': 1, 'container_id': 1, 'length': 9}]}}, 'selinux_options': {'user': 'u', "
	"'role': 'r', 'type': 't', "
	"'level': 'l'}, 'run_as_user': {'value': 5}, 'run_as_group': {'value': 5}, 'readonly_rootfs': true, "
	"'supplemental_groups': [7], 'supplemental_groups_policy': 'Strict', 'privileged': true, 'seccomp': "
	"{'profile_type': "
	"'Localhost', 'localhost_ref': '/proc/self/cwd/tests/cri/seccomp.json'}, 'apparmor': "
	"{'profile_type': 'Unconfined', 'localhost_ref': "
	"'r'}, "
	"'seccomp_profile_path': 'unconfined'}}, 'windows': {}}",
	"{'hostname': 'pod', 'linux': {'security_context': {'privileged': true, 'namespace_options': "
	"{'userns_options': "
	"{'mode': 'NODE'}}}}}",
};

static const char *const containers[] = {
	"{'metadata': {'name': 'c', 'attempt': 3}, 'image': {'image': 'i', 'annotations': {'a': 'b'}, "
	"'user_specified_image': 'u', "
	"'runtime_handler': 'h', 'image_ref': 'r'}, 'command': ['x'], 'args': ['y'], 'working_dir': '/w', "
	"'envs': [{'key': 'K', "
	"'value': 'Vg=='}], 'mounts': [{'container_path': '/m0', 'host_path': '/plumbline-none/0', "
	"'readonly': true, "
	"'selinux_relabel': true, 'propagation': 'PROPAGATION_BIDIRECTIONAL', 'uidMappings': [{'host_id': 1, "
	"'container_id': 1, "
	"'length': 1}], 'gidMappings': [{'host_id': 1, 'container_id': 1, 'length': 1}], 'mount_options': "
	"['nodev']}, "
	"{'container_path': '/m1', 'host_path': '/plumbline-none/1', 'readonly': true, "
	"'recursive_read_only': true}, "
	"{'container_path': '/m2', 'image': {'image': 'i'}, 'readonly': true, 'image_sub_path': 'sub'}], "
	"'devices': "
	"[{'container_path': '/dev/n', 'host_path': '/dev/null', 'permissions': 'r'}], 'labels': {'a': 'b'}, "
	"'annotations': "
	"{'c': 'd'}, 'log_path': 'l', 'stdin': true, 'stdin_once': true, 'tty': true, 'linux': {'resources': "
	"{'cpu_period': 1, "
	"'cpu_quota': 2, 'cpu_shares': 3, 'memory_limit_in_bytes': 4, 'oom_score_adj': 5, 'cpuset_cpus': "
	"'0', 'cpuset_mems': '0', "
	"'hugepage_limits': [{'page_size': '2MB', 'limit': 1}], 'unified': {'memory.high': '1'}, "
	"'memory_swap_limit_in_bytes': 8}, "
	"'security_context': {'capabilities': {'add_capabilities': ['SYS_TIME'], 'drop_capabilities': "
	"['MKNOD'], "
	"'add_ambient_capabilities': ['SYS_NICE']}, 'namespace_options': {'network': 'CONTAINER', 'pid': "
	"'TARGET', 'ipc': "
	"'CONTAINER', 'target_id': 't', 'userns_options': {'uids': [{'host_id': 1, 'container_id': 1, "
	"'length': 9}], 'gids': "
	"[{'host_id': 1, 'container_id': 1, 'length': 9}]}}, 'selinux_options': {'user': 'u', 'role': 'r', "
	"'type': 't', 'level': "
	"'l'}, 'run_as_user': {'value': 5}, 'run_as_group': {'value': 6}, 'readonly_rootfs': true, "
	"'supplemental_groups': [7], "
	"'supplemental_groups_policy': 'Strict', 'no_new_privs': true, 'masked_paths': ['/p'], "
	"'readonly_paths': ['/q'], "
	"'seccomp': {'profile_type': 'Localhost', 'localhost_ref': '/proc/self/cwd/tests/cri/seccomp.json'}, "
	"'apparmor': "
	"{'profile_type': 'Unconfined', 'localhost_ref': 'r'}}}, 'windows': {}, 'CDI_devices': [{'name': "
	"'v/c=0'}], "
	"'stop_signal': 'SIGNAL_SIGUSR1'}",
	"{'command': ['x'], 'linux': {'security_context': {'privileged': true, 'run_as_username': 'web', "
	"'apparmor_profile': "
	"'unconfined', 'seccomp_profile_path': 'unconfined', 'namespace_options': {'userns_options': "
	"{'mode': 'NODE'}}}}}",
};

/* Part 1: every leaf of the config. */

static bool is_covered(const struct json *origins, const char *path, const struct json *value,
		       struct text *bare)
{
	bool all = json_length(value) > 0;

	if (json_member(origins, path))
		return true;
	for (size_t i = 0; i < json_length(value); i++) {
		bool in_array = json_kind(value) == JSON_ARRAY;
		const char *key = in_array ? NULL : json_key_at(value, i);
		auto_free char *index =
		    in_array ? text_format("%s[%zu]", path, i) : text_format("%s[%s]", path, key);
		auto_free char *member = in_array ? NULL : text_format("%s%s%s", path, *path ? "." : "", key);
		const struct json *below = in_array ? json_at(value, i) : json_value_at(value, i);
		auto_text ignored = { 0 };

		if (member && is_covered(origins, member, below, &ignored))
			continue;
		all = is_covered(origins, index, below, bare) && all;
	}
	if (!all && !json_length(value))
		text_addf(bare, " %s", path);
	return all;
}

static void every_leaf_has_an_origin(const struct spec_fixture *f)
{
	auto_text bare = { 0 };

	for (size_t i = 0; i < json_length(f->result.config); i++)
		(void) is_covered(f->result.origins, json_key_at(f->result.config, i),
				  json_value_at(f->result.config, i), &bare);
	ck_assert_msg(bare.len == 0, "no origin:%s", text_str(&bare));
	for (size_t i = 0; i < json_length(f->result.origins); i++) {
		const char *path = json_key_at(f->result.origins, i);

		ck_assert_msg(strcmp(path, "not mapped") == 0 || json_get(f->result.config, path),
			      "%s has an origin and is not there", path);
	}
}

/* Part 2: every field of the message that is set, and which are set at all. */

struct walk {
	const struct spec_fixture *fixture;
	struct text lost; /* set and nowhere to be found */
	struct json *seen; /* fields, without indices, that some request sets */
};

static bool reaches(const char *row, const char *path)
{
	size_t length = strlen(path);

	return strncmp(row, path, length) == 0 && (!row[length] || row[length] == '[' || row[length] == '.');
}

static bool is_mentioned(const struct spec_fixture *f, const char *path)
{
	const struct json *rows = json_member(f->result.origins, "not mapped");

	for (size_t i = 0; i < json_length(rows); i++)
		if (reaches(json_key_at(rows, i), path))
			return true;
	for (size_t i = 0; i < json_length(f->result.origins); i++) {
		const struct json *row = json_value_at(f->result.origins, i);
		const char *from = json_string(json_member(row, "from"));

		if (from && strcmp(from, "cri") == 0 && reaches(json_string(json_member(row, "field")), path))
			return true;
	}
	return false;
}

static bool has_own_row(const struct spec_fixture *f, const char *path)
{
	const struct json *rows = json_member(f->result.origins, "not mapped");

	if (json_member(rows, path))
		return true;
	for (size_t i = 0; i < json_length(f->result.origins); i++) {
		const char *field = json_string(json_member(json_value_at(f->result.origins, i), "field"));

		if (field && strcmp(field, path) == 0)
			return true;
	}
	return false;
}

static size_t count_of(const void *message, const ProtobufCFieldDescriptor *field)
{
	const char *at = (const char *) message + field->offset;

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *) (const void *) ((const char *) message + field->quantifier_offset);
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return **(char *const *) (const void *) at != '\0';
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(void *const *) (const void *) at != NULL;
	case PROTOBUF_C_TYPE_BYTES:
		return ((const ProtobufCBinaryData *) (const void *) at)->len;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		return *(const int64_t *) (const void *) at != 0;
	default:
		return *(const int *) (const void *) at != 0;
	}
}

static void walk_message(struct walk *walk, const ProtobufCMessage *message, const char *path,
			 const char *name);

static void walk_field(struct walk *walk, const ProtobufCMessage *message,
		       const ProtobufCFieldDescriptor *field, const char *path, const char *name)
{
	auto_free char *here = text_format("%s%s%s", path, *path ? "." : "", field->name);
	auto_free char *plain = text_format("%s%s%s", name, *name ? "." : "", field->name);
	size_t count = count_of(message, field);
	const void *at = (const char *) message + field->offset;
	bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;

	if (!count)
		return;
	json_put(walk->seen, plain, json_new_bool(true));
	if (field->type != PROTOBUF_C_TYPE_MESSAGE || has_own_row(walk->fixture, here)) {
		if (!is_mentioned(walk->fixture, here))
			text_addf(&walk->lost, " %s", here);
		if (field->type != PROTOBUF_C_TYPE_MESSAGE)
			return;
	}
	for (size_t i = 0; i < count; i++) {
		const ProtobufCMessage *below =
		    repeated ? (*(ProtobufCMessage *const *const *) at)[i] : *(ProtobufCMessage *const *) at;
		auto_free char *element =
		    repeated ? text_format("%s[%zu]", here, i) : text_format("%s", here);
		bool covered = has_own_row(walk->fixture, element) || has_own_row(walk->fixture, here);

		if (covered) {
			struct walk quiet = { .fixture = walk->fixture, .seen = walk->seen };

			walk_message(&quiet, below, element, plain);
			text_free(&quiet.lost);
		} else if (is_mentioned(walk->fixture, here) && strstr(below->descriptor->name, "Entry")) {
			continue; /* maps have rows by their keys */
		} else {
			walk_message(walk, below, element, plain);
		}
	}
}

static void walk_message(struct walk *walk, const ProtobufCMessage *message, const char *path,
			 const char *name)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++)
		walk_field(walk, message, &message->descriptor->fields[i], path, name);
}

/* What the interface has and no request here has set. */
static void add_unseen(const struct json *seen, const ProtobufCMessageDescriptor *type, const char *name,
		       struct text *out)
{
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		auto_free char *plain = text_format("%s%s%s", name, *name ? "." : "", field->name);
		const ProtobufCMessageDescriptor *below =
		    field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : NULL;

		if (!json_member(seen, plain))
			text_addf(out, " %s", plain);
		if (below && strcmp(plain, "windows") != 0 && !strstr(below->name, "Entry") &&
		    !strstr(below->name, "Int64Value") && !strstr(plain, "image") &&
		    !strstr(plain, "overhead") &&
		    !(strstr(plain, "linux.resources") && strstr(type->name, "LinuxPodSandboxConfig")))
			add_unseen(seen, below, plain, out);
	}
}

/* A CDI device and a sub path for the first container. */
static void prepare(struct spec_fixture *f, const char *const *images, const char *const *cdi_dirs)
{
	fixture_write(f, "cdi/v.json",
		      "{\"kind\": \"v/c\", \"devices\": [{\"name\": \"0\", \"containerEdits\": {\"env\": "
		      "[\"X=1\"]}}]}");
	fixture_write(f, "sub/file", "");
	fixture_write(f, "etc/passwd", "web:x:33:44::/:\n");
	f->request.make_missing_sources = true;
	f->request.image_mounts = images;
	f->request.cdi_dirs = cdi_dirs;
	f->request.cdi_dir_count = 1;
	f->request.hosts = f->request.hostname = f->request.resolv_conf = "/s/file";
	f->request.shm = "/s/shm";
	f->request.volume_dir = "/v";
	fixture_image(
	    f, "{'Cmd': ['x'], 'Env': ['A=1'], 'User': 'web', 'WorkingDir': '/', 'Volumes': {'/data': {}}}");
}

START_TEST(fields_of_containers_are_all_somewhere)
{
	auto_json seen = json_new_object();
	auto_text unseen = { 0 };

	for (size_t i = 0; i < 2; i++) {
		struct walk walk = { .seen = seen };
		auto_free char *cdi = NULL;
		const char *images[3] = { 0 }, *dirs[1];
		auto_fixture f;

		fixture_open(&f);
		images[2] = f.scratch.path;
		dirs[0] = cdi = text_format("%s/cdi", f.scratch.path);
		prepare(&f, images, dirs);
		fixture_sandbox(&f, sandboxes[i]);
		fixture_container(&f, containers[i]);
		fixture_build(&f);
		every_leaf_has_an_origin(&f);
		walk.fixture = &f;
		walk_message(&walk, &f.request.container->base, "", "");
		ck_assert_msg(walk.lost.len == 0, "set, and neither mapped nor mentioned:%s",
			      text_str(&walk.lost));
		text_free(&walk.lost);
	}
	add_unseen(seen, &runtime__v1__container_config__descriptor, "", &unseen);
	ck_assert_msg(unseen.len == 0, "no request here sets:%s", text_str(&unseen));
}
END_TEST

START_TEST(fields_of_sandboxes_are_all_somewhere)
{
	auto_json seen = json_new_object();
	auto_text unseen = { 0 };

	for (size_t i = 0; i < 2; i++) {
		struct walk walk = { .seen = seen };
		auto_fixture f;

		fixture_open(&f);
		f.request.resolv_conf = "/s/file";
		f.request.shm = "/s/shm";
		fixture_sandbox(&f, sandboxes[i]);
		fixture_build_sandbox(&f);
		every_leaf_has_an_origin(&f);
		walk.fixture = &f;
		walk_message(&walk, &f.request.sandbox->base, "", "");
		ck_assert_msg(walk.lost.len == 0, "set, and neither mapped nor mentioned:%s",
			      text_str(&walk.lost));
		text_free(&walk.lost);
	}
	add_unseen(seen, &runtime__v1__pod_sandbox_config__descriptor, "", &unseen);
	ck_assert_msg(unseen.len == 0, "no request here sets:%s", text_str(&unseen));
}
END_TEST

/* A default profile's origin is the CRI's wish; its content is the server's. */
START_TEST(the_least_a_client_can_ask_for_has_origins)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_sandbox(&f, "{}");
	fixture_build(&f);
	every_leaf_has_an_origin(&f);
	fixture_build_sandbox(&f);
	every_leaf_has_an_origin(&f);
	fixture_container(&f, "{'linux': {'security_context': {'seccomp': {}}}}");
	fixture_build(&f);
	every_leaf_has_an_origin(&f);
}
END_TEST

START_TEST(annotations_name_the_pod)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_sandbox(
	    &f,
	    "{'metadata': {'name': 'n', 'uid': 'u', 'namespace': 's'}, 'log_directory': '/l', 'annotations': "
	    "{'secret': '1'}, 'linux': {'resources': {'cpu_quota': 7}}}");
	fixture_container(
	    &f, "{'metadata': {'name': 'c'}, 'image': {'image': 'busybox'}, 'annotations': {'secret': '2'}}");
	fixture_build(&f);
	fixture_has(&f, "annotations",
		    "{'io.kubernetes.cri.container-type': 'container', 'io.kubernetes.cri.sandbox-id': 's1', "
		    "'io.kubernetes.cri.sandbox-name': 'n', 'io.kubernetes.cri.sandbox-namespace': 's', "
		    "'io.kubernetes.cri.sandbox-uid': 'u', 'io.kubernetes.cri.container-name': 'c', "
		    "'io.kubernetes.cri.image-name': 'busybox'}");
	fixture_build_sandbox(&f);
	fixture_has(&f, "annotations[io.kubernetes.cri.sandbox-cpu-quota]", "'7'");
	fixture_has(&f, "annotations[io.kubernetes.cri.container-type]", "'sandbox'");
	fixture_has(&f, "annotations[io.kubernetes.cri.sandbox-log-directory]", "'/l'");
	fixture_has(&f, "annotations[secret]", "null");
}
END_TEST

Suite *test_spec_origins(void)
{
	return UNIT_SUITE("spec_origins", fields_of_containers_are_all_somewhere,
			  fields_of_sandboxes_are_all_somewhere, the_least_a_client_can_ask_for_has_origins,
			  annotations_name_the_pod);
}
