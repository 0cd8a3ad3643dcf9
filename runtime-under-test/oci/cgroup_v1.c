/* Resources in the hierarchies of cgroup v1: kernel Documentation/admin-guide/cgroup-v1. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/cgroup_apply.h"
#include "runtime-under-test/oci/spec.h"

static int set_number(const struct cgroup_place *place, const char *field, const char *file,
		      const struct spec_number *number, struct err *err)
{
	return number->present ? cgroup_set(place, field, file, err, "%" PRId64, number->value) : 0;
}

static int set_unsigned(const struct cgroup_place *place, const char *field, const char *file,
			const struct spec_unsigned *number, struct err *err)
{
	return number->present ? cgroup_set(place, field, file, err, "%" PRIu64, number->value) : 0;
}

static void setting_number(struct settings *settings, const char *field, const char *file,
			   const struct spec_number *number)
{
	if (number->present)
		setting_add(settings, field, file, text_format("%" PRId64, number->value));
}

static void setting_unsigned(struct settings *settings, const char *field, const char *file,
			     const struct spec_unsigned *number)
{
	if (number->present)
		setting_add(settings, field, file, text_format("%" PRIu64, number->value));
}

/* memory+swap may never be below memory: on the way up the sum goes first, on the way down last. */
static int set_memory_and_swap(const struct cgroup_place *place, const struct spec_resources *resources,
			       struct err *err)
{
	static const char swap_file[] = "memory.memsw.limit_in_bytes";
	const struct spec_number *limit = &resources->memory.limit;
	struct spec_number swap = resources->memory.swap;
	auto_settings settings = { 0 };

	if (limit->present && limit->value > 0 && swap.present && swap.value >= 0 &&
	    swap.value < limit->value)
		return fail_text(err, -EINVAL,
				 "memory.swap: memory and swap together are below memory.limit");
	/* No limit of memory, and none of the sum said: the old one would be a limit of memory still. */
	if (limit->present && limit->value < 0 && !swap.present &&
	    faccessat(place->directory, swap_file, F_OK, 0) == 0)
		swap = (struct spec_number){ .present = true, .value = -1 };
	setting_number(&settings, "memory.limit", "memory.limit_in_bytes", limit);
	setting_number(&settings, "memory.swap", swap_file, &swap);
	return cgroup_settle(place, &settings, err);
}

int cgroup_v1_memory(const struct cgroup_place *place, const struct spec_resources *resources,
		     struct err *err)
{
	int r = 0;

	/* Always on since v5.11 (commit bef8620cd8e0): only asking for it off can fail. */
	if (resources->memory.has_use_hierarchy)
		r = cgroup_set(place, "memory.useHierarchy", "memory.use_hierarchy", err, "%d",
			       resources->memory.use_hierarchy);
	if (r == 0)
		r = set_memory_and_swap(place, resources, err);
	if (r == 0)
		r = set_number(place, "memory.reservation", "memory.soft_limit_in_bytes",
			       &resources->memory.reservation, err);
	if (r == 0)
		r = set_number(place, "memory.kernel", "memory.kmem.limit_in_bytes",
			       &resources->memory.kernel, err);
	if (r == 0)
		r = set_number(place, "memory.kernelTCP", "memory.kmem.tcp.limit_in_bytes",
			       &resources->memory.kernel_tcp, err);
	if (r == 0)
		r = set_unsigned(place, "memory.swappiness", "memory.swappiness",
				 &resources->memory.swappiness, err);
	if (r == 0 && resources->memory.has_disable_oom_killer)
		r = cgroup_set(place, "memory.disableOOMKiller", "memory.oom_control", err, "%d",
			       resources->memory.disable_oom_killer);
	return r;
}

/*
 * A quota may be too small for the burst that is there, a period too short for the quota, and an idle group takes no shares:
 * which order is right depends on the old values. Zero means "no such wish" to every caller; the kernel would refuse it, or
 * make it 2 shares.
 */
int cgroup_v1_cpu(const struct cgroup_place *place, const struct spec_resources *resources, struct err *err)
{
	const struct spec_unsigned *shares = &resources->cpu.shares;
	struct spec_number quota = resources->cpu.quota;
	auto_settings settings = { 0 };

	if (shares->value)
		setting_unsigned(&settings, "cpu.shares", "cpu.shares", shares);
	if (resources->cpu.period.value)
		setting_unsigned(&settings, "cpu.period", "cpu.cfs_period_us", &resources->cpu.period);
	if (quota.present && quota.value == 0)
		quota.value = -1;
	setting_number(&settings, "cpu.quota", "cpu.cfs_quota_us", &quota);
	setting_unsigned(&settings, "cpu.burst", "cpu.cfs_burst_us", &resources->cpu.burst);
	setting_unsigned(&settings, "cpu.realtimePeriod", "cpu.rt_period_us",
			 &resources->cpu.realtime_period);
	setting_number(&settings, "cpu.realtimeRuntime", "cpu.rt_runtime_us",
		       &resources->cpu.realtime_runtime);
	setting_number(&settings, "cpu.idle", "cpu.idle", &resources->cpu.idle);
	return cgroup_settle(place, &settings, err);
}

/* The same files in both versions. */
int cgroup_v1_cpuset(const struct cgroup_place *place, const struct spec_resources *resources,
		     struct err *err)
{
	int r = 0;

