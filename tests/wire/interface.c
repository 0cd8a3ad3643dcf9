/* From the methods down. */
#include "tests/wire/interface.h"

#include <stdlib.h>
#include <string.h>

#include "base/wire/methods.h"

static void add(struct types *types, const ProtobufCMessageDescriptor *type)
{
	for (size_t i = 0; i < types->count; i++)
		if (types->items[i] == type)
			return;
	if (types->count == TYPES_MAX)
		abort();
	types->items[types->count++] = type;
	for (unsigned i = 0; i < type->n_fields; i++)
		if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			add(types, type->fields[i].descriptor);
}

void types_collect(struct types *ret)
{
	size_t count;
	const ProtobufCServiceDescriptor *const *services = method_services(&count);

	ret->count = 0;
	for (size_t i = 0; i < count; i++)
		for (unsigned k = 0; k < services[i]->n_methods; k++) {
			add(ret, services[i]->methods[k].input);
			add(ret, services[i]->methods[k].output);
		}
}

const ProtobufCMessageDescriptor *types_find(const struct types *types, const char *short_name)
{
	for (size_t i = 0; i < types->count; i++)
		if (strcmp(types->items[i]->short_name, short_name) == 0)
			return types->items[i];
	return NULL;
}
