/* Runs a command system call by system call and kills it in front of the one that is asked for. ptrace(2) */
#ifndef TESTS_CRASH_STEPPER_H
#define TESTS_CRASH_STEPPER_H

#include <stdbool.h>

/* Whose calls are counted, and who is killed at the last of them. */
enum step_role { STEP_COMMAND, STEP_CHILDREN };

struct step_result {
	unsigned calls; /* system calls that were entered by the role, the fatal one included */
	bool killed;
	char call[64]; /* which one that was: its number */
	int status; /* of the command, as waitpid(2) tells it */
};

/*
 * n 0: nobody is killed. Returns when the command has ended; processes it leaves run on, no longer traced, as do programs
 * that it executes in its place. The caller must be alone in having children.
 */
void step_run(char *const *argv, enum step_role role, unsigned n, struct step_result *ret);

#endif
