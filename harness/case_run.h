/*
 * Runs one case as the first process of its world and writes the observation. It observes; judging is done outside.
 * Every step is announced on the channel before it begins, so that a silence can be told: ours or the runtime's.
 */
#ifndef HARNESS_CASE_RUN_H
#define HARNESS_CASE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/mountinfo.h"
#include "harness/agent.h"
#include "harness/console.h"
#include "harness/driver_oci.h"
#include "harness/prepare.h"

struct conformance_case;
struct err;
struct json;
struct runtime;
struct step;
struct world_place;

/* Made outside, inherited by the fork; all borrowed. */
struct case_job {
	const struct conformance_case *c;
	const char *id; /* "oci/mounts/..." */
	const char *run; /* "plumbline-..." */
	size_t number; /* of the case within the run: makes the container's id unique */
	const struct runtime *runtime;
	const char *const *before; /* words in front of the runtime; NULL: none */
	uint64_t secret; /* of the recorder; 0: nothing is recorded */
	uint32_t tag;
	int64_t case_ms, command_ms;
};

int case_run(struct world_place *place, void *job); /* a world_body; job: struct case_job */

/* A bundle with its container: the case's own, or the one of its control. */
struct cri;

struct bench {
	struct world_place *place;
	const struct case_job *job;
	const struct step *const *steps;
	size_t step_count;
	struct driver driver;
	struct console console;
	struct agent agent;
	struct cri *cri; /* owned; NULL: the case drives a runtime's command line */
	char *container; /* owned: the id */
	char nonce[33];
	int bundle; /* descriptor */
	struct json *symbols; /* owned */
	struct json *config; /* owned: as written */
	struct json *meta; /* borrowed: part of the document */
	struct prepared *prepared; /* borrowed */
	struct json *before; /* borrowed: the census that leaks are told by; NULL: none was taken */
	struct json *
	    execs; /* owned: for each exec its output file, "" where a terminal of its own has it; of a CRI case its output */
	int64_t init; /* pid of the container's first process; 0: not known yet */
};
int bench_make(struct world_place *place, const struct case_job *job, bool control, struct prepared *prepared,
	       struct json *meta, struct bench *ret, struct err *err);
void bench_free(struct bench *bench);
/* What the container's first process has printed, terminal included. */
void bench_init_output(struct bench *bench, struct text *out);
/* What the process of the N-th exec has printed. */
void bench_exec_output(struct bench *bench, size_t index, struct text *out);
bool bench_init_has_ended(struct bench *bench);
void bench_find_init(struct bench *bench, const struct json *state);

/* One step, of either kind; *ret_exit is its `exit` entry. Errors are ours: the case is broken. */
struct step_result {
	struct json *exit; /* owned */
	char *other; /* owned: the id this step named, when that is not the bench's; NULL: none */
	bool ok, timed_out, elsewhere, own;
	int64_t begin_ns, end_ns;
};
int step_run(struct bench *bench, size_t index, struct step_result *ret, struct err *err);
/* Steps that are the harness's own work, no command of the runtime; see case_own.c. */
bool own_step_is(const char *verb);
int own_step_run(struct bench *bench, const char *verb, const struct json *argument, struct json *exit,
		 bool *ret_timed_out, struct err *err);

/* The steps in order with what is seen after each: fills exit, state and host.after of the document. */
struct case_trail {
	struct json *exits, *states, *after; /* objects of the document, borrowed */
	struct json *timeline; /* array of [time, label], borrowed */
	struct mount_table mounts; /* before the first step */
	bool complete; /* every step came out as the case says */
	bool timed_out;
	bool may_exist; /* a container was made and not deleted */
	struct json *others; /* owned: ids of further containers of which the same is true */
};
int case_steps_run(struct bench *bench, struct case_trail *trail, struct err *err);
/* From [[time, label], ...] as gathered to [label, ...] by time, with the program's beginning as top tells it; owned. */
struct json *case_timeline(const struct json *entries, const struct json *top);
/* leftovers, leaks and keyrings_added of the document's host, against the census that the bench has from before. */
int case_leaks(struct bench *bench, const struct case_trail *trail, struct json *host, struct err *err);
/* The corrected input of a refusal: {"accepted", "step", "code", "errors"}. */
int case_control_run(struct world_place *place, const struct case_job *job, struct prepared *prepared,
		     struct json *meta, struct json **ret, struct err *err);

#endif
