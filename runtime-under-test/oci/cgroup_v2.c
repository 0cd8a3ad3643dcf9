/* Resources in the unified hierarchy: kernel Documentation/admin-guide/cgroup-v2.rst. What has no counterpart there is refused. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/cgroup_apply.h"
#include "runtime-under-test/oci/mount_options.h"
#include "runtime-under-test/oci/mounts.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/userns.h"

#define DELEGATE_MAX 4096

static int refuse(const char *field, struct err *err)
{
	return fail_text(err, -EOPNOTSUPP, "%s: cgroup v2 has nothing like it", field);
}

static int set_bytes(const struct cgroup_place *place, const char *field, const char *file, int64_t bytes,
		     struct err *err)
{
	if (bytes < 0)
		return cgroup_set(place, field, file, err, "max");
	return cgroup_set(place, field, file, err, "%" PRId64, bytes);
}

/* The config's swap is memory and swap together, the file's is swap alone: only the difference of two knowns can be written. */
static int set_swap(const struct cgroup_place *place, const struct spec_resources *resources, struct err *err)
{
	const struct spec_number *limit = &resources->memory.limit, *swap = &resources->memory.swap;
	auto_text present = { 0 };
	long long memory = limit->value;

	/* No limit of memory, and none of the sum said: none of the sum. */
	if (!swap->present && limit->present && limit->value < 0)
		return faccessat(place->directory, "memory.swap.max", F_OK, 0) == 0
			   ? set_bytes(place, "memory.swap", "memory.swap.max", -1, err)
			   : 0;
	if (!swap->present)
		return 0;
	if (swap->value < 0)
		return set_bytes(place, "memory.swap", "memory.swap.max", -1, err);
	if (!limit->present) {
		if (file_read_at(place->directory, "memory.max", 64, &present, NULL) < 0)
			return fail_text(err, -EINVAL, "memory.swap: needs memory.limit");
		text_trim_end(&present);
		if (text_to_i64(text_str(&present), &memory) < 0)
			return fail_text(err, -EINVAL, "memory.swap: needs memory.limit");
	}
	if (memory < 0)
		return fail_text(err, -EINVAL, "memory.swap: a limit of swap needs a limit of memory");
	if (swap->value < memory)
		return fail_text(err, -EINVAL,
				 "memory.swap: memory and swap together are below memory.limit");
	return set_bytes(place, "memory.swap", "memory.swap.max", swap->value - memory, err);
}

/* v1 refuses by itself a limit that is below what is in use; v2 would kill for it. config-linux.md#memory */
static int check_before_update(const struct cgroup_place *place, const struct spec_resources *resources,
			       struct err *err)
{
	const struct spec_number *limit = &resources->memory.limit;
	auto_text content = { 0 };
	long long usage;

	if (!resources->memory.check_before_update || !limit->present || limit->value < 0 ||
	    file_read_at(place->directory, "memory.current", 64, &content, NULL) < 0)
		return 0;
	text_trim_end(&content);
	if (text_to_i64(text_str(&content), &usage) < 0 || usage <= limit->value)
		return 0;
	return fail_text(err, -EBUSY, "memory.limit: %" PRId64 " is below the %lld bytes in use",
			 limit->value, usage);
}

int cgroup_v2_memory(const struct cgroup_place *place, const struct spec_resources *resources,
		     struct err *err)
{
	int r;

	if (resources->memory.kernel.present)
		return refuse("memory.kernel", err);
	if (resources->memory.kernel_tcp.present)
		return refuse("memory.kernelTCP", err);
	if (resources->memory.swappiness.present)
		return refuse("memory.swappiness", err);
	if (resources->memory.has_disable_oom_killer && resources->memory.disable_oom_killer)
		return refuse("memory.disableOOMKiller", err);
	if (resources->memory.has_use_hierarchy && !resources->memory.use_hierarchy)
		return refuse("memory.useHierarchy", err);
	r = check_before_update(place, resources, err);
	if (r == 0)
		r = set_swap(place, resources, err);
	if (r == 0 && resources->memory.limit.present)
		r = set_bytes(place, "memory.limit", "memory.max", resources->memory.limit.value, err);
	if (r == 0 && resources->memory.reservation.present)
		r = set_bytes(place, "memory.reservation", "memory.low", resources->memory.reservation.value,
			      err);
	return r;
}

/*
 * Both scales are relative: what must meet is the default (1024, 100) and the ends (2, 1 and 262144, 10000). In powers of
 * two these are the values of 10^((l^2 + 125l)/612 - 7/34) rounded up, l = log2(shares), on which runc and crun agreed
 * (opencontainers/cgroups pull 20); in between a straight line, so the order of two containers is never lost.
 */
