/*
 * Runs a selection against one runtime: needs, rounds of --repeat and --retries, expectations, one record a
 * case.
 */
#ifndef HARNESS_SESSION_H
#define HARNESS_SESSION_H

#include <stddef.h>

#include "harness/engine.h"
#include "harness/record.h"
#include "harness/select.h"

struct clause_registry;
struct err;
struct expectations;
struct options;
struct recorder;
struct screen;

struct session {
	const char *run;
	const struct options *options;
	const struct machine *machine;
	const struct clause_registry *clauses;
	const struct selection *selection;
	const struct expectations *expectations;
	struct screen *screen;
	struct recorder *recorder; /* NULL: nothing is recorded */
	const char *not_recorded; /* why; NULL: it is */
	const char *fault; /* behind which every case runs; NULL: none */
	int jobs;
	int out; /* the runtime's folder of the run directory; -1: none */
	/* A case is decided: called once for every selected case, in the order of their ends. */
	int (*settled)(void *argument, const struct case_record *record, struct err *err);
	void *argument;
};

/*
 * Fills ret->cases (in the order of the selection), wall_ms and interrupted. 0, also when cases failed or
 * the run was interrupted; else the engine's set-up failed or settled() did.
 */
int session_run(const struct session *session, const struct runtime *runtime, struct run_record *ret,
		struct err *err);

/* A record about a case that nothing was run for; owned contents. */
void session_record(const struct selected *selected, enum verdict verdict, const char *reason,
		    struct case_record *ret);
/* A copy that outlives the engine's callback, completed with what only the selection knows. */
int session_keep(const struct selected *selected, const struct case_record *seen, struct case_record *ret,
		 struct err *err);

/* plumbline repro ID --runtime PATH -o DIR, quoted for a shell; owned. */
char *repro_command(const char *id, const struct runtime *runtime);

/* Machine facts and identity of a run, but its runtime. */
void session_describe(const struct session *session, struct run_record *ret);

bool session_records_needed(const struct options *options); /* --record needed */
int session_jobs(const struct options *options); /* --jobs, else one a processor that we may use */

#endif
