/* Finds out what is tested: path, hash, version, features, profile and the specification version to write. */
#ifndef HARNESS_RUNTIME_H
#define HARNESS_RUNTIME_H

#include "harness/engine.h"

struct err;
struct json;
struct options;
struct run_record;
struct text;

struct runtime_found {
	struct runtime runtime;
	char *sha256, *version; /* owned; version NULL: it tells none */
	char *behind_version; /* owned; of the runtime behind a CRI server */
};

/*
 * The absolute path of NAME|PATH: a word with a slash as it stands, else beside this program, else in PATH.
 * -ENOENT or -EACCES with a sentence when there is no such executable. *ret is owned.
 */
int runtime_locate(const char *word, char **ret, struct err *err);

/*
 * Locates, hashes, and asks for version and features, in a world. -ENOENT, -EACCES as above; else the world
 * failed.
 */
int runtime_find(const char *run, const char *word, const struct options *options, struct runtime_found *ret,
		 struct err *err);
/* A CRI server and the OCI runtime behind it, which is asked for its version. -EINVAL beside the above: no profile says how it is started. */
int runtime_find_server(const char *run, const char *word, const char *handler, const struct options *options,
			struct runtime_found *ret, struct err *err);
/* A CRI endpoint that runs already, by its word; errors as live_find() tells them. */
int runtime_find_live(const char *word, const struct options *options, struct runtime_found *ret,
		      struct err *err);
void runtime_free(struct runtime_found *found);

/* The lower of ours and what features or, without them, the profile says; owned. */
char *runtime_spec_version(const struct json *features, const char *profile_version);

void runtime_facts(const struct runtime_found *found, struct run_record *ret); /* copies */

#endif
