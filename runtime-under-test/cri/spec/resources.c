/* linux.resources and linux.cgroupsPath. 0 is unset in the CRI: config.json has no row for it. */
#include "runtime-under-test/cri/spec/resources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/build.h"
#include "runtime-under-test/oci/faults.h"

#define AT(member) offsetof(Runtime__V1__LinuxContainerResources, member)

const struct limit resource_limits[RESOURCE_LIMITS] = {
	{ "cpu_period", "cpu.period", AT(cpu_period) },
	{ "cpu_quota", "cpu.quota", AT(cpu_quota) },
	{ "cpu_shares", "cpu.shares", AT(cpu_shares) },
	{ "memory_limit_in_bytes", "memory.limit", AT(memory_limit_in_bytes) },
	{ "memory_swap_limit_in_bytes", "memory.swap", AT(memory_swap_limit_in_bytes) },
	{ "cpuset_cpus", "cpu.cpus", AT(cpuset_cpus), .is_string = true },
	{ "cpuset_mems", "cpu.mems", AT(cpuset_mems), .is_string = true },
};

struct json *resources_value(const Runtime__V1__LinuxContainerResources *resources, const struct limit *limit)
{
	const char *at = (const char *) resources + limit->offset;

	if (limit->is_string) {
		const char *string = *(char *const *) (const void *) at;

		return is_set(string) ? json_new_string(string) : NULL;
	}
	int64_t number;

	memcpy(&number, at, sizeof(number));
	return number ? json_new_int(number) : NULL;
}

struct json *resources_hugepage(const Runtime__V1__HugepageLimit *limit)
{
	struct json *row = json_new_object();

	json_put(row, "pageSize", json_new_string(limit->page_size));
	json_put(row, "limit", json_new_uint(limit->limit));
	return row;
}

