/* The linux object without resources and seccomp: config-linux.md. */
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/names.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/spec_fields.h"
#include "runtime-under-test/oci/spec_tables.h"

/* The kernel's dev_t has 12 and 20 bits (linux/kdev_t.h): larger numbers would name another device. */
#define MAJOR_MAX 0xfff
#define MINOR_MAX 0xfffff

#define AT(member) offsetof(struct spec, member)

static int read_namespace(const struct place *place, const struct json *value, const struct field *field,
			  void *target, struct err *err)
{
	struct spec_namespace *namespace = target;
	const char *type = NULL;
	int r = field_look(place, value, &type, err);

	(void) field;
	if (r < 0)
		return r;
	namespace->flag = name_to_namespace(type);
	if (namespace->flag == 0)
		return place_fail(place, err, "unknown namespace \"%s\"", type);
	return 0;
}
static const struct kind kind_namespace = { .read = read_namespace };

static const struct field namespace_fields[] = {
	{ "type", &kind_namespace, .flags = FIELD_REQUIRED },
	{ "path", &kind_string, offsetof(struct spec_namespace, path), .flags = FIELD_ABSOLUTE },
	{ NULL },
};

const struct field spec_id_map_fields[] = {
	{ "containerID", &kind_u32, offsetof(struct spec_id_map, container_id), .flags = FIELD_REQUIRED },
	{ "hostID", &kind_u32, offsetof(struct spec_id_map, host_id), .flags = FIELD_REQUIRED },
	{ "size", &kind_u32, offsetof(struct spec_id_map, size), .flags = FIELD_REQUIRED, .min = 1,
	  .max = UINT32_MAX },
	{ NULL },
};

/* The kernel refuses ids that wrap (map_write() in kernel/user_namespace.c), without saying which line did. */
int spec_id_map_check(const struct place *place, void *item, struct err *err)
{
	const struct spec_id_map *map = item;

	if (map->size > UINT32_MAX - map->container_id || map->size > UINT32_MAX - map->host_id)
		return place_fail(place, err, "%u ids from there run past the last one", map->size);
	return 0;
}

static const struct field clock_fields[2][3] = {
	{ { "secs", &kind_i64, AT(boottime.secs) },
	  { "nanosecs", &kind_u32, AT(boottime.nanosecs), .max = 999999999 },
	  { NULL } },
	{ { "secs", &kind_i64, AT(monotonic.secs) },
	  { "nanosecs", &kind_u32, AT(monotonic.nanosecs), .max = 999999999 },
	  { NULL } },
};

static const struct field time_fields[] = {
	{ "boottime", &kind_object, .has = AT(boottime.present), .fields = clock_fields[0] },
	{ "monotonic", &kind_object, .has = AT(monotonic.present), .fields = clock_fields[1] },
	{ NULL },
};

/* The keys are clocks, so an unknown one is an unsupported value and no unknown property. */
static int read_time_offsets(const struct place *place, const struct json *value, const struct field *field,
			     void *target, struct err *err)
{
	(void) field;
	if (json_kind(value) != JSON_OBJECT)
		return place_wrong_kind(place, value, "an object", err);
	for (size_t i = 0; i < json_length(value); i++) {
		const struct place here = { .up = place, .name = json_key_at(value, i) };

		if (strcmp(here.name, "boottime") != 0 && strcmp(here.name, "monotonic") != 0)
			return place_fail(&here, err, "no clock that a time namespace can shift");
	}
	return fields_read(place, value, time_fields, target, err);
}
static const struct kind kind_time_offsets = { .read = read_time_offsets };

static const struct word device_types[] = {
	{ "c", 'c' }, { "u", 'c' }, { "b", 'b' }, { "p", 'p' }, { NULL, 0 },
};

static const struct field device_fields[] = {
	{ "type", &kind_letter, offsetof(struct spec_device, type), .flags = FIELD_REQUIRED,
	  .words = device_types },
	{ "path", &kind_string, offsetof(struct spec_device, path),
	  .flags = FIELD_REQUIRED | FIELD_ABSOLUTE },
	{ "major", &kind_i64, offsetof(struct spec_device, major), .max = MAJOR_MAX },
	{ "minor", &kind_i64, offsetof(struct spec_device, minor), .max = MINOR_MAX },
	{ "fileMode", &kind_u32, offsetof(struct spec_device, mode),
	  .has = offsetof(struct spec_device, has_mode) },
	{ "uid", &kind_u32, offsetof(struct spec_device, uid), .has = offsetof(struct spec_device, has_uid),
	  .max = UINT32_MAX - 1 },
	{ "gid", &kind_u32, offsetof(struct spec_device, gid), .has = offsetof(struct spec_device, has_gid),
	  .max = UINT32_MAX - 1 },
	{ NULL },
};

