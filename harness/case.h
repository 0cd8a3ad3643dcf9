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
struct expect { enum source from; enum relation is; const char *path, *json;
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

/* The lists point to their rows: most places are empty, and all cases lie in the program. */
struct conformance_case {
	const char *name, *title;
	const struct clause *clause[4];		/* at least one id of fixtures/clauses */
	struct needs needs;
	const struct prepare *prepare[8];	/* done after the bundle is written; paths start with rootfs/, scratch/ or a bundle file */
	const struct edit *given[8];		/* edits of fixtures/default-config.json */
	const struct edit *control[4];		/* for refusals and tries: on top of given, makes the input right; must then be accepted */
	const char *inside[12];			/* what the probe tries, in order */
	const struct step *when[14];		/* empty: create, start, wait, delete */
	const struct expect *then[14];
	const char *refuted_by;			/* the fault (fixtures/faults.tsv) under which this case must fail */
	const char *why, *debug;
	int cri;				/* 1: it speaks to a CRI endpoint; steps are calls, edits are of fixtures/default-cri.json */
	int timeout_ms;				/* of the whole case; 0: the default */
	const char *file;
	int line;
};
struct area { const char *name; const struct conformance_case *cases; size_t count; };

#define ROW(kind)                 &(const struct kind)
#define CASE(n)                   .name = #n, .file = __FILE__, .line = __LINE__
#define POD_CASE(n)               CASE(n), .cri = 1
#define MUST(id)                  ROW(clause){ id, LEVEL_MUST }
#define SHOULD(id)                ROW(clause){ id, LEVEL_SHOULD }
#define MAY(id)                   ROW(clause){ id, LEVEL_MAY }
#define HARDENING(id)             ROW(clause){ id, LEVEL_HARDENING }

#define SET(path, ...)            ROW(edit){ EDIT_SET,  path, #__VA_ARGS__ }
#define ADD(path, ...)            ROW(edit){ EDIT_ADD,  path, #__VA_ARGS__ }
#define DROP(path)                ROW(edit){ EDIT_DROP, path, NULL }

#define FILE_WITH(path, content)  ROW(prepare){ PREPARE_FILE, path, content }       /* parents are made; mode 0644 */
#define DIRECTORY(path)           ROW(prepare){ PREPARE_DIRECTORY, path, NULL }
#define LINK_TO(path, target)     ROW(prepare){ PREPARE_LINK, path, target }
#define NODE(path, spec)          ROW(prepare){ PREPARE_NODE, path, spec }          /* "c 1 3 0666", "p 0644" */
#define REMOVE(path)              ROW(prepare){ PREPARE_REMOVE, path, NULL }
#define NAMESPACE(type)           ROW(prepare){ PREPARE_NAMESPACE, type, NULL }     /* a fresh one, held open; its path is @ns-TYPE */
#define MOUNTED(path, options)    ROW(prepare){ PREPARE_MOUNT, path, options }      /* a tmpfs, options as "shared,mode=755" */
#define RUNTIME_COPY(path)        ROW(prepare){ PREPARE_RUNTIME, path, "@runtime" } /* the runtime runs from a copy, on a writable mount */

#define DO(verb, ...)             ROW(step){ OUTCOME_OK,      #verb, #__VA_ARGS__ }
#define REFUSES(verb, ...)        ROW(step){ OUTCOME_REFUSED, #verb, #__VA_ARGS__ }
#define TRIES(verb, ...)          ROW(step){ OUTCOME_EITHER,  #verb, #__VA_ARGS__ } /* hostile input: done well or refused, what counts is what it left */

#define INSIDE(path, is, ...)     ROW(expect){ FROM_INSIDE, is, path, #__VA_ARGS__, NULL }
#define HOST(path, is, ...)       ROW(expect){ FROM_HOST,   is, path, #__VA_ARGS__, NULL }
#define STATE(path, is, ...)      ROW(expect){ FROM_STATE,  is, path, #__VA_ARGS__, NULL }
#define EXIT(path, is, ...)       ROW(expect){ FROM_EXIT,   is, path, #__VA_ARGS__, NULL }
#define KERNEL_DOES(effect)       ROW(expect){ FROM_KERNEL, happens,  effect, NULL, NULL }
#define KERNEL_NEVER(effect)      ROW(expect){ FROM_KERNEL, never,    effect, NULL, NULL }
#define KERNEL_ORDER(first, next) ROW(expect){ FROM_KERNEL, precedes, first, next, NULL }
#define KERNEL_KEEPS(rule)        ROW(expect){ FROM_KERNEL, keeps,    rule, NULL, NULL }
#define HOLDS(function)           ROW(expect){ FROM_FUNCTION, 0, #function, NULL, function }

#define AREA(symbol, path, list)  const struct area symbol = { path, list, sizeof(list) / sizeof((list)[0]) }

#endif
