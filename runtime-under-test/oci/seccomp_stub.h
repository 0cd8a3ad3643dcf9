/*
 * System calls that are newer than a profile. A profile written before a call existed does not name it, and its default, EPERM
 * as a rule, is not what the call's users wait for: C libraries fall back to older calls on ENOSYS alone (runc issue 2151, of
 * faccessat2; moby issue 42680, of clone3). So above the highest number that the profile names the answer is ENOSYS.
 */
#ifndef OCI_SECCOMP_STUB_H
#define OCI_SECCOMP_STUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seccomp_program;

/* What a profile knows of one architecture. */
struct seccomp_known {
	uint32_t audit; /* AUDIT_ARCH_*; of x32 that of x86-64 */
	bool x32; /* calls with bit 30 of the number set */
	bool multiplexes; /* s390: the number 0 stands for any that the kernel does not know */
	uint32_t last; /* the highest number that the profile names, of x32 with that bit */
};

/* Puts the answer in front of the program. */
void seccomp_add_stub(const struct seccomp_known *known, size_t count, struct seccomp_program *program);

#endif