uint64_t cgroup_shares_to_weight(uint64_t shares)
{
	static const uint16_t weights[] = { 1,   1,   2,   3,   5,   8,    12,   21,   35,   59,
					    100, 174, 303, 532, 942, 1681, 3023, 5478, 10000 };
	unsigned octave;
	uint64_t low;

	if (shares < 2)
		shares = 2;
	if (shares >= 262144)
		return 10000;
	octave = 63u - (unsigned) __builtin_clzll(shares);
	low = 1ull << octave;
	return weights[octave] + (uint64_t) (weights[octave + 1] - weights[octave]) * (shares - low) / low;
}

/* Quota and period share one file; the one that is not given stays. Owned; NULL: none is given. */
static int cpu_max(const struct cgroup_place *place, const struct spec_resources *resources, char **ret,
		   struct err *err)
{
	const struct spec_number *quota = &resources->cpu.quota;
	auto_free char *wanted = NULL;
	auto_text present = { 0 };
	char *old, *period;
	int r;

	*ret = NULL;
	if (!quota->present && !resources->cpu.period.value)
		return 0;
	r = file_read_at(place->directory, "cpu.max", 128, &present, NULL);
	if (r < 0)
		return fail(err, r, "cpu.quota: read cpu.max");
	text_trim_end(&present);
	old = present.data;
	period = old ? strchr(old, ' ') : NULL;
	if (!period)
		return fail_text(err, -EIO, "cpu.quota: cpu.max is \"%s\"", text_str(&present));
	*period++ = '\0';
	if (quota->present)
		wanted = quota->value <= 0 ? text_format("max") : text_format("%" PRId64, quota->value);
	if (resources->cpu.period.value)
		*ret = text_format("%s %" PRIu64, wanted ? wanted : old, resources->cpu.period.value);
	else
		*ret = text_format("%s %s", wanted ? wanted : old, period);
	return 0;
}

/* An idle group takes no weight, and a quota none that is below the burst: in which order depends on what was there. */
int cgroup_v2_cpu(const struct cgroup_place *place, const struct spec_resources *resources, struct err *err)
{
	auto_settings settings = { 0 };
	char *max;
	int r;

	if (resources->cpu.realtime_period.present || resources->cpu.realtime_runtime.present)
		return refuse("cpu.realtimeRuntime", err);
	r = cpu_max(place, resources, &max, err);
	if (r < 0)
		return r;
	if (max)
		setting_add(&settings, "cpu.quota and cpu.period", "cpu.max", max);
	if (resources->cpu.shares.value)
		setting_add(&settings, "cpu.shares", "cpu.weight",
			    text_format("%" PRIu64, cgroup_shares_to_weight(resources->cpu.shares.value)));
	if (resources->cpu.burst.present)
		setting_add(&settings, "cpu.burst", "cpu.max.burst",
			    text_format("%" PRIu64, resources->cpu.burst.value));
	if (resources->cpu.idle.present)
		setting_add(&settings, "cpu.idle", "cpu.idle",
			    text_format("%" PRId64, resources->cpu.idle.value));
	return cgroup_settle(place, &settings, err);
}

