/*
 * exec: one more process in a container that lives. exec.c is the caller's half, which begins with exec_look.c, exec_child.c the new
 * process's own one, exec_process.c the way from the command line to a process object, exec_cgroup.c where it is accounted.
 */
#ifndef OCI_EXEC_H
#define OCI_EXEC_H

#include <stdbool.h>
#include <sys/types.h>

#include "runtime-under-test/oci/capabilities.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/options.h"
#include "runtime-under-test/oci/seccomp.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/state.h"

struct err;
struct json;
struct runtime;

struct exec_options {
	const char *id;
	const char *
	    process; /* a file with a process object, "-" is stdin; NULL: args on top of the config's process */
	const char *cwd, *user, *apparmor, *label;
	struct option_list env, caps, groups, cgroups;
	bool tty, no_new_privileges;
	char *const *args; /* borrowed, NULL-terminated; not read beside process */

	const char *pid_file, *console_socket, *pidfd_socket;
	int preserve_fds;
	bool detach, ignore_paused;
};

struct exec {
	const struct runtime *runtime;
	const struct exec_options *options;
	struct state state; /* of the container */
	struct spec *spec; /* owned: the config that create read */
	struct spec_process process; /* of the new process */

	int proc; /* O_PATH of the runtime's /proc, verified to be procfs */
	int target; /* pidfd of init: its namespaces are joined through it */
	int console; /* connected console socket; -EBADF: none */
	int sync; /* this half's end of the socket pair */
	uint64_t joins; /* CLONE_NEW*: the namespaces of init that are not the caller's own */
	struct cgroups cgroups;
	struct capabilities capabilities;
	struct seccomp_program seccomp;
	mode_t umask; /* of the caller */
	int preserved, listen_fds;
	bool helper; /* a process goes before and makes the one that is asked for */

	/* The caller's half only. */
	pid_t pid;
	int pidfd, master; /* -EBADF: none */
};

/* *ret_code: with detach 0, else the exit code of the command, 128 + N for signal N. */
int container_exec(const struct runtime *runtime, const struct exec_options *options, int *ret_code,
		   struct err *err);

/* The process object: from the file, or config's with the options on top. config: config.json as create read it. */
int exec_process_make(const struct json *config, const struct exec_options *options, struct spec_process *ret,
		      struct err *err);

/* Fills in what the command line and the container's state lead to, and refuses what can be refused without a process. */
int exec_look(struct exec *exec, struct err *err);

/* Opens the places of the new process. wishes: [CONTROLLER[,CONTROLLER...]:]PATH below the container's own cgroup. */
int exec_cgroups_open(const struct json *places, const struct option_list *wishes, struct cgroups *ret,
		      struct err *err);
/* Where the unified cgroup takes no process any more, the one that init sits in does: a directory, or -errno. */
int exec_cgroup_of_init(const struct exec *exec, struct err *err);

/* From its first instruction to the program. */
void exec_child_main(struct exec *exec) __attribute__((noreturn));
/* After something of /proc/PID was opened or read: it was init's, and not of whoever got its number since. */
int exec_check_target(const struct exec *exec, struct err *err);
/* setns(2) for these namespaces of init. */
int exec_join(const struct exec *exec, uint64_t flags, struct err *err);

#endif
