/*
 * The record shared by kernel and user side: a fixed header, then parts (arguments, paths, states) by kind.
 * Everything is little-endian and naturally aligned in the header, byte-packed in the parts; the decoder copies, never casts.
 */
#ifndef BPF_EVENT_H
#define BPF_EVENT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define EVENT_CALLS 512 /* system call numbers the table can describe */
/* Bytes of parts of one event; what does not fit is dropped and EVENT_CUT is set. */
#define EVENT_DATA_MAX 3072

enum event_type {
	EVENT_CALL = 1, /* a system call that entered and returned */
	EVENT_CALL_DENIED, /* an exit without an enter: refused by seccomp, or attached in mid-call */
	EVENT_FORK, /* args: child tgid, child tid, clone flags, child pid in its namespace, real parent */
	EVENT_EXEC, /* parts: file name, path of the file, argv, its second half kilobyte, state */
	EVENT_EXIT, /* args: exit code as wait(2) encodes it */
	EVENT_FD, /* follows EVENT_EXEC once a descriptor that survived it */
	EVENT_CGROUP_ATTACH, /* args: tgid, hierarchy id, controller mask, cgroup id, whole group */
	EVENT_CGROUP_MKDIR,
	EVENT_CGROUP_RMDIR,
	EVENT_CAPABILITY, /* args: capability, namespace inode, result */
	EVENT_SIGNAL, /* args: signal, target tgid, result */
	EVENT_URING, /* args: opcode: work that system call probes cannot see */
	EVENT_MARK, /* args: enum event_mark, value; from the harness, see EVENT_MARK_CALL */
	EVENT_TYPE_END,
};

/*
 * The harness marks by a call that cannot succeed, prctl(EVENT_MARK_CALL, secret, mark, value, tag): it works across pid
 * namespaces and needs no descriptor in the marked process. The secret is random per run, so a traced program cannot forge it.
 */
#define EVENT_MARK_CALL 0x504c4d42 /* "PLMB" */
enum event_mark {
	/* the caller's future children are recorded under tag, each from its first exec on; the caller itself is not */
	MARK_FOLLOW_CHILDREN = 1,
	MARK_FOLLOW, /* the caller and its children are */
	MARK_PHASE, /* value: enum event_phase begins for this tag; the mark is an event of the tag */
	MARK_CLOSE, /* no more events of this tag are wanted; the mark is the tag's last event */
	MARK_FOLLOW_PROCESS, /* value: a pidfd of the caller; that process and its future children are */
	MARK_FOLLOW_CGROUP, /* value: a descriptor of the caller, of a cgroup directory; whoever comes there is */
};
enum event_phase {
	PHASE_NONE,
	PHASE_CREATE,
	PHASE_START,
	PHASE_EXEC,
	PHASE_KILL,
	PHASE_DELETE,
	PHASE_STATE,
	PHASE_WAIT,
	PHASE_OTHER,
};

#define EVENT_COMPAT (1u << 0) /* a 32-bit call: args are bx cx dx si di bp, numbers are of the i386 table */
#define EVENT_CUT (1u << 1) /* some part did not fit */
/* An argument faulted at entry and was read at exit: a racing writer could have changed it. */
#define EVENT_REREAD (1u << 2)

struct event {
	__u64 time_ns; /* CLOCK_MONOTONIC at entry */
	__u64 duration_ns; /* calls only */
	__u64 sequence; /* of the run, without gaps unless events were lost */
	__u16 type, call; /* call: system call number of CALL, CALL_DENIED and CAPABILITY; 0xffff: none */
	__u8 cpu, flags, part_count, faults; /* faults: bit N: argument N could not be read */
	__u32 tgid, tid; /* in the first pid namespace */
	__u32 ns_tgid, ns_tid; /* in the task's own */
	__u32 size; /* bytes of parts that follow */
	__u32 tag; /* the case */
	__u32 extra, reserved; /* extra: instructions of a seccomp filter, ... */
	__s64 result;
	__u64 args[6];
	char comm[16];
};

enum part_kind {
	PART_STRING = 1, /* NUL-terminated unless cut */
	PART_BYTES,
	PART_PATH, /* components from leaf to root, each NUL-terminated: "x\0tmp\0" is /tmp/x */
	PART_STATE, /* struct event_state */
	PART_FILE, /* struct event_file */
	PART_KIND_END,
};
/* Part names beyond argument numbers 0-5. */
#define PART_ARG_RESULT 6 /* the descriptor or state a call left */
#define PART_ARG_ROOT 7 /* the task's root and working directory after the call */
#define PART_ARG_CWD 8
#define PART_ARG_PROCFD 16 /* + N: the file behind /proc/self/fd/M in argument N */
#define PART_ARG_RIGHTS 32 /* + N: the file behind the Nth descriptor that a message carries */
#define PART_ARG_RESOLVED                                                                                    \
	48 /* + N: what the kernel found at the path in argument N; where it takes fentry programs */
#define RIGHTS_MAX 8 /* of one message; it may carry 253: SCM_MAX_FD, net/scm.h */

/* They lie at any byte of an event; where they are looked at in place, the compiler has to know. They have no padding to lose. */
#ifdef __bpf__
#define EVENT_PACKED
#else
#define EVENT_PACKED __attribute__((packed))
#endif

struct event_part {
	__u8 arg, kind;
	__u16 size;
};

struct event_state {
	__u32 uid, euid, suid, fsuid, gid, egid, sgid, group_count;
	__u64 inheritable, permitted, effective, bounding, ambient;
	__u32 securebits, no_new_privs, seccomp_mode, seccomp_filters;
	__u32 ns_mount, ns_uts, ns_ipc, ns_pid, ns_pid_children, ns_net, ns_cgroup, ns_time,
	    ns_user; /* inode numbers */
	__s32 oom_score_adj;
	__u32 dumpable, reserved;
} EVENT_PACKED;

struct event_file {
	__u64 inode;
	__u32 device, mode, flags, magic; /* flags: f_flags; magic: of the super block, linux/magic.h */
	__s32 fd;
	__u32 close_on_exec, rdev, reserved;
} EVENT_PACKED;

/* One row of the table of calls, given to the kernel side as read-only data before load. */
enum arg_kind {
	ARG_NONE,
	ARG_STRING,
	ARG_FD,
	ARG_DIRFD,
	ARG_BYTES_NEXT,
	ARG_FIXED,
	ARG_ARGV,
	ARG_FILTER,
	ARG_GIDS,
	ARG_WRITE_FD,
	ARG_PRCTL,
	ARG_KEYCTL,
	ARG_MESSAGE,
	ARG_IOVEC,
	ARG_IOCTL, /* the third argument of the requests that change network links; other requests are not recorded */
	ARG_CLONE, /* struct clone_args; the cgroup it names follows as argument 1 */
};
#define CALL_ON (1u << 0)
#define CALL_STATE (1u << 1) /* append the task's state after the call */
#define CALL_FS (1u << 2) /* append root and cwd */
#define CALL_RETURNS_FD (1u << 3)
#define CALL_MAKES_CHILD (1u << 4)
struct event_call {
	__u8 flags, kind[6], fixed[6], reserved[3]; /* fixed: bytes of ARG_FIXED */
};

#endif