uint64_t cgroup_io_weight(uint64_t weight)
{
	return weight <= 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

/* BFQ's file has the config's own scale; io.weight belongs to the cost model and has another. */
static int set_io_weight(const struct cgroup_place *place, const char *field, const char *what,
			 uint64_t weight, struct err *err)
{
	if (faccessat(place->directory, "io.bfq.weight", F_OK, 0) == 0)
		return cgroup_set(place, field, "io.bfq.weight", err, "%s %" PRIu64, what, weight);
	return cgroup_set(place, field, "io.weight", err, "%s %" PRIu64, what, cgroup_io_weight(weight));
}

static int set_io_max(const struct cgroup_place *place, const char *field, const char *key,
		      const struct spec_throttles *throttles, struct err *err)
{
	for (size_t i = 0; i < throttles->count; i++) {
		const struct spec_throttle *item = &throttles->items[i];
		auto_free char *rate = item->rate ? text_format("%" PRIu64, item->rate) : text_format("max");
		int r = cgroup_set(place, field, "io.max", err, "%" PRId64 ":%" PRId64 " %s=%s", item->major,
				   item->minor, key, rate);

		if (r < 0)
			return r;
	}
	return 0;
}

static int set_io_weights(const struct cgroup_place *place, const struct spec_resources *resources,
			  struct err *err)
{
	int r = 0;

	if (resources->block_io.leaf_weight.present)
		return refuse("blockIO.leafWeight", err);
	if (resources->block_io.weight.present && resources->block_io.weight.value)
		r = set_io_weight(place, "blockIO.weight", "default", resources->block_io.weight.value, err);
	for (size_t i = 0; i < resources->block_io.weight_device_count && r == 0; i++) {
		const struct spec_weight_device *item = &resources->block_io.weight_devices[i];
		auto_free char *device = text_format("%" PRId64 ":%" PRId64, item->major, item->minor);

		if (item->leaf_weight.present)
			return refuse("blockIO.weightDevice.leafWeight", err);
		r = set_io_weight(place, "blockIO.weightDevice", device, item->weight.value, err);
	}
	return r;
}

int cgroup_v2_block_io(const struct cgroup_place *place, const struct spec_resources *resources,
		       struct err *err)
{
	int r = set_io_weights(place, resources, err);

	if (r == 0)
		r = set_io_max(place, "blockIO.throttleReadBpsDevice", "rbps", &resources->block_io.read_bps,
			       err);
	if (r == 0)
		r = set_io_max(place, "blockIO.throttleWriteBpsDevice", "wbps",
			       &resources->block_io.write_bps, err);
	if (r == 0)
		r = set_io_max(place, "blockIO.throttleReadIOPSDevice", "riops",
			       &resources->block_io.read_iops, err);
	if (r == 0)
		r = set_io_max(place, "blockIO.throttleWriteIOPSDevice", "wiops",
			       &resources->block_io.write_iops, err);
	return r;
}

int cgroup_v2_hugetlb(const struct cgroup_place *place, const struct spec_resources *resources,
		      struct err *err)
{
	for (size_t i = 0; i < resources->hugepage_count; i++) {
		const struct spec_hugepage *item = &resources->hugepages[i];
		auto_free char *reserved = text_format("hugetlb.%s.rsvd.max", item->page_size);
		auto_free char *file = text_format("hugetlb.%s.max", item->page_size);
		int r = 0;

		if (faccessat(place->directory, reserved, F_OK, 0) == 0)
			r = cgroup_set(place, "hugepageLimits", reserved, err, "%" PRIu64, item->limit);
		if (r == 0)
			r = cgroup_set(place, "hugepageLimits", file, err, "%" PRIu64, item->limit);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_v2_refuse_network(const struct cgroup_place *place, const struct spec_resources *resources,
			     struct err *err)
{
	(void) place;
	return refuse(resources->network.class_id.present ? "network.classID" : "network.priorities", err);
}

/* A writable cgroup mount at its usual place is what tells that the container is to manage cgroups itself. */
static bool mounts_cgroups_writable(const struct spec *spec)
{
	bool writable = false;

	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];
		auto_mount_options options = { 0 };

		if (strcmp(mount->destination, "/sys/fs/cgroup") != 0 || !mount_is_cgroup(mount) ||
		    mount_options_parse(&mount->options, &options, NULL) < 0)
			continue;
		writable = !((options.attr.set | options.recursive_attr.set) & MOUNT_ATTR_RDONLY);
	}
	return writable;
}

/* A file of the list that this kernel does not have is no error: config-linux.md#cgroup-ownership. */
static int give_files(int directory, uid_t uid, struct err *err)
{
	static const char fallback[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
	auto_text list = { 0 };
	char *rest;

	if (file_read_at(AT_FDCWD, "/sys/kernel/cgroup/delegate", DELEGATE_MAX, &list, NULL) < 0)
		text_add(&list, fallback);
	rest = list.data;
	for (char *name; rest && (name = strsep(&rest, "\n"));)
		if (*name && fchownat(directory, name, uid, (gid_t) -1, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return fail(err, -errno, "give %s to user %u", name, uid);
	return 0;
}

int cgroups_delegate(const struct cgroups *cgroups, const struct spec *spec, struct err *err)
{
	const struct spec_namespace *namespace = spec_find_namespace(spec, CLONE_NEWCGROUP);
	int directory = cgroups_unified(cgroups);
	int64_t uid = spec->process.uid;

	if (directory < 0 || cgroups->count > 1 || !namespace || namespace->path ||
	    !mounts_cgroups_writable(spec))
		return 0;
	if (spec->uid_maps.count)
		uid = userns_to_host(&spec->uid_maps, spec->process.uid);
	if (uid < 0)
		return 0;
	if (fchown(directory, (uid_t) uid, (gid_t) -1) < 0)
		return fail(err, -errno, "give the cgroup to user %u", (unsigned) uid);
	return give_files(directory, (uid_t) uid, err);
}
