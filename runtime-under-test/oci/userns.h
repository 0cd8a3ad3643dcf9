/* User namespaces: their maps, becoming root in one, and mounts seen through one. user_namespaces(7) */
#ifndef OCI_USERNS_H
#define OCI_USERNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct creation;
struct err;
struct mount_options;
struct spec;
struct spec_id_maps;
struct spec_mount;

/*
 * Writes both maps of pid's user namespace, from outside it. Without privileges: one's own id directly, after setgroups
 * is denied (CVE-2014-8989); ranges by newuidmap(1) and newgidmap(1).
 */
int userns_write_maps(int proc, pid_t pid, const struct spec_id_maps *uids, const struct spec_id_maps *gids,
		      struct err *err);
/* In the container's half: ids that exist there, so that what is made belongs to somebody. */
int userns_become_root(const struct spec *spec, struct err *err);
/* The host's id of a container's id; -1: not mapped. */
int64_t userns_to_host(const struct spec_id_maps *maps, uint32_t id);
/*
 * By the parent, which can write maps: a user namespace whose maps are those of the mount, or the container's where it has
 * none of its own. Owned descriptor.
 */
int userns_of_mount(const struct creation *creation, const struct spec_mount *mount, struct err *err);
/* Makes the detached tree an id-mapped mount: options idmap and ridmap, mount_setattr(2). */
int userns_map_mount(int tree, int user, const struct mount_options *options, struct err *err);

#endif
