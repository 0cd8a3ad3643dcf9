/*
 * The container's cgroups: one directory in every hierarchy that is mounted, v1 controllers and the unified one alike,
 * made before there is a process for them, and removed with everything in them. config-linux.md#control-groups
 */
#ifndef OCI_CGROUP_H
#define OCI_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct cgroup_journal;
struct cgroup_hierarchy;
struct err;
struct json;
struct spec;
struct spec_resources;
struct systemd_unit;

struct cgroup_place {
	char *controllers; /* "cpu,cpuacct", "name=systemd"; "" is the unified hierarchy */
	char *mount_point; /* "/sys/fs/cgroup/pids" */
	char *path; /* below it: "/plumbline/c1" */
	char
	    *made; /* the topmost directory of path that is made for it; NULL: none, the last one was there */
	int directory; /* -EBADF: not made or not opened */
	int tasks; /* v1: where init writes itself in; -EBADF: none */
	bool unified;
	struct cgroup_journal *journal; /* borrowed: what is set can be taken back; NULL: nobody asks */
};

struct cgroups {
	struct cgroup_place *places;
	size_t count;
	struct systemd_unit *unit; /* owned; NULL: no systemd has to know of them */
};

/* Pure: where cgroupsPath leads below a mount; owned. NULL or empty: "/ID". -EINVAL for "..". */
int cgroup_resolve_path(const char *cgroups_path, const char *id, char **ret, struct err *err);

/* Which places there will be. Nothing is made yet, so that the state can tell of them first. */
int cgroups_plan(const char *cgroups_path, const char *id, struct cgroups *ret, struct err *err);
/* The same for a path that is known. */
int cgroups_plan_at(const char *path, struct cgroups *ret, struct err *err);
/* One more, at that path below the hierarchy's mount; valid until the next. Nothing is made. */
struct cgroup_place *cgroups_add_place(struct cgroups *cgroups, const struct cgroup_hierarchy *row,
				       const char *path);
/* {"pids": PATH, "": PATH, "made": {"pids": PATH}}: what the state keeps. Owned. */
struct json *cgroups_to_json(const struct cgroups *cgroups);
/* The way back, for hierarchies that are still mounted; directories are opened where they exist. */
int cgroups_from_json(const struct json *json, struct cgroups *ret, struct err *err);
void cgroups_close(struct cgroups *cgroups);
#define auto_cgroups __attribute__((cleanup(cgroups_close))) struct cgroups

/*
 * Makes the directories. One that exists must be fit: without processes and not frozen. optional: where the caller may make
 * none (no root) there are none, and that is no error. Controllers are handed down to them where there is no v1.
 */
int cgroups_make(struct cgroups *cgroups, bool optional, struct err *err);
/* Every resource of the config; one that cannot be applied is an error with its field. cgroup_apply.c */
int cgroups_apply(const struct cgroups *cgroups, const struct spec_resources *resources, struct err *err);
/* For clone3(CLONE_INTO_CGROUP): the unified hierarchy's directory; -EBADF: none. */
int cgroups_unified(const struct cgroups *cgroups);
/* In init: itself into every v1 hierarchy. */
int cgroups_enter(const struct cgroups *cgroups, struct err *err);
/* From outside, for a kernel that cannot clone into a cgroup. */
int cgroups_attach_unified(const struct cgroups *cgroups, pid_t pid, struct err *err);
/* To the user that runs the container: config-linux.md#cgroup-ownership. Only the unified hierarchy. */
int cgroups_delegate(const struct cgroups *cgroups, const struct spec *spec, struct err *err);

/* The place of a v1 controller, else the unified one; NULL: neither. */
const struct cgroup_place *cgroups_find(const struct cgroups *cgroups, const char *controller);

/* Every process in there and below, each once; *ret_pids is owned, sorted. cgroup_remove.c */
int cgroups_list(const struct cgroups *cgroups, pid_t **ret_pids, size_t *ret_count, struct err *err);
/* Signals them all. */
int cgroups_signal(const struct cgroups *cgroups, int signal, struct err *err);
/* Stops every process of the container and waits until they all stand; what does not freeze is let go. cgroup_freeze.c */
int cgroups_freeze(const struct cgroups *cgroups, struct err *err);
int cgroups_unfreeze(const struct cgroups *cgroups, struct err *err);
/* Every freezer of v1 lets go: a frozen task does not die. */
void cgroups_thaw(const struct cgroups *cgroups);
/* Kills and waits, then removes what was made here, the deepest first. */
int cgroups_remove(const struct cgroups *cgroups, struct err *err);

#endif
