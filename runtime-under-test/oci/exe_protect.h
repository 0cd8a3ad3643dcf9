/* The runtime's own program file, out of reach of what it starts. */
#ifndef OCI_EXE_PROTECT_H
#define OCI_EXE_PROTECT_H

struct err;

/*
 * Before a container is entered: /proc/self/exe of a process in there leads to this program's file, and a container that
 * gets it executed ("#!/proc/self/exe") could write to it afterwards (CVE-2019-5736). So the program runs from a mount of
 * its own that is read-only and that nobody can reach or change; without the privilege for that, from a sealed copy.
 * Executes the program again, once, unless it is protected already. argv is main's.
 */
int exe_protect(char **argv, struct err *err);

#endif
