/* One function isolated and timed by libcheck. libcheck decides nothing about a case but whether it ended in time. */
#ifndef HARNESS_LIBCHECK_H
#define HARNESS_LIBCHECK_H

#include <stdbool.h>

struct libcheck_job {
	const char *suite, *name, *file; /* borrowed; shown by libcheck's own logs */
	int line;
	double timeout_s;
	void (*run)(void *argument); /* in a child of its own, in a process group of its own */
	void (*clean)(void *argument); /* in the caller, when the child is gone, however it ended */
	void *argument;
};

struct libcheck_result {
	bool ended_well; /* the child exited 0: no more than that */
	char message[256]; /* else what libcheck says: "Test timeout expired", "Received signal 11" */
};

/* To be called once in a process that will use libcheck: no CK_ variable but the time-out's multiplier reaches it. */
void libcheck_clear_environment(void);
/* Not reentrant: the job is kept in libcheck.c for libcheck's callbacks take no argument. */
void libcheck_run(const struct libcheck_job *job, struct libcheck_result *ret);

#endif
