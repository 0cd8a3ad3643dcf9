/* linux.resources: config-linux.md#control-groups, read by create and by update alike. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/spec_fields.h"
#include "runtime-under-test/oci/spec_tables.h"

/* The kernel's dev_t has 12 and 20 bits (linux/kdev_t.h): larger numbers would name another device. */
#define MAJOR_MAX 0xfff
#define MINOR_MAX 0xfffff

#define AT(member) offsetof(struct spec_resources, member)

static const struct word rule_types[] = { { "a", 'a' }, { "c", 'c' }, { "b", 'b' }, { NULL, 0 } };

static int read_access(const struct place *place, const struct json *value, const struct field *field,
		       void *target, struct err *err)
{
	struct spec_device_rule *rule = target;
	auto_free char *access = NULL;
	int r = field_string(place, value, &access, err);
	size_t used = 0;

	(void) field;
	if (r < 0)
		return r;
	if (access[0] == '\0' || access[strspn(access, "rwm")] != '\0')
		return place_fail(place, err, "\"%s\" is not made of r, w and m", access);
	memset(rule->access, 0, sizeof(rule->access));
	for (const char *letter = "rwm"; *letter; letter++)
		if (strchr(access, *letter))
			rule->access[used++] = *letter;
	return 0;
}
static const struct kind kind_access = { .read = read_access };

/* What is not said is "all": config-linux.md#allowed-device-list. */
static void prepare_rule(void *item)
{
	*(struct spec_device_rule *) item =
	    (struct spec_device_rule){ .type = 'a', .major = -1, .minor = -1, .access = "rwm" };
}

static const struct field rule_fields[] = {
	{ "allow", &kind_bool, offsetof(struct spec_device_rule, allow), .flags = FIELD_REQUIRED },
	{ "type", &kind_letter, offsetof(struct spec_device_rule, type), .words = rule_types },
	{ "major", &kind_i64, offsetof(struct spec_device_rule, major), .min = -1, .max = MAJOR_MAX },
	{ "minor", &kind_i64, offsetof(struct spec_device_rule, minor), .min = -1, .max = MINOR_MAX },
	{ "access", &kind_access },
	{ NULL },
};

static const struct field memory_fields[] = {
	{ "limit", &kind_number, AT(memory.limit), .min = -1, .max = INT64_MAX },
	{ "reservation", &kind_number, AT(memory.reservation), .min = -1, .max = INT64_MAX },
	{ "swap", &kind_number, AT(memory.swap), .min = -1, .max = INT64_MAX },
	{ "kernel", &kind_number, AT(memory.kernel), .min = -1, .max = INT64_MAX },
	{ "kernelTCP", &kind_number, AT(memory.kernel_tcp), .min = -1, .max = INT64_MAX },
	{ "swappiness", &kind_unsigned, AT(memory.swappiness), .max = 100 },
	{ "disableOOMKiller", &kind_bool, AT(memory.disable_oom_killer),
	  .has = AT(memory.has_disable_oom_killer) },
	{ "useHierarchy", &kind_bool, AT(memory.use_hierarchy), .has = AT(memory.has_use_hierarchy) },
	{ "checkBeforeUpdate", &kind_bool, AT(memory.check_before_update) },
	{ NULL },
};

static const struct field cpu_fields[] = {
	{ "shares", &kind_unsigned, AT(cpu.shares) },
	{ "quota", &kind_number, AT(cpu.quota) },
	{ "burst", &kind_unsigned, AT(cpu.burst) },
	{ "period", &kind_unsigned, AT(cpu.period) },
	{ "realtimeRuntime", &kind_number, AT(cpu.realtime_runtime) },
	{ "realtimePeriod", &kind_unsigned, AT(cpu.realtime_period) },
	{ "cpus", &kind_string, AT(cpu.cpus), .check = check_cpu_list },
	{ "mems", &kind_string, AT(cpu.mems), .check = check_cpu_list },
	{ "idle", &kind_number, AT(cpu.idle), .max = 1 },
	{ NULL },
};

static const struct field pids_fields[] = {
	{ "limit", &kind_number, AT(pids_limit), .min = -1, .max = INT64_MAX },
	{ NULL },
};

static const struct field weight_fields[] = {
	{ "major", &kind_i64, offsetof(struct spec_weight_device, major), .flags = FIELD_REQUIRED,
	  .max = MAJOR_MAX },
	{ "minor", &kind_i64, offsetof(struct spec_weight_device, minor), .flags = FIELD_REQUIRED,
	  .max = MINOR_MAX },
	{ "weight", &kind_unsigned, offsetof(struct spec_weight_device, weight), .max = UINT16_MAX },
	{ "leafWeight", &kind_unsigned, offsetof(struct spec_weight_device, leaf_weight), .max = UINT16_MAX },
	{ NULL },
};

