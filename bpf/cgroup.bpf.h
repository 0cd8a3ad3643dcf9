/* Cgroups: directories that come and go, tasks that move. clone3(CLONE_INTO_CGROUP) moves without an attach: see the call's arguments. */
#ifndef BPF_CGROUP_BPF_H
#define BPF_CGROUP_BPF_H

static __always_inline int emit_cgroup(struct cgroup *cgroup, const char *path, int type)
{
	struct follow *f = follow_current();
	struct building *b;
	int where;

	if (!f)
		return 0;
	b = cpu_event_start((void *) bpf_get_current_task_btf(), f->tag, type, &where);
	if (!b)
		return 0;
	b->event.args[1] = BPF_CORE_READ(cgroup, root, hierarchy_id);
	b->event.args[2] = BPF_CORE_READ(cgroup, root, subsys_mask);
	b->event.args[3] = BPF_CORE_READ(cgroup, kn, id);
	add_kernel_string(where, 0, (__u64) path);
	cpu_event_end(b);
	return 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	return emit_cgroup(cgroup, path, EVENT_CGROUP_MKDIR);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *cgroup, const char *path)
{
	return emit_cgroup(cgroup, path, EVENT_CGROUP_RMDIR);
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *cgroup, const char *path, struct task_struct *task,
	     bool whole_group)
{
	follow_newcomer(cgroup, task->tgid);
	struct follow *f = follow_current();
	struct building *b;
	int where;

	if (!f)
		return 0;
	b = cpu_event_start((void *) bpf_get_current_task_btf(), f->tag, EVENT_CGROUP_ATTACH, &where);
	if (!b)
		return 0;
	b->event.args[0] = task->tgid;
	b->event.args[1] = BPF_CORE_READ(cgroup, root, hierarchy_id);
	b->event.args[2] = BPF_CORE_READ(cgroup, root, subsys_mask);
	b->event.args[3] = BPF_CORE_READ(cgroup, kn, id);
	b->event.args[4] = whole_group;
	add_kernel_string(where, 0, (__u64) path);
	cpu_event_end(b);
	return 0;
}

#endif
