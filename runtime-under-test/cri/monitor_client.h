/*
 * The server's side of plumbline-monitor, the small parent of each container, each sandbox's pause and each exec. A
 * monitor is no child of the server: it lives on without it. Every call may come from any thread and ends by its deadline.
 * What the two say to each other: monitor/protocol.h.
 */
#ifndef CRI_MONITOR_CLIENT_H
#define CRI_MONITOR_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct text;

/* How to reach an OCI runtime; all borrowed. */
struct monitor_runtime {
	const char *monitor; /* plumbline-monitor itself */
	const char *program; /* the OCI runtime */
	const char *root; /* its --root */
	bool systemd_cgroup;
};

/* When to give a call up. */
struct monitor_limit {
	int64_t deadline_ms; /* absolute, process_now_ms(); < 0: none */
	int cancel; /* a descriptor that becomes readable when nobody waits any more; -1: none */
};

struct monitor_create {
	struct monitor_runtime runtime;
	const char *id;
	const char *bundle;
	/*
	 * STATE/containers/ID: gets monitor.sock and, when the container has ended, exit. Also runtime.log, which the
	 * runtime writes.
	 */
	const char *directory;
	/*
	 * The CRI log: log_path lies below log_directory, and nothing on the way from there is followed that is a symlink.
	 * Folders are made. Either NULL or "": no log.
	 */
	const char *log_directory, *log_path;
	bool
	    started; /* by `run --detach`: the runtime starts once instead of twice, where nobody waits in between */
	bool wait; /* its process is a whole sandbox's: the runtime's verb `wait` tells how it ended */
	bool tty; /* as process.terminal of the config */
	bool with_stdin; /* else the container reads end-of-file */
	bool stdin_once; /* stdin ends with the first attached client that had it */
};

/*
 * Runs the runtime's `create` and leaves a monitor behind. On an error there is neither monitor nor process, but what the
 * runtime left is the caller's: `delete --force`. The sentence is the runtime's own where it gave one. -ETIMEDOUT, -ECANCELED.
 */
int monitor_create(const struct monitor_create *create, const struct monitor_limit *limit, pid_t *ret_pid,
		   struct err *err);

/* How a container ended. */
struct monitor_exit {
	bool known; /* false: the monitor was lost and left nothing; the rest is 255, 0, 0, false, 0 */
	int code; /* 0 to 255; 128 + signal when a signal ended it */
	int signal; /* 0: it exited */
	int64_t finished_at; /* ns since 1970 */
	bool oom_killed;
	uint64_t log_lost; /* bytes of output that could not be logged: the disk was full */
};
/* DIRECTORY/exit. -ENOENT: it runs, or its monitor was lost. */
int monitor_read_exit(const char *directory, struct monitor_exit *ret, struct err *err);
/* Whether a monitor serves this directory: 1, 0 or an error. */
int monitor_alive(const char *directory, struct err *err);

/*
 * One thread that holds one connection to each watched monitor and calls once for each that ends, with how. When the monitor
 * has gone before, it calls at once; so a server that starts again adds every container it knows.
 */
struct monitor_watcher;
typedef void monitor_ended(void *user, const char *id, const struct monitor_exit *how);
int monitor_watcher_open(monitor_ended *ended, void *user, struct monitor_watcher **ret, struct err *err);
int monitor_watch(struct monitor_watcher *watcher, const char *id, const char *directory, struct err *err);
/* Not for the thread of monitor_ended(). Containers and monitors stay. */
void monitor_watcher_close(struct monitor_watcher *watcher);

/* -ENOENT, -ECONNREFUSED or -ESRCH: the container has ended. An error makes no file. */
int monitor_reopen_log(const char *directory, struct err *err);
int monitor_resize(const char *directory, unsigned width, unsigned height, struct err *err);

/* The ends of a container's or command's streams. Each is a descriptor or -EBADF; owned. With a terminal in == out. */
struct monitor_streams {
	int in; /* written to */
	int out, err; /* read from: end-of-file, or EIO of a terminal, when there is no more */
	int control; /* the connection: see below */
};
void monitor_streams_close(struct monitor_streams *streams);

/*
 * Joins the container's streams beside whoever else has. A reader that rests loses output rather than holding the container up.
 * `control` reads end-of-file when the container has ended. Of a terminal out is the joint output, err is none.
 */
struct monitor_attach {
	bool in, out, err;
};
int monitor_attach(const char *directory, const struct monitor_attach *attach, struct monitor_streams *ret,
		   struct err *err);

/* A command in a running container, its own monitor over it. */
struct monitor_exec {
	struct monitor_runtime runtime;
	const char *id;
	const char
	    *directory; /* STATE/containers/ID: a folder exec-N is made in it, and removed at the end */
	const char *process; /* the process object as JSON text */
	bool tty; /* as its "terminal" */
	bool in, out, err; /* which streams are wanted; the others are /dev/null */
};
/* Returns when the command runs; the sentence of an error is the runtime's. Its streams are the caller's to serve. */
int monitor_exec(const struct monitor_exec *exec, const struct monitor_limit *limit,
		 struct monitor_streams *ret, pid_t *ret_pid, struct err *err);
/* On the control of an exec. Readable: the command has ended. What its children still write may be in the pipes. */
int monitor_exec_wait(int control, const struct monitor_limit *limit, struct monitor_exit *ret,
		      struct err *err);
/* SIGKILL for the command and everything that descends from it, also what made itself a daemon; 0 when all of it is gone. */
int monitor_exec_kill(int control, struct err *err);

/*
 * ExecSync whole. Each stream is kept up to max bytes, more is read and dropped. Past the deadline or when cancelled
 * everything the command started is killed: -ETIMEDOUT, -ECANCELED.
 */
int monitor_exec_sync(const struct monitor_exec *exec, const struct monitor_limit *limit, size_t max,
		      struct text *out, struct text *errors, struct monitor_exit *ret, struct err *err);

#endif
