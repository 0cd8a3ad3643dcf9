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

#include "runtime-under-test/cri/rpc/rpc.h"

static inline void crash_point(const char *name)
{
	const char *wanted = getenv("PLUMBLINE_CRASH");

	if (wanted && strcmp(wanted, name) == 0)
		(void) kill(getpid(), SIGKILL);
}
/* Likewise with $PLUMBLINE_STALL where a call may lose its caller: it is waited for that to happen. */
static inline void stall_point(const char *name, struct rpc_call *call)
{
	const char *wanted = getenv("PLUMBLINE_STALL");

	if (wanted && strcmp(wanted, name) == 0)
		(void) rpc_call_wait_ms(call, 60000);
}
#else
struct rpc_call;

static inline void crash_point(const char *name)
{
	(void) name;
}

static inline void stall_point(const char *name, struct rpc_call *call)
{
	(void) name;
	(void) call;
}
#endif

#endif
