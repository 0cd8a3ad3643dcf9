/* Does the .prepare rows of a case: files, nodes and mounts of the bundle, namespaces that a child holds open. */
#ifndef HARNESS_PREPARE_H
#define HARNESS_PREPARE_H

#include <stddef.h>
#include <sys/types.h>

struct conformance_case;
struct err;
struct json;

#define PREPARED_MAX 16 /* the rows of a case, for its own bundle and for its control's */

struct prepared {
	pid_t holders[PREPARED_MAX]; /* children that keep a namespace; they die with the world */
	size_t count;
};

/* Makes the namespaces and adds "@ns-TYPE" to symbols: before the bundle is written, whose edits name them. ret grows. */
int prepare_namespaces(const struct conformance_case *c, struct json *symbols, struct prepared *ret,
		       struct err *err);
/* Everything else, in the case's order. bundle: its directory; "shared/" in front of a path is @shared. */
int prepare_bundle(const struct conformance_case *c, int bundle, const struct json *symbols, struct err *err);
/* A tmpfs at an absolute path; options as "shared,ro,mode=755": propagation and flags apart, the rest is data. */
int prepare_mount(const char *path, const char *options, struct err *err);

#endif
