/* The seccomp profile: compiled to a program while the config can still be refused, installed as late as it can be. */
#ifndef OCI_SECCOMP_H
#define OCI_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct json;
struct spec_seccomp;
struct state;
struct sock_filter;

struct seccomp_program {
	struct sock_filter *code; /* owned; NULL: no profile */
	size_t length;
	unsigned flags; /* SECCOMP_FILTER_FLAG_* for seccomp(2): exactly those of the config */
	bool notifies; /* a listener is to be had */
};

/* libseccomp lies behind this function alone. */
int seccomp_compile(const struct spec_seccomp *seccomp, struct seccomp_program *ret, struct err *err);
void seccomp_program_clear(struct seccomp_program *program);
/* On this thread. *ret_listener: the listener's descriptor where the program notifies, else -EBADF. */
int seccomp_install(const struct seccomp_program *program, int *ret_listener, struct err *err);
/*
 * Hands the listener to the agent: one connection, one container process state, the descriptor with the first byte.
 * config-linux.md#containerprocessstate
 */
int seccomp_send_listener(const struct spec_seccomp *seccomp, const struct state *state, pid_t pid,
			  int listener, struct err *err);

#endif
