/* Command lines by tables, one row an option, one parser for every verb and for what stands before the verb. */
#ifndef OCI_OPTIONS_H
#define OCI_OPTIONS_H

#include <stddef.h>

struct err;
struct text;

enum option_kind {
	OPTION_FLAG, /* bool: --x, --x=true, --x=false */
	OPTION_STRING, /* const char *, borrowed from argv */
	OPTION_NUMBER, /* int, 0 and up */
	OPTION_LIST, /* struct option_list: every one of its occurrences */
};

struct option_list {
	const char **items; /* owned, what they point to is argv's */
	size_t count;
};
void option_list_clear(struct option_list *list);

struct option_row {
	const char *name; /* "pid-file", NULL ends a table */
	char letter; /* 'd' of -d; 0: none */
	enum option_kind kind;
	size_t offset; /* in the target struct */
	const char *help;
};

/*
 * --x VALUE, --x=VALUE, -x VALUE, and -x for --x, which some callers write. Parsing stops at the first word that is no
 * option, or behind "--". Returns the index of that word in argv (argv[0] is the program or verb and is skipped);
 * -EINVAL for an unknown option or a missing or malformed value. The last of two wins.
 */
int options_parse(const struct option_row *rows, void *target, int argc, char **argv, struct err *err);
void options_describe(const struct option_row *rows, struct text *out); /* lines of a help text */

#endif
