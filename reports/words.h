/* What all formats share: a verdict's word and mark, and groups of skip reasons. */
#ifndef REPORTS_WORDS_H
#define REPORTS_WORDS_H

#include <stddef.h>

#include "harness/record.h"

struct text;

struct verdict_look {
	const char *word; /* "FAIL": says it without colour */
	const char *label; /* "not run": for headings */
	const char *mark; /* one column wide */
	const char *ascii; /* one character */
	const char *colour; /* SGR parameters */
};
const struct verdict_look *verdict_look(enum verdict verdict); /* never NULL */

/* In the order people want to read them: fail first. */
extern const enum verdict verdicts_by_weight[];
#define VERDICTS_BY_WEIGHT 7

/* fail, broken, flaky, and what else differs from the expectations: the records that deserve a paragraph. */
bool case_is_trouble(const struct case_record *record);
/* "(expected)", "(unexpected)" or NULL, for verdicts that an expectations file turned round. */
const char *case_expectation(const struct case_record *record);

double run_seconds(const struct run_record *run); /* never negative */
const char *runtime_name(const struct run_record *run); /* never NULL */
/* "containerd 1.6.20, with crun version 1.8.1 behind it"; appends. */
void add_version(const struct run_record *run, struct text *out);
/* False: the reason only repeats what was expected and observed. */
bool reason_adds(const struct case_record *record);
/* "MUST a, SHOULD b"; appends. */
void add_clauses(const struct case_record *record, struct text *out);
/* "cases/oci/mounts.c:12": the length of the file's name; *ret_line is 0 when there is none. */
size_t split_place(const char *place, unsigned *ret_line);
/* The part of an id before its last slash: its length. */
size_t area_length(const char *id);

/* One row for each different reason among the records with that verdict, most frequent first. */
struct reason_group {
	const char *reason; /* borrowed from the run */
	size_t count;
};
/* *ret is owned by the caller; the result is how many there are. */
size_t group_reasons(const struct run_record *run, enum verdict verdict, struct reason_group **ret);
/* Cases that were not judged because their clause is newer than the bundle's specification version. */
size_t count_newer(const struct run_record *run);

#endif
