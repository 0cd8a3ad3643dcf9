/* What an OCI runtime says of itself: asked once a handler, for Status. */
#ifndef CRI_RUNTIME_FEATURES_H
#define CRI_RUNTIME_FEATURES_H

#include <stdbool.h>

struct server;

struct runtime_features {
	bool recursive_read_only, user_namespaces;
};

/* All false for a runtime that does not answer: nothing is promised for it. */
void runtime_features_of(const struct server *server, const char *handler, struct runtime_features *ret);

#endif
