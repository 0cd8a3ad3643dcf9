/*
 * What is known about a runtime, as data: runtime-under-test/profiles/NAME.json, embedded in plumbline.
 *   {"name": "runsc", "match": "^runsc version", "spec_version": "1.0.2", "payload_visible": "sandbox",
 *    "global_args": ["--network=none"], "lacks": ["features"],
 *    "command": {"delete --force": ["delete", "-force"]},
 *    "edits": [{"op": "drop", "path": "linux.resources", "why": "..."}], "install": "runsc", "notes": "..."}
 */
#ifndef HARNESS_PROFILE_H
#define HARNESS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct json;

struct profile {
	/* borrowed from document; match: POSIX ERE on --version's first line */
	const char *name, *match, *spec_version;
	const char **global_args; /* owned array, NULL-terminated, strings borrowed */
	struct json *document; /* owned */
};

const struct profile *profile_find(const char *name); /* borrowed for ever; NULL: unknown */
/* never NULL: falls back to "generic" */
const struct profile *profile_for_version(const char *first_line);
/* The same by "NAME VERSION" of an endpoint: {"cri": {"match": "^containerd v?2"}} */
const struct profile *profile_for_endpoint(const char *name_and_version);
const struct profile *profile_at(size_t index); /* NULL past the last */
bool profile_lacks(const struct profile *profile, const char *feature);

#endif
