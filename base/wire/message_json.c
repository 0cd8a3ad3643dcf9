/* One walk out. */
#include "base/wire/message_json.h"

#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "base/wire/message.h"

/* Everything of AuthConfig but the address: each of the others opens the door alone or helps to. */
static bool is_secret(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
	return strcmp(type->short_name, "AuthConfig") == 0 && strcmp(field->name, "server_address") != 0;
}

static struct json *bytes_to_json(const ProtobufCBinaryData *bytes)
{
	auto_text text = { 0 };

	base64_encode(bytes->data, bytes->len, &text);
	return json_new_string(text_str(&text));
}

static struct json *enum_to_json(const ProtobufCEnumDescriptor *type, int number)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);

	return value ? json_new_string(value->name) : json_new_int(number);
}

static struct json *element_to_json(const ProtobufCFieldDescriptor *field, const void *at, unsigned flags)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return json_new_int(*(const int32_t *) at);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		return json_new_int(*(const uint32_t *) at);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return json_new_int(*(const int64_t *) at);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return json_new_uint(*(const uint64_t *) at);
	case PROTOBUF_C_TYPE_FLOAT:
		return json_new_double(*(const float *) at);
	case PROTOBUF_C_TYPE_DOUBLE:
		return json_new_double(*(const double *) at);
	case PROTOBUF_C_TYPE_BOOL:
		return json_new_bool(*(const protobuf_c_boolean *) at);
	case PROTOBUF_C_TYPE_ENUM:
		return enum_to_json(field->descriptor, *(const int *) at);
	case PROTOBUF_C_TYPE_STRING:
		return json_new_bytes(*(const char *const *) at, strlen(*(const char *const *) at));
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_to_json(at);
	case PROTOBUF_C_TYPE_MESSAGE:
		return message_to_json(*(const ProtobufCMessage *const *) at, flags);
	}
	return NULL;
}

static struct json *map_to_json(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	struct json *object = json_new_object();
	const struct map_entry *entry;

	for (size_t i = 0; i < message_field_count(message, field); i++) {
		entry = *(struct map_entry *const *) message_field_at(message, field, i);
		json_put(object, entry->key, json_new_bytes(entry->value, strlen(entry->value)));
	}
	return object;
}

static struct json *field_to_json(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
				  unsigned flags)
{
	struct json *array;

	if (message_field_is_map(field))
		return map_to_json(message, field);
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		array = json_new_array();
		for (size_t i = 0; i < message_field_count(message, field); i++)
			json_append(array,
				    element_to_json(field, message_field_at(message, field, i), flags));
		return array;
	}
	return element_to_json(field, message_field_at(message, field, 0), flags);
}

static bool is_unset(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	return field->label != PROTOBUF_C_LABEL_REPEATED && field->type == PROTOBUF_C_TYPE_MESSAGE &&
	       !*(const void *const *) message_field_at(message, field, 0);
}

struct json *message_to_json(const ProtobufCMessage *message, unsigned flags)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	struct json *object = json_new_object();
	const ProtobufCFieldDescriptor *field;
	const char *string;

	for (unsigned i = 0; i < type->n_fields; i++) {
		field = &type->fields[i];
		if (is_unset(message, field))
			continue;
		if ((flags & MESSAGE_JSON_REDACT) && is_secret(type, field)) {
			string = *(const char *const *) message_field_at(message, field, 0);
			json_put(object, field->name, json_new_string(string[0] ? "(redacted)" : ""));
			continue;
		}
		json_put(object, field->name, field_to_json(message, field, flags));
	}
	return object;
}
