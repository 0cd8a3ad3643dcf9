/* A run directory: runs/RUN/RUNTIME/{run.json,cases.jsonl,observations/} and the reports in runs/RUN. */
#ifndef HARNESS_RUN_DIR_H
#define HARNESS_RUN_DIR_H

#include <stddef.h>

#include "harness/record.h"

struct err;
struct options;
struct text;

/* "plumbline-20261123-153000-1a2b": sorts by time, names every object of the run; owned. */
char *run_name_new(void);

struct run_dir {
	char *path; /* owned, as the user may type it */
	int fd; /* owned */
};
/* out NULL: runs/NAME below the working directory. */
int run_dir_open(const char *out, const char *name, struct run_dir *ret, struct err *err);
void run_dir_close(struct run_dir *directory);

struct runtime_dir {
	int fd, cases; /* owned: the directory, and cases.jsonl in it */
};
int runtime_dir_open(const struct run_dir *run, const char *runtime, struct runtime_dir *ret,
		     struct err *err);
int runtime_dir_add(const struct runtime_dir *directory, const struct case_record *record,
		    const char *runtime, struct err *err);
void runtime_dir_close(struct runtime_dir *directory);

/* Every report format under its own name in the run directory. */
int run_dir_write_reports(const struct run_dir *directory, const struct run_record *runs, size_t count,
			  struct err *err);
/* The formats that options ask for, each into the file named ("-": standard output). */
int write_asked_reports(const struct options *options, const struct run_record *runs, size_t count,
			struct err *err);
bool reports_asked(const struct options *options);

struct run_list {
	struct run_record *runs; /* owned */
	size_t count;
};
/* A run.json, a runtime's folder, or a run directory. -ENOENT: no such path; -EBADMSG: there, but no run. */
int run_list_add(struct run_list *list, const char *path, struct err *err);
/* Runs of one name become columns that can be told apart: containerd+runc and containerd+crun, else crun and crun-2. */
void run_list_name_columns(struct run_list *list);
void run_list_free(struct run_list *list);
#define auto_run_list __attribute__((cleanup(run_list_free))) struct run_list

/* The newest run below out, or below runs/ when out is NULL or holds none. -ENOENT: none. */
int run_list_latest(const char *out, struct run_list *ret, struct err *err);

#endif