static int check_weight(const struct place *place, void *item, struct err *err)
{
	const struct spec_weight_device *device = item;

	if (!device->weight.present && !device->leaf_weight.present)
		return place_fail(place, err, "needs a weight or a leafWeight");
	return 0;
}

static const struct field throttle_fields[] = {
	{ "major", &kind_i64, offsetof(struct spec_throttle, major), .flags = FIELD_REQUIRED,
	  .max = MAJOR_MAX },
	{ "minor", &kind_i64, offsetof(struct spec_throttle, minor), .flags = FIELD_REQUIRED,
	  .max = MINOR_MAX },
	{ "rate", &kind_u64, offsetof(struct spec_throttle, rate), .flags = FIELD_REQUIRED },
	{ NULL },
};

static const struct field block_io_fields[] = {
	{ "weight", &kind_unsigned, AT(block_io.weight), .max = UINT16_MAX },
	{ "leafWeight", &kind_unsigned, AT(block_io.leaf_weight), .max = UINT16_MAX },
	{ "weightDevice", &kind_list, AT(block_io.weight_devices), .fields = weight_fields,
	  .size = sizeof(struct spec_weight_device), .count = AT(block_io.weight_device_count),
	  .check_item = check_weight },
	{ "throttleReadBpsDevice", &kind_list, AT(block_io.read_bps.items), .fields = throttle_fields,
	  .size = sizeof(struct spec_throttle), .count = AT(block_io.read_bps.count) },
	{ "throttleWriteBpsDevice", &kind_list, AT(block_io.write_bps.items), .fields = throttle_fields,
	  .size = sizeof(struct spec_throttle), .count = AT(block_io.write_bps.count) },
	{ "throttleReadIOPSDevice", &kind_list, AT(block_io.read_iops.items), .fields = throttle_fields,
	  .size = sizeof(struct spec_throttle), .count = AT(block_io.read_iops.count) },
	{ "throttleWriteIOPSDevice", &kind_list, AT(block_io.write_iops.items), .fields = throttle_fields,
	  .size = sizeof(struct spec_throttle), .count = AT(block_io.write_iops.count) },
	{ NULL },
};

/* It becomes part of a file name, hugetlb.2MB.max. */
static int check_page_size(const struct place *place, void *pointer, struct err *err)
{
	const char *size = *(char **) pointer;
	size_t digits = strspn(size, "0123456789");

	if (digits == 0 || !strchr("KMGTPE", size[digits]) || strcmp(size + digits + 1, "B") != 0)
		return place_fail(place, err, "\"%s\" is not a size such as 2MB", size);
	return 0;
}

static const struct field hugepage_fields[] = {
	{ "pageSize", &kind_string, offsetof(struct spec_hugepage, page_size),
	  .flags = FIELD_REQUIRED | FIELD_FILLED, .check = check_page_size },
	{ "limit", &kind_u64, offsetof(struct spec_hugepage, limit), .flags = FIELD_REQUIRED },
	{ NULL },
};

static int read_decimal(const struct place *place, const struct json *value, const struct field *field,
			void *target, struct err *err)
{
	const struct field row = { .kind = &kind_unsigned, .max = UINT32_MAX };
	struct spec_unsigned number = { 0 };
	int r = kind_unsigned.read(place, value, &row, &number, err);

	if (r < 0)
		return r;
	*(char **) ((char *) target + field->offset) = text_format("%ju", (uintmax_t) number.value);
	return 0;
}

static void clear_decimal(const struct field *field, void *target)
{
	kind_string.clear(field, target);
}
static const struct kind kind_decimal = { .read = read_decimal, .clear = clear_decimal };

/* The line written to net_prio.ifpriomap is "NAME PRIORITY". */
static int check_interface(const struct place *place, void *pointer, struct err *err)
{
	const char *name = *(char **) pointer;

	if (strpbrk(name, " \t\n/"))
		return place_fail(place, err, "\"%s\" is no interface name", name);
	return 0;
}

static const struct field priority_fields[] = {
	{ "name", &kind_string, offsetof(struct spec_pair, key), .flags = FIELD_REQUIRED | FIELD_FILLED,
	  .check = check_interface },
	{ "priority", &kind_decimal, offsetof(struct spec_pair, value), .flags = FIELD_REQUIRED },
	{ NULL },
};

static const struct field network_fields[] = {
	{ "classID", &kind_unsigned, AT(network.class_id), .max = UINT32_MAX },
	{ "priorities", &kind_list, AT(network.priorities), .fields = priority_fields,
	  .size = sizeof(struct spec_pair), .count = AT(network.priority_count) },
	{ NULL },
};

static const struct field rdma_fields[] = {
	{ "hcaHandles", &kind_unsigned, offsetof(struct spec_rdma, handles), .max = UINT32_MAX },
	{ "hcaObjects", &kind_unsigned, offsetof(struct spec_rdma, objects), .max = UINT32_MAX },
	{ NULL },
};

