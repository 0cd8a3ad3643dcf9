/*
 * The measuring half of `plumbline bench`, part of the probe because a second static program would cost as much again: it times one
 * command from a process so small that the command's peak memory is its own, and it is the floor that runtimes are compared with.
 *
 *	probe --stopwatch time FILE PROGRAM ARG...	one struct stopwatch_lap into FILE
 *	probe --stopwatch floor ROOTFS NAME		a container by bare system calls running what follows, cgroups called NAME
 *	probe --stopwatch hold				until it is killed
 *	probe --stopwatch				ends at once: the payload
 */
#ifndef HARNESS_STOPWATCH_STOPWATCH_H
#define HARNESS_STOPWATCH_STOPWATCH_H

#include <stdint.h>

struct stopwatch_lap {
	int64_t wall_ns; /* from before the fork until the program was reaped */
	int64_t user_us, sys_us; /* of the program and what it waited for: getrusage(2) */
	int64_t peak_kb; /* of the largest of these */
	int32_t status, exec_error; /* as wait(2) encodes it; errno when it could not be executed */
};

/* argv: from "--stopwatch" on. */
int stopwatch_main(int argc, char **argv);

/* floor.c: 0, or an errno after a sentence on standard error. */
int floor_run(const char *rootfs, const char *name);

/* floor_init.c: the container's half; never returns. tasks: that file of every v1 hierarchy; -1: none. */
_Noreturn void floor_init(const char *rootfs, const int *tasks, int count);
_Noreturn void floor_die(const char *step);

#endif
