/*
 * Messages of the interface: bytes to structures and back, and what protobuf-c leaves out. It takes invalid UTF-8, cuts
 * strings at a NUL and keeps every duplicate of a map's key; proto3 says that strings are UTF-8 and that the last entry wins
 * (https://protobuf.dev/programming-guides/encoding/#maps). Needs protobuf-c only, no gRPC.
 */
#ifndef BASE_WIRE_MESSAGE_H
#define BASE_WIRE_MESSAGE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct text;

/* What a decoded message may take: 2 bytes on the wire become 100 here, so that the size of a request bounds nothing. */
enum { MESSAGE_MEMORY_MAX = 192 << 20 };

/* A message of that type in the arena, every field as proto3 has it when absent: strings are "", never NULL. */
void *message_new(struct arena *arena, const ProtobufCMessageDescriptor *type);

/* Appends. -EINVAL when a string is not UTF-8, naming the field; out is then as before. */
int message_encode(const ProtobufCMessage *message, struct text *out, struct err *err);
/* -EINVAL with a sentence for whatever is wrong with the bytes; *ret lives in the arena. */
int message_decode(const ProtobufCMessageDescriptor *type, struct arena *arena, const void *bytes, size_t len,
		   ProtobufCMessage **ret, struct err *err);
/* Deep, into the arena; the source must have come from message_decode() or be as valid. */
void *message_copy(struct arena *arena, const void *message);
/* The bytes alone: well formed for the type, strings UTF-8 without NUL. */
int message_check(const ProtobufCMessageDescriptor *type, const void *bytes, size_t len, struct err *err);

/* An entry of a map: string to string, generated as a message of two fields. */
struct map_entry {
	ProtobufCMessage base;
	char *key, *value;
};
/* Map entries have one shape whatever their type: labels, annotations, info. NULL: no such key. */
const char *map_get(void *const *entries, size_t count, const char *key);
/* True for a repeated field whose elements are map entries. */
bool message_field_is_map(const ProtobufCFieldDescriptor *field);
/* How many elements the field holds (1 for a singular one, also when it is unset), and where they start. */
size_t message_field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);
void *message_field_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t index);
size_t message_element_size(ProtobufCType type);

#endif
