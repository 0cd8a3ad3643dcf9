/*
 * Runs selected cases against one runtime: workers, libcheck, worlds, observation, judgement. The caller selects
 * and decides needs before; it gets one finished record a case, in any order, in its own process.
 */
#ifndef HARNESS_ENGINE_H
#define HARNESS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/record.h"

struct conformance_case;
struct err;
struct json;
struct live;
struct profile;
struct process_status;
struct recorder;
struct text;

struct runtime {
	char *name; /* the column: "crun"; a path's last component when the user gave a path */
	char *path; /* absolute */
	const struct profile *profile; /* borrowed */
	char *handler; /* of a CRI server that is started: the path of the OCI runtime behind it; else NULL */
	struct live *live; /* owned: a CRI endpoint that runs already; else NULL */
	const char *pod_handler; /* runtime_handler of every pod; NULL: the server's default */
	char **extra_args; /* --runtime-arg, NULL-terminated, after the profile's global arguments */
	char *spec_version; /* ociVersion that bundles are written with */
	struct json *features; /* NULL: no such command */
};

struct engine_item {
	const struct conformance_case *c;
	const char *id; /* "oci/mounts/..."; borrowed, lives as long as the plan */
	const char *fault; /* run the runtime behind plumbline-faulty --fault NAME; NULL: plain */
};

struct engine_plan {
	const char *run; /* names every cgroup, mount and file: "plumbline-20261123-153000-1a2b" */
	const struct runtime *runtime;
	const struct engine_item *items;
	size_t item_count;
	int out; /* the runtime's folder of the run directory; -1: keep no observations */
	int jobs; /* >= 1 */
	double timeout_scale; /* 1.0 */
	size_t fail_fast; /* stop after so many fails; 0: never */
	struct recorder *recorder; /* borrowed; NULL: nothing is recorded */
	bool record_needed; /* of cases that speak of kernel calls alone */
	bool keep; /* copy bundle, state and output of failed cases below out */
};

struct engine_sink {
	/* Called in the caller's process for every item once; the record's contents are borrowed for the call. */
	void (*finished)(void *argument, const struct engine_item *item, const struct case_record *record);
	/* Called when a worker starts an item; for progress. May be NULL. */
	void (*started)(void *argument, const struct engine_item *item);
	void *argument;
};

/* 0, also when cases failed; -EINTR after SIGINT or SIGTERM (the rest was delivered as notrun); else set-up failed. */
int engine_run(const struct engine_plan *plan, const struct engine_sink *sink, struct err *err);

/*
 * One foreign command in a world of its own, for --version and features. out and errors are appended, bounded.
 * -ETIMEDOUT when it hangs (5 s).
 */
int engine_query(const char *run, const char *const *argv, struct text *out, struct text *errors,
		 struct process_status *ret, struct err *err);

/* Removes what dead runs left (cgroups, processes, directories). run NULL: every dead run. Live runs are not touched. */
struct janitor_report {
	size_t runs, processes, cgroups, files, live;
};
bool janitor_is_run_name(const char *name); /* a run's, or one that begins with it */
size_t janitor_run_length(const char *name); /* of the run's name at the beginning of such a one */
int janitor_clean(const char *run, struct janitor_report *ret, struct err *err);

/* Machine facts that needs are decided from. */
struct machine {
	bool root, userns, bpf, cgroup_v1, cgroup_v2;
	char kernel[64]; /* "6.18.5-..." */
	char controllers[256]; /* " cpu cpuacct pids ... ": those that worlds really offer */
};
void machine_read(struct machine *ret);

#endif
