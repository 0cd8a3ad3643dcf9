/* What sandboxes and containers share: places, the thread that hears of ends, the threads that clean up after them. */
#ifndef CRI_LIFE_H
#define CRI_LIFE_H

#include <stdbool.h>

#include "cri/runtime_v1.pb-c.h"
#include "runtime-under-test/cri/monitor_client.h"
#include "runtime-under-test/cri/rpc/rpc.h"
#include "runtime-under-test/cri/runtime_exec.h"
#include "runtime-under-test/cri/server.h"
#include "runtime-under-test/cri/store.h"

struct reaper;

struct life {
	struct monitor_watcher *watcher;
	struct reaper *reaper;
	char *pause_rootfs; /* owned; shared by all sandboxes, for nobody writes to it */
	bool cgroup_v2, has_swap_limits;
	int lowest_oom_score;
};

/* STATE/sandboxes/ID/NAME or STATE/containers/ID/NAME; NAME "" is the folder itself. Owned. */
char *life_path(const struct server *server, const struct object *object, const char *name);
/* ROOT/..., where its record and what it wrote lie. Owned. */
char *life_storage(const struct server *server, const struct object *object, const char *name);
/* The runtime of the sandbox's handler. */
int life_runtime(const struct server *server, const struct sandbox *sandbox, struct runtime *ret,
		 struct err *err);
struct monitor_runtime life_monitor_runtime(const struct runtime *runtime); /* borrows */
struct monitor_limit life_limit(struct rpc_call *call);
/* -ECANCELED or -ETIMEDOUT when nobody waits for the answer any more. */
int life_patience(struct rpc_call *call, struct err *err);
/* A file below the object's folder in STATE. */
int life_write(const struct server *server, const struct object *object, const char *name,
	       const struct json *content, struct err *err);
int life_remove_folder(const struct server *server, const struct object *object, struct err *err);
/* An event of a container, or of the sandbox itself (container NULL). */
void life_event(struct server *server, Runtime__V1__ContainerEventType type, const struct sandbox *sandbox,
		const struct container *container);

/* The statuses of all containers of the sandbox that are not hidden: Runtime__V1__ContainerStatus *[], in the arena. */
void *life_container_statuses(struct server *server, const struct sandbox *sandbox, struct arena *arena,
			      size_t *ret_count);

extern const struct server_module life_module;

/* reaper.c: what has ended is deleted by its runtime, a few at a time. */
int reaper_open(struct server *server, struct reaper **ret, struct err *err);
void reaper_close(struct reaper *reaper);
void reaper_add(struct reaper *reaper, struct container *container); /* takes a reference of its own */

/* recovery.c */
int recovery_run(struct server *server, struct err *err);

#endif
