/* What test and prove do before the first case: find the runtimes, read the registries, choose the cases. */
#ifndef HARNESS_PREPARE_RUN_H
#define HARNESS_PREPARE_RUN_H

#include "harness/clauses.h"
#include "harness/engine.h"
#include "harness/run_dir.h"
#include "harness/runtime.h"
#include "harness/screen.h"
#include "harness/select.h"

struct options;
struct recorder;

struct prepared_run {
	char *name; /* owned: names the run */
	struct screen screen;
	struct machine machine;
	struct clause_registry clauses;
	struct selection selection;
	struct runtime_found *runtimes; /* owned */
	struct selection
	    *shares; /* owned: which of the selection each of them runs; ids are borrowed from it */
	size_t runtime_count;
	struct run_dir directory;
	struct recorder *recorder; /* owned; NULL: nothing is recorded */
	char *not_recorded; /* owned: why; NULL: it is */
};

/*
 * Prints what is wrong to standard error. 0, or the exit code to end with; nothing foreign ran before a 2
 * or 4.
 */
int prepare_run(const struct options *options, struct prepared_run *ret);
/* The same for one case that no selector has to find; NULL: those that the options select. */
int prepare_run_of(const struct options *options, const struct selected *only, struct prepared_run *ret);
/* The part of it that fills runtimes and shares: every runtime, or every server with every runtime behind it. */
int prepare_runtimes(const struct options *options, struct prepared_run *run);
/* Removes what the run made at endpoints. code, or 6 when something of that stays there. */
int prepared_run_end(struct prepared_run *prepared, int code);
void prepared_run_free(struct prepared_run *prepared);
#define auto_prepared_run __attribute__((cleanup(prepared_run_free))) struct prepared_run

/* Says which selectors chose nothing, with the nearest id; returns the number of those. */
size_t explain_empty(const struct options *options, struct screen *screen);

#endif
