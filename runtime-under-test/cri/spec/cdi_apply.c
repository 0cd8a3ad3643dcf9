/* containerEdits of a CDI file, one kind of edit a function. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/cdi.h"
#include "runtime-under-test/cri/spec/devices.h"

/* The names of the lifecycle are the CDI's and the OCI's alike. */
static const char *const hook_names[] = { "prestart",       "createRuntime", "createContainer",
					  "startContainer", "poststart",     "poststop" };

static int apply_env(struct spec_build *build, const struct json *entry, const char *name, struct err *err)
{
	const char *string = json_string(entry);

	if (!string || !strchr(string, '=') || *string == '=')
		return fail_text(err, -EINVAL, "env: no NAME=VALUE");
	spec_put_env(build, string, FROM_CDI, name);
	return 0;
}

/* What the file leaves out is taken from the node itself. */
static int apply_device(struct spec_build *build, const struct json *entry, const char *name, struct err *err)
{
	const char *path = json_string(json_member(entry, "path"));
	const char *host = json_string(json_member(entry, "hostPath"));
	const char *type = json_string(json_member(entry, "type"));
	const char *access = json_string(json_member(entry, "permissions"));
	struct device_node node = { .path = path,
				    .host = is_set(host) ? host : path,
				    .access = is_set(access) ? access : "rwm",
				    .from = FROM_CDI,
				    .field = name,
				    .mode = -1,
				    .uid = -1,
				    .gid = -1 };
	struct stat st;

	if (!is_set(path) || *path != '/')
		return fail_text(err, -EINVAL, "deviceNodes: no absolute path");
	if (!is_set(type) || !json_has(entry, "major")) {
		if (stat(is_set(host) ? host : path, &st) < 0)
			return fail(err, -errno, "deviceNodes: %s", is_set(host) ? host : path);
		if (!device_describe(&st, &node))
			return fail_text(err, -EINVAL, "deviceNodes: %s is no device", path);
	}
	if (is_set(type))
		node.type = *type == 'u' ? 'c' : *type;
	if (!strchr("cbp", node.type))
		return fail_text(err, -EINVAL, "deviceNodes: %s: unknown type %s", path, type);
	node.major = (unsigned) json_int(json_member(entry, "major"), node.major);
	node.minor = (unsigned) json_int(json_member(entry, "minor"), node.minor);
	node.mode = json_int(json_member(entry, "fileMode"), node.mode);
	node.uid = json_int(json_member(entry, "uid"), node.uid);
	node.gid = json_int(json_member(entry, "gid"), node.gid);
	if (device_check_access(node.access, "deviceNodes.permissions", err) < 0)
		return -EINVAL;
	device_put(build, &node);
	return 0;
}

static int apply_mount(struct spec_build *build, const struct json *entry, const char *name, struct err *err)
{
	const char *source = json_string(json_member(entry, "hostPath"));
	const char *target = json_string(json_member(entry, "containerPath"));
	const char *type = json_string(json_member(entry, "type"));
	const struct json *options = json_member(entry, "options");
	struct json *row = json_new_object(), *list = options ? json_copy(options) : json_new_array(), *edit;

	if (!is_set(source) || !is_set(target) || *target != '/') {
		json_free(row);
		json_free(list);
		return fail_text(err, -EINVAL, "mounts: hostPath and an absolute containerPath are needed");
	}
	if (!options) {
		json_append(list, json_new_string("rbind"));
		json_append(list, json_new_string("nosuid"));
		json_append(list, json_new_string("nodev"));
	}
	json_put(row, "destination", json_new_string(target));
	json_put(row, "type", json_new_string(is_set(type) ? type : "bind"));
	json_put(row, "source", json_new_string(source));
	json_put(row, "options", list);
	edit = json_new_object();
	json_put(edit, "mount", row);
	json_put(edit, "from", json_new_int(FROM_CDI));
	json_put(edit, "name", json_new_string(name));
	json_append(build->device_mounts, edit);
	return 0;
}

static int apply_hook(struct spec_build *build, const struct json *entry, const char *name, struct err *err)
{
	const char *when = json_string(json_member(entry, "hookName"));
	struct json *hook;

	for (size_t i = 0; when && i < ARRAY_SIZE(hook_names); i++) {
		auto_free char *path = text_format("hooks.%s", hook_names[i]);

		if (strcmp(when, hook_names[i]) != 0)
			continue;
		hook = json_copy(entry);
		json_remove(hook, "hookName");
		(void) spec_append(build, path, hook, FROM_CDI, name);
		return 0;
	}
	return fail_text(err, -EINVAL, "hooks: unknown hookName \"%s\"", when ? when : "");
}

static int apply_group(struct spec_build *build, const struct json *entry, const char *name, struct err *err)
{
	const struct json *list = json_get(build->result.config, "process.user.additionalGids");

	if (!json_is_unsigned(entry))
		return fail_text(err, -EINVAL, "additionalGids: no number");
	for (size_t i = 0; i < json_length(list); i++)
		if (json_equal(json_at(list, i), entry))
			return 0;
	(void) spec_append(build, "process.user.additionalGids", json_copy(entry), FROM_CDI, name);
	return 0;
}

int cdi_apply(struct spec_build *build, const struct json *edits, const char *name, struct err *err)
{
	static const struct {
		const char *member;
		int (*apply)(struct spec_build *, const struct json *, const char *, struct err *);
	} kinds[] = {
		{ "env", apply_env },    { "deviceNodes", apply_device },   { "mounts", apply_mount },
		{ "hooks", apply_hook }, { "additionalGids", apply_group },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds); i++) {
		const struct json *list = json_member(edits, kinds[i].member);

		for (size_t j = 0; r == 0 && j < json_length(list); j++)
			r = kinds[i].apply(build, json_at(list, j), name, err);
	}
	return r;
}
