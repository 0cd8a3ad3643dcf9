/*
 * Gathers the facts of one case into the document that docs/OBSERVATION.md describes. Every function returns an
 * owned value and leaves out what cannot be read: absence is a fact as well.
 */
#ifndef HARNESS_OBSERVE_H
#define HARNESS_OBSERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct json;
struct mount_table;
struct prepared;
struct text;
struct world_place;

/* The probe's lines among what a container printed: {"complete", census members ..., "try": {...}}; NULL: none. */
struct json *observe_inside(const char *output, size_t len, const char *nonce);
/* Whether the probe has said that it waits or is done: `hold`, `waiting` or `end`. */
bool observe_is_ready(const char *output, size_t len, const char *nonce);

struct json *observe_world(const struct world_place *place);
struct json *observe_null(void); /* whose /dev/null is */
struct json *
observe_prepared(const struct json *symbols); /* {"uts": "uts:[4026532301]"} of each "@ns-TYPE" */
struct json *observe_process(pid_t pid, bool dead); /* the host's view of init */
/* Limit files of the cgroups that pid is in, or of `path` in every hierarchy where it no longer is. */
struct json *observe_cgroup(const struct world_place *place, pid_t pid, const char *path);
struct json *observe_cgroups(const struct world_place *place); /* every cgroup of the world, "pids:/c1" */
struct json *observe_mounts_added(const struct mount_table *before);
int observe_process_count(const struct prepared *prepared);

/* object relative path -> {kind, size, mode, uid, gid, content}; skip: names at the top that are left out. */
struct json *observe_files(int parent, const char *name, const char *const *skip);
struct json *observe_namespaces(int proc_pid_dir); /* {"pid": "pid:[4026531836]", ...} */
/*
 * One JSON value a line, for the key of facts; other lines are left out. Of more lines than that many there is none, and meta tells
 * at path why: of the first ones alone a row about what is lacking would be true.
 */
#define OBSERVE_LINES_MAX 65536
void observe_lines(const char *text, size_t len, struct json *facts, const char *key, struct json *meta,
		   const char *path);
/* Something of source could not be read, or not as it is; meta is of the document, and path of a fact in it. */
void observe_note(struct json *meta, const char *path, const char *source, const char *error);

#endif
