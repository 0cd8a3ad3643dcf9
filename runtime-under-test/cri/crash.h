/*
 * Where a server may die, by name: plumbline-cri-faulty kills itself there when $PLUMBLINE_CRASH is the name, so that tests can
 * show what the next server makes of it. Elsewhere it is nothing.
 */
#ifndef CRI_CRASH_H
#define CRI_CRASH_H

#ifdef PLUMBLINE_FAULTS
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline void crash_point(const char *name)
{
	const char *wanted = getenv("PLUMBLINE_CRASH");

	if (wanted && strcmp(wanted, name) == 0)
		(void) kill(getpid(), SIGKILL);
}
#else
static inline void crash_point(const char *name)
{
	(void) name;
}
#endif

#endif
