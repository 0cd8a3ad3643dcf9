/* linux.sysctl: only what belongs to a namespace that is not the host's. config-linux.md#sysctl */
#ifndef OCI_SYSCTL_H
#define OCI_SYSCTL_H

#include <stdint.h>

struct creation;
struct err;
struct spec_pair;

/*
 * Pure: the path below /proc/sys of a name, owned ("net.ipv4.ip_forward", "net/ipv4/conf/eth0.1/forwarding"), and the
 * CLONE_NEW* flag of the namespace that has it. -EINVAL: it belongs to none, or is set by another field.
 */
int sysctl_resolve(const char *name, char **ret_path, uint64_t *ret_namespace, struct err *err);
/* In the parent, before anything is made: every name is allowed and its namespace is not the runtime's. */
int sysctl_check(const struct creation *creation, struct err *err);
/* In init, in its namespaces, through the runtime's own procfs: CVE-2025-52881 was a write that an image had redirected. */
int sysctl_apply(const struct creation *creation, int root, struct err *err);

#endif
