/* Writes one case as a directory that shows it by hand: a bundle, run.sh and README. */
#ifndef HARNESS_REPRO_H
#define HARNESS_REPRO_H

#include <stdbool.h>

struct area;
struct clause_registry;
struct conformance_case;
struct err;
struct json;
struct runtime;
struct text;

struct repro {
	const struct conformance_case *c;
	const char *id, *directory; /* directory: absolute */
	const struct runtime *runtime;
	const struct clause_registry *clauses;
};

/* Fills the empty directory behind fd. -EINVAL: the case has a step that a shell cannot do. */
int repro_write(const struct repro *repro, int fd, struct err *err);

/* The script alone; a helper file of a step (stdin, process.json) is written to fd. */
int repro_script(const struct repro *repro, const struct json *symbols, int fd, struct text *out,
		 struct err *err);

/* A symbol, "@shared", in its edits and steps. */
bool repro_mentions(const struct conformance_case *c, const char *word);

#define REPRO_CONTAINER "plumbline-repro"

#endif
