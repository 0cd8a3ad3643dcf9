/*
 * One foreign command in a world. Its output goes to two files on the output tmpfs (never a pipe: a container keeps
 * its creator's), appended, so that they can be cut while a container still writes. It has ended when it was reaped.
 */
#ifndef HARNESS_COMMAND_H
#define HARNESS_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/process.h"

struct err;
struct json;
struct text;
struct world_place;

#define COMMAND_TEXT_MAX (64u << 10) /* of output that goes into an observation */

struct command {
	const char *name; /* of its files: "3-create" */
	const char *const *argv;
	int input; /* -1: /dev/null */
	int directory; /* -1: inherit */
	int death_signal; /* PR_SET_PDEATHSIG as containerd's shim sets it; 0: none */
	int64_t timeout_ms;
};

struct command_result {
	struct process_status status;
	bool timed_out; /* it was killed at its deadline; status is how that ended it */
	int64_t ms, begin_ns, end_ns; /* CLOCK_MONOTONIC */
	char *out, *errors; /* owned: file names below place->output */
};

/* -ETIMEDOUT is not an error here: result.timed_out. An exec that fails is one. */
int command_run(struct world_place *place, const struct command *command, struct command_result *ret,
		struct err *err);
void command_result_free(struct command_result *result);

/*
 * Appends at most max bytes of an output file; *ret_cut is how many are missing, *ret_full whether the room for
 * output was used up, so that nobody knows how many more there would have been.
 */
int command_output(const struct world_place *place, const char *file, size_t max, struct text *out,
		   uint64_t *ret_cut, bool *ret_full, struct err *err);
/* "12 bytes of 65548 were cut"; NULL when nothing was. Owned. */
char *command_cut_sentence(uint64_t cut, bool full);

extern const char *const command_environment[]; /* of every foreign program; NULL-terminated */

int64_t command_now_ns(void); /* CLOCK_MONOTONIC */

#endif
