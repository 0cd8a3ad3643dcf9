/* linux.resources, controller by controller: to its v1 hierarchy where it has one, else to the unified one. */
#include "runtime-under-test/oci/cgroup_apply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/cgroup_journal.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/spec.h"

static bool has_memory(const struct spec_resources *r)
{
	return r->memory.limit.present || r->memory.reservation.present || r->memory.swap.present ||
	       r->memory.kernel.present || r->memory.kernel_tcp.present || r->memory.swappiness.present ||
	       r->memory.has_disable_oom_killer || r->memory.has_use_hierarchy;
}

static bool has_cpu(const struct spec_resources *r)
{
	return r->cpu.shares.present || r->cpu.period.present || r->cpu.quota.present ||
	       r->cpu.burst.present || r->cpu.idle.present || r->cpu.realtime_period.present ||
	       r->cpu.realtime_runtime.present;
}

static bool has_cpuset(const struct spec_resources *r)
{
	return r->cpu.cpus || r->cpu.mems;
}

static bool has_pids(const struct spec_resources *r)
{
	return r->pids_limit.present;
}

static bool has_block_io(const struct spec_resources *r)
{
	return r->block_io.weight.present || r->block_io.leaf_weight.present ||
	       r->block_io.weight_device_count || r->block_io.read_bps.count || r->block_io.write_bps.count ||
	       r->block_io.read_iops.count || r->block_io.write_iops.count;
}

static bool has_hugetlb(const struct spec_resources *r)
{
	return r->hugepage_count;
}

static bool has_net_cls(const struct spec_resources *r)
{
	return r->network.class_id.present;
}

static bool has_net_prio(const struct spec_resources *r)
{
	return r->network.priority_count;
}

static bool has_rdma(const struct spec_resources *r)
{
	return r->rdma_count;
}

static bool has_devices(const struct spec_resources *r)
{
	return r->device_count;
}

static const struct {
	const char *controller, *field;
	bool (*is_asked)(const struct spec_resources *);
	cgroup_apply_fn *v1, *v2;
} groups[] = {
	{ "memory", "memory", has_memory, cgroup_v1_memory, cgroup_v2_memory },
	{ "cpu", "cpu", has_cpu, cgroup_v1_cpu, cgroup_v2_cpu },
	{ "cpuset", "cpu", has_cpuset, cgroup_v1_cpuset, cgroup_v1_cpuset },
	{ "pids", "pids", has_pids, cgroup_v1_pids, cgroup_v1_pids },
	{ "blkio", "blockIO", has_block_io, cgroup_v1_block_io, cgroup_v2_block_io },
	{ "hugetlb", "hugepageLimits", has_hugetlb, cgroup_v1_hugetlb, cgroup_v2_hugetlb },
	{ "net_cls", "network.classID", has_net_cls, cgroup_v1_net_cls, cgroup_v2_refuse_network },
	{ "net_prio", "network.priorities", has_net_prio, cgroup_v1_net_prio, cgroup_v2_refuse_network },
	{ "rdma", "rdma", has_rdma, cgroup_both_rdma, cgroup_both_rdma },
	{ "devices", "devices", has_devices, cgroup_v1_devices, cgroup_v2_devices },
};

int cgroup_set(const struct cgroup_place *place, const char *field, const char *file, struct err *err,
	       const char *format, ...)
{
	auto_text value = { 0 };
	char *undo = NULL;
	va_list args;
	int r;

	va_start(args, format);
	text_addv(&value, format, args);
	va_end(args);
	if (place->journal)
		undo = cgroup_undo_value(place, file, text_str(&value));
	r = file_write_at(place->directory, file, text_str(&value), value.len, NULL);
	if (r == 0)
		cgroup_note_file(place, file, TAKE(undo));
	free(undo);
	if (r == -ENOENT)
		return fail_text(err, r, "%s: this kernel or cgroup has no %s", field, file);
	return r < 0 ? fail(err, r, "%s: write \"%s\" to %s", field, text_str(&value), file) : 0;
}

/* The owner of the config knows what the file is; it must only be one of this cgroup. config-linux.md#unified */
static int apply_unified(const struct cgroups *cgroups, const struct spec_resources *resources,
			 struct err *err)
{
	const struct cgroup_place *place = cgroups_find(cgroups, "");

