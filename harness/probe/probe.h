/* What every part of the probe shares: the state it was started in, and the facts it can tell. */
#ifndef HARNESS_PROBE_PROBE_H
#define HARNESS_PROBE_PROBE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "base/text.h"

struct out;

#define CENSUS_MAX 512 /* rows of any one list */
#define PROBE_TRIES "/.plumbline/tries"
#define PROBE_IDS "plumbline-probe-ids" /* argv[0] of a run that prints its identity alone: see try_exec.c */

/* Taken before anything else is done, because looking changes it. */
struct probe {
	int argc;
	char **argv, **env; /* borrowed */
	int64_t started_ns; /* CLOCK_MONOTONIC */
	int stdio[3]; /* N, or -1: it was closed */
	int *fds; /* owned, sorted: descriptors that were open */
	size_t fd_count;
	bool fds_cut;
	uint64_t blocked, ignored, caught; /* bit N-1: signal N */
	bool nofile_raised; /* for the census alone; nofile is what it was */
	struct rlimit nofile;
	int proc; /* /proc; -errno when it is absent, -ENODEV when it is no proc file system */
	struct text status; /* owned: /proc/self/status; empty when unreadable */
	const char *nonce; /* borrowed */
};

void probe_start(struct probe *probe, int argc, char **argv, char **env);
int64_t probe_now_ns(void);
void probe_read_status(struct probe *probe);
/* What follows "NAME:" in the status file, up to the newline; NULL: not there. */
const char *probe_status(const struct probe *probe, const char *name);

/* Prints the line {"census": {...}}. */
void census_print(const struct probe *probe, struct out *out);
/* Adds one key to the open object; as a reader returns, and -EINVAL for a key that is none. */
int census_read(const struct probe *probe, struct out *out, const char *key);
size_t census_key_count(void);
const char *census_key(size_t index);

/* The hook mode: returns the exit status. */
int hook_main(struct probe *probe);

#endif
