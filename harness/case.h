/*
 * The whole vocabulary of a conformance case. A case is const data: it can be listed, explained, filtered and
 * skipped without running anything. docs/CASES.md teaches it; docs/OBSERVATION.md lists every fact a row may name.
 */
#ifndef HARNESS_CASE_H
#define HARNESS_CASE_H

#include <stddef.h>

enum level { LEVEL_MUST = 1, LEVEL_SHOULD, LEVEL_MAY, LEVEL_HARDENING };
enum source { FROM_INSIDE = 1, FROM_HOST, FROM_STATE, FROM_EXIT, FROM_KERNEL, FROM_FUNCTION };
enum relation {
	equals = 1,	/* the same JSON value; arrays in order, objects in any */
	differs,	/* recorded, and another value */
	contains,	/* string: substring; array: has the element (or every element of an array); object: has the key */
	lacks,		/* the opposite of contains, of something that is recorded */
	matches,	/* POSIX extended regular expression over a string */
	present,
	absent,		/* not recorded although its parent is */
	at_least,
	at_most,
	ordered,	/* an array: the expected elements occur in it in this order, others may stand between */
	happens,	/* FROM_KERNEL only, these four */
	never,
	precedes,
	keeps,		/* a rule of bpf/invariants.h, on this case's own recording */
};
enum edit_op { EDIT_SET = 1, EDIT_ADD, EDIT_DROP };
enum outcome { OUTCOME_OK = 1, OUTCOME_REFUSED, OUTCOME_EITHER };
enum prepare_kind { PREPARE_FILE = 1, PREPARE_DIRECTORY, PREPARE_LINK, PREPARE_NODE, PREPARE_REMOVE, PREPARE_NAMESPACE, PREPARE_MOUNT, PREPARE_RUNTIME };

struct json;

struct clause { const char *id; enum level level; };
/* json: the comma-separated stringised arguments, "" when none. A string, an array of words, or an object. */
struct step { enum outcome outcome; const char *verb, *json; };
struct edit { enum edit_op op; const char *path, *json; };
struct prepare { enum prepare_kind kind; const char *path, *value; };
/* holds: pure; 0 = holds, else write one sentence into why. observation is the whole document. */
struct expect { enum source from; const char *path; enum relation is; const char *json;
                int (*holds)(const struct json *observation, char *why, size_t size); };
struct needs {
	unsigned root:1, userns:1, bpf:1, alone:1;
	unsigned payload:1;		/* the program is a process of this machine's kernel, not of a sandbox's own */
	int cgroup;			/* 1 or 2: needs that version */
	const char *kernel;		/* "5.12" */
	const char *spec;		/* "1.3.0": the claim came with that version, its clauses are older */
	const char *controller;		/* "pids" */
	const char *runtime_feature;	/* a word that a profile may list under "lacks" */
};

struct conformance_case {
	const char *name, *title;
	struct clause clause[4];	/* at least one id of fixtures/clauses */
	struct needs needs;
	struct prepare prepare[8];	/* done after the bundle is written; paths start with rootfs/, scratch/ or a bundle file */
	struct edit given[8];		/* edits of fixtures/default-config.json */
	struct edit control[4];		/* for refusals and tries: on top of given, makes the input right; must then be accepted */
	const char *inside[12];		/* what the probe tries, in order */
	struct step when[14];		/* empty: create, start, wait, delete */
	struct expect then[14];
	const char *refuted_by;		/* the fault (fixtures/faults.tsv) under which this case must fail */
	const char *why, *debug;
	int cri;			/* 1: it speaks to a CRI endpoint; steps are calls, edits are of fixtures/default-cri.json */
	int timeout_ms;			/* of the whole case; 0: the default */
	const char *file;
	int line;
};
struct area { const char *name; const struct conformance_case *cases; size_t count; };

#define CASE(n)                   .name = #n, .file = __FILE__, .line = __LINE__
#define POD_CASE(n)               CASE(n), .cri = 1
#define MUST(id)                  { id, LEVEL_MUST }
#define SHOULD(id)                { id, LEVEL_SHOULD }
#define MAY(id)                   { id, LEVEL_MAY }
#define HARDENING(id)             { id, LEVEL_HARDENING }

#define SET(path, ...)            { EDIT_SET,  path, #__VA_ARGS__ }
#define ADD(path, ...)            { EDIT_ADD,  path, #__VA_ARGS__ }
#define DROP(path)                { EDIT_DROP, path, NULL }

#define FILE_WITH(path, content)  { PREPARE_FILE, path, content }       /* parents are made; mode 0644 */
#define DIRECTORY(path)           { PREPARE_DIRECTORY, path, NULL }
#define LINK_TO(path, target)     { PREPARE_LINK, path, target }
#define NODE(path, spec)          { PREPARE_NODE, path, spec }          /* "c 1 3 0666", "p 0644" */
#define REMOVE(path)              { PREPARE_REMOVE, path, NULL }
#define NAMESPACE(type)           { PREPARE_NAMESPACE, type, NULL }     /* a fresh one, held open; its path is @ns-TYPE */
#define MOUNTED(path, options)    { PREPARE_MOUNT, path, options }      /* a tmpfs, options as "shared,mode=755" */
#define RUNTIME_COPY(path)        { PREPARE_RUNTIME, path, "@runtime" } /* the runtime runs from a copy, on a writable mount */

#define DO(verb, ...)             { OUTCOME_OK,      #verb, #__VA_ARGS__ }
#define REFUSES(verb, ...)        { OUTCOME_REFUSED, #verb, #__VA_ARGS__ }
#define TRIES(verb, ...)          { OUTCOME_EITHER,  #verb, #__VA_ARGS__ } /* hostile input: done well or refused, what counts is what it left */

#define INSIDE(path, is, ...)     { FROM_INSIDE, path, is, #__VA_ARGS__, NULL }
#define HOST(path, is, ...)       { FROM_HOST,   path, is, #__VA_ARGS__, NULL }
#define STATE(path, is, ...)      { FROM_STATE,  path, is, #__VA_ARGS__, NULL }
#define EXIT(path, is, ...)       { FROM_EXIT,   path, is, #__VA_ARGS__, NULL }
#define KERNEL_DOES(effect)       { FROM_KERNEL, effect, happens,  NULL, NULL }
#define KERNEL_NEVER(effect)      { FROM_KERNEL, effect, never,    NULL, NULL }
#define KERNEL_ORDER(first, next) { FROM_KERNEL, first, precedes, next, NULL }
#define KERNEL_KEEPS(rule)        { FROM_KERNEL, rule, keeps, NULL, NULL }
#define HOLDS(function)           { FROM_FUNCTION, #function, 0, NULL, function }

#define AREA(symbol, path, list)  const struct area symbol = { path, list, sizeof(list) / sizeof((list)[0]) }

#endif
