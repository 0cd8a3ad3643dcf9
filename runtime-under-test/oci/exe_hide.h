/* The runtime's own program file out of the container's reach without starting the program again. */
#ifndef OCI_EXE_HIDE_H
#define OCI_EXE_HIDE_H

/*
 * -errno where the kernel or a security module refuses: it takes CAP_CHECKPOINT_RESTORE or CAP_SYS_RESOURCE. Nothing is lost
 * then. The memory is the caller's, not the container's: a small limit never pays for it (runc issue 1980).
 */
int exe_hide(void);

#endif
