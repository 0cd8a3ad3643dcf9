/* Writes into /proc that are sure to land there. */
#ifndef OCI_PROCFS_H
#define OCI_PROCFS_H

#include <stddef.h>

struct err;

/*
 * One write(2) to a file below a descriptor of procfs. No link, no mount on the way, no other file system at its end: CVE-2025-52881
 * and CVE-2019-16884, CVE-2019-19921 had labels and sysctls written into files of the image's choice.
 */
int procfs_write(int proc, const char *path, const char *data, size_t len, struct err *err);

#endif
