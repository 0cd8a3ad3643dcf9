/* The last steps of a process of the container, the same ones for init behind its gate and for what `exec` puts beside it. */
#ifndef OCI_PAYLOAD_H
#define OCI_PAYLOAD_H

#include "runtime-under-test/oci/process.h"

struct err;
struct seccomp_program;

struct payload {
	struct process_identity identity;
	const struct seccomp_program *seccomp;
	int preserved; /* descriptors from 3 on that the program keeps */
	int listen_fds; /* how many of them are socket activation's; 0: no LISTEN_FDS for the program */
};

/* --preserve-fds and $LISTEN_FDS: both counts, when all of those descriptors are open. */
int payload_count_preserved(int wanted, int *ret_preserved, int *ret_listen, struct err *err);

/*
 * Becomes the program, and tells on *told: SYNC_EXEC once nothing but execve can fail, SYNC_SECCOMP with a listener. Returns
 * only on failure; *told may have another number then.
 */
int payload_run(const struct payload *payload, int *told, struct err *err);

#endif