static int check_rdma(const struct place *place, void *item, struct err *err)
{
	const struct spec_rdma *rdma = item;

	if (!rdma->handles.present && !rdma->objects.present)
		return place_fail(place, err, "needs hcaHandles or hcaObjects");
	if (rdma->device[0] == '\0' || strpbrk(rdma->device, " \t\n/"))
		return place_fail(place, err, "\"%s\" is no device name", rdma->device);
	return 0;
}

/* Keys are file names in the container's cgroup: one that leads out of it would set another cgroup's limits. */
static int check_unified(const struct place *place, void *pointer, struct err *err)
{
	const struct spec_pairs *pairs = pointer;

	for (size_t i = 0; i < pairs->count; i++) {
		const struct place here = { .up = place, .name = pairs->items[i].key };

		if (strchr(here.name, '/') || strcmp(here.name, "..") == 0 || !strchr(here.name, '.'))
			return place_fail(&here, err, "is no cgroup file name");
	}
	return 0;
}

const struct field spec_resources_fields[] = {
	{ "devices", &kind_list, AT(devices), .fields = rule_fields, .size = sizeof(struct spec_device_rule),
	  .count = AT(device_count), .prepare = prepare_rule },
	{ "memory", &kind_object, .fields = memory_fields },
	{ "cpu", &kind_object, .fields = cpu_fields },
	{ "pids", &kind_object, .fields = pids_fields },
	{ "blockIO", &kind_object, .fields = block_io_fields },
	{ "hugepageLimits", &kind_list, AT(hugepages), .fields = hugepage_fields,
	  .size = sizeof(struct spec_hugepage), .count = AT(hugepage_count) },
	{ "network", &kind_object, .fields = network_fields },
	{ "rdma", &kind_map, AT(rdma), .fields = rdma_fields, .size = sizeof(struct spec_rdma),
	  .count = AT(rdma_count), .key = offsetof(struct spec_rdma, device), .check_item = check_rdma },
	{ "unified", &kind_pairs, AT(unified), .check = check_unified },
	{ NULL },
};

/*
 * Engines write zero for what nobody asked for (docker's blockIO.weight, for one), and the kernel takes none of these zeros as a
 * limit: runc and crun pass them over, too.
 */
static void forget_zeros(struct spec_resources *resources)
{
	struct spec_unsigned *unsigned_fields[] = { &resources->block_io.weight,
						    &resources->block_io.leaf_weight,
						    &resources->cpu.period };
	struct spec_number *number_fields[] = { &resources->cpu.quota, &resources->memory.limit,
						&resources->memory.reservation, &resources->memory.swap };

	for (size_t i = 0; i < ARRAY_SIZE(unsigned_fields); i++)
		unsigned_fields[i]->present &= unsigned_fields[i]->value != 0;
	for (size_t i = 0; i < ARRAY_SIZE(number_fields); i++)
		number_fields[i]->present &= number_fields[i]->value != 0;
}

int spec_resources_check(const struct place *place, void *pointer, struct err *err)
{
	struct spec_resources *resources = pointer;
	const struct place cpu = { .up = place, .name = "cpu" }, burst = { .up = &cpu, .name = "burst" };
	const struct place memory = { .up = place, .name = "memory" },
			   swap = { .up = &memory, .name = "swap" };
	const struct spec_number *quota = &resources->cpu.quota, *limit = &resources->memory.limit;

	forget_zeros(resources);
	if (resources->cpu.burst.present && quota->present && quota->value > 0 &&
	    resources->cpu.burst.value > (uint64_t) quota->value)
		return place_fail(&burst, err, "%ju is above the quota, %jd",
				  (uintmax_t) resources->cpu.burst.value, (intmax_t) quota->value);
	/* swap counts memory and swap together. */
	if (resources->memory.swap.present && resources->memory.swap.value > 0 && limit->present &&
	    limit->value > resources->memory.swap.value)
		return place_fail(&swap, err, "%jd is below the memory limit, %jd",
				  (intmax_t) resources->memory.swap.value, (intmax_t) limit->value);
	return 0;
}

int spec_parse_resources(const struct json *resources, const char *field, struct spec_resources *ret,
			 struct err *err)
{
	const struct place place = { .name = field };
	struct spec_resources result = { 0 };
	int r;

	if (json_kind(resources) != JSON_OBJECT)
		return place_wrong_kind(&place, resources, "an object", err);
	r = fields_read(&place, resources, spec_resources_fields, &result, err);
	if (r == 0)
		r = spec_resources_check(&place, &result, err);
	if (r < 0) {
		spec_resources_clear(&result);
		return r;
	}
	*ret = result;
	return 0;
}

void spec_resources_clear(struct spec_resources *resources)
{
	fields_clear(spec_resources_fields, resources);
	memset(resources, 0, sizeof(*resources));
}