	if (resources->cpu.cpus && *resources->cpu.cpus)
		r = cgroup_set(place, "cpu.cpus", "cpuset.cpus", err, "%s", resources->cpu.cpus);
	if (r == 0 && resources->cpu.mems && *resources->cpu.mems)
		r = cgroup_set(place, "cpu.mems", "cpuset.mems", err, "%s", resources->cpu.mems);
	return r;
}

int cgroup_v1_pids(const struct cgroup_place *place, const struct spec_resources *resources, struct err *err)
{
	if (resources->pids_limit.value < 0)
		return cgroup_set(place, "pids.limit", "pids.max", err, "max");
	return cgroup_set(place, "pids.limit", "pids.max", err, "%" PRId64, resources->pids_limit.value);
}

/* The weight files belong to the BFQ scheduler, and have had its name in front since v5.0. */
static const char *weight_file(const struct cgroup_place *place, const char *bfq, const char *plain)
{
	return faccessat(place->directory, bfq, F_OK, 0) == 0 ? bfq : plain;
}

static int set_throttles(const struct cgroup_place *place, const char *field, const char *file,
			 const struct spec_throttles *throttles, struct err *err)
{
	for (size_t i = 0; i < throttles->count; i++) {
		const struct spec_throttle *item = &throttles->items[i];
		int r = cgroup_set(place, field, file, err, "%" PRId64 ":%" PRId64 " %" PRIu64, item->major,
				   item->minor, item->rate);

		if (r < 0)
			return r;
	}
	return 0;
}

static int set_weight_devices(const struct cgroup_place *place, const struct spec_resources *resources,
			      struct err *err)
{
	static const char field[] = "blockIO.weightDevice";
	const char *file = weight_file(place, "blkio.bfq.weight_device", "blkio.weight_device");

	for (size_t i = 0; i < resources->block_io.weight_device_count; i++) {
		const struct spec_weight_device *item = &resources->block_io.weight_devices[i];
		int r = 0;

		if (item->weight.present)
			r = cgroup_set(place, field, file, err, "%" PRId64 ":%" PRId64 " %" PRIu64,
				       item->major, item->minor, item->weight.value);
		if (r == 0 && item->leaf_weight.present)
			r = cgroup_set(place, field, "blkio.leaf_weight_device", err,
				       "%" PRId64 ":%" PRId64 " %" PRIu64, item->major, item->minor,
				       item->leaf_weight.value);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_v1_block_io(const struct cgroup_place *place, const struct spec_resources *resources,
		       struct err *err)
{
	const struct {
		const char *field, *file;
		const struct spec_throttles *throttles;
	} throttles[] = {
		{ "blockIO.throttleReadBpsDevice", "blkio.throttle.read_bps_device",
		  &resources->block_io.read_bps },
		{ "blockIO.throttleWriteBpsDevice", "blkio.throttle.write_bps_device",
		  &resources->block_io.write_bps },
		{ "blockIO.throttleReadIOPSDevice", "blkio.throttle.read_iops_device",
		  &resources->block_io.read_iops },
		{ "blockIO.throttleWriteIOPSDevice", "blkio.throttle.write_iops_device",
		  &resources->block_io.write_iops },
	};
	int r = set_unsigned(place, "blockIO.weight", weight_file(place, "blkio.bfq.weight", "blkio.weight"),
			     &resources->block_io.weight, err);

	if (r == 0)
		r = set_unsigned(place, "blockIO.leafWeight", "blkio.leaf_weight",
				 &resources->block_io.leaf_weight, err);
	if (r == 0)
		r = set_weight_devices(place, resources, err);
	for (size_t i = 0; i < ARRAY_SIZE(throttles) && r == 0; i++)
		r = set_throttles(place, throttles[i].field, throttles[i].file, throttles[i].throttles, err);
	return r;
}

int cgroup_v1_hugetlb(const struct cgroup_place *place, const struct spec_resources *resources,
		      struct err *err)
{
	for (size_t i = 0; i < resources->hugepage_count; i++) {
		const struct spec_hugepage *item = &resources->hugepages[i];
		auto_free char *reserved = text_format("hugetlb.%s.rsvd.limit_in_bytes", item->page_size);
		auto_free char *file = text_format("hugetlb.%s.limit_in_bytes", item->page_size);
		int r = 0;

		/* Reservations are refused at mmap, faults by SIGBUS: kernel commit cdc2fcfea79b, v5.7. */
		if (faccessat(place->directory, reserved, F_OK, 0) == 0)
			r = cgroup_set(place, "hugepageLimits", reserved, err, "%" PRIu64, item->limit);
		if (r == 0)
			r = cgroup_set(place, "hugepageLimits", file, err, "%" PRIu64, item->limit);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_v1_net_cls(const struct cgroup_place *place, const struct spec_resources *resources,
		      struct err *err)
{
	return set_unsigned(place, "network.classID", "net_cls.classid", &resources->network.class_id, err);
}

int cgroup_v1_net_prio(const struct cgroup_place *place, const struct spec_resources *resources,
		       struct err *err)
{
	for (size_t i = 0; i < resources->network.priority_count; i++) {
		const struct spec_pair *pair = &resources->network.priorities[i];
		int r = cgroup_set(place, "network.priorities", "net_prio.ifpriomap", err, "%s %s", pair->key,
				   pair->value);

		if (r < 0)
			return r;
	}
	return 0;
}
