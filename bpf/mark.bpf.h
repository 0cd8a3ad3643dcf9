/* The marks of the harness: event.h says what they mean. */
#ifndef BPF_MARK_BPF_H
#define BPF_MARK_BPF_H

#define PIDFS_MAGIC 0x50494446 /* linux/magic.h */
#define CGROUP_MAGIC 0x27e0eb
#define CGROUP2_MAGIC 0x63677270

/* In the task's own buffer: programs of system calls may be preempted where the kernel lets them fault, and one a CPU is not theirs. */
static __always_inline void mark_emit(struct task_struct *t, __u32 tag, __u64 mark, __u64 value)
{
	struct building *b = bpf_task_storage_get(&per_task, t, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!b)
		return;
	event_start(b, t, tag, EVENT_MARK, 0xffff);
	b->event.args[0] = mark;
	b->event.args[1] = value;
	event_emit(b);
}

/* The process behind a pidfd: in private_data until Linux 6.9, in pidfs inodes since (cb12fd8e0dab). */
static __always_inline struct pid *pidfd_target(struct task_struct *t, __u32 fd)
{
	struct file *file = file_of(t, fd);

	if (!file)
		return NULL;
	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) == PIDFS_MAGIC)
		return BPF_CORE_READ(file, f_inode, i_private);
	return BPF_CORE_READ(file, private_data);
}

/* By descriptor, because a number would mean another process in another pid namespace. */
static __always_inline void follow_pidfd(struct task_struct *t, __u32 fd, __u32 tag)
{
	struct pid *pid = pidfd_target(t, fd);
	__u32 tgid = BPF_CORE_READ(pid, numbers[0].nr);

	if (!tgid)
		return;
	tag_open(tag);
	follow_start(tgid, tag, FOLLOW_ATTACHED);
	__sync_fetch_and_add(&attached_total, 1);
}

static __always_inline void follow_cgroup(struct task_struct *t, __u32 fd, __u32 tag)
{
	struct file *file = file_of(t, fd);
	__u64 magic = BPF_CORE_READ(file, f_inode, i_sb, s_magic), key;

	if (magic != CGROUP_MAGIC && magic != CGROUP2_MAGIC)
		return;
	struct kernfs_node *node = BPF_CORE_READ(file, f_inode, i_private);
	key = (__u64) BPF_CORE_READ(node, priv);
	tag_open(tag);
	if (key && !bpf_map_update_elem(&followed_cgroups, &key, &tag, BPF_ANY))
		__sync_fetch_and_add(&attached_total, 1);
}

/* The harness's own prctl: see event.h. */
static __always_inline bool mark_handle(struct task_struct *t, struct pt_regs *regs)
{
	if (!secret || regs->di != EVENT_MARK_CALL || regs->si != secret)
		return false;
	__u64 mark = regs->dx, value = regs->r10;
	__u32 tag = regs->r8, tgid = t->tgid;

	if (mark == MARK_FOLLOW || mark == MARK_FOLLOW_CHILDREN) {
		tag_open(tag);
		follow_start(tgid, tag, mark == MARK_FOLLOW ? 0 : FOLLOW_CHILDREN_ONLY);
		return true;
	}
	if (mark == MARK_FOLLOW_PROCESS) {
		follow_pidfd(t, value, tag);
		return true;
	}
	if (mark == MARK_FOLLOW_CGROUP) {
		follow_cgroup(t, value, tag);
		return true;
	}
	mark_emit(t, tag, mark, value);
	if (mark == MARK_CLOSE)
		follow_stop(tgid);
	return true;
}

#endif
