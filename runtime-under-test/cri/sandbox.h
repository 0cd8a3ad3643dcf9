/* Sandboxes: a first process that holds namespaces, with a network, files and a record. */
#ifndef CRI_SANDBOX_H
#define CRI_SANDBOX_H

#include <stdbool.h>

#include "cri/runtime_v1.pb-c.h"
#include "runtime-under-test/cri/life.h"

struct arena;
struct net_userns;

/* Modes as the config has them; absent options are the CRI's defaults. */
Runtime__V1__NamespaceMode sandbox_network_mode(const struct sandbox *sandbox);
Runtime__V1__NamespaceMode sandbox_ipc_mode(const struct sandbox *sandbox);
Runtime__V1__NamespaceMode sandbox_pid_mode(const struct sandbox *sandbox);
/* The mapping of its user namespace; NULL: it has none. */
const Runtime__V1__UserNamespace *sandbox_userns(const struct sandbox *sandbox);

/* sandbox_make.c: everything a sandbox is, in the order of its steps; undone by sandbox_release() and sandbox_forget(). */
int sandbox_make(struct server *server, struct sandbox *sandbox, struct rpc_call *call, struct err *err);
/* sandbox_pause.c */
int sandbox_pause_rootfs(struct server *server, struct err *err);
int sandbox_pause_start(struct server *server, struct sandbox *sandbox, struct rpc_call *call,
			struct err *err);

/*
 * sandbox_end.c. All with the sandbox's operation lock held, all idempotent.
 * Release: no process, network and namespace is left. Stop: containers first, and the record says so. Forget: no file either.
 */
int sandbox_release(struct server *server, struct sandbox *sandbox, struct err *err);
int sandbox_stop(struct server *server, struct sandbox *sandbox, struct err *err);
int sandbox_forget(struct server *server, struct sandbox *sandbox, struct err *err);
int sandbox_remove(struct server *server, struct sandbox *sandbox, struct err *err);
/* Its first process has ended by itself. */
void sandbox_ended(struct server *server, struct sandbox *sandbox);

/* sandbox_status.c: as the CRI tells it, copied into the arena. */
void sandbox_describe(struct server *server, const struct sandbox *sandbox, struct arena *arena,
		      Runtime__V1__PodSandbox *ret);
void sandbox_describe_status(struct server *server, const struct sandbox *sandbox, struct arena *arena,
			     Runtime__V1__PodSandboxStatus *ret);

extern const struct rpc_binding sandbox_bindings[];

#endif
