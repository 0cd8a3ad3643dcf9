/* What the files of monitor_client.h share: one packet as an object, by a deadline, and a monitor's start. */
#ifndef CRI_MONITOR_CALL_H
#define CRI_MONITOR_CALL_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct json;
struct monitor_limit;
struct monitor_runtime;

/* Starts `monitor VERB ARGUMENT...` with these streams (-1: /dev/null) and returns the server's end of its connection. */
#define MONITOR_ARGUMENTS 32
struct monitor_command {
	const char *argv[MONITOR_ARGUMENTS]; /* borrowed */
	size_t count;
};
void monitor_command_begin(struct monitor_command *command, const struct monitor_runtime *runtime,
			   const char *verb);
void monitor_command_add(struct monitor_command *command, const char *option, const char *value);
int monitor_start(const struct monitor_command *command, const int stdio[3], struct err *err);

/* The next packet; -ETIMEDOUT, -ECANCELED, -ECONNRESET at end-of-file. Owned: *ret, and the descriptors that came. */
int monitor_receive(int socket, const struct monitor_limit *limit, struct json **ret, int *ret_fds,
		    size_t *ret_fd_count, struct err *err);
/* An answer with an "error" as a return value: the sentence is the runtime's log's, else the monitor's. */
int monitor_check(const struct json *answer, struct err *err);
/* One request on monitor.sock and its answer; the connection is returned. */
int monitor_ask(const char *directory, const char *request, int *ret_fds, size_t *ret_fd_count,
		struct err *err);

#endif
