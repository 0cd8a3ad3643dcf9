/* Names of the kernel's numbers. Names are upper case with their prefix, as the OCI specification writes them. */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stdint.h>

/* Lookups return the number, or -1 for an unknown name; the way back returns NULL for an unknown number. */
int name_to_capability(const char *name); /* "CAP_CHOWN" */
const char *name_of_capability(int number);
/* "SIGTERM", "TERM", "15", "SIGRTMIN+3", "RTMAX-2"; any case; numbers 0 (the null signal) to 64 */
int name_to_signal(const char *name);
const char *name_of_signal(int number); /* "SIGTERM"; real-time ones "SIGRTMIN+3", from 50 on "SIGRTMAX-14" */
int name_to_rlimit(const char *name); /* "RLIMIT_NOFILE" */
const char *name_of_rlimit(int number);
int name_to_errno(const char *name); /* "EROFS" */
const char *name_of_errno(int number);
/* OCI namespace type <-> CLONE_NEW* flag and the file below /proc/PID/ns: "network", CLONE_NEWNET, "net". */
uint64_t name_to_namespace(const char *type); /* 0: unknown */
const char *name_of_namespace(uint64_t flag);
const char *name_of_namespace_file(uint64_t flag);
#define NAMES_NAMESPACES 8
extern const uint64_t names_namespaces[NAMES_NAMESPACES]; /* every flag once */

#endif
