/* Encoding and decoding with protobuf-c, and the maps that it does not know. */
#include "base/wire/message.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "base/wire/arena.h"

void *message_new(struct arena *arena, const ProtobufCMessageDescriptor *type)
{
	ProtobufCMessage *message = arena_alloc(arena, type->sizeof_message);

	protobuf_c_message_init(type, message);
	return message;
}

size_t message_element_size(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_ENUM:
		return 4;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	}
	assert(0);
	return 0;
}

size_t message_field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	size_t count = 1;

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		memcpy(&count, (const char *) message + field->quantifier_offset, sizeof(count));
	return count;
}

void *message_field_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t index)
{
	char *place = (char *) message + field->offset, *elements;

	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return place;
	memcpy(&elements, place, sizeof(void *));
	return elements + index * message_element_size(field->type);
}

/* protoc makes a message NAMEEntry {key = 1, value = 2} of a map; the option that marks it does not reach protobuf-c. */
bool message_field_is_map(const ProtobufCFieldDescriptor *field)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;

	return field->label == PROTOBUF_C_LABEL_REPEATED && field->type == PROTOBUF_C_TYPE_MESSAGE &&
	       text_ends(type->short_name, "Entry") && type->n_fields == 2 &&
	       strcmp(type->fields[0].name, "key") == 0 && strcmp(type->fields[1].name, "value") == 0 &&
	       type->fields[0].type == PROTOBUF_C_TYPE_STRING &&
	       type->fields[1].type == PROTOBUF_C_TYPE_STRING;
}

const char *map_get(void *const *entries, size_t count, const char *key)
{
	const struct map_entry *entry;

	for (size_t i = 0; i < count; i++) {
		entry = entries[i];
		if (strcmp(entry->key, key) == 0)
			return entry->value;
	}
	return NULL;
}

struct place {
	struct map_entry *entry;
	size_t index;
};

static int by_key_then_place(const void *a, const void *b)
{
	const struct place *left = a, *right = b;
	int order = strcmp(left->entry->key, right->entry->key);

	return order ? order : (left->index > right->index) - (left->index < right->index);
}

/* Sorted, because a peer chooses how many there are. What is left keeps its order. */
static void keep_last_of_each_key(struct map_entry **entries, size_t *count)
{
	struct place *places;
	size_t kept = 0;

	if (*count < 2)
		return;
	places = calloc(*count, sizeof(*places));
	if (!places)
		abort();
	for (size_t i = 0; i < *count; i++)
		places[i] = (struct place){ entries[i], i };
	qsort(places, *count, sizeof(*places), by_key_then_place);
	for (size_t i = 0; i + 1 < *count; i++)
		if (strcmp(places[i].entry->key, places[i + 1].entry->key) == 0)
			entries[places[i].index] = NULL;
	for (size_t i = 0; i < *count; i++)
		if (entries[i])
			entries[kept++] = entries[i];
	*count = kept;
	free(places);
}

static void settle_maps(ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	ProtobufCMessage *part;
	size_t count;

	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];

		if (field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		count = message_field_count(message, field);
		if (message_field_is_map(field)) {
			keep_last_of_each_key(
			    *(struct map_entry ***) (void *) ((char *) message + field->offset), &count);
			memcpy((char *) message + field->quantifier_offset, &count, sizeof(count));
			continue;
		}
		for (size_t k = 0; k < count; k++) {
			memcpy(&part, message_field_at(message, field, k), sizeof(part));
			if (part)
				settle_maps(part);
		}
	}
}

int message_encode(const ProtobufCMessage *message, struct text *out, struct err *err)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	auto_free uint8_t *bytes = malloc(size + 1);
	int r;

	if (!bytes)
		abort();
	size = protobuf_c_message_pack(message, bytes);
	r = message_check(message->descriptor, bytes, size, err);
	if (r < 0)
		return r;
	text_add_bytes(out, bytes, size);
	return 0;
}

int message_decode(const ProtobufCMessageDescriptor *type, struct arena *arena, const void *bytes, size_t len,
		   ProtobufCMessage **ret, struct err *err)
{
	ProtobufCMessage *message;
	size_t limit = arena->limit;
	int r;

	r = message_check(type, bytes, len, err);
	if (r < 0)
		return r;
	arena->limit = arena->total + MESSAGE_MEMORY_MAX;
	message = protobuf_c_message_unpack(type, &arena->allocator, len, bytes);
	arena->limit = limit;
	if (!message)
		return fail_text(err, -EINVAL, "decode %s: malformed, or more than %d MiB of parts",
				 type->short_name, MESSAGE_MEMORY_MAX >> 20);
	settle_maps(message);
	*ret = message;
	return 0;
}

void *message_copy(struct arena *arena, const void *message)
{
	const ProtobufCMessage *from = message;
	size_t size = protobuf_c_message_get_packed_size(from);
	auto_free uint8_t *bytes = malloc(size + 1);
	ProtobufCMessage *copy;

	if (!bytes)
		abort();
	size = protobuf_c_message_pack(from, bytes);
	copy = protobuf_c_message_unpack(from->descriptor, &arena->allocator, size, bytes);
	if (!copy)
		abort();
	return copy;
}
