/* The rows of the option table, for the parser and for the help. */
#ifndef HARNESS_OPTION_TABLE_H
#define HARNESS_OPTION_TABLE_H

#include <stddef.h>

#define VERB_LIST (1u << 0)
#define VERB_EXPLAIN (1u << 1)
#define VERB_TEST (1u << 2)
#define VERB_PROVE (1u << 3)
#define VERB_REPRO (1u << 4)
#define VERB_REPORT (1u << 5)
#define VERB_CLEAN (1u << 6)
#define VERB_DOCTOR (1u << 7)
#define VERB_HELP (1u << 8)
#define VERB_BENCH (1u << 9)
#define VERB_TRACE (1u << 10)
#define VERB_DIFF (1u << 11)
#define VERB_FLOW (1u << 12)
#define VERB_ALL (~0u)

enum option_kind {
	OPTION_FLAG,
	OPTION_STRING,
	OPTION_WORDS,
	OPTION_NUMBER,
	OPTION_NUMBER_OR_ONE,
	OPTION_FACTOR
};

struct option_row {
	const char *name; /* without the dashes */
	char letter; /* short form; 0: none */
	enum option_kind kind;
	unsigned verbs;
	const char *argument; /* "N"; NULL for flags */
	const char *help;
	size_t offset; /* in struct options */
	unsigned long long least, most; /* numbers and factors */
};

extern const struct option_row option_table[];
extern const size_t option_table_count;

#endif
