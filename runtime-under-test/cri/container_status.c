/* Containers as the CRI tells them. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/describe.h"
#include "runtime-under-test/cri/spec/spec.h"
#include "runtime-under-test/oci/faults.h"

/* The request's, by the name that people gave. */
static Runtime__V1__ImageSpec *describe_image(const struct container *container, struct arena *arena)
{
	Runtime__V1__ImageSpec *image = message_copy(arena, container->config->image);

	image->image = arena_string(arena, container->facts.image_name);
	return image;
}

void container_describe(struct server *server, const struct container *container, struct arena *arena,
			Runtime__V1__Container *ret)
{
	const Runtime__V1__ContainerConfig *config = container->config;

	ret->id = arena_string(arena, container->object.id);
	ret->pod_sandbox_id = arena_string(arena, container->sandbox->object.id);
	ret->metadata = message_copy(arena, config->metadata);
	ret->image = describe_image(container, arena);
	ret->image_ref = arena_string(arena, container->facts.image_ref);
	ret->image_id = arena_string(arena, fault("cri-image-id-not-told") ? "" : container->facts.image_id);
	ret->labels = describe_copies(arena, config->labels, config->n_labels);
	ret->n_labels = config->n_labels;
	ret->annotations = describe_copies(arena, config->annotations, config->n_annotations);
	ret->n_annotations = config->n_annotations;
	ret->created_at = container->status.created_at;
	store_lock(server->store);
	ret->state = container_state(container);
	store_unlock(server->store);
}

static Runtime__V1__ContainerUser *describe_user(const struct container_facts *facts, struct arena *arena)
{
	Runtime__V1__ContainerUser *user = message_new(arena, &runtime__v1__container_user__descriptor);

	user->linux = message_new(arena, &runtime__v1__linux_container_user__descriptor);
	user->linux->uid = facts->uid;
	user->linux->gid = facts->gid;
	user->linux->n_supplemental_groups = facts->group_count;
	user->linux->supplemental_groups =
	    arena_copy(arena, facts->groups, facts->group_count * sizeof(int64_t));
	return user;
}

/* With the store's lock held: what changes. */
static void describe_state(const struct container *container, struct arena *arena,
			   Runtime__V1__ContainerStatus *ret)
{
	const struct container_status *status = &container->status;

	ret->state = container_state(container);
	ret->started_at = status->started_at;
	ret->finished_at = status->finished_at;
	ret->exit_code = status->exit_code;
	ret->reason = arena_string(arena, status->reason);
	ret->message = arena_string(arena, status->message);
	if (!container->resources || fault("cri-resources-not-told"))
		return;
	ret->resources = message_new(arena, &runtime__v1__container_resources__descriptor);
	ret->resources->linux = message_copy(arena, container->resources);
}

/* Of an image the id, by which the kubelet knows that it is in use. */
static void describe_mounts(const struct container *container, struct arena *arena,
			    Runtime__V1__ContainerStatus *ret)
{
	ret->n_mounts = fault("cri-mounts-not-told") ? 0 : container->config->n_mounts;
	ret->mounts = describe_copies(arena, container->config->mounts, ret->n_mounts);
	for (size_t i = 0; i < ret->n_mounts; i++) {
		const char *id = json_string(json_at(container->facts.mount_images, i));

		if (id && id[0] && !fault("cri-image-volume-told-by-name"))
			ret->mounts[i]->image->image = arena_string(arena, id);
	}
}

void container_describe_status(struct server *server, const struct container *container, struct arena *arena,
			       Runtime__V1__ContainerStatus *ret)
{
	const Runtime__V1__ContainerConfig *config = container->config;

	ret->id = arena_string(arena, container->object.id);
	ret->metadata = message_copy(arena, config->metadata);
	ret->created_at = container->status.created_at;
	ret->image = describe_image(container, arena);
	ret->image_ref =
	    arena_string(arena, fault("cri-image-ref-not-told") ? "" : container->facts.image_ref);
	ret->image_id = arena_string(arena, fault("cri-image-id-not-told") ? "" : container->facts.image_id);
	ret->labels = describe_copies(arena, config->labels, config->n_labels);
	ret->n_labels = config->n_labels;
	ret->annotations = describe_copies(arena, config->annotations, config->n_annotations);
	ret->n_annotations =
	    config->n_annotations - (config->n_annotations && fault("cri-container-annotation-lost"));
	describe_mounts(container, arena, ret);
	ret->log_path = arena_string(arena, fault("cri-log-path-not-told") ? "" : container->facts.log_path);
	ret->user = fault("cri-user-not-told") ? NULL : describe_user(&container->facts, arena);
	ret->stop_signal = (Runtime__V1__Signal) spec_signal_to_cri(container->facts.stop_signal);
	store_lock(server->store);
	describe_state(container, arena, ret);
	store_unlock(server->store);
}
