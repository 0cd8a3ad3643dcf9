/*
 * The command line: one table of verbs, one table of options; --help and the manual page are printed from
 * them.
 */
#ifndef HARNESS_OPTIONS_H
#define HARNESS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct text;

/* What plumbline's exit status says; where several hold: 7, 6, 1, 5, 0. */
enum exit_code {
	EXIT_AS_EXPECTED = 0,
	EXIT_UNEXPECTED_FAILURE = 1,
	EXIT_USAGE = 2,
	EXIT_MACHINE_CANNOT = 3,
	EXIT_NOTHING_SELECTED = 4,
	EXIT_UNEXPECTED_PASS = 5,
	EXIT_BROKEN = 6,
	EXIT_INTERRUPTED = 7,
	EXIT_INVALID_INPUT = 8,
};

struct words {
	const char **words; /* owned array; strings borrowed from argv */
	size_t count;
};

struct options {
	struct words words; /* what is no option */
	struct words runtimes, runtime_args, endpoints;
	const char *out, *shard, *record, *expect, *profile, *colour, *in, *guest;
	const char *handler, *image; /* of pods at a CRI server */
	const char *fault;
	const char *junit, *tap, *markdown, *html, *badge;
	uint64_t jobs, seed, repeat, retries, fail_fast, rounds;
	double timeout_scale;
	struct words command; /* what follows "--" */
	const char *perfetto, *cgroup, *container;
	uint64_t pid;
	double duration; /* seconds */
	bool story, effects, raw;
	bool update_expectations, last_failed, keep, json, coverage, ascii, help;
};
void options_free(struct options *options);
#define auto_options __attribute__((cleanup(options_free))) struct options

struct verb {
	const char *name;
	unsigned bit; /* 1u << n: which rows of the option table it takes */
	const char *synopsis, *summary;
	const char *examples[3];
	const char *details; /* for the manual page; NULL: the summary says it all */
	int (*run)(const struct options *options); /* prints; returns enum exit_code */
};
extern const struct verb verbs[]; /* ends with name NULL */
const struct verb *verb_find(const char *name);

/* argv without the verb. -EINVAL with a sentence that names the next thing to type. */
int options_parse(const struct verb *verb, int argc, char *const *argv, struct options *ret, struct err *err);

void help_overview(struct text *out);
void help_verb(const struct verb *verb, struct text *out);
void help_manual(struct text *out); /* troff: docs/plumbline.1 */

/* The candidate that is nearest to word, if one is near; NULL: none. */
const char *suggest(const char *word, const char *const *candidates, size_t count);

#endif
