/* Being told when the container's memory has run out. */
#ifndef OCI_OOM_H
#define OCI_OOM_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

struct cgroups;
struct err;

struct oom_watch {
	int fd; /* readable when something happened; -EBADF: nobody tells */
	int source; /* v1: memory.oom_control; v2: memory.events */
	bool unified;
	uint64_t seen; /* kills that were there before, v2 */
};
#define OOM_WATCH_INIT                                                                                       \
	{                                                                                                    \
		.fd = -EBADF, .source = -EBADF                                                               \
	}
/* *ret is OOM_WATCH_INIT before. */
int oom_watch_open(const struct cgroups *cgroups, struct oom_watch *ret, struct err *err);
/* How often since the last time. */
unsigned oom_watch_read(struct oom_watch *watch);
void oom_watch_close(struct oom_watch *watch);
#define auto_oom_watch __attribute__((cleanup(oom_watch_close))) struct oom_watch

#endif
