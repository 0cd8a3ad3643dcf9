/* Sandboxes and containers in memory: made, named after what must be unique, freed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/store_internal.h"
#include "runtime-under-test/oci/faults.h"

static void object_init(struct object *object, enum object_kind kind, const char *id)
{
	object->kind = kind;
	(void) strncpy(object->id, id, sizeof(object->id) - 1);
	(void) pthread_mutex_init(&object->operation, NULL);
	(void) pthread_mutex_init(&object->record, NULL);
	arena_init(&object->arena);
}

struct sandbox *sandbox_new(const char *id)
{
	struct sandbox *sandbox = calloc(1, sizeof(*sandbox));

	if (!sandbox)
		abort();
	object_init(&sandbox->object, OBJECT_SANDBOX, id);
	return sandbox;
}

struct container *container_new(const char *id)
{
	struct container *container = calloc(1, sizeof(*container));

	if (!container)
		abort();
	object_init(&container->object, OBJECT_CONTAINER, id);
	container->ended = -EBADF;
	container->kill_at = INT64_MAX;
	return container;
}

static void free_sandbox(struct sandbox *sandbox)
{
	for (size_t i = 0; i < sandbox->status.ip_count; i++)
		free(sandbox->status.ips[i]);
	free(sandbox->status.ips);
	if (sandbox->update)
		protobuf_c_message_free_unpacked(&sandbox->update->base, NULL);
}

static void free_container(struct store *store, struct container *container)
{
	free(container->status.reason);
	free(container->status.message);
	free(container->facts.image_id);
	free(container->facts.image_ref);
	free(container->facts.image_name);
	json_free(container->facts.mount_images);
	free(container->facts.log_path);
	free(container->facts.groups);
	if (container->resources)
		protobuf_c_message_free_unpacked(&container->resources->base, NULL);
	cleanup_fd(&container->ended);
	store_unref(store, container->sandbox);
}

void object_free(struct store *store, struct object *object)
{
	switch (object->kind) {
	case OBJECT_SANDBOX:
		free_sandbox((struct sandbox *) object);
		break;
	case OBJECT_CONTAINER:
		free_container(store, (struct container *) object);
		break;
	}
	free(object->name);
	(void) pthread_mutex_destroy(&object->operation);
	(void) pthread_mutex_destroy(&object->record);
	arena_free(&object->arena);
	free(object);
}

int sandbox_bind(struct sandbox *sandbox, const Runtime__V1__RunPodSandboxRequest *request, struct err *err)
{
	static const Runtime__V1__PodSandboxMetadata nameless = RUNTIME__V1__POD_SANDBOX_METADATA__INIT;
	const Runtime__V1__PodSandboxMetadata *metadata;

	if (!request->config && !fault("cri-config-not-needed"))
		return fail_text(err, -EINVAL, "the sandbox has no config");
	metadata = request->config ? request->config->metadata : &nameless;
	if (!metadata && fault("cri-metadata-not-needed"))
		metadata = &nameless;
	else if (metadata != &nameless && (!metadata || !metadata->name[0] || !metadata->uid[0]))
		return fail_text(err, -EINVAL, "the sandbox's metadata needs %s",
				 !metadata            ? "to be there"
				 : !metadata->name[0] ? "a name"
						      : "a uid");
	/* The lengths behind it, which no message shows, keep "a_b" of "c" and "a" of "b_c" apart. */
	sandbox->object.name =
	    text_format("%s%s_%s_%s_%u\n%zu %zu", fault("cri-names-not-reserved") ? sandbox->object.id : "",
			metadata->name, metadata->namespace_, metadata->uid,
			fault("cri-names-without-attempt") ? 0 : metadata->attempt, strlen(metadata->name),
			strlen(metadata->namespace_));
	sandbox->request = request;
	sandbox->config = request->config;
	return 0;
}

int container_bind(struct container *container, const Runtime__V1__CreateContainerRequest *request,
		   struct sandbox *sandbox, struct err *err)
{
	const Runtime__V1__ContainerMetadata *metadata = request->config ? request->config->metadata : NULL;

	container->sandbox = sandbox;
	if (!metadata || !metadata->name[0])
		return fail_text(err, -EINVAL, "the container's %s",
				 !request->config ? "config is missing" : "metadata needs a name");
	container->object.name =
	    text_format("%s%s_%u_%s", fault("cri-container-names-not-reserved") ? container->object.id : "",
			metadata->name, fault("cri-container-names-without-attempt") ? 0 : metadata->attempt,
			sandbox->object.id);
	container->request = request;
	container->config = request->config;
	container->sandbox_config = sandbox->config;
	return 0;
}

Runtime__V1__PodSandboxState sandbox_state(const struct sandbox *sandbox)
{
	return sandbox->status.phase == PHASE_READY && !sandbox->status.removing
		   ? RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY
		   : RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_NOTREADY;
}

Runtime__V1__ContainerState container_state(const struct container *container)
{
	switch (container->status.phase) {
	case PHASE_MAKING:
	case PHASE_CREATED:
	case PHASE_STARTING: /* nothing of the user's runs before `start` has answered */
		return RUNTIME__V1__CONTAINER_STATE__CONTAINER_CREATED;
	case PHASE_RUNNING:
		return RUNTIME__V1__CONTAINER_STATE__CONTAINER_RUNNING;
	case PHASE_EXITED:
		return RUNTIME__V1__CONTAINER_STATE__CONTAINER_EXITED;
	case PHASE_READY:
	case PHASE_NOTREADY:
		break;
	}
	return RUNTIME__V1__CONTAINER_STATE__CONTAINER_UNKNOWN;
}
