/*
 * Drives a binary with runc's command line: from a verb and its argument to words, to a process, to what it printed.
 * Which words each caller of the field uses: docs/OBSERVATION.md, "Steps".
 */
#ifndef HARNESS_DRIVER_OCI_H
#define HARNESS_DRIVER_OCI_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/command.h"
#include "harness/world.h"

struct err;
struct json;
struct runtime;

#define DRIVER_LOG WORLD_OUTPUT "/log"
#define DRIVER_PID_FILE WORLD_HOME "/pid"
#define DRIVER_CONSOLE WORLD_HOME "/console.sock"
#define DRIVER_AGENT WORLD_HOME "/agent.sock"

struct driver {
	struct world_place *place; /* borrowed, as all of this */
	const struct runtime *runtime;
	const char *const
	    *before; /* words in front of the runtime's path (the shim of a fault); NULL: none */
	const char *id; /* of the container that words name by default */
	bool terminal; /* create and run name the console socket */
	int64_t command_ms;
	unsigned serial; /* names output files */
	char *pid_file; /* owned: the one that a create or run of `id` named last; NULL: none yet */
	char *init_output; /* owned: output file of that create or run; the container's stdout */
};
void driver_free(struct driver *driver);

struct driver_result {
	struct command_result command;
	char **argv; /* owned, NULL-terminated */
	bool elsewhere; /* none of the words is the driver's id */
};
void driver_result_free(struct driver_result *result);

/* A verb that is one of a runtime's, or "call" (raw words) or "version". */
bool driver_has_verb(const char *verb);
/* argument: with symbols replaced; NULL: the usual words. -EINVAL: an argument the verb cannot have. */
int driver_run(struct driver *driver, const char *verb, const struct json *argument,
	       struct driver_result *ret, struct err *err);
/* {"verb", "code" or "signal", "ms", "out", "errors", "timed_out"}; what was cut is noted in meta below `path`. */
struct json *driver_exit_facts(struct driver *driver, const char *verb, const struct driver_result *result,
			       const char *nonce, struct json *meta, const char *path);
/* What `state ID` says now: the document and "exists": true, or {"exists": false, "code", "errors"}. Owned. */
int driver_state(struct driver *driver, struct json **ret, struct err *err);
int64_t driver_read_pid(const struct driver *driver); /* from the pid file; 0: none */

/* The words of one command; see driver_words.c. */
struct driver_words {
	char **argv; /* owned */
	size_t count, space;
	char *input; /* owned: bytes for stdin; NULL: /dev/null */
	int death_signal;
	bool elsewhere;
};
int driver_words(const struct driver *driver, const char *verb, const struct json *argument,
		 struct driver_words *ret, struct err *err);
void driver_words_free(struct driver_words *words);

#endif
