/*
 * A world: new PID, mount, cgroup, IPC and UTS namespaces over own cgroups, with the host's tree read-only below
 * overlays. Every foreign program runs in one; `kill -9 -1` stays inside and everything dies with its first process.
 * The recipe and the reason of each step are in world_inside.c; docs/ARCHITECTURE.md has the picture.
 */
#ifndef HARNESS_WORLD_H
#define HARNESS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cgroup.h"
#include "base/process.h"
#include "harness/reaper.h"

struct cgroup_run;
struct err;

/* Paths inside. The first three lie on a tmpfs, shared and output each on one of its own. */
#define WORLD_HOME "/run/plumbline"
#define WORLD_BUNDLE WORLD_HOME "/bundle"
#define WORLD_STATE WORLD_HOME "/state"
#define WORLD_WORK WORLD_HOME "/work" /* the working directory of runtime commands */
#define WORLD_SHARED WORLD_HOME "/shared" /* MS_SHARED: what is mounted below it propagates */
#define WORLD_NULL WORLD_HOME "/null" /* /dev/null of this world, which is not the host's */
#define WORLD_OUTPUT WORLD_HOME "/output" /* a runtime that prints a gigabyte fills this one and no other */
#define WORLD_OUTPUT_BYTES (16u << 20)
#define WORLD_HOSTNAME "plumbline-world"

/* Directories that are overlaid: what a runtime writes there lands in an upper directory, which is the list of it. */
#define WORLD_OVERLAYS                                                                                       \
	{                                                                                                    \
		"run", "tmp", "var", "etc"                                                                   \
	}

/* What the world's first process has. All descriptors are O_CLOEXEC. */
struct world_place {
	int channel; /* to the outside */
	int result; /* where the document goes; -EBADF: nowhere */
	int home, output; /* WORLD_HOME, WORLD_OUTPUT */
	int upper; /* upper/run, upper/tmp ...: below a tmpfs that is mounted nowhere */
	int queues; /* the POSIX message queues of the world's IPC namespace: an mqueue mounted nowhere */
	const char
	    *outside; /* borrowed: the directory that is home where there is no world; NULL: this is one */
	struct cgroup_layout layout; /* as mounted inside */
	struct reaper reaper;
};

/* Runs as pid 1 of the world; its return value is the exit status. */
typedef int world_body(struct world_place *place, void *argument);

struct world {
	struct process init;
	int channel; /* owned */
	const struct cgroup_run *run; /* borrowed */
	char *name; /* owned: the world's cgroup below the run's */
};
#define WORLD_INIT                                                                                           \
	{                                                                                                    \
		.init = PROCESS_INIT, .channel = -EBADF                                                      \
	}

/* result: a memfd or -1. The child's set-up runs concurrently; its failure arrives as WORLD_FAILED. */
int world_start(const struct cgroup_run *run, const char *name, int result, world_body *body, void *argument,
		struct world *ret, struct err *err);
/*
 * No world: the same process in its cgroup, in the machine's namespaces but for mounts, which do not reach the machine. For
 * what must see and be seen by a server that runs already. directory: made by the caller, who also removes it.
 */
int world_start_outside(const struct cgroup_run *run, const char *name, const char *directory, int result,
			world_body *body, void *argument, struct world *ret, struct err *err);
/* Kills, thaws when it does not die, reaps, removes the cgroups. world is empty afterwards. */
int world_end(struct world *world, struct err *err);

enum world_word {
	WORLD_STEP = 1, /* about to do `text`; `runtime` tells whose work it is */
	WORLD_FAILED, /* `text` is the sentence: the harness could not do its part */
	WORLD_DONE, /* the document is complete */
};
struct world_message {
	enum world_word word;
	bool runtime;
	char text[1000];
};
void world_say(const struct world_place *place, enum world_word word, bool runtime, const char *text);
/* 1: a message; 0: the first process has ended and said nothing more; -ETIMEDOUT. deadline: absolute ms. */
int world_hear(const struct world *world, int64_t deadline, struct world_message *ret);

/* The recipe's inner half: called by the first process once it stands in its cgroups. */
int world_furnish(struct world_place *place, struct err *err);
/* The same outside: only the directories. */
int world_furnish_outside(struct world_place *place, struct err *err);

#endif
