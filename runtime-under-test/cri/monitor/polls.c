/* A list for poll(2). */
#include "runtime-under-test/cri/monitor/polls.h"

#include <limits.h>
#include <stdlib.h>

#include "base/process.h"

void polls_free(struct polls *polls)
{
	free(polls->fds);
	*polls = (struct polls){ 0 };
}

int polls_add(struct polls *polls, int fd, short events)
{
	if (fd < 0)
		return -1;
	if (polls->count == polls->space) {
		polls->space = polls->space ? 2 * polls->space : 16;
		polls->fds = reallocarray(polls->fds, polls->space, sizeof(*polls->fds));
		if (!polls->fds)
			abort();
	}
	polls->fds[polls->count] = (struct pollfd){ .fd = fd, .events = events };
	return (int) polls->count++;
}

short polls_seen(const struct polls *polls, int place)
{
	return place < 0 || (size_t) place >= polls->count ? 0 : polls->fds[place].revents;
}

void polls_wait(struct polls *polls, int64_t deadline)
{
	int64_t left = deadline ? deadline - process_now_ms() : -1;

	if (deadline && left < 0)
		left = 0;
	if (left > INT_MAX)
		left = INT_MAX;
	if (poll(polls->fds, polls->count, (int) left) < 0)
		for (size_t i = 0; i < polls->count; i++)
			polls->fds[i].revents = 0;
}
