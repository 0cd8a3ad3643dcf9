/* And the walk back, which refuses what the message has no place for. */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "base/wire/message_json.h"

static int expected(struct err *err, const char *what, const struct json *value)
{
	return fail_text(err, -EINVAL, "expected %s, not %s", what, json_kind_name(json_kind(value)));
}

/* JSON's numbers lose digits in many readers: protobuf's own JSON writes 64-bit integers as strings. */
static int read_signed(const struct json *value, long long least, long long most, long long *ret,
		       struct err *err)
{
	const char *string = json_string(value);
	long long number;

	if (string) {
		if (text_to_i64(string, &number) < 0)
			return fail_text(err, -EINVAL, "\"%s\" is no integer", string);
	} else if (json_kind(value) == JSON_INT) {
		number = json_int(value, LLONG_MIN);
		if (number == LLONG_MIN && json_int(value, 0) == 0)
			return fail_text(err, -EINVAL, "the integer is out of range");
	} else {
		return expected(err, "an integer", value);
	}
	if (number < least || number > most)
		return fail_text(err, -EINVAL, "%lld is out of range", number);
	*ret = number;
	return 0;
}

static int read_unsigned(const struct json *value, unsigned long long most, unsigned long long *ret,
			 struct err *err)
{
	const char *string = json_string(value);
	unsigned long long number;

	if (string) {
		if (text_to_u64(string, &number) < 0)
			return fail_text(err, -EINVAL, "\"%s\" is no unsigned integer", string);
	} else if (json_is_unsigned(value)) {
		number = json_uint(value, 0);
	} else {
		return expected(err, "an unsigned integer", value);
	}
	if (number > most)
		return fail_text(err, -EINVAL, "%llu is out of range", number);
	*ret = number;
	return 0;
}

static int read_enum(const ProtobufCEnumDescriptor *type, const struct json *value, int *ret, struct err *err)
{
	const char *name = json_string(value);
	const ProtobufCEnumValue *found;
	long long number;
	int r;

	if (!name) {
		r = read_signed(value, INT32_MIN, INT32_MAX, &number, err);
		if (r == 0)
			*ret = (int) number;
		return r;
	}
	found = protobuf_c_enum_descriptor_get_value_by_name(type, name);
	if (!found)
		return fail_text(err, -EINVAL, "%s has no value \"%s\"", type->short_name, name);
	*ret = found->value;
	return 0;
}

static int read_bytes(const struct json *value, struct arena *arena, ProtobufCBinaryData *ret,
		      struct err *err)
{
	const char *string = json_string(value);
	auto_text bytes = { 0 };

	if (!string)
		return expected(err, "bytes in base64", value);
	if (base64_decode(string, &bytes) < 0)
		return fail_text(err, -EINVAL, "is no base64");
	ret->data = arena_copy(arena, text_str(&bytes), bytes.len);
	ret->len = bytes.len;
	return 0;
}

static int read_number(const ProtobufCFieldDescriptor *field, const struct json *value, void *at,
		       struct err *err)
{
	unsigned long long u = 0;
	long long i = 0;
	int r = 0;

	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		r = read_signed(value, INT32_MIN, INT32_MAX, &i, err);
		*(int32_t *) at = (int32_t) i;
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		r = read_unsigned(value, UINT32_MAX, &u, err);
		*(uint32_t *) at = (uint32_t) u;
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		r = read_signed(value, INT64_MIN, INT64_MAX, &i, err);
		*(int64_t *) at = i;
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		r = read_unsigned(value, UINT64_MAX, &u, err);
		*(uint64_t *) at = u;
		break;
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		if (json_kind(value) != JSON_DOUBLE && json_kind(value) != JSON_INT)
			return expected(err, "a number", value);
		if (field->type == PROTOBUF_C_TYPE_FLOAT)
			*(float *) at = (float) json_double(value, 0);
		else
			*(double *) at = json_double(value, 0);
		break;
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		break;
	}
	return r;
}

static int read_element(const ProtobufCFieldDescriptor *field, const struct json *value, struct arena *arena,
			void *at, struct err *err)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		if (json_kind(value) != JSON_BOOL)
			return expected(err, "true or false", value);
		*(protobuf_c_boolean *) at = json_bool(value, false);
		return 0;
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(field->descriptor, value, at, err);
	case PROTOBUF_C_TYPE_STRING:
		if (!json_string(value))
			return expected(err, "a string", value);
		*(char **) at = arena_string(arena, json_string(value));
		return 0;
	case PROTOBUF_C_TYPE_BYTES:
		return read_bytes(value, arena, at, err);
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_from_json(field->descriptor, value, arena, at, err);
	default:
		return read_number(field, value, at, err);
	}
}

static void set_elements(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, void *elements,
			 size_t count)
{
	memcpy((char *) message + field->offset, &elements, sizeof(elements));
	memcpy((char *) message + field->quantifier_offset, &count, sizeof(count));
}

static int read_map(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
		    const struct json *value, struct arena *arena, struct err *err)
{
	size_t count = json_length(value);
	struct map_entry **entries = arena_array(arena, count, sizeof(*entries));
	const char *string;

	if (json_kind(value) != JSON_OBJECT)
		return expected(err, "an object", value);
	for (size_t i = 0; i < count; i++) {
		string = json_string(json_value_at(value, i));
		if (!string) {
			int r = expected(err, "a string", json_value_at(value, i));

			return fail_text(err, r, "[%s]", json_key_at(value, i));
		}
		entries[i] = message_new(arena, field->descriptor);
		entries[i]->key = arena_string(arena, json_key_at(value, i));
		entries[i]->value = arena_string(arena, string);
	}
	set_elements(message, field, entries, count);
	return 0;
}

static int read_repeated(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
			 const struct json *value, struct arena *arena, struct err *err)
{
	size_t count = json_length(value), size = message_element_size(field->type);
	char *elements = arena_array(arena, count, size);
	int r;

	if (json_kind(value) != JSON_ARRAY)
		return expected(err, "an array", value);
	for (size_t i = 0; i < count; i++) {
		r = read_element(field, json_at(value, i), arena, elements + i * size, err);
		if (r < 0)
			return fail_text(err, r, "[%zu]", i);
	}
	set_elements(message, field, elements, count);
	return 0;
}

static int read_field(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
		      const struct json *value, struct arena *arena, struct err *err)
{
	if (json_kind(value) == JSON_NULL)
		return 0;
	if (message_field_is_map(field))
		return read_map(message, field, value, arena, err);
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return read_repeated(message, field, value, arena, err);
	return read_element(field, value, arena, message_field_at(message, field, 0), err);
}

int message_from_json(const ProtobufCMessageDescriptor *type, const struct json *value, struct arena *arena,
		      ProtobufCMessage **ret, struct err *err)
{
	ProtobufCMessage *message = message_new(arena, type);
	const ProtobufCFieldDescriptor *field;
	int r;

	if (json_kind(value) != JSON_OBJECT && json_kind(value) != JSON_NULL)
		return expected(err, "an object", value);
	for (size_t i = 0; i < json_length(value); i++) {
		field = protobuf_c_message_descriptor_get_field_by_name(type, json_key_at(value, i));
		if (!field)
			return fail_text(err, -EINVAL, "%s has no field \"%s\"", type->short_name,
					 json_key_at(value, i));
		r = read_field(message, field, json_value_at(value, i), arena, err);
		if (r < 0)
			return fail_text(err, r, "%s", field->name);
	}
	*ret = message;
	return 0;
}
