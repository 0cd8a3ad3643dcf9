/*
 * The runtime's own program file, out of the container's reach. A container whose program is /proc/self/exe, or a script that
 * names it after #!, runs the runtime with the container's own libraries and gets hold of the file on the host: CVE-2019-5736.
 */
#ifndef OCI_OWN_PROGRAM_H
#define OCI_OWN_PROGRAM_H

struct err;

/*
 * Before a process is made that enters a container. May start this program again, from a sealed copy and with the same words:
 * so nothing may have been done or read yet.
 */
int own_program_hide(struct err *err);

#endif
