/*
 * Something that may kill, limit or replace the process is done in a child, and how the child ended is the
 * fact.
 */
#ifndef HARNESS_PROBE_CHILD_H
#define HARNESS_PROBE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct out;
struct text;

#define CHILD_PATIENCE_MS 10000

struct child_work {
	/* Runs in the child; what it returns (>= 0 or -errno) is reported. It need not return. */
	long (*body)(void *argument);
	void *argument;
	struct text
	    *output; /* receives stdout and stderr, at most output_max bytes; NULL: they stay as they are */
	size_t output_max;
};

struct child_end {
	bool reported; /* the body returned */
	long result;
	bool exited, timed_out;
	int code, signal;
};

/* 0, or -errno when there was no child. A child that outlives the patience is killed. */
int child_run(const struct child_work *work, struct child_end *ret);
/* "code" or "signal", and "timed_out": members of the open object. */
void out_child_end(struct out *out, const struct child_end *end);

#endif
