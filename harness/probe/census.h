/*
 * One reader a key of the census. A reader adds its key with a value to the open object and returns 0, 1 when
 * a list was cut at its bound, or -errno: then the key is left out and named in "missing".
 */
#ifndef HARNESS_PROBE_CENSUS_H
#define HARNESS_PROBE_CENSUS_H

#include <stdint.h>

struct out;
struct probe;

typedef int census_reader(const struct probe *probe, struct out *out, const char *key);

/* process.c */
census_reader census_started, census_pid, census_ppid, census_pgid, census_sid, census_argv, census_exe,
    census_exec_path, census_cwd, census_env, census_env_list, census_processes, census_oom_score_adj,
    census_coredump_filter, census_threads, census_secure, census_proc;
/* identity.c */
census_reader census_uid, census_gid, census_groups, census_umask, census_caps, census_last_cap,
    census_securebits, census_keep_caps, census_no_new_privs, census_dumpable, census_seccomp,
    census_parent_death_signal, census_child_subreaper, census_timer_slack;
/* limits.c */
census_reader census_rlimits, census_nice, census_personality, census_scheduler, census_io_priority,
    census_affinity, census_memory_policy;
/* namespaces.c */
census_reader census_namespaces, census_namespaces_for_children, census_namespace_owners, census_uid_map,
    census_gid_map, census_setgroups, census_time_offsets, census_clocks, census_ipc;
/* system.c */
census_reader census_hostname, census_domainname, census_kernel, census_sysctls, census_lsm, census_root,
    census_usual_paths;
/* mounts.c, fds.c, tty.c, devices.c, cgroup.c, network.c, signals.c */
census_reader census_mounts, census_fds, census_fd_list, census_tty, census_devices, census_links,
    census_cgroup, census_cgroup_files, census_cgroup_dirs, census_interfaces, census_routes, census_signals;

/* fds.c: before anything is opened. Fills fds, fd_count, fds_cut and stdio. */
void fds_take(struct probe *probe);
/* signals.c: fills blocked, ignored and caught. */
void signals_take(struct probe *probe);
/* mount_line.c: one row of /proc/PID/mountinfo, unescaped in place; line is changed. -EINVAL when it is none. */
struct mount_line {
	char *id, *parent, *device, *root, *target, *options, *optional, *type, *source, *super;
};
int mount_line_parse(char *line, struct mount_line *ret);

#endif
