/*
 * The process of config.json, in the two halves privilege demands: what needs the runtime's, done from outside before the
 * payload starts, and the rest, done by init on itself in the order the kernel wants it. config.md#process
 */
#ifndef OCI_PROCESS_H
#define OCI_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct capabilities;
struct err;
struct spec;
struct spec_memory_policy;
struct spec_process;

int process_open_proc(struct err *err); /* O_PATH of /proc, verified to be procfs */

/* In the parent, before anything is made: limits that this process may not raise are an error now, not at start. */
int process_check_limits(const struct spec_process *process, struct err *err);
/* A label that this kernel cannot give is an error. process_label.c */
bool process_has_selinux(void);
bool process_has_label(const struct spec_process *process);
int process_check_labels(const struct spec_process *process, struct err *err);
/* On itself, for the next execve. proc: the runtime's /proc, whatever the image mounts at its own. */
int process_set_label(const struct spec_process *process, int proc, struct err *err);
/* From outside; inherited by what pid forks, so it may be the helper. proc: the runtime's /proc. */
int process_set_oom(const struct spec_process *process, int proc, pid_t pid, struct err *err);
/* From outside, while init waits: hard limits that rise, scheduling, I/O priority. */
bool process_needs_tuning(const struct spec_process *process);
int process_tune(const struct spec_process *process, pid_t pid, struct err *err);

/* On itself; list of NULL or "": nothing. field: initial or final, for the error. process_affinity.c */
int process_set_affinity(const char *list, const char *field, struct err *err);

/* Pure: mode with its flags or'ed in, and the nodes ("0-3,7") as bits. */
#define PROCESS_NODES_MAX 1024
int process_memory_policy(const struct spec_memory_policy *policy, int *ret_mode, unsigned long *nodes,
			  struct err *err);

struct process_identity {
	const struct spec *spec;
	const struct spec_process *process;
	const struct capabilities *capabilities;
	mode_t caller_umask; /* stays where the config has none */
	int proc; /* the runtime's /proc: where LSM labels are written, whatever the image mounts at its own */
};

/*
 * Limits, label, bounding set, groups, gid, uid, working directory, umask. Left to the caller, for their order depends on the
 * config: the other capability sets, no_new_privs and seccomp.
 */
int process_become(const struct process_identity *identity, struct err *err);
/*
 * Signals as at the start of a program; then no descriptor from 3 + preserved on is open but *told, which closes at exec and
 * gets a new number.
 */
int process_close_descriptors(int preserved, int *told, struct err *err);

/* Owned: the home directory of a user of the container, "/" where nobody knows. process_home.c */
char *process_find_home(uid_t uid);
/* The program args[0] names, looked up in PATH of env if it has no slash; owned. The error's words are what callers match. */
int process_find_program(const struct spec_process *process, char **ret, struct err *err);
/*
 * To be called inside, before the container counts as created: engines take the exit code of a container whose program is
 * missing (127) or no program (126) from what `create` says, and hear nothing of `start` (podman, conmon).
 */
int process_check_program(const struct spec_process *process, struct err *err);
/* Returns only on failure. */
int process_execute(const char *program, char *const *argv, char *const *env, struct err *err);

#endif
