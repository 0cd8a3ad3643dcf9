/* What cgroup hierarchies there are and where a process sits: facts only, no policy. cgroups(7). */
#ifndef BASE_CGROUP_H
#define BASE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct mount_table;
struct text;

enum cgroup_mode { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };
const char *cgroup_mode_name(enum cgroup_mode mode); /* "none", "v1", "hybrid", "v2" */

struct cgroup_hierarchy {
	char *controllers; /* v1: as in /proc/self/cgroup, "cpu,cpuacct" or "name=systemd"; v2: "" */
	char *mount_point; /* "/sys/fs/cgroup/pids" */
	char *mount_root; /* the cgroup the mount shows at its top, "/" or an ancestor of ours */
	bool unified;
};

struct cgroup_layout {
	enum cgroup_mode mode;
	struct cgroup_hierarchy *rows;
	size_t count;
};

/* Hierarchies that are mounted, each once (its first mount). */
int cgroup_layout_read(struct cgroup_layout *ret, struct err *err);
int cgroup_layout_from(const struct mount_table *mounts, struct cgroup_layout *ret, struct err *err);
void cgroup_layout_free(struct cgroup_layout *layout);
#define auto_cgroup_layout __attribute__((cleanup(cgroup_layout_free))) struct cgroup_layout
/* The hierarchy that has this controller ("pids", "name=systemd"; "" is the unified one); NULL: none. */
const struct cgroup_hierarchy *cgroup_find(const struct cgroup_layout *layout, const char *controller);

/* Appends the process's cgroup in that hierarchy as /proc/PID/cgroup gives it. proc_pid_dir: fd of /proc/PID. */
int cgroup_path_of(int proc_pid_dir, const struct cgroup_hierarchy *hierarchy, struct text *ret,
		   struct err *err);
/* Appends the directory below the mount point that is the process's cgroup (mount_root stripped). */
int cgroup_directory_of(int proc_pid_dir, const struct cgroup_hierarchy *hierarchy, struct text *ret,
			struct err *err);
/* Pids in cgroup.procs of an open cgroup directory, not of its children. *ret is owned. */
int cgroup_members(int directory, pid_t **ret, size_t *ret_count, struct err *err);
/* Sends a signal to those of pids that are members still, and adds to reached how many there were. */
int cgroup_signal(int directory, const pid_t *pids, size_t count, int signal, size_t *reached,
		  struct err *err);

#endif
