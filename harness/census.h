/*
 * What is there that a case could leave behind, as rows with a sentence each: {"processes": {"17": "process 17 ..."}}.
 * A leak is a row that was not there before.
 */
#ifndef HARNESS_CENSUS_H
#define HARNESS_CENSUS_H

#include <sys/types.h>

#include <stdbool.h>

struct json;
struct prepared;
struct world_place;

/* Owned. prepared: processes that are ours, not the runtime's. */
struct json *census_take(struct world_place *place, const struct prepared *prepared);
/* Sentences for rows that came, and for mounts and devices that went. An owned array. */
struct json *census_difference(const struct json *before, const struct json *after);
/* A mount on path that the harness itself made (there) or is about to take away: no row for either. NULL: no effect. */
void census_own_mount(struct json *census, const char *path, bool there);
/* Names of keyrings that came; the kernel collects them later and /proc/keys is not per world: never a leak. */
struct json *census_keyrings(const struct json *before, const struct json *after);

/* A process that the harness has started since, and the sockets it holds now. */
void census_own_process(struct json *census, pid_t pid);

/* Rows of one kind each; see census_files.c, census_cgroups.c, census_mounts.c. */
void census_put(struct json *rows, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void census_cgroups(const struct world_place *place, struct json *census);
void census_mounts(struct json *census);
void census_new_mounts(const struct json *before, const struct json *after, struct json *ret);
void census_overlays(const struct world_place *place, struct json *rows);
void census_home(const struct world_place *place, struct json *rows);

#endif
