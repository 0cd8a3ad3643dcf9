/*
 * plumbline-faulty stands in for an OCI runtime and makes exactly one thing wrong. A fault is a row of a table: what it
 * hooks into, one small function and, for families of faults, its argument. fixtures/faults.tsv says what each is for.
 */
#ifndef FAULTY_FAULTY_H
#define FAULTY_FAULTY_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct json;
struct text;

/* The runtime's command line, taken apart. Strings are borrowed from argv; NULL: not given. */
struct call {
	char **argv; /* argv[0] is the runtime; NULL-terminated */
	size_t count;
	size_t verb_at; /* index of the verb in argv; 0: there is none */
	const char *verb; /* "" when there is none */
	const char *id, *signal; /* first and second word after the verb's options */
	const char *bundle, *pid_file;
	const char *root; /* --root */
	const char *argument; /* of the fault */
};

enum fault_hook {
	HOOK_EDIT = 1, /* edit(config): before the real create or run; the file is put back afterwards */
	HOOK_STATE, /* edit(state): what the real state printed */
	HOOK_VERB, /* verb(call): instead of one verb, named by the row */
	HOOK_ALWAYS, /* verb(call): instead of every verb */
};

struct fault {
	const char *name;
	enum fault_hook hook;
	int (*edit)(struct json *document, const char *argument, struct err *err);
	int (*verb)(const struct call *call, struct err *err); /* the exit code of the whole, or -errno */
	const char *on; /* HOOK_VERB: the verb */
	const char *argument;
};

/* Each table ends with a row without a name. */
extern const struct fault config_faults[], process_faults[], hook_faults[], state_faults[], verb_faults[],
    cleanup_faults[], violent_faults[];
const struct fault *fault_find(const char *name); /* NULL: not one of ours */
const struct fault *fault_at(size_t index); /* NULL past the last */

/* The registry of fault names, fixtures/faults.tsv, which is part of the program. */
struct registry_row {
	char *name, *where, *area, *sentence, *status; /* owned */
};
int registry_find(const char *name, struct registry_row *ret); /* -ENOENT */
int registry_print(struct text *out); /* name and sentence of every built fault, a line each */
void registry_row_free(struct registry_row *row);

int call_parse(char **argv, struct call *ret, struct err *err);
/* The real runtime with our own descriptors; returns its exit code (128 + N for signal N) or -errno. */
int call_run(const struct call *call, struct err *err);
/* The same with other words after the global options; NULL-terminated. */
int call_run_words(const struct call *call, const char *const *words, struct err *err);
/* What the real `state ID` prints; -ENOENT when it refuses. *ret is owned. */
int call_state(const struct call *call, struct json **ret, struct err *err);

/* Runs create or run with config.json edited, then puts the file back. */
int bundle_run_edited(const struct call *call, const struct fault *fault, struct err *err);
/* Runs state and prints its document edited. */
int state_run_edited(const struct call *call, const struct fault *fault, struct err *err);

/* Edits that several tables share. */
int edit_drop(struct json *document, const char *path, struct err *err); /* a missing member is no error */

#endif
