/*
 * What a client sends: the first byte chooses a method, the rest is its request. It is refused with a sentence, or it is a
 * message that goes to JSON and to bytes and comes back as the same. Within the time and memory that libFuzzer is given.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "base/wire/message_json.h"
#include "base/wire/methods.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds)
{
	if (!holds)
		abort();
}

static const ProtobufCMessageDescriptor *choose(unsigned number)
{
	size_t count;
	const ProtobufCServiceDescriptor *const *services = method_services(&count);
	unsigned all = services[0]->n_methods + services[1]->n_methods;

	number %= all;
	if (number < services[0]->n_methods)
		return services[0]->methods[number].input;
	return services[1]->methods[number - services[0]->n_methods].input;
}

static void print(const ProtobufCMessage *message, struct text *out)
{
	auto_json json = message_to_json(message, 0);

	json_print(json, 0, out);
}

/* By way of JSON: a map's keys, a number's range and every string have to survive. */
static void use(const ProtobufCMessageDescriptor *type, struct arena *arena, const ProtobufCMessage *message)
{
	auto_text text = { 0 }, again = { 0 }, bytes = { 0 };
	auto_json json = message_to_json(message, 0);
	ProtobufCMessage *read, *decoded;
	struct err err = { 0 };

	print(message, &text);
	demand(message_from_json(type, json, arena, &read, &err) == 0);
	demand(message_encode(read, &bytes, &err) == 0);
	demand(message_decode(type, arena, text_str(&bytes), bytes.len, &decoded, &err) == 0);
	print(decoded, &again);
	demand(strcmp(text_str(&text), text_str(&again)) == 0);
	(void) message_copy(arena, message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const ProtobufCMessageDescriptor *type;
	ProtobufCMessage *message = NULL;
	struct err err = { 0 };
	auto_arena arena;

	arena_init(&arena);
	if (size == 0)
		return 0;
	type = choose(data[0]);
	if (message_decode(type, &arena, data + 1, size - 1, &message, &err) < 0)
		demand(err.text[0] && !message);
	else
		use(type, &arena, message);
	return 0;
}