	for (size_t i = 0; i < resources->unified.count; i++) {
		const struct spec_pair *pair = &resources->unified.items[i];
		auto_free char *field = text_format("unified[%s]", pair->key);
		int r;

		if (!place || !place->unified)
			return fail_text(err, -EOPNOTSUPP, "%s: there is no unified hierarchy", field);
		if (strchr(pair->key, '/') || text_starts(pair->key, "cgroup.procs") || *pair->key == '.')
			return fail_text(err, -EINVAL, "%s: no file of a controller", field);
		r = cgroup_set(place, field, pair->key, err, "%s", pair->value);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroups_apply(const struct cgroups *cgroups, const struct spec_resources *resources, struct err *err)
{
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		const struct cgroup_place *place;

		if (!groups[i].is_asked(resources))
			continue;
		place = cgroups_find(cgroups, groups[i].controller);
		if (!place)
			return fail_text(err, -EOPNOTSUPP,
					 "linux.resources.%s: the cgroup controller %s is not available",
					 groups[i].field, groups[i].controller);
		r = (place->unified ? groups[i].v2 : groups[i].v1)(place, resources, err);
		if (r < 0)
			return fail(err, r, "linux.resources");
	}
	r = apply_unified(cgroups, resources, err);
	return r < 0 ? fail(err, r, "linux.resources") : 0;
}

int cgroup_both_rdma(const struct cgroup_place *place, const struct spec_resources *resources,
		     struct err *err)
{
	for (size_t i = 0; i < resources->rdma_count; i++) {
		const struct spec_rdma *rdma = &resources->rdma[i];
		auto_text line = { 0 };
		int r;

		text_add(&line, rdma->device);
		if (rdma->handles.present)
			text_addf(&line, " hca_handle=%ju", (uintmax_t) rdma->handles.value);
		if (rdma->objects.present)
			text_addf(&line, " hca_object=%ju", (uintmax_t) rdma->objects.value);
		r = cgroup_set(place, "rdma", "rdma.max", err, "%s", text_str(&line));
		if (r < 0)
			return r;
	}
	return 0;
}

/* What every container has in /dev (config-linux.md#default-devices), and making nodes, which alone opens nothing. */
static const struct spec_device_rule always[] = {
	{ .allow = true, .type = 'c', .major = -1, .minor = -1, .access = "m" },
	{ .allow = true, .type = 'b', .major = -1, .minor = -1, .access = "m" },
	{ .allow = true, .type = 'c', .major = 1, .minor = 3, .access = "rwm" }, /* null */
	{ .allow = true, .type = 'c', .major = 1, .minor = 5, .access = "rwm" }, /* zero */
	{ .allow = true, .type = 'c', .major = 1, .minor = 7, .access = "rwm" }, /* full */
	{ .allow = true, .type = 'c', .major = 1, .minor = 8, .access = "rwm" }, /* random */
	{ .allow = true, .type = 'c', .major = 1, .minor = 9, .access = "rwm" }, /* urandom */
	{ .allow = true, .type = 'c', .major = 5, .minor = 0, .access = "rwm" }, /* tty */
	{ .allow = true, .type = 'c', .major = 5, .minor = 1, .access = "rwm" }, /* console */
	{ .allow = true, .type = 'c', .major = 5, .minor = 2, .access = "rwm" }, /* ptmx */
	{ .allow = true, .type = 'c', .major = 136, .minor = -1, .access = "rwm" }, /* pts */
};

static bool denies_all(const struct spec_device_rule *rule)
{
	return !rule->allow && rule->type == 'a' && rule->major < 0 && rule->minor < 0 &&
	       strlen(rule->access) == 3;
}

struct spec_device_rule *cgroup_device_rules(const struct spec_resources *resources, size_t *ret_count)
{
	size_t given = fault("device-rules-skipped") ? 0 : resources->device_count, at = 0, count = 0;
	struct spec_device_rule *rules = calloc(given + ARRAY_SIZE(always) + 1, sizeof(*rules));

	if (!rules)
		abort();
	for (size_t i = 0; i < given; i++)
		if (denies_all(&resources->devices[i]))
			at = i + 1;
	for (size_t i = 0; i < given; i++) {
		rules[count++] = resources->devices[i];
		if (i + 1 != at)
			continue;
		memcpy(rules + count, always, sizeof(always));
		count += ARRAY_SIZE(always);
	}
	*ret_count = count;
	return rules;
}
