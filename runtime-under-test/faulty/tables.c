/* The tables of faults, joined. */
#include <string.h>

#include "base/cleanup.h"
#include "runtime-under-test/faulty/faulty.h"

static const struct fault *const tables[] = {
	config_faults, process_faults, hook_faults, state_faults, verb_faults, cleanup_faults, violent_faults,
};

const struct fault *fault_at(size_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (const struct fault *fault = tables[i]; fault->name; fault++) {
			if (!index--)
				return fault;
		}
	}
	return NULL;
}

const struct fault *fault_find(const char *name)
{
	const struct fault *fault;

	for (size_t i = 0; (fault = fault_at(i)); i++) {
		if (!strcmp(fault->name, name))
			return fault;
	}
	return NULL;
}
