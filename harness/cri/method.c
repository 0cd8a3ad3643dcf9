/* JSON to the bytes of a request, the bytes of an answer to JSON. */
#include <errno.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "base/wire/message_json.h"
#include "base/wire/methods.h"
#include "harness/cri/call.h"

int cri_method_find(const char *name, struct cri_method *ret, struct err *err)
{
	const ProtobufCServiceDescriptor *service;

	*ret = (struct cri_method){ .descriptor = method_find(name[0] == '/' ? name + 1 : name, &service) };
	if (name[0] == '/') {
		ret->path = text_format("%s", name);
	} else {
		if (!ret->descriptor)
			return fail_text(err, -EINVAL, "the interface has no method \"%s\"", name);
		ret->path = text_format("/%s/%s", service->name, ret->descriptor->name);
	}
	ret->streams = ret->descriptor && method_streams(ret->descriptor->name);
	return 0;
}

void cri_method_free(struct cri_method *method)
{
	free(TAKE(method->path));
}

int cri_request_encode(const struct cri_method *method, const struct json *request, struct text *out,
		       struct json **ret_echo, struct err *err)
{
	auto_arena arena;
	ProtobufCMessage *message;
	int r;

	arena_init(&arena);
	if (!method->descriptor)
		return json_length(request) == 0
			   ? 0
			   : fail_text(err, -EINVAL,
				       "%s: a request of a method that nobody knows is given as \"raw\"",
				       method->path);
	r = message_from_json(method->descriptor->input, request, &arena, &message, err);
	if (r == 0)
		r = message_encode(message, out, err);
	if (r < 0)
		return fail_text(err, r, "%s", method->descriptor->name);
	if (ret_echo)
		*ret_echo = message_to_json(message, MESSAGE_JSON_REDACT);
	return 0;
}

struct json *cri_answer_decode(const struct cri_method *method, const void *bytes, size_t len)
{
	auto_text text = { 0 };
	auto_arena arena;
	ProtobufCMessage *message;

	arena_init(&arena);
	if (method->descriptor &&
	    message_decode(method->descriptor->output, &arena, bytes, len, &message, NULL) == 0)
		return message_to_json(message, 0);
	base64_encode(bytes, len, &text);
	return json_new_string(text_str(&text));
}
