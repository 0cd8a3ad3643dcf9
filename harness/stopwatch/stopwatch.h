/*
 * The small static program behind `plumbline bench`: it times one command from a process so small that the command's peak
 * memory is its own, and it is the floor that runtimes are compared with.
 *
 *	plumbline-stopwatch time FILE PROGRAM ARG...	one struct stopwatch_lap into FILE
 *	plumbline-stopwatch floor ROOTFS NAME		a container running /true by bare system calls, cgroups called NAME
 *	plumbline-stopwatch hold			until it is killed
 *	plumbline-stopwatch				ends at once: the payload
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

/* floor.c: 0, or an errno after a sentence on standard error. */
int floor_run(const char *rootfs, const char *name);

/* floor_init.c: the container's half; never returns. tasks: that file of every v1 hierarchy; -1: none. */
_Noreturn void floor_init(const char *rootfs, const int *tasks, int count);
_Noreturn void floor_die(const char *step);

#endif
