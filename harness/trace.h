/*
 * plumbline trace in three parts: something is recorded (trace_record.c, trace_attach.c), the recording learns what its events speak
 * of (trace_symbols.c), and one format is printed (trace_raw.c, trace_effects.c, trace_story.c, trace_perfetto.c), which are pure.
 */
#ifndef HARNESS_TRACE_H
#define HARNESS_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/process.h"
#include "bpf/tgids.h"

struct decoded;
struct effect;
struct effects;
struct err;
struct json;
struct recorder;
struct recording;
struct text;
struct words;

#define TRACE_TAG 1u /* a trace is the only tag of its recorder */

/* What to record. Exactly one of command, pid and cgroup is set. */
struct trace_target {
	const struct words *command; /* borrowed */
	pid_t pid;
	const char *cgroup; /* a directory; borrowed */
	bool of_container; /* what runs already is a payload */
	double duration; /* seconds; 0: until the target ends */
	void (*begun)(void *argument); /* what runs already is recorded from now on; NULL: nobody asks */
	void *argument;
	bool output_to_stderr; /* the command's standard output */
};

struct trace_end {
	struct process_status status; /* of the command */
	bool interrupted; /* by a signal to us */
	bool killed; /* the command, which did not heed it */
};
#define TRACE_GRACE_S 5 /* for the command to heed it */

/* Prints nothing. On -EPERM, -EACCES, -ENOTSUP and the like err says why this machine cannot record. */
int trace_record(const struct trace_target *target, struct recording *ret, struct trace_end *ret_end,
		 struct err *err);
/* Follows all that is in the target now; called again while it is recorded. 1: the target still lives, 0: it has ended. */
int trace_attach(struct recorder *recorder, const struct trace_target *target, int pidfd, struct err *err);
bool trace_is_contained(pid_t pid); /* it has a mount namespace that is not ours */
/* The cgroup directory of a container that runs, by what runtimes and engines name theirs. owned. */
int trace_find_container(const char *id, char **ret_directory, struct err *err);

/* A config.json that was opened, and by which program. */
struct trace_bundle {
	uint32_t opener;
	struct json *config; /* owned */
	char *path, *runtime, *id; /* owned */
};
#define TRACE_BUNDLES_MAX 16

/*
 * Watches events as they arrive: config.json is read when somebody opens it, for it may be gone later. Whose container the recording
 * is about shows when an opener, or a process that it made, makes namespaces; until then it is the last that was opened.
 */
struct trace_symbols {
	struct trace_bundle bundles[TRACE_BUNDLES_MAX];
	size_t bundle_count;
	const struct trace_bundle *bundle; /* of them; NULL: none yet */
	bool settled;
	struct tgids parents; /* of the processes that were made */
	char *cgroup, *cgroup_above; /* owned */
	bool cgroup_moved; /* a process has moved there */
	struct trace_exec *execs; /* owned: which program each process runs */
	size_t exec_count;
};
void trace_symbols_see(struct trace_symbols *symbols, const struct decoded *event);
struct json *trace_symbols_take(struct trace_symbols *symbols,
				const struct trace_target *target); /* owned; frees */

struct json *trace_raw_of(const struct recording *recording,
			  const struct effect *effect); /* owned: the lines behind it */
void trace_raw(const struct recording *recording, const struct effects *effects, struct text *ret);
void trace_story(const struct recording *recording, const struct effects *effects, struct text *ret);
void trace_perfetto(const struct recording *recording, const struct effects *effects, struct text *ret);
void trace_effects(const struct effects *effects, struct text *ret);

#endif
