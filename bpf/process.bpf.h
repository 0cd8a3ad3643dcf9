/* Processes: fork extends the tree that is followed, exec shows what a program starts with, exit and signals end it. */
#ifndef BPF_PROCESS_BPF_H
#define BPF_PROCESS_BPF_H

#define CLONE_THREAD 0x10000
#define DESCRIPTORS_MAX 1024 /* looked at after an exec */
#define SIGNAL_CHLD 17
#define SIGNAL_URG 23 /* Go's preemption: thousands, and never about the container */

SEC("tp_btf/task_newtask")
int BPF_PROG(on_fork, struct task_struct *child, __u64 flags)
{
	struct task_struct *t = bpf_get_current_task_btf();
	struct follow *f = follow_of(bpf_get_current_pid_tgid() >> 32);

	if (!f) { /* CLONE_INTO_CGROUP is there before anybody could be told */
		follow_newcomer(BPF_CORE_READ(child, cgroups, dfl_cgrp), child->tgid);
		return 0;
	}
	__u32 tag = f->tag, silent = f->flags & FOLLOW_SILENT;
	if (!(flags & CLONE_THREAD))
		follow_start(child->tgid, tag, silent ? FOLLOW_FROM_EXEC : 0);
	if (silent)
		return 0;
	int where;
	struct building *b = cpu_event_start(t, tag, EVENT_FORK, &where);
	if (!b)
		return 0;
	b->event.args[0] = child->tgid;
	b->event.args[1] = child->pid;
	b->event.args[2] = flags;
	b->event.args[3] = upid_of(BPF_CORE_READ(child, thread_pid)).nr;
	b->event.args[4] = BPF_CORE_READ(child, real_parent, tgid);
	if (!(flags & CLONE_THREAD))
		add_state(where, PART_ARG_RESULT, (__u64) BPF_CORE_READ(child, group_leader));
	cpu_event_end(b);
	return 0;
}

struct descriptors {
	struct task_struct *task;
	__u32 max, tag;
};

static long emit_descriptor(__u32 fd, void *argument)
{
	struct descriptors *d = argument;
	struct file *file;
	struct building *b;
	int where;

	if (fd >= d->max)
		return 1;
	file = file_of(d->task, fd);
	if (!file)
		return 0;
	b = cpu_event_start(d->task, d->tag, EVENT_FD, &where);
	if (!b)
		return 0;
	b->event.args[0] = fd;
	add_file(where, 0, (__u64) file, fd);
	cpu_event_end(b);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm)
{
	struct follow *f = follow_of(p->tgid);
	struct building *b;
	int where;

	if (!f || (f->flags & FOLLOW_CHILDREN_ONLY))
		return 0;
	__u32 tag = f->tag;
	f->flags = 0; /* in place: a hash map's value is shared memory */
	b = cpu_event_start(p, tag, EVENT_EXEC, &where);
	if (!b)
		return 0;
	b->event.args[0] = old_pid;
	add_kernel_string(where, 0, (__u64) BPF_CORE_READ(bprm, filename));
	struct file *file = BPF_CORE_READ(bprm, file);
	add_file(where, 1, (__u64) file, -1);
	__u64 start = BPF_CORE_READ(p, mm, arg_start), end = BPF_CORE_READ(p, mm, arg_end);
	if (end > start)
		add_user_bytes(where, 2, start, end - start > STRING_MAX ? STRING_MAX : end - start);
	/* A runtime's id stands behind its bundle, its log and its pid file. */
	start += STRING_MAX;
	if (end > start)
		add_user_bytes(where, 3, start, end - start > STRING_MAX ? STRING_MAX : end - start);
	struct fs_struct *fs = BPF_CORE_READ(p, fs);
	add_path(where, PART_ARG_ROOT, (__u64) BPF_CORE_READ(fs, root.mnt),
		 (__u64) BPF_CORE_READ(fs, root.dentry));
	add_path(where, PART_ARG_CWD, (__u64) BPF_CORE_READ(fs, pwd.mnt),
		 (__u64) BPF_CORE_READ(fs, pwd.dentry));
	add_state(where, PART_ARG_RESULT, bpf_get_current_task());
	cpu_event_end(b);

	struct descriptors d = { .task = p, .max = BPF_CORE_READ(p, files, fdt, max_fds), .tag = tag };
	bpf_loop(DESCRIPTORS_MAX, emit_descriptor, &d, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *p)
{
	struct follow *f = follow_current();
	struct building *b;
	int where;

	if (!f)
		return 0;
	if (BPF_CORE_READ(p, signal, live.counter) >
	    0) /* one thread of several, or a leader that another thread replaces */
		return 0;
	b = cpu_event_start(p, f->tag, EVENT_EXIT, &where);
	if (!b)
		return 0;
	b->event.args[0] = p->exit_code;
	b->event.args[1] = BPF_CORE_READ(p, signal, group_exit_code);
	cpu_event_end(b);
	return 0;
}

SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct *p)
{
	if (p->pid == p->tgid)
		follow_stop(p->tgid);
	return 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int sig, struct kernel_siginfo *info, struct task_struct *target, int group,
	     int result)
{
	struct follow *f = follow_current();
	struct building *b;
	int where;

	if (!f || sig == SIGNAL_CHLD || sig == SIGNAL_URG)
		return 0;
	b = cpu_event_start((void *) bpf_get_current_task_btf(), f->tag, EVENT_SIGNAL, &where);
	if (!b)
		return 0;
	b->event.args[0] = sig;
	b->event.args[1] = target->tgid;
	b->event.args[2] = result;
	cpu_event_end(b);
	return 0;
}

#endif
