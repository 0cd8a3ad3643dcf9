/* Which service has a method, and whether it streams. */
#include "base/wire/methods.h"

#include <string.h>

#include "base/cleanup.h"
#include "cri/runtime_v1.pb-c.h"

static const ProtobufCServiceDescriptor *const services[] = { &runtime__v1__runtime_service__descriptor,
							      &runtime__v1__image_service__descriptor };

/* tests/wire compares this with fixtures/cri/services.tsv. */
static const char *const streaming[] = { "StreamPodSandboxes",   "StreamContainers",
					 "StreamContainerStats", "StreamPodSandboxStats",
					 "GetContainerEvents",   "StreamPodSandboxMetrics",
					 "StreamImages" };

const ProtobufCServiceDescriptor *const *method_services(size_t *ret_count)
{
	*ret_count = ARRAY_SIZE(services);
	return services;
}

const ProtobufCMethodDescriptor *method_find(const char *name, const ProtobufCServiceDescriptor **ret_service)
{
	const char *slash = strrchr(name, '/'), *method = slash ? slash + 1 : name;
	const ProtobufCMethodDescriptor *found;

	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		if (slash && strncmp(name, services[i]->name, (size_t) (slash - name)) != 0)
			continue;
		found = protobuf_c_service_descriptor_get_method_by_name(services[i], method);
		if (!found)
			continue;
		*ret_service = services[i];
		return found;
	}
	return NULL;
}

bool method_streams(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(streaming); i++)
		if (strcmp(streaming[i], name) == 0)
			return true;
	return false;
}
