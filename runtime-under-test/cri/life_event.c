/* Events, with the statuses that the kubelet reads instead of asking. */
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/events.h"
#include "runtime-under-test/cri/sandbox.h"
#include "runtime-under-test/oci/faults.h"

void *life_container_statuses(struct server *server, const struct sandbox *sandbox, struct arena *arena,
			      size_t *ret_count)
{
	auto_object_list list = { 0 };
	Runtime__V1__ContainerStatus **statuses;
	size_t count = 0;

	store_containers_of(server->store, sandbox, &list);
	statuses = arena_array(arena, list.count + 1, sizeof(*statuses));
	for (size_t i = 0; i < list.count; i++) {
		const struct container *container = list.items[i];

		if (container->object.hidden)
			continue;
		statuses[count] = message_new(arena, &runtime__v1__container_status__descriptor);
		container_describe_status(server, container, arena, statuses[count++]);
	}
	*ret_count = count;
	return statuses;
}

void life_event(struct server *server, Runtime__V1__ContainerEventType type, const struct sandbox *sandbox,
		const struct container *container)
{
	const struct object *object = container ? &container->object : &sandbox->object;
	Runtime__V1__ContainerEventResponse *event;
	auto_arena arena;

	arena_init(&arena);
	if (!events_wanted(server))
		return;
	event = message_new(&arena, &runtime__v1__container_event_response__descriptor);
	event->container_id = arena_string(&arena, object->id);
	event->container_event_type = type;
	event->pod_sandbox_status = message_new(&arena, &runtime__v1__pod_sandbox_status__descriptor);
	sandbox_describe_status(server, sandbox, &arena, event->pod_sandbox_status);
	event->containers_statuses =
	    life_container_statuses(server, sandbox, &arena, &event->n_containers_statuses);
	if (type == RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_STARTED_EVENT && fault("cri-event-lost"))
		return;
	events_publish(server, event);
}
