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
	int directory;		/* ROOT/ID */

	int proc;		/* O_PATH of the runtime's /proc, verified to be procfs */
	int gate;		/* listening socket ROOT/ID/start: what `start` connects to */
	int console;		/* connected console socket; -EBADF: none */
	int *sources;		/* a detached tree for each mount that the parent must open; else -EBADF */
	int sync;		/* this half's end of the socket pair */

	struct namespaces namespaces;
	struct cgroups cgroups;
	struct capabilities capabilities;
	struct seccomp_program seccomp;
	mode_t umask;		/* of the caller */
	int preserved;		/* descriptors from 3 on that the payload keeps */
	int listen_fds;		/* how many of them are socket activation's; 0: no LISTEN_FDS for the payload */
	bool foreground;	/* `run` without --detach: the master of a terminal goes to the parent */

	struct process_handle {
		pid_t pid;	/* of init in the parent's pid namespace; 0: none yet */
		int pidfd;
	} init;			/* the parent's half only */
};

/* The stages of create.c; `run` goes on with the same creation. creation_finish() ends what a failure left. */
int creation_run(struct creation *creation, const struct json *config, struct err *err);
void creation_close(struct creation *creation);		/* descriptors and memory; the container stays */
void creation_undo(struct creation *creation);		/* a failed creation: no process, cgroup or state is left */

/* init.c: the container's half. Never returns. */
void init_main(struct creation *creation) __attribute__((noreturn));

#endif