static void prepare_device(void *item)
{
	*(struct spec_device *) item = (struct spec_device){ .major = -1, .minor = -1 };
}

static int check_device(const struct place *place, void *item, struct err *err)
{
	struct spec_device *device = item;

	if (device->type != 'p' && (device->major < 0 || device->minor < 0)) {
		const struct place here = { .up = place, .name = device->major < 0 ? "major" : "minor" };

		return place_fail(&here, err, "missing");
	}
	/* Callers pass st_mode as they found it, file type and all. */
	device->mode &= 07777;
	return 0;
}

/* dev_valid_name() in net/core/dev.c. */
static bool is_interface_name(const char *name)
{
	if (name[0] == '\0' || strlen(name) >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char) *name))
			return false;
	return true;
}

static int check_net_device(const struct place *place, void *item, struct err *err)
{
	const struct spec_net_device *device = item;
	const struct place name = { .up = place, .name = "name" };

	if (!is_interface_name(device->host_name))
		return place_fail(place, err, "is no interface name");
	if (device->name && !is_interface_name(device->name))
		return place_fail(&name, err, "\"%s\" is no interface name", device->name);
	return 0;
}

static const struct field net_device_fields[] = {
	{ "name", &kind_string, offsetof(struct spec_net_device, name) },
	{ NULL },
};

