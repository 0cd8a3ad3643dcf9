/* start: the container's program begins. */
#include "base/err.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/verbs.h"

int verb_start(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	int first = verb_arguments(NULL, NULL, argc, argv, 1, 1, err);

	if (first < 0)
		return first;
	return container_start(runtime, argv[first], err);
}
