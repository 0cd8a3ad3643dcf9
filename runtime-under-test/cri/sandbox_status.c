/* Sandboxes as the CRI tells them. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "runtime-under-test/cri/describe.h"
#include "runtime-under-test/cri/sandbox.h"
#include "runtime-under-test/oci/faults.h"

void sandbox_describe(struct server *server, const struct sandbox *sandbox, struct arena *arena,
		      Runtime__V1__PodSandbox *ret)
{
	const Runtime__V1__PodSandboxConfig *config = sandbox->config;

	ret->id = arena_string(arena, sandbox->object.id);
	ret->metadata = message_copy(arena, config->metadata);
	ret->labels = describe_copies(arena, config->labels, config->n_labels);
	ret->n_labels = fault("cri-list-without-labels") ? 0 : config->n_labels;
	ret->annotations = describe_copies(arena, config->annotations, config->n_annotations);
	ret->n_annotations = config->n_annotations;
	ret->runtime_handler =
	    arena_string(arena, fault("cri-handler-not-told") ? "" : sandbox->request->runtime_handler);
	ret->created_at = sandbox->status.created_at;
	store_lock(server->store);
	ret->state = sandbox_state(sandbox);
	store_unlock(server->store);
}

/* With the store's lock held. */
static Runtime__V1__PodSandboxNetworkStatus *describe_network(const struct sandbox_status *status,
							      struct arena *arena)
{
	Runtime__V1__PodSandboxNetworkStatus *network =
	    message_new(arena, &runtime__v1__pod_sandbox_network_status__descriptor);

	if (fault("cri-nodes-ip-told"))
		network->ip = arena_string(arena, "127.0.0.1");
	if (!status->ip_count || fault("cri-ip-not-told"))
		return network;
	network->ip = arena_string(arena, fault("cri-other-ip-told") ? "10.88.79.254" : status->ips[0]);
	network->n_additional_ips = status->ip_count - 1;
	network->additional_ips = arena_array(arena, status->ip_count, sizeof(Runtime__V1__PodIP *));
	for (size_t i = 1; i < status->ip_count; i++) {
		network->additional_ips[i - 1] = message_new(arena, &runtime__v1__pod_ip__descriptor);
		network->additional_ips[i - 1]->ip = arena_string(arena, status->ips[i]);
	}
	return network;
}

static Runtime__V1__LinuxPodSandboxStatus *describe_linux(const struct sandbox *sandbox, struct arena *arena)
{
	const Runtime__V1__LinuxPodSandboxConfig *config = sandbox->config->linux;
	Runtime__V1__LinuxPodSandboxStatus *status =
	    message_new(arena, &runtime__v1__linux_pod_sandbox_status__descriptor);

	status->namespaces = message_new(arena, &runtime__v1__namespace__descriptor);
	if (config && config->security_context && config->security_context->namespace_options &&
	    !fault("cri-namespace-options-not-told"))
		status->namespaces->options =
		    message_copy(arena, config->security_context->namespace_options);
	else
		status->namespaces->options = message_new(arena, &runtime__v1__namespace_option__descriptor);
	return status;
}

void sandbox_describe_status(struct server *server, const struct sandbox *sandbox, struct arena *arena,
			     Runtime__V1__PodSandboxStatus *ret)
{
	const Runtime__V1__PodSandboxConfig *config = sandbox->config;

	ret->id = arena_string(arena, sandbox->object.id);
	ret->metadata = message_copy(arena, config->metadata);
	ret->created_at = sandbox->status.created_at / (fault("cri-created-at-in-seconds") ? 1000000000 : 1);
	ret->linux = describe_linux(sandbox, arena);
	ret->labels = describe_copies(arena, config->labels, config->n_labels);
	ret->n_labels = config->n_labels;
	ret->annotations = describe_copies(arena, config->annotations, config->n_annotations);
	ret->n_annotations = config->n_annotations - (config->n_annotations && fault("cri-annotation-lost"));
	ret->runtime_handler =
	    arena_string(arena, fault("cri-handler-not-told") ? "" : sandbox->request->runtime_handler);
	store_lock(server->store);
	ret->state = sandbox_state(sandbox);
	ret->network = describe_network(&sandbox->status, arena);
	store_unlock(server->store);
}
