/*
 * UpdateContainerResources: the kernel, config.json and the status change together, or none does. What the request leaves out
 * stays as it is. What is wanted is noted before anything changes: a server killed on the way has its update done by the next.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "base/wire/message_json.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/crash.h"
#include "runtime-under-test/cri/describe.h"
#include "runtime-under-test/cri/spec/spec.h"
#include "runtime-under-test/oci/faults.h"

/* The later of two limits of one page size. */
static void drop_repeated_hugepages(Runtime__V1__LinuxContainerResources *resources)
{
	size_t kept = 0;

	for (size_t i = 0; i < resources->n_hugepage_limits; i++) {
		bool repeated = false;

		for (size_t j = i + 1; j < resources->n_hugepage_limits; j++)
			repeated |= strcmp(resources->hugepage_limits[i]->page_size,
					   resources->hugepage_limits[j]->page_size) == 0;
		if (!repeated)
			resources->hugepage_limits[kept++] = resources->hugepage_limits[i];
	}
	resources->n_hugepage_limits = kept;
}

/*
 * Protobuf's own rule for one message behind the other is what an update means: numbers and strings that are set win, maps are
 * joined (https://protobuf.dev/programming-guides/encoding/#last-one-wins). In memory of its own.
 */
static int merge(const Runtime__V1__LinuxContainerResources *old,
		 const Runtime__V1__LinuxContainerResources *change,
		 Runtime__V1__LinuxContainerResources **ret, struct err *err)
{
	auto_arena arena = { 0 };
	auto_text bytes = { 0 };
	ProtobufCMessage *merged = NULL;
	int r = old && !fault("cri-update-replaces") ? message_encode(&old->base, &bytes, err) : 0;

	arena_init(&arena);
	if (r >= 0)
		r = message_encode(&change->base, &bytes, err);
	if (r >= 0)
		r = message_decode(&runtime__v1__linux_container_resources__descriptor, &arena,
				   text_str(&bytes), bytes.len, &merged, err);
	if (r < 0)
		return r;
	drop_repeated_hugepages((Runtime__V1__LinuxContainerResources *) merged);
	*ret = store_clone(merged);
	return 0;
}

/* What stands for "no limit" where the config.json that stays had none. runtime-spec config-linux.md */
static const struct {
	const char *path;
	int64_t none;
} unlimited[] = {
	{ "memory.limit", -1 },   { "memory.swap", -1 },  { "memory.reservation", -1 }, { "cpu.quota", -1 },
	{ "cpu.period", 100000 }, { "cpu.shares", 1024 }, { "pids.limit", -1 },
};

/* The old values of everything that the runtime may have changed before it failed. */
static struct json *former(const struct json *old_config, const struct json *tried)
{
	const struct json *old = json_get(old_config, "linux.resources");
	struct json *resources = old ? json_copy(old) : json_new_object();

	json_remove(resources, "devices"); /* update leaves them alone, and must here */
	for (size_t i = 0; i < ARRAY_SIZE(unlimited); i++)
		if (json_get(tried, unlimited[i].path) && !json_get(resources, unlimited[i].path))
			(void) json_set(resources, unlimited[i].path, json_new_int(unlimited[i].none), NULL);
	return resources;
}

struct change {
	struct server *server;
	struct container *container;
	struct runtime *runtime;
	struct json *old_config, *new_config, *resources; /* owned */
	Runtime__V1__LinuxContainerResources *merged; /* owned */
	bool running;
};

static void roll_back(const struct change *change)
{
	auto_json resources = former(change->old_config, change->resources);
	struct err err = { 0 };

	if (!change->running)
		return;
	if (runtime_update(change->runtime, change->container->object.id, resources, &err) < 0)
		server_log("container %s: limits cannot be put back: %s", change->container->object.id,
			   err.text);
}

#define NOTE "update.json"

