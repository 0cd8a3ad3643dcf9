/*
 * The cgroups of a run and of its worlds, made below the harness's own cgroup in every hierarchy:
 * OWN/plumbline-RUN/WORLD. The run's directories are locked, which is how the janitor tells live runs from dead ones.
 */
#ifndef HARNESS_CGROUP_TREE_H
#define HARNESS_CGROUP_TREE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cgroup.h"

struct err;

struct cgroup_run {
	struct cgroup_layout layout; /* owned */
	char *name; /* owned: "plumbline-20261123-153000-1a2b" */
	int *parents; /* by layout row: descriptor of the directory the run's lies in */
	int *directories; /* by layout row: the run's own, flock()ed while open in any process */
};
#define CGROUP_RUN_INIT                                                                                      \
	{                                                                                                    \
		.name = NULL                                                                                 \
	}

/* Makes and locks the run's directory in every hierarchy. -ENOENT: no cgroup file system is mounted. */
int cgroup_run_make(const char *name, struct cgroup_run *ret, struct err *err);
/* Ends what is left in them, removes the directories, closes and frees. */
int cgroup_run_remove(struct cgroup_run *run, struct err *err);
void cgroup_run_free(struct cgroup_run *run); /* without removing */

int cgroup_world_make(const struct cgroup_run *run, const char *world, struct err *err);
/* The calling process joins the world's cgroup in every hierarchy. */
int cgroup_world_enter(const struct cgroup_run *run, const char *world, struct err *err);
/*
 * To be called by the world's first process inside its cgroup namespace, when the host has cgroup2 alone: a cgroup
 * with processes cannot give controllers to children (cgroups(7), "no internal processes"), so it moves to a leaf.
 */
int cgroup_world_use_leaf(const char *mount_point, struct err *err);
#define CGROUP_LEAF "plumbline-leaf"
void cgroup_world_thaw(const struct cgroup_run *run, const char *world);
/* Kills, thaws and removes until gone or until the deadline (ms): -EBUSY. */
int cgroup_world_remove(const struct cgroup_run *run, const char *world, int64_t deadline, struct err *err);

struct cgroup_removed {
	size_t cgroups, processes; /* removed; signals sent */
};
/* The same for any directory below parent. ret may be NULL. A missing one is 0. */
int cgroup_remove_at(int parent, const char *name, int64_t deadline, struct cgroup_removed *ret,
		     struct err *err);
/* Thaws the directory (descriptor) and everything below: a frozen task dies of no signal in v1. */
void cgroup_thaw_at(int directory);

#endif
