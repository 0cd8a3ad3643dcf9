/*
 * Lists as streams: the unary handler's answer in parts that no receive limit refuses, for a list of everything may be longer
 * than the 16 MiB that the kubelet takes. Requests and answers of both kinds have the same filter and the same elements.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "base/wire/methods.h"
#include "runtime-under-test/cri/server.h"
#include "runtime-under-test/oci/faults.h"

enum { PART_BYTES = 1 << 20, PART_ITEMS = 100 };

/* Images have a stream of their own, in image/. */
static const struct {
	const char *stream, *unary;
} rows[] = {
	{ "StreamPodSandboxes", "ListPodSandbox" },
	{ "StreamContainers", "ListContainers" },
	{ "StreamContainerStats", "ListContainerStats" },
	{ "StreamPodSandboxStats", "ListPodSandboxStats" },
	{ "StreamPodSandboxMetrics", "ListPodSandboxMetrics" },
};

static const char *unary_of(const char *stream)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].stream, stream) == 0)
			return rows[i].unary;
	return NULL;
}

/* The filter, where there is one, is the only field of either request. */
static ProtobufCMessage *unary_request(struct arena *arena, const ProtobufCMessageDescriptor *type,
				       const ProtobufCMessage *asked)
{
	ProtobufCMessage *request = message_new(arena, type);
	void *const *filter;

	if (type->n_fields) {
		filter = message_field_at(asked, &asked->descriptor->fields[0], 0);
		memcpy(message_field_at(request, &type->fields[0], 0), filter, sizeof(*filter));
	}
	return request;
}

static int send_part(struct rpc_call *call, ProtobufCMessage *part, ProtobufCMessage **items, size_t count)
{
	const ProtobufCFieldDescriptor *field = &part->descriptor->fields[0];

	memcpy((char *) part + field->offset, &items, sizeof(items));
	memcpy((char *) part + field->quantifier_offset, &count, sizeof(count));
	return count ? rpc_send(call, part) : 0;
}

static grpc_status_code send_parts(struct rpc_call *call, const ProtobufCMessage *answer,
				   ProtobufCMessage *part)
{
	const ProtobufCFieldDescriptor *field = &answer->descriptor->fields[0];
	size_t count = message_field_count(answer, field), first = 0, bytes = 0;
	ProtobufCMessage **items;
	int r = 0;

	if (!count && fault("cri-empty-stream-fails"))
		return rpc_fail(call, GRPC_STATUS_NOT_FOUND, "the list is empty");
	count -= count && fault("cri-stream-forgets-one");
	memcpy(&items, (const char *) answer + field->offset, sizeof(items));
	for (size_t i = 0; i < count && r == 0; i++) {
		bytes += protobuf_c_message_get_packed_size(items[i]);
		if (i == first || (bytes <= PART_BYTES && i - first < PART_ITEMS))
			continue;
		r = send_part(call, part, items + first, i - first);
		first = i;
		bytes = protobuf_c_message_get_packed_size(items[i]);
	}
	if (r == 0)
		r = send_part(call, part, items + first, count - first);
	/* The arena has the items still; the part must not seem to own them. */
	(void) send_part(call, part, NULL, 0);
	return r == 0 ? GRPC_STATUS_OK
		      : rpc_fail(call, GRPC_STATUS_CANCELLED, "nobody reads the list any more");
}

static grpc_status_code stream_list(struct rpc_call *call, const void *request, void *response, void *user)
{
	struct server *server = user;
	struct arena *arena = rpc_call_arena(call);
	const char *name = unary_of(rpc_call_method(call));
	rpc_handler *handler = rpc_server_handler(server->rpc, name);
	const ProtobufCServiceDescriptor *service;
	const ProtobufCMethodDescriptor *method = method_find(name, &service);
	ProtobufCMessage *answer;
	grpc_status_code status;

	if (!handler)
		return rpc_fail(call, GRPC_STATUS_UNIMPLEMENTED,
				"%s is not served, so there is nothing to stream", name);
	answer = message_new(arena, method->output);
	status = handler(call, unary_request(arena, method->input, request), answer, user);
	return status == GRPC_STATUS_OK ? send_parts(call, answer, response) : status;
}

extern const struct rpc_binding list_bindings[];
const struct rpc_binding list_bindings[] = {
	{ "StreamPodSandboxes", stream_list },      { "StreamContainers", stream_list },
	{ "StreamContainerStats", stream_list },    { "StreamPodSandboxStats", stream_list },
	{ "StreamPodSandboxMetrics", stream_list }, { NULL },
};
