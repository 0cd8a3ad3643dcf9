/* What an OCI runtime says of itself: asked once a handler. */
#ifndef CRI_RUNTIME_FEATURES_H
#define CRI_RUNTIME_FEATURES_H

#include <stdbool.h>

struct server;

struct runtime_features {
	bool recursive_read_only, user_namespaces;
	/* runsc: a pod is one sandbox with a kernel of its own. Its containers are no processes here, and get their streams at start. */
	bool own_kernel;
	char *path; /* owned: of the runtime that was asked */
	struct runtime_features *next;
};

/* All false for a runtime that does not answer: nothing is promised for it, and it is asked again. Borrowed parts. */
void runtime_features_of(struct server *server, const char *handler, struct runtime_features *ret);
void runtime_features_free(struct runtime_features *list);

#endif
