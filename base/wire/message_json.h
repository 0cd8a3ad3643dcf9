/*
 * Messages as JSON and back, by one walk over the descriptor: original names (snake_case), enums by name, maps as objects,
 * bytes in base64, 64-bit integers as numbers (strings are taken too). Every field is printed but for messages that are unset.
 */
#ifndef BASE_WIRE_MESSAGE_JSON_H
#define BASE_WIRE_MESSAGE_JSON_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

struct arena;
struct err;
struct json;

/* What authenticates to a registry is replaced by "(redacted)": for logs and recordings. */
#define MESSAGE_JSON_REDACT (1u << 0)

struct json *message_to_json(const ProtobufCMessage *message, unsigned flags); /* owned */
/* NULL or an absent member is the default. -EINVAL: an unknown member, a wrong kind or a value out of range, with its path. */
int message_from_json(const ProtobufCMessageDescriptor *type, const struct json *value, struct arena *arena,
		      ProtobufCMessage **ret, struct err *err);

#endif
