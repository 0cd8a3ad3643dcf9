/* The command line of the monitor: written by monitor_client.c, read by nobody else. */
#ifndef CRI_MONITOR_OPTIONS_H
#define CRI_MONITOR_OPTIONS_H

#include <stdbool.h>

struct err;

/* All borrowed from argv; NULL: not given. */
struct monitor_options {
	const char *runtime, *root, *id;
	bool systemd_cgroup;
	const char *directory; /* of the container */
	const char *bundle; /* create */
	bool started; /* create: by `run --detach` */
	bool wait; /* create: its end is the runtime's to tell, with its verb of that name */
	const char *log_directory, *log_path;
	bool tty, with_stdin, stdin_once;
	const char *work; /* exec: its folder in directory */
	const char *mark; /* exec */
};

/* argv[0] is the verb. */
int monitor_options_parse(int argc, char **argv, struct monitor_options *ret, struct err *err);

#endif
