/* Copies of trees, for where no overlay can be mounted, and for what a volume starts with. */
#ifndef CRI_IMAGE_COPY_H
#define CRI_IMAGE_COPY_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct image_usage;
struct image_userns;

/* Both exist; the target's own owner and mode become the source's. ids may be NULL: owners as they are. */
int copy_tree(const char *from, const char *to, const struct image_userns *ids, struct err *err);
/* The same with descriptors, taken. */
int copy_tree_fd(int from, int to, const struct image_userns *ids, struct err *err);
/* The host's id for one inside the namespace. -EINVAL: none. */
int copy_map_owner(const struct image_userns *ids, uid_t *uid, gid_t *gid);
/* What a tree takes up. -E2BIG beyond 4 million entries. */
int tree_usage(const char *path, struct image_usage *ret, struct err *err);

#endif