/* It becomes a directory of resctrl; "/" is its root. */
static int check_clos_id(const struct place *place, void *pointer, struct err *err)
{
	const char *id = *(char **) pointer;

	if (strcmp(id, "/") == 0)
		return 0;
	if (id[0] == '\0' || strchr(id, '/') || strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		return place_fail(place, err, "\"%s\" is no directory name", id);
	return 0;
}

static int check_bandwidth(const struct place *place, void *pointer, struct err *err)
{
	if (strncmp(*(char **) pointer, "MB:", 3) != 0)
		return place_fail(place, err, "must start with MB:");
	return 0;
}

static const struct field rdt_fields[] = {
	{ "closID", &kind_string, offsetof(struct spec_intel_rdt, clos_id), .check = check_clos_id },
	{ "l3CacheSchema", &kind_string, offsetof(struct spec_intel_rdt, l3_schema),
	  .flags = FIELD_ONE_LINE },
	{ "memBwSchema", &kind_string, offsetof(struct spec_intel_rdt, mem_bw_schema),
	  .flags = FIELD_ONE_LINE, .check = check_bandwidth },
	{ "schemata", &kind_strings, offsetof(struct spec_intel_rdt, schemata), .flags = FIELD_ONE_LINE },
	{ "enableMonitoring", &kind_bool, offsetof(struct spec_intel_rdt, enable_monitoring) },
	{ NULL },
};

const struct word spec_memory_policy_modes[] = {
	{ "MPOL_DEFAULT", 0 },    { "MPOL_BIND", 0 },
	{ "MPOL_INTERLEAVE", 0 }, { "MPOL_WEIGHTED_INTERLEAVE", 0 },
	{ "MPOL_PREFERRED", 0 },  { "MPOL_PREFERRED_MANY", 0 },
	{ "MPOL_LOCAL", 0 },      { NULL, 0 },
};

const struct word spec_memory_policy_flags[] = {
	{ "MPOL_F_NUMA_BALANCING", 0 },
	{ "MPOL_F_RELATIVE_NODES", 0 },
	{ "MPOL_F_STATIC_NODES", 0 },
	{ NULL, 0 },
};

static const struct field memory_policy_fields[] = {
	{ "mode", &kind_string, offsetof(struct spec_memory_policy, mode), .flags = FIELD_REQUIRED,
	  .words = spec_memory_policy_modes },
	{ "nodes", &kind_string, offsetof(struct spec_memory_policy, nodes), .check = check_cpu_list },
	{ "flags", &kind_strings, offsetof(struct spec_memory_policy, flags),
	  .words = spec_memory_policy_flags },
	{ NULL },
};

/* "Currently no flag values are supported": the list may be there, but empty. */
static const struct word no_words[] = { { NULL, 0 } };
static const struct word domains[] = { { "LINUX", 0 }, { "LINUX32", 0 }, { NULL, 0 } };

static const struct field personality_fields[] = {
	{ "domain", &kind_string, AT(personality), .flags = FIELD_REQUIRED, .words = domains },
	{ "flags", &kind_strings, AT(personality_flags), .words = no_words },
	{ NULL },
};

/* The specification names four; the recursive ones are what docker and podman send: docs/DEVIATIONS.md. */
static const struct word propagations[] = {
	{ "private", 0 }, { "rprivate", 0 },   { "shared", 0 },      { "rshared", 0 }, { "slave", 0 },
	{ "rslave", 0 },  { "unbindable", 0 }, { "runbindable", 0 }, { NULL, 0 },
};

const struct field spec_linux_fields[] = {
	{ "namespaces", &kind_list, AT(namespaces), .fields = namespace_fields,
	  .size = sizeof(struct spec_namespace), .count = AT(namespace_count) },
	{ "uidMappings", &kind_list, AT(uid_maps.items), .fields = spec_id_map_fields,
	  .size = sizeof(struct spec_id_map), .count = AT(uid_maps.count), .check_item = spec_id_map_check },
	{ "gidMappings", &kind_list, AT(gid_maps.items), .fields = spec_id_map_fields,
	  .size = sizeof(struct spec_id_map), .count = AT(gid_maps.count), .check_item = spec_id_map_check },
	{ "timeOffsets", &kind_time_offsets },
	{ "devices", &kind_list, AT(devices), .fields = device_fields, .size = sizeof(struct spec_device),
	  .count = AT(device_count), .prepare = prepare_device, .check_item = check_device },
	{ "netDevices", &kind_map, AT(net_devices), .fields = net_device_fields,
	  .size = sizeof(struct spec_net_device), .count = AT(net_device_count),
	  .key = offsetof(struct spec_net_device, host_name), .check_item = check_net_device },
	{ "cgroupsPath", &kind_string, AT(cgroups_path) },
	{ "resources", &kind_object, AT(resources), .fields = spec_resources_fields,
	  .check = spec_resources_check },
	{ "rootfsPropagation", &kind_string, AT(rootfs_propagation), .words = propagations },
	{ "maskedPaths", &kind_strings, AT(masked_paths), .flags = FIELD_ABSOLUTE },
	{ "readonlyPaths", &kind_strings, AT(readonly_paths), .flags = FIELD_ABSOLUTE },
	{ "mountLabel", &kind_string, AT(mount_label) },
	{ "sysctl", &kind_pairs, AT(sysctl) },
	{ "seccomp", &kind_object, AT(seccomp), .fields = spec_seccomp_fields, .has = AT(seccomp.present),
	  .check = spec_seccomp_check },
	{ "personality", &kind_object, .fields = personality_fields },
	{ "intelRdt", &kind_object, AT(intel_rdt), .fields = rdt_fields, .has = AT(intel_rdt.present) },
	{ "memoryPolicy", &kind_object, AT(memory_policy), .fields = memory_policy_fields,
	  .has = AT(memory_policy.present) },
	{ NULL },
};

/* A field that works on a namespace is refused without it: it would change the host, or do nothing. */
struct demand {
	const char *field;
	bool wanted;
	uint64_t flag;
	bool fresh; /* a joined namespace does not do */
};

static int check_demand(const struct spec *spec, const struct demand *demand, struct err *err)
{
	const struct spec_namespace *namespace = spec_find_namespace(spec, demand->flag);
	const char *name = name_of_namespace(demand->flag);

	if (!demand->wanted)
		return 0;
	if (!namespace)
		return fail_text(err, -EINVAL, "%s: needs a %s namespace", demand->field, name);
	if (demand->fresh && namespace->path)
		return fail_text(err, -EINVAL, "%s: needs a new %s namespace, not a joined one",
				 demand->field, name);
	return 0;
}

static int check_duplicates(const struct spec *spec, struct err *err)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < spec->namespace_count; i++) {
		const struct place linux_ = { .name = "linux" };
		const struct place list = { .up = &linux_, .name = "namespaces" };
		const struct place here = { .up = &list, .index = i };

		if (seen & spec->namespaces[i].flag)
			return place_fail(&here, err, "a second %s namespace",
					  name_of_namespace(spec->namespaces[i].flag));
		seen |= spec->namespaces[i].flag;
	}
	return 0;
}

int spec_linux_check(const struct spec *spec, struct err *err)
{
	/* Callers that join a user namespace send its maps along; they are then only compared or used for mounts. */
	const struct demand demands[] = {
		{ "hostname", spec->hostname && spec->hostname[0], CLONE_NEWUTS, false },
		{ "domainname", spec->domainname && spec->domainname[0], CLONE_NEWUTS, false },
		{ "linux.uidMappings", spec->uid_maps.count > 0, CLONE_NEWUSER, false },
		{ "linux.gidMappings", spec->gid_maps.count > 0, CLONE_NEWUSER, false },
		{ "linux.timeOffsets", spec->boottime.present || spec->monotonic.present, CLONE_NEWTIME,
		  true },
		{ "linux.netDevices", spec->net_device_count > 0, CLONE_NEWNET, false },
	};
	int r = check_duplicates(spec, err);

	for (size_t i = 0; r == 0 && i < sizeof(demands) / sizeof(demands[0]); i++)
		r = check_demand(spec, &demands[i], err);
	return r;
}
