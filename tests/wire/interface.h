/* Every message type of the interface by name, found by walking from the methods. */
#ifndef TESTS_WIRE_INTERFACE_H
#define TESTS_WIRE_INTERFACE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

enum { TYPES_MAX = 256 };
struct types {
	const ProtobufCMessageDescriptor *items[TYPES_MAX];
	size_t count;
};

/* Also the entries of maps. */
void types_collect(struct types *ret);
const ProtobufCMessageDescriptor *types_find(const struct types *types, const char *short_name);

#endif
