/*
 * The life of a container as the verbs see it, and what every verb is given. The verbs parse, these functions do.
 *
 * Who implements what: container_*() and mount_option_name() lie in create.c, start.c, run.c, destroy.c and
 * mounts.c; log.h, options.h, state.h, spec.h and the verbs are the other side. Nothing here prints: errors
 * return through err, warnings go to runtime->log.
 */
#ifndef OCI_CONTAINER_H
#define OCI_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

struct cgroups;
struct err;
struct json;
struct log;
struct spec;
struct state;

/* The global options, resolved: one for the life of the process. */
struct runtime {
	int root; /* descriptor of the state root: state_root_open() */
	const char *root_path; /* absolute, for messages and for what must outlive a descriptor */
	bool systemd_cgroup; /* --systemd-cgroup */
	bool rootless; /* --rootless=true, or auto and the effective uid is not 0 or not the first one */
	const char *resctrl; /* --resctrl: where its root is; NULL: where it is mounted */
	char **argv; /* main's, to execute the program once more */
	struct log *log; /* borrowed; log_warning() and log_debug() */
};

struct create_options {
	const char *id; /* validated by state_create() */
	const char *bundle_path; /* absolute */
	int bundle; /* descriptor of the bundle directory */
	const char *pid_file; /* NULL: none. Relative to the caller's working directory */
	const char *console_socket; /* NULL: none */
	const char *pidfd_socket; /* NULL: none */
	int preserve_fds; /* 3 .. 3+N-1 survive into the payload, beside $LISTEN_FDS */
	bool no_pivot, no_new_keyring;
	bool no_subreaper; /* run only; accepted because callers send it */
	bool detach, keep; /* run only */
	int decoy; /* exe_decoy(): init hides the program; -EBADF: that was done, or nobody does */
};

/*
 * Everything up to "created": ROOT/ID, namespaces, cgroups, mounts, hooks before start, the state file, then the pid
 * file (by rename). An error leaves nothing behind. spec is borrowed and may be changed; config is borrowed and
 * shared by the state, so later edits of the file have no effect.
 */
int container_create(const struct runtime *runtime, const struct create_options *options, struct spec *spec,
		     struct json *config, struct err *err);

/*
 * Locks, demands "created" (else -EINVAL, "container X is not created: it is running"; nothing is changed), releases
 * init, reports the payload's exec failure, runs poststart hooks. A failing startContainer or poststart hook destroys the
 * container: runtime.md#lifecycle. Without process in the config: -EINVAL.
 */
int container_start(const struct runtime *runtime, const char *id, struct err *err);

/*
 * create and start. In the foreground (not detach) it forwards every signal it gets to init, waits, and deletes the
 * container unless keep. *ret_code is the exit code of init, 128 + N for signal N; 0 with detach.
 */
int container_run(const struct runtime *runtime, const struct create_options *options, struct spec *spec,
		  struct json *config, int *ret_code, struct err *err);

/*
 * Undoes creation: kills every process of the container and waits until they are gone, removes its cgroups and mounts,
 * then ROOT/ID, then runs the poststop hooks (their failure is a warning: runtime.md#lifecycle 13). The caller holds the
 * lock of directory and has decided that the container may go. Works on what a killed runtime left half made:
 * state may have no pid, no cgroups, no config.
 */
int container_destroy(const struct runtime *runtime, int directory, const struct state *state,
		      struct err *err);

/* The same by who made the cgroups and still has them open. */
int container_destroy_in(const struct runtime *runtime, const struct cgroups *cgroups,
			 const struct state *state, struct err *err);

/* Signals every process in the container's cgroups, below ones included. No process there is 0. */
int container_signal_all(const struct runtime *runtime, const struct state *state, int signal,
			 struct err *err);

/* The table of mount options, for features: the name at index, or NULL past the end. Data of file systems is not in it. */
const char *mount_option_name(size_t index);

#endif