static int note(struct server *server, const struct container *container,
		const Runtime__V1__LinuxContainerResources *resources, struct err *err)
{
	auto_json json = message_to_json(&resources->base, 0);

	return life_write(server, &container->object, NOTE, json, err);
}

static void drop_note(struct server *server, const struct container *container)
{
	auto_free char *path = life_path(server, &container->object, NOTE);

	(void) unlink(path); /* else the next server does once more what is done */
}

static int record(struct change *change, struct err *err)
{
	struct container *container = change->container;
	struct server *server = change->server;
	Runtime__V1__LinuxContainerResources *old;
	int r = life_write(server, &container->object, "bundle/config.json", change->new_config, err);

	crash_point("update-config");
	if (r < 0)
		return r;
	store_lock(server->store);
	old = container->resources;
	container->resources = change->merged;
	store_unlock(server->store);
	r = store_container_save(server->store, container, err);
	store_lock(server->store);
	if (r < 0)
		container->resources = old;
	else
		change->merged = old;
	store_unlock(server->store);
	if (r < 0)
		(void) life_write(server, &container->object, "bundle/config.json", change->old_config, NULL);
	return r;
}

static int apply(struct change *change, const Runtime__V1__LinuxContainerResources *resources,
		 struct err *err)
{
	int r = spec_update(change->old_config, resources, &change->new_config, &change->resources, err);

	if (r >= 0)
		r = merge(change->container->resources, resources, &change->merged, err);
	if (r < 0)
		return r;
	if (fault("cri-update-of-created-lost") && !change->running)
		return 0;
	r = note(change->server, change->container, resources, err);
	crash_point("update-noted");
	if (r >= 0 && change->running)
		r = runtime_update(change->runtime, change->container->object.id, change->resources, err);
	crash_point("update-applied");
	if (r >= 0 || fault("cri-failed-update-recorded"))
		r = r < 0 ? (record(change, NULL), r) : record(change, err);
	if (r < 0)
		roll_back(change);
	drop_note(change->server, change->container);
	return r;
}

int container_update(struct server *server, struct container *container,
		     const Runtime__V1__LinuxContainerResources *resources, struct err *err)
{
	auto_free char *path = life_path(server, &container->object, "bundle/config.json");
	auto_runtime runtime = RUNTIME_INIT;
	struct change change = { .server = server, .container = container, .runtime = &runtime };
	enum object_phase phase;
	int r = 0;

	store_lock(server->store);
	phase = container->status.phase;
	store_unlock(server->store);
	change.running = phase == PHASE_RUNNING;
	if (phase == PHASE_EXITED)
		r = fail_text(err, -EBUSY, "it has exited");
	if (r >= 0)
		r = life_runtime(server, container->sandbox, &runtime, err);
	change.old_config = r < 0 ? NULL : describe_file(path);
	if (r >= 0 && !change.old_config)
		r = fail_text(err, -EIO, "%s cannot be read", path);
	if (r >= 0)
		r = apply(&change, resources, err);
	json_free(change.old_config);
	json_free(change.new_config);
	json_free(change.resources);
	if (change.merged)
		protobuf_c_message_free_unpacked(&change.merged->base, NULL);
	return r < 0 ? fail(err, r, "container %s: update", container->object.id) : 0;
}

/* Done again, for nothing tells how far it came; twice is once. */
void container_update_settle(struct server *server, struct container *container)
{
	auto_free char *path = life_path(server, &container->object, NOTE);
	auto_json noted = describe_file(path);
	ProtobufCMessage *resources = NULL;
	auto_arena arena = { 0 };
	struct err err = { 0 };
	int r;

	if (!noted)
		return;
	arena_init(&arena);
	r = message_from_json(&runtime__v1__linux_container_resources__descriptor, noted, &arena, &resources,
			      &err);
	if (r >= 0)
		r = container_update(server, container,
				     (const Runtime__V1__LinuxContainerResources *) resources, &err);
	if (r < 0)
		server_log("%s", err.text);
	drop_note(server, container);
}
