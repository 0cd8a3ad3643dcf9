/*
 * Limits for systemd are read back from the kernel: what was written there is what counts, and each version of cgroups has
 * one file for it. So creation and update tell systemd in the same way, and it never sees a value that was refused.
 */
#include "runtime-under-test/oci/systemd_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/cgroup_apply.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/systemd_bus.h"

#define VALUE_MAX 4096
#define CPU_MAX 8192
#define INFINITE UINT64_MAX

static bool wants_memory(const struct spec_resources *r)
{
	return r->memory.limit.present;
}

static bool wants_reservation(const struct spec_resources *r)
{
	return r->memory.reservation.present;
}

/* On v2 the file changes with the limit of memory too. */
static bool wants_swap(const struct spec_resources *r)
{
	return r->memory.swap.present || r->memory.limit.present;
}

static bool wants_shares(const struct spec_resources *r)
{
	return r->cpu.shares.value != 0;
}

static bool wants_quota(const struct spec_resources *r)
{
	return r->cpu.quota.present || r->cpu.period.present;
}

static bool wants_cpus(const struct spec_resources *r)
{
	return r->cpu.cpus && *r->cpu.cpus;
}

static bool wants_mems(const struct spec_resources *r)
{
	return r->cpu.mems && *r->cpu.mems;
}

static bool wants_pids(const struct spec_resources *r)
{
	return r->pids_limit.present;
}

/* A number in a file of a controller, where that controller is of this version. */
static const struct number {
	bool (*is_asked)(const struct spec_resources *);
	bool unified;
	const char *controller, *file, *property;
} numbers[] = {
	{ wants_memory, true, "memory", "memory.max", "MemoryMax" },
	{ wants_memory, false, "memory", "memory.limit_in_bytes", "MemoryLimit" },
	{ wants_reservation, true, "memory", "memory.low", "MemoryLow" },
	{ wants_swap, true, "memory", "memory.swap.max", "MemorySwapMax" },
	{ wants_shares, true, "cpu", "cpu.weight", "CPUWeight" },
	{ wants_shares, false, "cpu", "cpu.shares", "CPUShares" },
	{ wants_pids, true, "pids", "pids.max", "TasksMax" },
	{ wants_pids, false, "pids", "pids.max", "TasksMax" },
};

static const struct {
	bool (*is_asked)(const struct spec_resources *);
	const char *file, *property;
} masks[] = {
	{ wants_cpus, "cpuset.cpus", "AllowedCPUs" },
	{ wants_mems, "cpuset.mems", "AllowedMemoryNodes" },
};

bool systemd_has_limits(const struct spec_resources *resources)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].is_asked(resources))
			return true;
	return wants_quota(resources) || wants_cpus(resources) || wants_mems(resources);
}

uint64_t systemd_cpu_per_second(uint64_t quota, uint64_t period)
{
	return period ? (quota * 1000000 + period - 1) / period : INFINITE;
}

uint8_t *systemd_cpu_mask(const char *list, size_t *ret_size)
{
	uint8_t *mask = calloc(CPU_MAX / 8, 1);
	size_t size = 0;

	if (!mask)
		abort();
	while (*list) {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (end == list)
			break;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (; from <= to && from < CPU_MAX; from++) {
			mask[from / 8] |= (uint8_t) (1u << from % 8);
			if (size < from / 8 + 1)
				size = from / 8 + 1;
		}
		list = end + (*end == ',');
	}
	*ret_size = size;
	return mask;
}

static const struct cgroup_place *find(const struct cgroups *cgroups, const char *controller, bool unified)
{
	const struct cgroup_place *place = cgroups_find(cgroups, controller);

	return place && place->unified == unified ? place : NULL;
}

static bool read_value(const struct cgroup_place *place, const char *file, struct text *ret)
{
	if (!place || file_read_at(place->directory, file, VALUE_MAX, ret, NULL) < 0)
		return false;
	text_trim_end(ret);
	return true;
}

static int append_number(const struct systemd_bus *bus, sd_bus_message *message, const char *property,
			 const char *value)
{
	unsigned long long number = INFINITE;

	if (strcmp(value, "max") != 0 && text_to_u64(value, &number) < 0)
		return 0;
	return bus->sd_bus_message_append(message, "(sv)", property, "t", (uint64_t) number);
}

static int append_quota(const struct systemd_bus *bus, const struct cgroups *cgroups, sd_bus_message *message)
{
	const struct cgroup_place *v1 = find(cgroups, "cpu", false), *v2 = find(cgroups, "cpu", true);
	auto_text quota = { 0 }, period = { 0 };
	uint64_t per_second = INFINITE, micros = 0;
	int64_t limit = -1;

	if (read_value(v2, "cpu.max", &quota)) {
		/* "max 100000" has no first number: no limit. */
		if (sscanf(text_str(&quota), "%" SCNd64 " %" SCNu64, &limit, &micros) != 2 &&
		    sscanf(text_str(&quota), "max %" SCNu64, &micros) != 1)
			return 0;
	} else if (read_value(v1, "cpu.cfs_quota_us", &quota) &&
		   read_value(v1, "cpu.cfs_period_us", &period)) {
		limit = strtoll(text_str(&quota), NULL, 10);
		micros = strtoull(text_str(&period), NULL, 10);
	} else {
		return 0;
	}
	if (limit > 0)
		per_second = systemd_cpu_per_second((uint64_t) limit, micros);
	return bus->sd_bus_message_append(message, "(sv)(sv)", "CPUQuotaPerSecUSec", "t", per_second,
					  "CPUQuotaPeriodUSec", "t", micros);
}

