/* state: what runtime.md#state says, as JSON on stdout. */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/state.h"
#include "runtime-under-test/oci/verbs.h"

int verb_state(const struct runtime *runtime, int argc, char **argv, struct err *err)
{
	int first = verb_arguments(NULL, NULL, argc, argv, 1, 1, err);
	auto_fd directory = -EBADF;
	auto_json json = NULL;
	struct state state = { 0 };

	if (first < 0)
		return first;
	directory = verb_open(runtime, argv[first], &state, err);
	if (directory < 0)
		return directory;
	json = state_to_json(&state, state_status(&state));
	state_clear(&state);
	return verb_print_json(json, err);
}
