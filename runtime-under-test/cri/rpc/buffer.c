/* gRPC's byte buffers to messages and back. */
#include <errno.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>

#include "base/err.h"
#include "base/text.h"
#include "base/wire/message.h"
#include "runtime-under-test/cri/rpc/internal.h"

grpc_byte_buffer *buffer_encode(const ProtobufCMessage *message, struct err *err)
{
	auto_text bytes = { 0 };
	grpc_byte_buffer *buffer;
	grpc_slice slice;

	if (message_encode(message, &bytes, err) < 0)
		return NULL;
	slice = grpc_slice_from_copied_buffer(text_str(&bytes), bytes.len);
	buffer = grpc_raw_byte_buffer_create(&slice, 1);
	grpc_slice_unref(slice);
	return buffer;
}

int buffer_decode(const ProtobufCMessageDescriptor *type, struct arena *arena, grpc_byte_buffer *buffer,
		  ProtobufCMessage **ret, struct err *err)
{
	grpc_byte_buffer_reader reader;
	grpc_slice slice;
	int r;

	if (!buffer || !grpc_byte_buffer_reader_init(&reader, buffer))
		return fail_text(err, -EINVAL, "read %s: no message came, or it cannot be decompressed",
				 type->short_name);
	slice = grpc_byte_buffer_reader_readall(&reader);
	grpc_byte_buffer_reader_destroy(&reader);
	r = message_decode(type, arena, GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice), ret, err);
	grpc_slice_unref(slice);
	return r;
}
