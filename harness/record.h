/*
 * What a run found, as plain data: written as run.json, read back by reports and later verbs.
 * The published form is fixtures/schema/run.schema.json.
 */
#ifndef HARNESS_RECORD_H
#define HARNESS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct json;

#define RECORD_SCHEMA "1.0"

enum verdict {
	VERDICT_PASS = 1,
	VERDICT_FAIL,
	VERDICT_WARN,
	VERDICT_SKIP,
	VERDICT_BROKEN,
	VERDICT_FLAKY,
	VERDICT_NOTRUN
};
#define VERDICT_COUNT 8 /* array size for counts indexed by enum verdict */
const char *verdict_name(enum verdict verdict);
enum verdict verdict_from_name(const char *name); /* 0: unknown */

/* All strings are owned; NULL where they do not apply. */
struct case_record {
	char *id; /* "oci/mounts/ro_bind_refuses_writes" */
	char *title;
	char *file; /* where the case stands, "cases/oci/mounts.c:12" */
	enum verdict verdict;
	char *reason; /* one sentence; NULL for pass */
	char *expected, *observed,
	    *rung; /* of the first row that failed, for failure blocks; NULL when not a row */
	char *step; /* the step that was running when it ended early */
	char **clauses; /* "MUST runtime.op.delete.resources" */
	size_t clause_count;
	char **leaks; /* sentences */
	size_t leak_count;
	char **unseen; /* KERNEL rows without a recording */
	size_t unseen_count;
	char **breaches; /* rules that its recording breaks: "kernel/keepcaps_is_clear: it was ..." */
	size_t breach_count;
	char **offenders; /* of a kernel/... case: the run's other cases that break it, and how */
	size_t offender_count;
	char *repro; /* a command line, copy-safe */
	int64_t ms;
	bool unexpected; /* differs from the expectations file; without one: fail, broken */
};

struct runtime_facts {
	char *name; /* the column in reports: "crun" */
	char *path, *sha256;
	char *version; /* first line of --version */
	char *spec_version; /* what the bundles were written with */
	char *profile;
	char *behind, *behind_version; /* of a CRI server: the OCI runtime that it used; NULL: it is none */
	struct json *features; /* NULL: the runtime has no such command */
};

struct run_record {
	char *run; /* "plumbline-20261123-..." */
	char *tool_version;
	char *started; /* RFC 3339, UTC */
	int64_t wall_ms;
	uint64_t seed;
	char *kernel, *machine, *cgroup_mode, *distribution;
	struct runtime_facts runtime;
	struct case_record *cases;
	size_t case_count;
	char *recording; /* "on", "needed", or "off: " and why; NULL: an older run */
	uint64_t lost_events;
	bool interrupted;
};

void case_record_free(struct case_record *record); /* contents only */
void run_record_free(struct run_record *record); /* contents only */
struct json *case_record_to_json(const struct case_record *record,
				 const char *runtime); /* owned; "type":"case" */
int case_record_from_json(const struct json *json, struct case_record *ret, struct err *err);
struct json *run_record_to_json(const struct run_record *record); /* owned */
int run_record_from_json(const struct json *json, struct run_record *ret, struct err *err);
int run_record_read(int dirfd, const char *path, struct run_record *ret,
		    struct err *err); /* -EBADMSG: not a run */
int run_record_write(int dirfd, const char *path, const struct run_record *record,
		     struct err *err); /* by rename */

struct run_summary {
	size_t selected, by_verdict[VERDICT_COUNT], unexpected, leaks;
};
void run_summarize(const struct run_record *record, struct run_summary *ret);
struct json *run_summary_to_json(const struct run_record *record); /* owned; "type":"summary" */

#endif
