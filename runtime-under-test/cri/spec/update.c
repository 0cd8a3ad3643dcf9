/* UpdateContainerResources: new limits merged into the stored config.json. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/build.h"
#include "runtime-under-test/cri/spec/resources.h"
#include "runtime-under-test/oci/faults.h"

static void merge_limits(struct json *config, const cri_resources *resources)
{
	for (size_t i = 0; i < RESOURCE_LIMITS; i++) {
		auto_free char *path = text_format("linux.resources.%s", resource_limits[i].path);
		struct json *value = resources_value(resources, &resource_limits[i]);

		if (value)
			(void) json_set(config, path, value, NULL);
	}
}

/*
 * memory.swap counts both. Where it allowed no swap it goes on doing so with the new limit; a number of its own stays, unless
 * the limit has grown past it.
 */
static void follow_with_swap(struct json *config, int64_t old_limit, const cri_resources *resources)
{
	int64_t limit = resources->memory_limit_in_bytes;
	int64_t swap = json_int(json_get(config, "linux.resources.memory.swap"), 0);

	if (!limit || resources->memory_swap_limit_in_bytes || !swap)
		return;
	if (swap == old_limit || (swap > 0 && (limit < 0 || swap < limit)))
		(void) json_set(config, "linux.resources.memory.swap", json_new_int(limit), NULL);
}

static void merge_hugepages(struct json *config, const cri_resources *resources)
{
	static const char *const path = "linux.resources.hugepageLimits";

	for (size_t i = 0; i < resources->n_hugepage_limits; i++) {
		const Runtime__V1__HugepageLimit *limit = resources->hugepage_limits[i];
		struct json *list = json_get(config, path);
		size_t at = 0;

		while (at < json_length(list) &&
		       strcmp(json_get_string(json_at(list, at), "pageSize"), limit->page_size) != 0)
			at++;
		if (at < json_length(list) && !fault("cri-update-appends-hugepages"))
			json_put_at(list, at, resources_hugepage(limit));
		else
			(void) json_set(config, "linux.resources.hugepageLimits[]", resources_hugepage(limit),
					NULL);
	}
}

static void merge_unified(struct json *config, const cri_resources *resources)
{
	struct json *map = json_get(config, "linux.resources.unified");

	if (!resources->n_unified)
		return;
	if (!map) {
		(void) json_set(config, "linux.resources.unified", json_new_object(), NULL);
		map = json_get(config, "linux.resources.unified");
	}
	for (size_t i = 0; i < resources->n_unified; i++)
		json_put(map, resources->unified[i]->key, json_new_string(resources->unified[i]->value));
}

/*
 * The OOM score is not among what changes: kubelet sends it with every resize, but the processes have it since their start,
 * and a config.json that says otherwise would lie.
 */
int spec_update(const struct json *config, const Runtime__V1__LinuxContainerResources *resources,
		struct json **ret_config, struct json **ret_resources, struct err *err)
{
	auto_json merged = NULL;
	struct json *limits;
	int64_t old_limit;
	int r = resources_check(resources, err);

	if (r < 0)
		return r;
	if (json_kind(json_get(config, "linux.resources")) != JSON_OBJECT)
		return fail_text(err, -EINVAL, "the stored config has no linux.resources");
	merged = json_copy(config);
	old_limit = json_int(json_get(merged, "linux.resources.memory.limit"), 0);
	merge_limits(merged, resources);
	if (!fault("cri-update-forgets-swap"))
		follow_with_swap(merged, old_limit, resources);
	merge_hugepages(merged, resources);
	merge_unified(merged, resources);
	limits = json_copy(json_get(merged, "linux.resources"));
	json_remove(limits, "devices"); /* an update is about amounts */
	*ret_resources = limits;
	*ret_config = TAKE(merged);
	return 0;
}
