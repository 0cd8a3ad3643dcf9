/* The descriptors of one poll(2), made anew for each round: what is not waited for is not in it. */
#ifndef CRI_MONITOR_POLLS_H
#define CRI_MONITOR_POLLS_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

struct polls {
	struct pollfd *fds; /* owned */
	size_t count, space;
};

void polls_free(struct polls *polls);
/* The place to look at afterwards; -1 when fd is none. */
int polls_add(struct polls *polls, int fd, short events);
short polls_seen(const struct polls *polls, int place);
/* Until something is ready or the deadline (absolute; 0: none) has passed. Interruptions count as neither. */
void polls_wait(struct polls *polls, int64_t deadline);

#endif
