/* The methods of the interface by name. protobuf-c's descriptors do not say which of them stream. */
#ifndef BASE_WIRE_METHODS_H
#define BASE_WIRE_METHODS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/* Both services, runtime first; *ret_count is 2. */
const ProtobufCServiceDescriptor *const *method_services(size_t *ret_count);
/* "RunPodSandbox" or "runtime.v1.RuntimeService/RunPodSandbox", in whichever service has it; NULL: neither. */
const ProtobufCMethodDescriptor *method_find(const char *name,
					     const ProtobufCServiceDescriptor **ret_service);
/* The server answers with any number of messages. */
bool method_streams(const char *name);

#endif
