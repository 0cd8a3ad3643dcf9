/*
 * Which namespaces a container makes, joins or inherits, and in what order: a user namespace owns the others, so it comes
 * first; what it does not own can only be joined before it is entered. user_namespaces(7), config-linux.md#namespaces
 */
#ifndef OCI_NAMESPACES_H
#define OCI_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/names.h"

struct creation;
struct err;
struct spec;

struct namespaces {
	uint64_t fresh, joined, all; /* CLONE_NEW* */
	int fds[NAMES_NAMESPACES]; /* of the joined ones, in the order of names_namespaces[]; else -EBADF */
};

/* Opens every path and demands that it is a namespace of the kind it stands for. */
int namespaces_open(const struct spec *spec, struct namespaces *ret, struct err *err);
void namespaces_close(struct namespaces *namespaces);

/* clone3() flags of the process that becomes init. */
uint64_t namespaces_clone_flags(const struct namespaces *namespaces);
/*
 * A pid, time or user namespace cannot be entered by the process that is to live in it, or not with the rest in the right
 * order: then a helper process goes before, and makes init.
 */
bool namespaces_need_helper(const struct namespaces *namespaces);
/* Joins every one there is a descriptor of, a user namespace among them. */
int namespaces_join_all(const struct namespaces *namespaces, struct err *err);
/* Joins without a helper. */
int namespaces_join(const struct namespaces *namespaces, struct err *err);
/* The helper's way: *ret_pid is init's pid, 0 in init itself. init is a child of the helper's parent. */
int namespaces_enter_by_helper(const struct creation *creation, int *ret_pid, struct err *err);

#endif
