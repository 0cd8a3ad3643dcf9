/*
 * features: what this program recognizes, written from the very tables that read a config, so that no claim can grow
 * old. It tells of the build, never of the host: features.md.
 */
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/names.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/spec_fields.h"
#include "runtime-under-test/oci/spec_tables.h"
#include "runtime-under-test/oci/verbs.h"

static struct json *words_to_json(const struct word *words)
{
	struct json *array = json_new_array();

	for (; words->name; words++)
		json_append(array, json_new_string(words->name));
	return array;
}

static struct json *hooks(void)
{
	struct json *array = json_new_array();

	for (int kind = 0; kind < HOOK_COUNT; kind++)
		json_append(array, json_new_string(spec_hook_name((enum spec_hook_kind) kind)));
	return array;
}

static struct json *mount_options(void)
{
	struct json *array = json_new_array();

	for (size_t i = 0; mount_option_name(i); i++)
		json_append(array, json_new_string(mount_option_name(i)));
	return array;
}

static struct json *namespaces(void)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < NAMES_NAMESPACES; i++)
		json_append(array, json_new_string(name_of_namespace(names_namespaces[i])));
	return array;
}

static struct json *capabilities(void)
{
	struct json *array = json_new_array();

	for (int i = 0; i < 64; i++)
		if (name_of_capability(i))
			json_append(array, json_new_string(name_of_capability(i)));
	return array;
}

static struct json *flags(const char *const *names, const bool *values, size_t count)
{
	struct json *object = json_new_object();

	for (size_t i = 0; i < count; i++)
		json_put(object, names[i], json_new_bool(values[i]));
	return object;
}

static struct json *enabled(bool value)
{
	static const char *const name[] = { "enabled" };

	return flags(name, &value, 1);
}

static struct json *cgroup(void)
{
	static const char *const names[] = { "v1", "v2", "systemd", "systemdUser", "rdma" };
	static const bool values[] = { true, true, true, true, true };

	return flags(names, values, 5);
}

static struct json *intel_rdt(void)
{
	static const char *const names[] = { "enabled", "schemata", "monitoring" };
	static const bool values[] = { true, true, true };

	return flags(names, values, 3);
}

static struct json *seccomp(void)
{
	struct json *object = enabled(true);

	json_put(object, "actions", words_to_json(spec_seccomp_actions));
	json_put(object, "operators", words_to_json(spec_seccomp_operators));
	json_put(object, "archs", words_to_json(spec_seccomp_archs));
	json_put(object, "knownFlags", words_to_json(spec_seccomp_flags));
	json_put(object, "supportedFlags", words_to_json(spec_seccomp_flags));
	return object;
}

static struct json *memory_policy(void)
{
	struct json *object = json_new_object();

	json_put(object, "modes", words_to_json(spec_memory_policy_modes));
	json_put(object, "flags", words_to_json(spec_memory_policy_flags));
	return object;
}

static struct json *linux_features(void)
{
	struct json *object = json_new_object();
	struct json *extensions = json_new_object();

	json_put(extensions, "idmap", enabled(true));
	json_put(object, "namespaces", namespaces());
	json_put(object, "capabilities", capabilities());
	json_put(object, "cgroup", cgroup());
	json_put(object, "seccomp", seccomp());
	json_put(object, "apparmor", enabled(true));
	json_put(object, "selinux", enabled(true));
	json_put(object, "memoryPolicy", memory_policy());
	json_put(object, "intelRdt", intel_rdt());
	json_put(object, "mountExtensions", extensions);
	json_put(object, "netDevices", enabled(true));
	return object;
}

int verb_features(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	int first = verb_arguments(NULL, NULL, argc, argv, 0, 0, err);
	auto_json json = NULL;

	(void) runtime;
	if (first < 0)
		return first;
	json = json_new_object();
	json_put(json, "ociVersionMin", json_new_string("1.0.0"));
	json_put(json, "ociVersionMax", json_new_string("1.3.0"));
	json_put(json, "hooks", hooks());
	json_put(json, "mountOptions", mount_options());
	json_put(json, "linux", linux_features());
	return verb_print_json(json, err);
}
