/*
 * What both halves of creation hold: made by the parent before it clones, inherited by the container's half with the
 * rest of its memory. So nothing of the config is ever passed, parsed again or read again.
 */
#ifndef OCI_CREATION_H
#define OCI_CREATION_H

#include <stdbool.h>
#include <sys/types.h>

#include "runtime-under-test/oci/capabilities.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/namespaces.h"
#include "runtime-under-test/oci/seccomp.h"
#include "runtime-under-test/oci/state.h"
#include "runtime-under-test/oci/sync.h"

struct create_options;
struct err;
struct json;
struct runtime;
struct spec;

struct creation {
	const struct runtime *runtime;
	const struct create_options *options;
	struct spec *spec;
	struct state state;
	int directory, lock; /* ROOT/ID, and its lock until creation is done */

	int proc; /* O_PATH of the runtime's /proc, verified to be procfs */
	int gate; /* listening socket ROOT/ID/start: what `start` connects to */
	int console; /* connected console socket; -EBADF: none */
	int *sources; /* owned: a detached tree for each mount that the parent must open; else -EBADF */
	int root_tree; /* the root, detached, where only the parent may reach it; else -EBADF */
	int sync; /* this half's end of the socket pair */

	struct namespaces namespaces;
	struct cgroups cgroups;
	struct capabilities capabilities;
	struct seccomp_program seccomp;
	mode_t umask; /* of the caller */
	int preserved; /* descriptors from 3 on that the payload keeps */
	int listen_fds; /* how many of them are socket activation's; 0: no LISTEN_FDS for the payload */

	/* The parent's half only. */
	pid_t helper, init; /* children; 0: none (any more) */
	int pidfd; /* of init; of the helper, while there is one */
	int master; /* of the terminal, for `run` in the foreground; -EBADF: none */
	bool hooks_began; /* from then on a failure is the end of a life: poststop hooks run */
	bool foreground; /* `run` without --detach: the master of a terminal goes to the parent */
};

/* create.c: all stages. 0: the container is created, and init waits at its gate, or for SYNC_START on creation->sync. Else it is undone. */
int creation_run(struct creation *creation, struct json *config, struct err *err);
void creation_close(struct creation *creation); /* descriptors and memory; the container stays */
#define CREATION_INIT                                                                                        \
	{                                                                                                    \
		.directory = -EBADF, .lock = -EBADF, .proc = -EBADF, .gate = -EBADF, .console = -EBADF,      \
		.root_tree = -EBADF, .sync = -EBADF, .pidfd = -EBADF, .master = -EBADF                       \
	}
#define auto_creation __attribute__((cleanup(creation_close))) struct creation

/* Waits for a message of the container's half; when it ended without one, the sentence says how. */
int creation_await(const struct creation *creation, enum sync_type wanted, struct sync_message *ret,
		   struct err *err);
/* Whether init tells that it has MOUNTED and waits to hear HOOKED. */
bool creation_has_intermission(const struct creation *creation);
/* Writes the maps of pid's fresh user namespace, if it has one, and says so. */
int creation_map_user(const struct creation *creation, pid_t pid, struct err *err);
/* helper.c: from the helper's first message to init in its cgroups; and the end of both when it comes to nothing. */
int helper_meet(struct creation *creation, struct err *err);
void helper_undo(struct creation *creation);

/* creation_check.c: the first stage. Nothing is made; what cannot be done is refused here with its field. */
int creation_check(struct creation *creation, struct err *err);

/* creation_resources.c: the third. Planned: named, so that the state can tell. *ret_resctrl owned, for the state too. */
int resources_plan(struct creation *creation, struct json **ret_resctrl, struct err *err);
int resources_make(struct creation *creation, struct err *err);
/* Init is in them: what had to stand in for it goes, and what needs its number gets it. */
int resources_settle(struct creation *creation, struct err *err);
int resources_remove(struct creation *creation, struct err *err);

/* init.c: the container's half, from its first instruction to the gate. Never returns. */
void init_main(struct creation *creation) __attribute__((noreturn));
/* gate.c: init waits to be started and becomes the payload. Returns only on failure, *told being whom to tell. */
int gate_run(struct creation *creation, int *told, struct err *err);

/* start.c: tells init on socket to start and hears how it went; hooks after it, and the state. */
int start_over(const struct runtime *runtime, struct state *state, int directory, int socket,
	       struct err *err);

#endif
