/*
 * The verbs of an OCI runtime that need no monitor, run to their end. What `create` and `exec` leave running is the monitor's:
 * monitor_client.h. Errors are the last line that the runtime printed, in one sentence.
 */
#ifndef CRI_RUNTIME_EXEC_H
#define CRI_RUNTIME_EXEC_H

#include <stdbool.h>

struct err;
struct json;
struct server;

/* One runtime handler; owned strings. */
struct runtime {
	char *monitor; /* plumbline-monitor */
	char *program;
	char *root; /* its --root: one for each handler below --state */
	bool systemd_cgroup;
};
#define RUNTIME_INIT                                                                                         \
	{                                                                                                    \
		0                                                                                            \
	}
/* -EINVAL with a sentence: no such handler. */
int runtime_open(const struct server *server, const char *handler, struct runtime *ret, struct err *err);
void runtime_close(struct runtime *runtime);
#define auto_runtime __attribute__((cleanup(runtime_close))) struct runtime

int runtime_start(const struct runtime *runtime, const char *id, struct err *err);
int runtime_kill(const struct runtime *runtime, const char *id, int signal, struct err *err);
/* By what the runtime keeps in its root: a folder of the container's name, or files that begin with it, as runsc. */
bool runtime_keeps(const struct runtime *runtime, const char *id);
/* By force: what runs is killed. A container that is not there is 0, and so is one that a runtime which fails keeps nothing of. */
int runtime_delete(const struct runtime *runtime, const char *id, struct err *err);
/* resources: what `update --resources -` reads, linux.resources of config.json. */
int runtime_update(const struct runtime *runtime, const char *id, const struct json *resources,
		   struct err *err);
/* The whole answer of `state`; -ENOENT: the runtime knows no such container, and err is as before. Owned. */
int runtime_state(const struct runtime *runtime, const char *id, struct json **ret, struct err *err);

#endif
