/* System calls: arguments are read at entry, results and what they point to at exit; the table of calls decides how. */
#ifndef BPF_CALL_BPF_H
#define BPF_CALL_BPF_H

/* arch/x86/entry/syscalls/syscall_64.tbl */
#define CALL_SENDMSG 46
#define CALL_EXECVE 59
#define CALL_PRCTL 157
#define CALL_EXECVEAT 322
#define TS_COMPAT 2 /* thread_info.status on x86, arch/x86/include/asm/thread_info.h */

const volatile struct event_call calls[EVENT_CALLS] = {};

/* Straight from the registers: what a tracepoint is given may be read without a helper, which costs ten times as much. */
static __always_inline void read_arguments(struct event *e, struct pt_regs *regs)
{
	e->args[0] = regs->di;
	e->args[1] = regs->si;
	e->args[2] = regs->dx;
	e->args[3] = regs->r10;
	e->args[4] = regs->r8;
	e->args[5] = regs->r9;
}

static __always_inline void read_compat_arguments(struct event *e, struct pt_regs *regs)
{
	e->flags |= EVENT_COMPAT;
	e->args[0] = (__u32) regs->bx;
	e->args[1] = (__u32) regs->cx;
	e->args[2] = (__u32) regs->dx;
	e->args[3] = (__u32) regs->si;
	e->args[4] = (__u32) regs->di;
	e->args[5] = (__u32) regs->bp;
}

/* A mark that begins to follow its caller has an exit, too, and it is no denied call. */
static __always_inline void call_pass_over(struct task_struct *t)
{
	struct building *b = bpf_task_storage_get(&per_task, t, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!b)
		return;
	b->inside = 1;
	b->entered = 1;
	b->skip = 1;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_call_enter, struct pt_regs *regs, long id)
{
	struct task_struct *t = bpf_get_current_task_btf();

	if (id == CALL_PRCTL && mark_handle(t, regs)) {
		call_pass_over(t);
		return 0;
	}
	struct follow *f = follow_current();
	if (!f)
		return 0;
	__sync_fetch_and_add(&calls_seen, 1);
	struct building *b = bpf_task_storage_get(&per_task, t, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!b) {
		event_missed(f->tag);
		return 0;
	}
	bool compat = t->thread_info.status & TS_COMPAT;
	b->inside = 1;
	b->entered = 1;
	b->call = id;
	b->faulted = 0;
	b->skip = 0;
	if (id < 0 || id >= EVENT_CALLS) {
		b->skip = 1;
		return 0;
	}
	const volatile struct event_call *c = &calls[id & (EVENT_CALLS - 1)];
	if (!compat && !(c->flags & CALL_ON)) {
		b->skip = 1;
		return 0;
	}
	event_start(b, t, f->tag, EVENT_CALL, id);
	if (compat) {
		read_compat_arguments(&b->event, regs);
		return 0;
	}
	read_arguments(&b->event, regs);
	for (int i = 0; i < 6; i++) {
		if (c->kind[i])
			add_argument(i, c->kind[i], c->fixed[i], 0);
		if (b->skip)
			break;
	}
	/* Not below add_argument(): before Linux 6.12 all that calls each other has 512 bytes of stack together. */
	if (id == CALL_SENDMSG)
		add_rights(b->event.args[1]);
	return 0;
}

/* Refused by seccomp before sys_enter, the child's side of a clone, the exec that recording began with, or attached in mid-call. */
static __always_inline void exit_without_enter(struct building *b, struct task_struct *t, __u32 tag,
					       struct pt_regs *regs, long result)
{
	long call = regs->orig_ax;

	if (result == 0 && call >= 0 && call < EVENT_CALLS &&
	    (calls[call & (EVENT_CALLS - 1)].flags & CALL_MAKES_CHILD))
		return;
	if (result == 0 && (call == CALL_EXECVE || call == CALL_EXECVEAT))
		return;
	event_start(b, t, tag, EVENT_CALL_DENIED, call);
	read_arguments(&b->event, regs);
	b->event.result = result;
	event_emit(b);
}

static __always_inline void reread_faulted(struct building *b, const volatile struct event_call *c)
{
	__u32 faulted = b->faulted;

	/* Unrolled: Linux 6.1 takes a loop only where its head is not walked into from above. */
#pragma unroll
	for (int i = 0; i < 6; i++) {
		if (!(faulted & (1u << i)))
			continue;
		if (add_argument(i, c->kind[i], c->fixed[i], 1) < 0)
			b->event.faults |= 1u << i;
		else
			b->event.flags |= EVENT_REREAD;
	}
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_call_exit, struct pt_regs *regs, long result)
{
	struct follow *f = follow_current();

	if (!f)
		return 0;
	struct task_struct *t = bpf_get_current_task_btf();
	struct building *b = bpf_task_storage_get(&per_task, t, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!b) {
		event_missed(f->tag);
		return 0;
	}
	if (!b->inside) {
		if ((f->flags & FOLLOW_ATTACHED) && !b->entered)
			return 0; /* it was in this call when following began */
		exit_without_enter(b, t, f->tag, regs, result);
		return 0;
	}
	b->inside = 0;
	if (b->skip)
		return 0;
	const volatile struct event_call *c = &calls[b->call & (EVENT_CALLS - 1)];
	__u32 flags = c->flags;

	b->event.result = result;
	b->event.duration_ns = bpf_ktime_get_ns() - b->event.time_ns;
	if (b->faulted && !(flags & CALL_MAKES_CHILD) && c->kind[1] != ARG_ARGV && c->kind[2] != ARG_ARGV)
		reread_faulted(b, c);
	else if (b->faulted) /* after an exec the old pages are gone; EVENT_EXEC has the arguments */
		b->event.faults = b->faulted;
	if ((flags & CALL_RETURNS_FD) && result >= 0 && !(b->event.flags & EVENT_COMPAT))
		add_file(IN_TASK, PART_ARG_RESULT, (__u64) file_of((void *) t, result), result);
	if (flags & CALL_FS) {
		struct fs_struct *fs = BPF_CORE_READ(t, fs);

		add_path(IN_TASK, PART_ARG_ROOT, (__u64) BPF_CORE_READ(fs, root.mnt),
			 (__u64) BPF_CORE_READ(fs, root.dentry));
		add_path(IN_TASK, PART_ARG_CWD, (__u64) BPF_CORE_READ(fs, pwd.mnt),
			 (__u64) BPF_CORE_READ(fs, pwd.dentry));
	}
	if (flags & CALL_STATE)
		add_state(IN_TASK, PART_ARG_RESULT, bpf_get_current_task());
	event_emit(b);
	return 0;
}

#endif
