/*
 * The bytes of a message against its type, before anything is made of them: protobuf-c would take strings that are no UTF-8
 * and cut them at a NUL, so that "a\0b" passes every later check as "a".
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "base/wire/message.h"

enum { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_GROUP, WIRE_GROUP_END, WIRE_32 };
/* The interface nests 7 deep; only its types bound a walk, and this one against a type that would hold itself. */
enum { DEPTH_MAX = 32 };

struct cursor {
	const uint8_t *at, *end;
};

static bool read_varint(struct cursor *in, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 70 && in->at < in->end; shift += 7) {
		uint8_t byte = *in->at++;

		value |= shift < 64 ? (uint64_t) (byte & 0x7f) << shift : 0;
		if (!(byte & 0x80)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* The bytes of one value; false when they are cut short or of no known kind. */
static bool read_value(struct cursor *in, unsigned kind, struct cursor *ret)
{
	uint64_t size = 0;

	ret->at = in->at;
	switch (kind) {
	case WIRE_VARINT:
		if (!read_varint(in, &size))
			return false;
		ret->end = in->at;
		return true;
	case WIRE_64:
		size = 8;
		break;
	case WIRE_32:
		size = 4;
		break;
	case WIRE_BYTES:
		if (!read_varint(in, &size))
			return false;
		break;
	default:
		return false;
	}
	if (size > (size_t) (in->end - in->at))
		return false;
	ret->at = in->at;
	in->at += size;
	ret->end = in->at;
	return true;
}

static int check_string(const struct cursor *value, struct err *err)
{
	const char *at = (const char *) value->at, *end = (const char *) value->end;
	size_t len;

	while (at < end) {
		if (*at == '\0')
			return fail_text(err, -EINVAL, "holds a NUL byte");
		len = text_utf8_length(at, (size_t) (end - at));
		if (len == 0)
			return fail_text(err, -EINVAL, "holds invalid UTF-8");
		at += len;
	}
	return 0;
}

static int check(const ProtobufCMessageDescriptor *type, struct cursor in, int depth, struct err *err);

static int check_field(const ProtobufCFieldDescriptor *field, const struct cursor *value, int depth,
		       struct err *err)
{
	int r;

	if (field->type == PROTOBUF_C_TYPE_STRING) {
		r = check_string(value, err);
		return r < 0 ? fail_text(err, r, "field %s", field->name) : 0;
	}
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return check(field->descriptor, *value, depth + 1, err);
	return 0;
}

static int check(const ProtobufCMessageDescriptor *type, struct cursor in, int depth, struct err *err)
{
	const ProtobufCFieldDescriptor *field;
	struct cursor value;
	uint64_t tag;
	int r;

	if (depth > DEPTH_MAX)
		return fail_text(err, -EINVAL, "%s: nested deeper than %d", type->short_name, DEPTH_MAX);
	while (in.at < in.end) {
		if (!read_varint(&in, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX >> 3)
			return fail_text(err, -EINVAL, "%s: cut short or without a field number",
					 type->short_name);
		field = protobuf_c_message_descriptor_get_field(type, (unsigned) (tag >> 3));
		if (!read_value(&in, tag & 7, &value))
			return fail_text(err, -EINVAL, "%s: field %" PRIu64 " (%s) is cut short or malformed",
					 type->short_name, tag >> 3, field ? field->name : "unknown");
		if (!field || (tag & 7) != WIRE_BYTES)
			continue;
		r = check_field(field, &value, depth, err);
		if (r < 0)
			return fail_text(err, r, "%s", type->short_name);
	}
	return 0;
}

int message_check(const ProtobufCMessageDescriptor *type, const void *bytes, size_t len, struct err *err)
{
	struct cursor in = { bytes, (const uint8_t *) bytes + len };

	return check(type, in, 0, err);
}
