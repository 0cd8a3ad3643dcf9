/* System calls that a case may name: mostly those that default seccomp profiles speak of. */
#ifndef HARNESS_PROBE_SYSCALL_NAMES_H
#define HARNESS_PROBE_SYSCALL_NAMES_H

long syscall_number(const char *name); /* -1: no such name, on this architecture */

#endif
