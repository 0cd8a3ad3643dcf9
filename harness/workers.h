/*
 * Worker processes: each runs one case after the other under libcheck and sends a record for it. The engine's
 * process hands out work, notices a worker that dies, and gives the rest to another.
 */
#ifndef HARNESS_WORKERS_H
#define HARNESS_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/process.h"

struct cgroup_run;
struct engine_plan;
struct err;

/* What every worker needs; borrowed, inherited by fork. */
struct worker_task {
	const struct engine_plan *plan;
	const struct cgroup_run *cgroups;
	const bool *disputed; /* by item */
	const char *faulty; /* path of plumbline-faulty */
	uint64_t secret; /* of the recorder; 0: nothing is recorded */
	uint32_t first_tag; /* an item's tag is this and its index */
	pid_t engine;
};

#define WORKER_IDLE ((size_t) -1)
struct worker {
	struct process process;
	int channel; /* see channel.h */
	size_t item; /* that it is running; WORKER_IDLE */
	int64_t
	    wait_until; /* its item's recording was asked for and is waited for until then; 0: it was not */
};

int worker_start(const struct worker_task *task, struct worker *ret, struct err *err);
int worker_give(struct worker *worker, size_t item); /* 0 or -errno: it is gone */
/* Kills and reaps. */
void worker_end(struct worker *worker);
/* The world of an item; the engine removes its cgroups when a worker died with it. */
char *worker_world_name(size_t item); /* owned */

#endif
