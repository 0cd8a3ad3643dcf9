/*
 * Everything that an exec started, also what has made itself a daemon since. Orphans inside a PID namespace go to that
 * namespace's init, not to the monitor, however much it is a subreaper: find_new_reaper() in kernel/exit.c stays on the
 * level of the father. So parents alone do not tell, a cgroup of its own would take the command out of its container's, and
 * what every child inherits and nothing shows is the timer slack: the monitor of an exec lengthens it by 1 to 16,384 ns, its
 * mark, and all that descends from it wears that. prctl(2), PR_SET_TIMERSLACK.
 */
#ifndef CRI_MONITOR_TREE_H
#define CRI_MONITOR_TREE_H

#include <stdint.h>

struct err;

/* 0: no mark. */
int tree_mark(unsigned mark, struct err *err);
/*
 * SIGKILL for what descends from this process or wears its mark, until none is left; children are reaped. -ETIMEDOUT: some
 * live on, as frozen ones do.
 */
int tree_kill(unsigned mark, int64_t deadline, struct err *err);

#endif
