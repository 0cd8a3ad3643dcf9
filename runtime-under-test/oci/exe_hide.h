/* The runtime's own program file out of the container's reach without starting the program again. */
#ifndef OCI_EXE_HIDE_H
#define OCI_EXE_HIDE_H

/*
 * -errno where the kernel or a security module refuses: it takes CAP_CHECKPOINT_RESTORE or CAP_SYS_RESOURCE. Nothing is lost
 * then. The memory is the caller's, not the container's: a small limit never pays for it (runc issue 1980).
 */
int exe_hide(void);

/*
 * For init, which need not pay for a copy: with mounts of its own it maps the program from a read-only mount, which
 * nobody can open for writing, whoever asks. A descriptor for the link to lead to; else exe_hide() would be refused.
 */
int exe_decoy(void);
/* Before the switch to root, and before anybody else can see init. Else a copy; -errno: it is not hidden. proc: the host's. */
int exe_hide_behind(int decoy, int proc, int root);

#endif
