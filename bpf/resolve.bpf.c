/*
 * The second set, for kernels that take fentry programs: where a mount lands. A tracepoint shows the path that was given; the kernel walks
 * it a moment later, and a link on the way or another thread that writes to the string lead elsewhere. The security hooks get
 * what the walk found. It is added to the call that is being recorded: security/security.c.
 */
#include "bpf/kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/event.h"

#include "bpf/filter.bpf.h"

#include "bpf/build.bpf.h"

/* arch/x86/entry/syscalls/syscall_64.tbl */
#define CALL_MOUNT 165
#define CALL_UMOUNT2 166
#define CALL_MOVE_MOUNT 429

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline int add_resolved(__u32 call, __u32 arg, __u64 vfsmount, __u64 dentry)
{
	struct building *b = building_get(IN_TASK);

	if (b && b->inside && !b->skip && b->call == call)
		add_path(IN_TASK, PART_ARG_RESOLVED + arg, vfsmount, dentry);
	return 0;
}

SEC("fentry/security_sb_mount")
int BPF_PROG(on_mount, const char *device, const struct path *path)
{
	return add_resolved(CALL_MOUNT, 1, (__u64) BPF_CORE_READ(path, mnt),
			    (__u64) BPF_CORE_READ(path, dentry));
}

SEC("fentry/security_move_mount")
int BPF_PROG(on_move_mount, const struct path *from, const struct path *to)
{
	return add_resolved(CALL_MOVE_MOUNT, 3, (__u64) BPF_CORE_READ(to, mnt),
			    (__u64) BPF_CORE_READ(to, dentry));
}

SEC("fentry/security_sb_umount")
int BPF_PROG(on_umount, struct vfsmount *mount)
{
	__u64 number = 0; /* read as one: a global function takes no trusted pointer */

	(void) bpf_probe_read_kernel(&number, sizeof(number), ctx);
	return add_resolved(CALL_UMOUNT2, 0, number, (__u64) BPF_CORE_READ(mount, mnt_root));
}