/* A mask is an array of bytes in a variant in a structure; sd-bus copies it only in this long form. */
static int append_mask(const struct systemd_bus *bus, sd_bus_message *message, const char *property,
		       const char *list)
{
	size_t size;
	auto_free uint8_t *mask = systemd_cpu_mask(list, &size);
	int r = bus->sd_bus_message_open_container(message, 'r', "sv");

	if (r >= 0)
		r = bus->sd_bus_message_append(message, "s", property);
	if (r >= 0)
		r = bus->sd_bus_message_open_container(message, 'v', "ay");
	if (r >= 0)
		r = bus->sd_bus_message_append_array(message, 'y', mask, size);
	for (int level = 0; level < 2 && r >= 0; level++)
		r = bus->sd_bus_message_close_container(message);
	return r;
}

int systemd_append_limits(const struct systemd_bus *bus, const struct cgroups *cgroups,
			  const struct spec_resources *resources, sd_bus_message *message)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(numbers) && r >= 0; i++) {
		const struct number *row = &numbers[i];
		auto_text value = { 0 };

		if (row->is_asked(resources) &&
		    read_value(find(cgroups, row->controller, row->unified), row->file, &value))
			r = append_number(bus, message, row->property, text_str(&value));
	}
	for (size_t i = 0; i < ARRAY_SIZE(masks) && r >= 0; i++) {
		auto_text value = { 0 };

		if (masks[i].is_asked(resources) &&
		    read_value(find(cgroups, "cpuset", true), masks[i].file, &value))
			r = append_mask(bus, message, masks[i].property, text_str(&value));
	}
	return r >= 0 && wants_quota(resources) ? append_quota(bus, cgroups, message) : r;
}

/* The name that /proc/devices has for a whole major number: "char-pts". NULL: none. Owned. */
static char *group_of(const struct text *devices, char type, int64_t major)
{
	const char *at = strstr(text_str(devices), type == 'b' ? "Block devices:\n" : "Character devices:\n");
	const char *end = at && type == 'c' ? strstr(at, "\n\n") : NULL;
	auto_free char *wanted = text_format("\n%3" PRId64 " ", major);
	const char *found = at ? strstr(at, wanted) : NULL;

	if (!found || (end && found > end))
		return NULL;
	found += strlen(wanted);
	return text_format("%s-%.*s", type == 'b' ? "block" : "char", (int) strcspn(found, "\n"), found);
}

/* NULL: DeviceAllow= has no word for it. Owned. */
static char *device_word(const struct text *devices, const struct spec_device_rule *rule)
{
	const char *type = rule->type == 'b' ? "block" : "char";

	if (rule->major < 0)
		return rule->minor < 0 ? text_format("%s-*", type) : NULL;
	if (rule->minor < 0)
		return group_of(devices, rule->type, rule->major);
	return text_format("/dev/%s/%" PRId64 ":%" PRId64, type, rule->major, rule->minor);
}

/* A list that begins by denying everything and then only allows is what DeviceAllow= can say. */
static bool is_plain_list(const struct spec_device_rule *rules, size_t count)
{
	if (!count || rules[0].allow || rules[0].type != 'a' || rules[0].major >= 0 || rules[0].minor >= 0)
		return false;
	for (size_t i = 1; i < count; i++)
		if (!rules[i].allow || rules[i].type == 'a')
			return false;
	return true;
}

/*
 * Our own program or devices.allow holds the rules; these words only keep a reload of systemd from writing others. So where
 * one rule has no word, none is said.
 */
int systemd_append_devices(const struct systemd_bus *bus, const struct spec_resources *resources,
			   sd_bus_message *message)
{
	size_t count, known = 0;
	auto_free struct spec_device_rule *rules = cgroup_device_rules(resources, &count);
	auto_free char **words = calloc(count + 1, sizeof(*words));
	auto_text devices = { 0 };
	int r = 0;

	if (!words || !is_plain_list(rules, count) ||
	    file_read_at(AT_FDCWD, "/proc/devices", VALUE_MAX * 4, &devices, NULL) < 0)
		return 0;
	for (size_t i = 1; i < count; i++)
		known += (words[i] = device_word(&devices, &rules[i])) != NULL;
	if (known + 1 == count) {
		r = bus->sd_bus_message_append(message, "(sv)", "DevicePolicy", "s", "strict");
		for (size_t i = 1; i < count && r >= 0; i++)
			r = bus->sd_bus_message_append(message, "(sv)", "DeviceAllow", "a(ss)", 1, words[i],
						       rules[i].access);
	}
	for (size_t i = 1; i < count; i++)
		free(words[i]);
	return r;
}
