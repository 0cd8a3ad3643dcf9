/*
 * A CRI endpoint that runs already: nobody starts, stops or configures it. What a run makes there carries the run's name and
 * is removed with it; nothing else is touched.
 */
#ifndef HARNESS_LIVE_H
#define HARNESS_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/process.h"

struct bench;
struct conformance_case;
struct err;
struct json;
struct needs_context;
struct text;

/* Where bundles, logs and images lie that the endpoint must see: RUN/CASE below it. */
#define LIVE_HOME "/run/plumbline-live"

struct live {
	char *address; /* owned: "unix:///..." */
	char *name, *version; /* owned: what Version answers */
	pid_t pid; /* of the server; 0: it is none of our pid namespace */
	char *program; /* owned: the path of plumbline-cri-call */
	char *run; /* owned */
	char *image; /* owned: one that is there; NULL: the driver serves them */
	char *cgroup_parent; /* owned: of pods, in the words of the endpoint's driver; "": its own default */
	struct process registry; /* serves the images */
	int port; /* of it, on 127.0.0.1 */
	int home, cgroup; /* owned: its directory and the first hierarchy's cgroup, locked while it lives */
	bool opened; /* there is something to be removed */
};

/* "unix:///..." or the path of a socket: not a server that would have to be started. */
bool live_is_endpoint(const char *word);
/* *ret is the path of the socket, owned. -EINVAL: the word is no endpoint. */
int live_parse(const char *word, char **ret, struct err *err);

/* Asks who it is. -EINVAL, -ENOENT, -ENOTSOCK: the word is wrong; -EHOSTDOWN, -ETIMEDOUT, -EPROTO: there is no CRI server. */
int live_find(const char *word, struct live **ret, struct err *err);
/* Makes what cases need beside it: the directory, the registry, the parent of the pods. */
int live_open(struct live *live, const char *run, const char *image, struct err *err);
/* Removes all of that, and whatever of the run the endpoint still has. */
int live_close(struct live *live, struct err *err);
void live_free(struct live *live);
/* What a server that calls itself so is called in reports and in the run directory; owned. */
char *live_column(const char *name);

/* One call; *ret is the response, owned. The status is part of the error's sentence. */
int live_call(const struct live *live, const char *method, const struct json *request, struct json **ret,
	      struct err *err);
/*
 * Removes pods and images of the run; at one that was not opened, those of dead runs, of only that one when only is not NULL.
 * count: how many there were.
 */
int live_sweep(const struct live *live, const char *only, size_t *ret_count, struct err *err);
/* Whether a pod, by the uid of its metadata, or an image, by a tag, was made by that run. */
bool live_owns_pod(const char *run, const char *uid);
bool live_owns_image(const char *run, const char *tag);
/* Directories of runs that are dead; only NULL: of all. */
int live_remove_dead(const char *only, size_t *ret_count, struct err *err);

/* Whether a case can be run there; else the reason. */
bool live_can_run(const struct live *live, const struct conformance_case *c, struct text *why);

char *live_place(const struct live *live, const char *world); /* the directory of a case; owned */

/* What stands in for the world's server: symbols, image, and what is ours among an answer's rows. */
void live_put_symbols(struct bench *bench, bool control);
int live_pull_image(struct bench *bench, struct err *err);
void live_remove_image(struct bench *bench);
void live_clean_up(struct bench *bench); /* that and the pods, of a control that nobody observes */
/* Drops rows of others from a list, and remembers our ids. */
void live_own_rows(const struct bench *bench, const char *method, struct json *response);
/* Whether it lies in a cgroup of one of the case's pods. */
bool live_owns_process(const struct bench *bench, pid_t pid);
/* What of the case's pods the machine still has: ["mount /run/...", "cgroup /...", "process 4711"]; owned. */
struct json *live_leftovers(const struct bench *bench);

#endif
