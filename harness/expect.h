/*
 * The expectations file: verdicts that are known and accepted, so that only news fails a build. Lines of
 *   [crun]                                   rows below are about this runtime; [*] is every runtime
 *   oci/delete/of_created_is_refused fail    https://... why it is so
 * An id may be a glob; the last row that matches counts; '#' starts a comment.
 */
#ifndef HARNESS_EXPECT_H
#define HARNESS_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/record.h"

struct err;
struct text;

struct expectation {
	char *runtime, *id, *note; /* owned; note "" when there is none */
	enum verdict verdict;
};

struct expectations {
	struct expectation *rows; /* owned */
	size_t count;
};

int expect_parse(const char *text, struct expectations *ret, struct err *err); /* -EBADMSG: line N ... */
int expect_read(const char *path, struct expectations *ret, struct err *err); /* -ENOENT, -EBADMSG */
void expect_free(struct expectations *expectations);
#define auto_expectations __attribute__((cleanup(expect_free))) struct expectations

/* 0: none */
enum verdict expect_find(const struct expectations *expectations, const char *runtime, const char *id);

enum surprise { SURPRISE_NONE, SURPRISE_FAILURE, SURPRISE_PASS };
/*
 * expected 0: nothing is said about the case, so fail and broken surprise. A skip or notrun never does: it
 * tells nothing.
 */
enum surprise expect_compare(enum verdict expected, enum verdict seen);

/*
 * Brings the rows of the run's runtime up to date: cases that failed are there, cases that did not are
 * gone, rows about cases that were not run and globs stay. changes gets a line "+ ..." or "- ..." for each
 * difference.
 */
void expect_update(struct expectations *expectations, const struct run_record *run, struct text *changes);
void expect_print(const struct expectations *expectations, struct text *out);

#endif
