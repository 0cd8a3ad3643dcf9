/* Containers: made from a request and an image, run by a monitor, told of, stopped, removed. */
#ifndef CRI_CONTAINER_H
#define CRI_CONTAINER_H

#include <stdbool.h>

#include "cri/runtime_v1.pb-c.h"
#include "runtime-under-test/cri/image/image.h"
#include "runtime-under-test/cri/life.h"

struct arena;
struct json;

/* container_create.c: root file system, bundle, facts. The operation lock is held; undone by container_forget(). */
int container_make(struct server *server, struct container *container, struct rpc_call *call,
		   struct err *err);
/* The start of one that is CREATED; the operation lock is held. On failure it has EXITED, with the reason in its status. */
int container_start(struct server *server, struct container *container, struct rpc_call *call,
		    struct err *err);
/* Of its first process while it is RUNNING, else 0. */
pid_t container_pid(struct server *server, const struct container *container);
/* From now on container_ended() is called when it ends, or has ended. */
int container_watch(struct server *server, struct container *container, struct err *err);
/* Its monitor says that it has ended. From the watcher's thread. */
void container_ended(struct server *server, struct container *container, const struct monitor_exit *how);

/*
 * container_stop.c: returns when the container has exited and nothing of it runs. grace_ms 0 kills at once. call: whose patience
 * counts; NULL: bounded by itself. Takes the operation lock itself, for moments.
 */
int container_stop(struct server *server, struct container *container, int64_t grace_ms,
		   struct rpc_call *call, struct err *err);
/* The runtime's own clean-up of one that has exited, once. The operation lock is held. */
int container_clean(struct server *server, struct container *container, struct err *err);
/* All of a sandbox: killed at once, then waited for. Nothing that is created only is changed. */
int container_stop_all(struct server *server, struct sandbox *sandbox, struct err *err);

/* container_remove.c. The operation lock is not held. Idempotent; what runs is killed. */
int container_remove(struct server *server, struct container *container, struct err *err);
int container_remove_all(struct server *server, struct sandbox *sandbox, struct err *err);
/* Everything but the processes; the operation lock is held. */
int container_forget(struct server *server, struct container *container, struct err *err);

/* container_rootfs.c: the root file system as image.h names it. Free what it owns. */
struct container_rootfs {
	struct image_rootfs image;
	char *storage, *target; /* owned */
	struct image_mapping uid, gid;
	int userns; /* owned */
};
int container_rootfs_open(const struct server *server, const struct container *container,
			  struct container_rootfs *ret, struct err *err);
void container_rootfs_close(struct container_rootfs *rootfs);
#define auto_container_rootfs __attribute__((cleanup(container_rootfs_close))) struct container_rootfs

/* container_exec.c: the process object of config.json with another command; what an exec in the container runs as. Owned. */
int container_exec_process(const struct server *server, const struct container *container,
			   char *const *command, size_t count, bool tty, struct json **ret, struct err *err);
grpc_status_code container_exec_sync(struct rpc_call *call, const void *request, void *response, void *user);

/* container_update.c: limits of a container, as a whole or not at all. The operation lock is held. */
int container_update(struct server *server, struct container *container,
		     const Runtime__V1__LinuxContainerResources *resources, struct err *err);
/* At start: finishes one that a killed server had begun. */
void container_update_settle(struct server *server, struct container *container);

/* container_status.c: as the CRI tells it, copied into the arena. */
void container_describe(struct server *server, const struct container *container, struct arena *arena,
			Runtime__V1__Container *ret);
void container_describe_status(struct server *server, const struct container *container, struct arena *arena,
			       Runtime__V1__ContainerStatus *ret);

extern const struct rpc_binding container_bindings[];

#endif
