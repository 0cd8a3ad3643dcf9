/*
 * Paths inside the container's root. Nothing here ever leaves it: every walk is openat2(RESOLVE_IN_ROOT), every new name
 * is made as a single component below a descriptor. CVE-2021-30465, CVE-2024-45310, CVE-2026-41579: a path that was
 * checked first and used later.
 */
#ifndef OCI_INROOT_H
#define OCI_INROOT_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

/* O_PATH descriptor of what path names inside root (symlinks followed, inside); a relative path starts at root. */
int inroot_open(int root, const char *path, int flags, struct err *err);
/* The same, made first where it is missing: directories 0755, as the last component a file when is_file. */
int inroot_make(int root, const char *path, bool is_file, struct err *err);
/* A directory that is reached without a single symbolic link; made where it is missing. */
int inroot_make_plain(int root, const char *path, struct err *err);
/*
 * O_PATH descriptor of the directory that holds the last component of path, made if missing; *ret_name is owned: that
 * component. For nodes and links, which must not exist as anything else.
 */
int inroot_make_parent(int root, const char *path, char **ret_name, struct err *err);

#endif
