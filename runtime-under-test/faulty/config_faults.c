/* Faults in what surrounds the process: mounts, paths, namespaces, devices, cgroups. Each is one edit of config.json. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/faulty/faulty.h"

static bool has_option(const struct json *mount, const char *option)
{
	const struct json *options = json_member(mount, "options");

	for (size_t i = 0; i < json_length(options); i++) {
		const char *word = json_string(json_at(options, i));

		if (word && !strcmp(word, option))
			return true;
	}
	return false;
}

static bool is_bind(const struct json *mount)
{
	return has_option(mount, "bind") || has_option(mount, "rbind");
}

/* The same array without the strings that stand, separated by blanks, in words. Owned. */
static struct json *strings_without(const struct json *array, const char *words)
{
	struct json *kept = json_new_array();

	for (size_t i = 0; i < json_length(array); i++) {
		const char *string = json_string(json_at(array, i));
		auto_free char *word = text_format(" %s ", string ? string : "");

		if (!strstr(words, word))
			json_append(kept, json_copy(json_at(array, i)));
	}
	return kept;
}

/* words: " ro rro " */
static int mount_options_lost(struct json *config, const char *words, struct err *err)
{
	struct json *mounts = json_member(config, "mounts");

	(void) err;
	for (size_t i = 0; i < json_length(mounts); i++) {
		struct json *mount = json_at(mounts, i);

		if (json_has(mount, "options"))
			json_put(mount, "options", strings_without(json_member(mount, "options"), words));
	}
	return 0;
}

static int bind_options_lost(struct json *config, const char *words, struct err *err)
{
	struct json *mounts = json_member(config, "mounts");

	(void) err;
	for (size_t i = 0; i < json_length(mounts); i++) {
		struct json *mount = json_at(mounts, i);

		if (is_bind(mount))
			json_put(mount, "options", strings_without(json_member(mount, "options"), words));
	}
	return 0;
}

/* "rbind bind": every option that is the first word becomes the second. */
static int mount_option_becomes(struct json *config, const char *pair, struct err *err)
{
	struct json *mounts = json_member(config, "mounts");
	const char *blank = strchr(pair, ' ');

	(void) err;
	for (size_t i = 0; i < json_length(mounts); i++) {
		const struct json *options = json_member(json_at(mounts, i), "options");
		struct json *changed = json_new_array();

		for (size_t k = 0; k < json_length(options); k++) {
			const char *word = json_string(json_at(options, k));
			bool hit = word && strlen(word) == (size_t) (blank - pair) &&
				   !strncmp(word, pair, strlen(word));

			json_append(changed,
				    hit ? json_new_string(blank + 1) : json_copy(json_at(options, k)));
		}
		json_put(json_at(mounts, i), "options", changed);
	}
	return 0;
}

/* path: of an array; its elements are put in the opposite order. */
static int reversed(struct json *config, const char *path, struct err *err)
{
	const struct json *array = json_get(config, path);
	struct json *backwards;

	if (!array)
		return 0;
	backwards = json_new_array();
	for (size_t i = json_length(array); i > 0; i--)
		json_append(backwards, json_copy(json_at(array, i - 1)));
	return json_set(config, path, backwards, err);
}

static struct json *all_but(const struct json *array, size_t left_out)
{
	struct json *kept = json_new_array();

	for (size_t i = 0; i < json_length(array); i++) {
		if (i != left_out)
			json_append(kept, json_copy(json_at(array, i)));
	}
	return kept;
}

static int last_two_swapped(struct json *config, const char *path, struct err *err)
{
	const struct json *array = json_get(config, path);
	size_t count = json_length(array);
	struct json *swapped;

	if (count < 2)
		return 0;
	swapped = json_new_array();
	for (size_t i = 0; i + 2 < count; i++)
		json_append(swapped, json_copy(json_at(array, i)));
	json_append(swapped, json_copy(json_at(array, count - 1)));
	json_append(swapped, json_copy(json_at(array, count - 2)));
	return json_set(config, path, swapped, err);
}

static int last_forgotten(struct json *config, const char *path, struct err *err)
{
	const struct json *array = json_get(config, path);

	return json_length(array) ? json_set(config, path, all_but(array, json_length(array) - 1), err) : 0;
}

static int first_forgotten(struct json *config, const char *path, struct err *err)
{
	const struct json *array = json_get(config, path);

	return json_length(array) ? json_set(config, path, all_but(array, 0), err) : 0;
}

