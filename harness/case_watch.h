/*
 * The process between libcheck and a world: starts the world, hears what it is about to do, judges what it saw,
 * writes the record and ends it. It can die at any moment; then the note in shared memory tells how far things were.
 */
#ifndef HARNESS_CASE_WATCH_H
#define HARNESS_CASE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "harness/case_run.h"

struct case_record;
struct cgroup_run;
struct engine_item;
struct err;
struct text;

/* In memory shared between the watcher and the worker: survives the death of the watcher. */
struct case_note {
	char step[64]; /* what was begun last */
	bool runtime; /* it is the runtime's work, not ours */
	bool recorded; /* the record is complete */
	bool hung; /* the runtime did not come to an end in time */
};

struct case_watch {
	struct case_job job;
	const struct cgroup_run *cgroups;
	const char *world; /* the world's name */
	int record; /* memfd: the record as JSON */
	int channel; /* the worker's, to the engine */
	int out; /* run directory; -1: keep no observation */
	bool disputed, keep;
	pid_t worker; /* to notice that it died before PR_SET_PDEATHSIG was armed */
	struct case_note *note;
};
void case_watch(const struct case_watch *watch); /* in a child of libcheck; returns when the world is gone */

/* A record with everything that is known of the case beforehand. */
void case_record_begin(const struct conformance_case *c, const char *id, struct case_record *ret);
/* The record of a case that left none: broken, or fail when the runtime hung. why: "Test timeout expired", ... */
void case_record_of_silence(const struct case_note *note, const char *why, struct case_record *ret);

/* A file of the run directory, unnamed until it is whole: a killed run leaves no half one. */
int write_whole(int out, const char *path, const struct text *text, struct err *err);

/* Copies bundle, state and output out of a living world; see case_keep.c. */
void case_keep(pid_t world, int out, const char *id);
void case_keep_home(int home, int out, const char *id);

#endif
