/*
 * The other end of linux.seccomp.listenerPath: takes the listeners that a runtime hands over and answers what they notify of,
 * always with the same error. config-linux.md, Container Process State.
 */
#ifndef HARNESS_AGENT_H
#define HARNESS_AGENT_H

struct err;
struct json;
struct reaper;

struct agent {
	struct reaper *reaper; /* borrowed: one of its watches serves the descriptors */
	int poll; /* of all of them; -EBADF: nobody listens */
	struct json
	    *messages; /* owned: {"state", "fds", "answered"} of each connection that said something */
};
#define AGENT_INIT                                                                                           \
	{                                                                                                    \
		.poll = -EBADF                                                                               \
	}

/* agent must not move until agent_close(): the reaper points at it. */
int agent_listen(struct agent *agent, struct reaper *reaper, const char *path, struct err *err);
void agent_close(struct agent *agent);

#endif
