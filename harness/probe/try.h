/*
 * The tries: one function and one row of a table each. A function returns a count or 0, or -errno; members
 * that it adds to out stand beside ret, errno and ms. What a try changes stays changed for those after it.
 */
#ifndef HARNESS_PROBE_TRY_H
#define HARNESS_PROBE_TRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct out;
struct probe;

#define TRY_WORDS 32
#define TRY_DATA_MAX 512 /* bytes of a file that are shown */
#define TRY_OUTPUT_MAX 4096 /* bytes of a program's output that are shown */

struct
try {
	const struct probe *probe;
	struct out *out;
	const char *line; /* borrowed, as written */
	char **words; /* borrowed; words[0] is the verb, words[count] is NULL */
	int count;
	int repeat; /* how often the same line came before */
	int64_t began_ns;
	bool begun; /* the line {"try": ... is open */
};

struct try_verb {
	const char *usage; /* "write P [TEXT]": the verb is its first word */
	int (*run)(struct try *try);
	int least; /* words after the verb */
	const char *help;
	bool bare; /* prints lines of its own first, and calls try_begin() when it wants members */
};

/* Each ends with a row without usage. */
extern const struct try_verb try_file_verbs[], try_name_verbs[], try_attribute_verbs[], try_mount_verbs[],
    try_identity_verbs[], try_limit_verbs[], try_exec_verbs[], try_process_verbs[], try_syscall_verbs[],
    try_socket_verbs[], try_ipc_verbs[], try_flow_verbs[], try_look_verbs[], try_race_verbs[];

const struct try_verb *try_verb_at(size_t index); /* NULL past the last */

/* Runs what lines holds (changed; NULL: nothing), prints {"end": true}, returns the exit status. */
int tries_run(const struct probe *probe, struct out *out, char *lines);
void tries_end(const struct probe *probe, struct out *out);

void try_begin(struct try *try);
/* The line from that word on, as written; "" when there is none. */
const char *try_rest(const struct try *try, int word);
const char *try_word(const struct try *try, int word, const char *otherwise);
/* Whole numbers: decimal, 0x, 0 octal, negative. -EINVAL else. */
int try_number(const char *word, long long *ret);

/* The run under the name PROBE_IDS: prints one object. */
int try_print_ids(void);

#endif
