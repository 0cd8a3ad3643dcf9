/*
 * libseccomp, opened at run time and only for a container that has a filter. Inside the program it would be copied with it
 * (exe_hide.c), beside it the loader would look for it, at each start: docs/PERFORMANCE.md has what that costs.
 */
#ifndef OCI_SECCOMP_LIBRARY_H
#define OCI_SECCOMP_LIBRARY_H

#include <seccomp.h>

struct err;

/* One row a function; the types come from the header, so a wrong call does not compile. */
#define SECCOMP_FUNCTIONS(X)                                                                                 \
	X(seccomp_arch_add)                                                                                  \
	X(seccomp_arch_native)                                                                               \
	X(seccomp_arch_resolve_name)                                                                         \
	X(seccomp_export_bpf)                                                                                \
	X(seccomp_init)                                                                                      \
	X(seccomp_release)                                                                                   \
	X(seccomp_rule_add_array)                                                                            \
	X(seccomp_syscall_resolve_name)                                                                      \
	X(seccomp_syscall_resolve_name_arch)

struct seccomp_library {
#define SECCOMP_MEMBER(name) __typeof__(&name) name;
	SECCOMP_FUNCTIONS(SECCOMP_MEMBER)
#undef SECCOMP_MEMBER
};

/* The host's, so before any container is entered. It stays until the program ends. */
int seccomp_library_open(struct seccomp_library *ret, struct err *err);

#endif
