/* Hooks: who runs them where and when is in create.c, start.c and destroy.c. config.md#posix-platform-hooks */
#ifndef OCI_HOOKS_H
#define OCI_HOOKS_H

#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/state.h"

struct err;
struct log;

/* Pure: the state as this kind of hook reads it: which status, and the pid as seen where the hook runs. Owned. */
char *hook_state(enum spec_hook_kind kind, const struct state *state);

/*
 * Runs the hooks of one kind in their order, each with the state on its stdin, exactly its args and env, and directory as
 * its working directory (-EBADF: the caller's). The first that fails ends the list and is the error, with what it wrote to
 * stderr. state->pid is init's as seen from here.
 */
int hooks_run(const struct spec *spec, enum spec_hook_kind kind, const struct state *state, int directory,
	      struct err *err);
/* poststop: each runs whatever the others did; failures go to the log. runtime.md#lifecycle, step 13 */
void hooks_run_all(const struct spec *spec, enum spec_hook_kind kind, const struct state *state,
		   int directory, const struct log *log);

#endif
