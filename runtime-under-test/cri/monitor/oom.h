/* Whether the kernel killed a container for its memory. Asked while the cgroup is there: it goes with the container. */
#ifndef CRI_MONITOR_OOM_H
#define CRI_MONITOR_OOM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

struct oom {
	int events; /* memory.events, or memory.oom_control of cgroup v1; owned */
	int notice; /* an eventfd of cgroup v1; owned */
	uint64_t before; /* kills that the container has outlived */
	uint64_t seen; /* kills at all */
	int64_t settles_ms; /* when a kill just seen counts as outlived; 0: none is pending */
};
#define OOM_INIT                                                                                             \
	{                                                                                                    \
		.events = -EBADF, .notice = -EBADF                                                           \
	}

int oom_open(struct oom *oom, pid_t pid, struct err *err);
/* What to poll, and for what. */
int oom_fd(const struct oom *oom, short *ret_events);
void oom_noticed(struct oom *oom); /* its descriptor is ready */
void oom_settle(struct oom *oom, int64_t now_ms);
/* After the container's end; code as in the exit file. */
bool oom_was_it(struct oom *oom, int code);
void oom_close(struct oom *oom);

#endif
