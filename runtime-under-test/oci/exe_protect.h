/* The runtime's own program file, out of reach of what it starts. */
#ifndef OCI_EXE_PROTECT_H
#define OCI_EXE_PROTECT_H

struct err;

/*
 * Before a container is entered: /proc/self/exe of a process in there leads to this program's file, and a container that
 * gets it executed ("#!/proc/self/exe") could write to it afterwards (CVE-2019-5736). So the link leads to an empty, sealed
 * file; without the privilege for that, to a sealed copy, from which the program is then executed once more. argv is main's.
 * `run` leaves the first to init where it can: exe_hide_behind().
 */
int exe_protect(char **argv, struct err *err);

#endif