/* Mounts at argument disappear. */
static int mount_forgotten(struct json *config, const char *destination, struct err *err)
{
	auto_free char *path = text_format("mounts[%s]", destination);

	return edit_drop(config, path, err);
}

static int namespace_missing(struct json *config, const char *type, struct err *err)
{
	auto_free char *path = text_format("linux.namespaces[%s]", type);

	return edit_drop(config, path, err);
}

/* New namespaces of the five common types, asked for or not. */
static int namespaces_added(struct json *config, const char *argument, struct err *err)
{
	static const char *const types[] = { "pid", "network", "mount", "ipc", "uts" };

	(void) argument;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		auto_free char *path = text_format("linux.namespaces[%s]", types[i]);
		struct json *added;
		int r;

		if (json_get(config, path))
			continue;
		added = json_new_object();
		json_put(added, "type", json_new_string(types[i]));
		r = json_set(config, "linux.namespaces[]", added, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int namespace_paths_ignored(struct json *config, const char *argument, struct err *err)
{
	const struct json *namespaces = json_get(config, "linux.namespaces");

	(void) argument;
	for (size_t i = 0; i < json_length(namespaces); i++) {
		int r = edit_drop(json_at(namespaces, i), "path", err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* argument: the field of every linux.devices entry that is lost */
static int device_field_lost(struct json *config, const char *field, struct err *err)
{
	const struct json *devices = json_get(config, "linux.devices");

	for (size_t i = 0; i < json_length(devices); i++) {
		int r = edit_drop(json_at(devices, i), field, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int device_rules_lost(struct json *config, const char *argument, struct err *err)
{
	struct json *rules = json_new_array(), *rule = json_new_object();

	(void) argument;
	json_put(rule, "allow", json_new_bool(true));
	json_put(rule, "access", json_new_string("rwm"));
	json_append(rules, rule);
	return json_set(config, "linux.resources.devices", rules, err);
}

static int limits_lost(struct json *config, const char *argument, struct err *err)
{
	struct json *kept = json_new_object();
	const struct json *devices = json_get(config, "linux.resources.devices");

	(void) argument;
	if (devices)
		json_put(kept, "devices", json_copy(devices));
	return json_set(config, "linux.resources", kept, err);
}

static int pids_limited(struct json *config, const char *argument, struct err *err)
{
	(void) argument;
	return json_set(config, "linux.resources.pids.limit", json_new_int(10), err);
}

static int cgroup_moved(struct json *config, const char *suffix, struct err *err)
{
	const char *path = json_get_string(config, "linux.cgroupsPath");
	auto_free char *other = text_format("%s%s", path ? path : "/", suffix);

	return json_set(config, "linux.cgroupsPath", json_new_string(other), err);
}

static int set_true(struct json *config, const char *path, struct err *err)
{
	return json_set(config, path, json_new_bool(true), err);
}

static int propagation_shared(struct json *config, const char *argument, struct err *err)
{
	(void) argument;
	return json_set(config, "linux.rootfsPropagation", json_new_string("shared"), err);
}

/* As if nothing in the container were ever cut off from the host. */
static int everything_shared(struct json *config, const char *words, struct err *err)
{
	const struct json *mounts = json_member(config, "mounts");
	int r = mount_options_lost(config, words, err);

	for (size_t i = 0; i < json_length(mounts) && r == 0; i++)
		if (is_bind(json_at(mounts, i)))
			r = json_set(json_at(mounts, i), "options[]", json_new_string("rshared"), err);
	return r < 0 ? r : json_set(config, "linux.rootfsPropagation", json_new_string("shared"), err);
}

/* Each mapping starts one host id later. */
static int id_mappings_shifted(struct json *config, const char *path, struct err *err)
{
	const struct json *maps = json_get(config, path);

	(void) err;
	for (size_t i = 0; i < json_length(maps); i++) {
		struct json *map = json_at(maps, i);

		json_put(map, "hostID", json_new_int(json_int(json_member(map, "hostID"), 0) + 1));
	}
	return 0;
}

#define EDIT(fault, function, words)                                                                         \
	{                                                                                                    \
		.name = fault, .hook = HOOK_EDIT, .edit = function, .argument = words                        \
	}

const struct fault config_faults[] = {
	EDIT("mount-ignores-ro", bind_options_lost, " ro rro "),
	EDIT("mount-ignores-nosuid", mount_options_lost, " nosuid rnosuid "),
	EDIT("mount-ignores-nodev", mount_options_lost, " nodev rnodev "),
	EDIT("mount-ignores-noexec", mount_options_lost, " noexec rnoexec "),
	EDIT("mount-ignores-atime-options", mount_options_lost,
	     " noatime nodiratime strictatime relatime rnoatime lazytime "),
	EDIT("mount-ignores-recursive-options", mount_options_lost, " rro rnosuid rnodev rnoexec rnoatime "),
	EDIT("mount-ignores-size", mount_options_lost, " size=65536k size=1024k "),
	EDIT("mount-ignores-mode", mount_options_lost, " mode=755 mode=1777 mode=0700 "),
	EDIT("mount-ignores-sync", mount_options_lost, " sync dirsync "),
	EDIT("mount-ignores-propagation", mount_options_lost,
	     " shared rshared slave rslave private rprivate unbindable runbindable "),
	EDIT("propagation-shared-everywhere", everything_shared, " rslave slave rprivate private "),
	EDIT("mount-binds-without-submounts", mount_option_becomes, "rbind bind"),
	EDIT("mount-binds-with-submounts", mount_option_becomes, "bind rbind"),
	EDIT("mounts-last-two-swapped", last_two_swapped, "mounts"),
	EDIT("mount-forgets-the-last", last_forgotten, "mounts"),
	EDIT("mount-forgets-proc", mount_forgotten, "/proc"),
	EDIT("mount-forgets-sys", mount_forgotten, "/sys"),
	EDIT("mount-forgets-devpts", mount_forgotten, "/dev/pts"),
	EDIT("mount-forgets-shm", mount_forgotten, "/dev/shm"),
	EDIT("root-stays-writable", edit_drop, "root.readonly"),
	EDIT("root-always-readonly", set_true, "root.readonly"),
	EDIT("masked-paths-dropped", edit_drop, "linux.maskedPaths"),
	EDIT("masked-paths-forget-the-last", last_forgotten, "linux.maskedPaths"),
	EDIT("readonly-paths-dropped", edit_drop, "linux.readonlyPaths"),
	EDIT("readonly-paths-forget-the-last", last_forgotten, "linux.readonlyPaths"),
	EDIT("rootfs-propagation-dropped", edit_drop, "linux.rootfsPropagation"),
	EDIT("rootfs-propagation-shared", propagation_shared, NULL),
	EDIT("namespace-pid-missing", namespace_missing, "pid"),
	EDIT("namespace-network-missing", namespace_missing, "network"),
	EDIT("namespace-ipc-missing", namespace_missing, "ipc"),
	EDIT("namespace-uts-missing", namespace_missing, "uts"),
	EDIT("namespace-cgroup-missing", namespace_missing, "cgroup"),
	EDIT("namespace-time-missing", namespace_missing, "time"),
	EDIT("namespaces-added", namespaces_added, NULL),
	EDIT("namespace-paths-ignored", namespace_paths_ignored, NULL),
	EDIT("namespaces-forget-the-last", last_forgotten, "linux.namespaces"),
	EDIT("time-offsets-dropped", edit_drop, "linux.timeOffsets"),
	EDIT("uid-mappings-shifted", id_mappings_shifted, "linux.uidMappings"),
	EDIT("gid-mappings-shifted", id_mappings_shifted, "linux.gidMappings"),
	EDIT("devices-dropped", edit_drop, "linux.devices"),
	EDIT("device-mode-ignored", device_field_lost, "fileMode"),
	EDIT("device-owner-ignored", device_field_lost, "uid"),
	EDIT("device-rules-dropped", device_rules_lost, NULL),
	EDIT("device-rules-in-opposite-order", reversed, "linux.resources.devices"),
	EDIT("device-rules-forget-the-first", first_forgotten, "linux.resources.devices"),
	EDIT("device-rules-forget-the-last", last_forgotten, "linux.resources.devices"),
	EDIT("cgroup-limits-dropped", limits_lost, NULL),
	EDIT("cgroup-pids-limited", pids_limited, NULL),
	EDIT("cgroup-path-changed", cgroup_moved, "-elsewhere"),
	EDIT("cgroup-path-dropped", edit_drop, "linux.cgroupsPath"),
	EDIT("sysctl-dropped", edit_drop, "linux.sysctl"),
	EDIT("annotations-dropped", edit_drop, "annotations"),
	EDIT("personality-dropped", edit_drop, "linux.personality"),
	EDIT("hostname-dropped", edit_drop, "hostname"),
	EDIT("domainname-dropped", edit_drop, "domainname"),
	{ 0 },
};