int resources_check(const Runtime__V1__LinuxContainerResources *resources, struct err *err)
{
	const struct {
		const char *field;
		int64_t value, lowest;
	} bounds[] = {
		{ "cpu_period", resources->cpu_period, 0 },
		{ "cpu_quota", resources->cpu_quota, -1 },
		{ "cpu_shares", resources->cpu_shares, 0 },
		{ "memory_limit_in_bytes", resources->memory_limit_in_bytes, -1 },
		{ "memory_swap_limit_in_bytes", resources->memory_swap_limit_in_bytes, -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++)
		if (bounds[i].value < bounds[i].lowest)
			return fail_text(err, -EINVAL, "linux.resources.%s: %lld is below %lld",
					 bounds[i].field, (long long) bounds[i].value,
					 (long long) bounds[i].lowest);
	if (resources->oom_score_adj < -1000 || resources->oom_score_adj > 1000)
		return fail_text(err, -EINVAL,
				 "linux.resources.oom_score_adj: %lld is not within -1000 and 1000",
				 (long long) resources->oom_score_adj);
	if (resources->memory_limit_in_bytes > 0 && resources->memory_swap_limit_in_bytes > 0 &&
	    resources->memory_swap_limit_in_bytes < resources->memory_limit_in_bytes)
		return fail_text(err, -EINVAL,
				 "linux.resources.memory_swap_limit_in_bytes: it counts memory and swap, "
				 "and is below the limit of memory");
	for (size_t i = 0; i < resources->n_hugepage_limits; i++)
		if (!is_set(resources->hugepage_limits[i]->page_size))
			return fail_text(err, -EINVAL, "linux.resources.hugepage_limits[%zu]: no page_size",
					 i);
	return 0;
}

static void put_limits(struct spec_build *build, const cri_resources *resources)
{
	for (size_t i = 0; i < RESOURCE_LIMITS; i++) {
		const struct limit *limit = &resource_limits[i];
		auto_free char *path = text_format("linux.resources.%s", limit->path);
		auto_free char *field = text_format("linux.resources.%s", limit->field);
		struct json *value = resources_value(resources, limit);

		if (value && fault("cri-memory-limit-lost") && strcmp(limit->path, "memory.limit") == 0)
			json_free(value);
		else if (value)
			spec_put(build, path, value, FROM_CRI, field);
	}
	/* A limit of memory alone would leave as much swap as there is: Kubernetes counts on none. */
	if (resources->memory_limit_in_bytes && !resources->memory_swap_limit_in_bytes &&
	    build->request->has_swap_limits)
		spec_put_int(build, "linux.resources.memory.swap", resources->memory_limit_in_bytes, FROM_CRI,
			     "linux.resources.memory_limit_in_bytes");
}

static int put_rest(struct spec_build *build, const cri_resources *resources, struct err *err)
{
	for (size_t i = 0; i < resources->n_hugepage_limits; i++) {
		auto_free char *field = text_format("linux.resources.hugepage_limits[%zu]", i);

		(void) spec_append(build, "linux.resources.hugepageLimits",
				   resources_hugepage(resources->hugepage_limits[i]), FROM_CRI, field);
	}
	if (resources->n_unified && !build->request->cgroup_v2)
		return fail_text(err, -EOPNOTSUPP,
				 "linux.resources.unified: this machine's cgroups are not version 2");
	for (size_t i = 0; i < resources->n_unified; i++) {
		auto_free char *field =
		    text_format("linux.resources.unified[%s]", resources->unified[i]->key);

		spec_put_key(build, "linux.resources.unified", resources->unified[i]->key,
			     resources->unified[i]->value, FROM_CRI, field);
	}
	/* Also 0, or it would be the server's own, which is far below. */
	if (!fault("cri-oom-score-lost"))
		spec_put_int(build, "process.oomScoreAdj", resources->oom_score_adj, FROM_CRI,
			     "linux.resources.oom_score_adj");
	return 0;
}

static void deny_devices(struct spec_build *build)
{
	struct json *row = json_new_object();

	json_put(row, "allow", json_new_bool(build->privileged));
	json_put(row, "access", json_new_string("rwm"));
	(void) spec_append(build, "linux.resources.devices", row, build->privileged ? FROM_CRI : FROM_DEFAULT,
			   build->privileged ? "linux.security_context.privileged" : "devices: none");
}

/* What kubelet's cgroup of the pod does not bound, and what the kernel should kill last. Kubernetes' numbers for its pause. */
static void put_pause_limits(struct spec_build *build)
{
	spec_put_int(build, "linux.resources.cpu.shares", 2, FROM_DEFAULT, "shares of a pause");
	spec_put_int(build, "process.oomScoreAdj", -998, FROM_DEFAULT, "OOM score of a pause");
	if (!build->sandbox->linux)
		return;
	if (build->sandbox->linux->overhead)
		spec_unmapped(build, "linux.overhead", "kubelet puts it on the cgroup of the pod");
	if (build->sandbox->linux->resources)
		spec_unmapped(build, "linux.resources", "kubelet puts them on the cgroup of the pod");
}

int spec_resources(struct spec_build *build, struct err *err)
{
	const cri_resources *resources;
	int r;

	deny_devices(build);
	if (!build->container) {
		put_pause_limits(build);
		return 0;
	}
	resources = build->container->linux ? build->container->linux->resources : NULL;
	if (!resources)
		return 0;
	r = resources_check(resources, err);
	if (r < 0)
		return r;
	put_limits(build, resources);
	if (fault("cri-default-limits"))
		spec_put_int(build, "linux.resources.memory.limit", 1 << 30, FROM_DEFAULT, "memory");
	return put_rest(build, resources, err);
}

static int check_parent(const struct spec_build *build, const char *parent, struct err *err)
{
	bool slice = text_ends(parent, ".slice");

	if (strstr(parent, "/../") || text_ends(parent, "/.."))
		return fail_text(err, -EINVAL, "linux.cgroup_parent: %s leads upwards", parent);
	if (build->request->systemd_cgroup && !slice)
		return fail_text(
		    err, -EINVAL,
		    "linux.cgroup_parent: %s is no slice, but the cgroup driver here is systemd: "
		    "kubelet's must be the same",
		    parent);
	if (!build->request->systemd_cgroup && slice)
		return fail_text(
		    err, -EINVAL,
		    "linux.cgroup_parent: %s is a slice, but the cgroup driver here is cgroupfs: "
		    "kubelet's must be the same",
		    parent);
	return 0;
}

/* systemd: "slice:prefix:name", of which the OCI runtime makes prefix-name.scope; the slice's own name holds its path. */
int spec_cgroup(struct spec_build *build, struct err *err)
{
	const char *parent = build->sandbox->linux ? build->sandbox->linux->cgroup_parent : NULL;
	const char *field = build->container ? "sandbox_config.linux.cgroup_parent" : "linux.cgroup_parent";
	bool given = is_set(parent) && !fault("cri-cgroup-parent-ignored");
	auto_free char *path = NULL;
	int r = given ? check_parent(build, parent, err) : 0;

	if (r < 0)
		return r;
	if (build->request->systemd_cgroup) {
		const char *slice = given ? parent : "system.slice";
		const char *name = strrchr(slice, '/');

		path = text_format("%s:plumbline-cri:%s", name ? name + 1 : slice, build->request->id);
	} else {
		size_t length;

		parent = given ? parent : "/plumbline-cri";
		length = strlen(parent);
		while (length > 1 && parent[length - 1] == '/')
			length--;
		path =
		    text_format("%s%.*s/%s", *parent == '/' ? "" : "/",
				length > 1 || *parent != '/' ? (int) length : 0, parent, build->request->id);
	}
	spec_put_string(build, "linux.cgroupsPath", path, given ? FROM_CRI : FROM_SERVER,
			given ? field : "cgroup parent");
	return 0;
}
