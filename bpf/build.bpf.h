/*
 * Building one event: a buffer a task for calls (entry and exit happen at different times), a few a CPU for everything else. One
 * would not do: a timer's interrupt sends its signal in the midst of whatever this CPU is building.
 * The adders are global functions, so that the verifier looks at each once; a global function takes no trusted pointer, hence the __u64s.
 */
#ifndef BPF_BUILD_BPF_H
#define BPF_BUILD_BPF_H

#define STRING_MAX 512
#define NAME_LENGTH_MAX 256
#define PATH_DEPTH 40
#define DATA_SLACK                                                                                           \
	576 /* one string or path component beyond EVENT_DATA_MAX: lets the verifier see every write in bounds */
#define RING_BYTES (16 << 20)

#define CPU_BUFFERS 4 /* a task, an interrupt in it, a second, and one to spare */

struct building {
	__u32 inside, call, faulted, skip, entered;
	__u32 claimed; /* of the buffers of a CPU: an event is being built in it */
	/* Of a task's own: what it is called inside, as long as it is called that outside. */
	__u32 tgid, tid, ns_tgid, ns_tid;
	struct event event;
	unsigned char data[EVENT_DATA_MAX + DATA_SLACK];
};

#define IN_TASK CPU_BUFFERS /* below: the number of a CPU's buffer */

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct building);
} per_task SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CPU_BUFFERS);
	__type(key, __u32);
	__type(value, struct building);
} per_cpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} ring SEC(".maps");

static __always_inline struct building *building_get(int where)
{
	__u32 number = where;

	if (where != IN_TASK)
		return bpf_map_lookup_elem(&per_cpu, &number);
	return bpf_task_storage_get(&per_task, bpf_get_current_task_btf(), 0, 0);
}

static __always_inline void part_put(struct building *b, __u32 at, __u32 arg, __u32 kind, __u32 size)
{
	struct event_part part = { .arg = arg, .kind = kind, .size = size };

	__builtin_memcpy(b->data + at, &part, sizeof(part));
	b->event.part_count++;
	b->event.size = at + sizeof(part) + size;
}

/* True when nothing more fits. */
static __always_inline bool building_is_full(struct building *b)
{
	if (b->event.size <= EVENT_DATA_MAX)
		return false;
	b->event.flags |= EVENT_CUT;
	return true;
}

/* A string of the traced process: 0, or -1 when the page is not there. */
__noinline int add_user_string(int where, __u32 arg, __u64 pointer)
{
	struct building *b = building_get(where);

	if (!b || building_is_full(b))
		return 0;
	__u32 at = b->event.size;
	if (at > EVENT_DATA_MAX)
		return 0;
	long n = bpf_probe_read_user_str(b->data + at + 4, STRING_MAX, (void *) pointer);
	if (n < 0 || n > STRING_MAX)
		return -1;
	part_put(b, at, arg, PART_STRING, n);
	return 0;
}

__noinline int add_user_bytes(int where, __u32 arg, __u64 pointer, __u32 size)
{
	struct building *b = building_get(where);

	if (!b || building_is_full(b))
		return 0;
	__u32 at = b->event.size;
	if (at > EVENT_DATA_MAX)
		return 0;
	if (size > STRING_MAX) {
		size = STRING_MAX;
		b->event.flags |= EVENT_CUT;
	}
	if (bpf_probe_read_user(b->data + at + 4, size, (void *) pointer))
		return -1;
	part_put(b, at, arg, PART_BYTES, size);
	return 0;
}

__noinline int add_kernel_string(int where, __u32 arg, __u64 pointer)
{
	struct building *b = building_get(where);

	if (!b || building_is_full(b))
		return 0;
	__u32 at = b->event.size;
	if (at > EVENT_DATA_MAX)
		return 0;
	long n = bpf_probe_read_kernel_str(b->data + at + 4, STRING_MAX, (void *) pointer);
	if (n < 0 || n > STRING_MAX)
		return -1;
	part_put(b, at, arg, PART_STRING, n);
	return 0;
}

struct path_walk {
	struct building *building;
	struct mount *mount;
	struct dentry *dentry, *root; /* root: of the mount */
	__u32 at;
};

/* One component, or one step from the root of a mount to where it is mounted; 1: the path has ended. */
static long path_step(__u32 number, void *argument)
{
	struct path_walk *walk = argument;
	struct mount *mount = walk->mount;
	struct dentry *dentry = walk->dentry, *parent;
	__u32 at = walk->at;

	if (at > EVENT_DATA_MAX)
		return 1;
	if (dentry == walk->root) {
		struct mount *above = BPF_CORE_READ(mount, mnt_parent);

		walk->mount = above;
		walk->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		walk->root = BPF_CORE_READ(above, mnt.mnt_root);
		return above == mount;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	long n = bpf_probe_read_kernel_str(walk->building->data + at, NAME_LENGTH_MAX,
					   BPF_CORE_READ(dentry, d_name.name));
	if (n < 0 || n > NAME_LENGTH_MAX)
		return 1;
	walk->at = at + n;
	walk->dentry = parent;
	return parent == dentry; /* a pipe, a socket, an anonymous inode: no tree above */
}

/*
 * A struct path, leaf first, up through the mounts: bpf_d_path() is refused in tp_btf programs. bpf_loop(), because the verifier walks
 * a loop of its own forty times, and did so for a third of the time that loading takes.
 */
__noinline int add_path(int where, __u32 arg, __u64 vfsmount, __u64 leaf)
{
	struct building *b = building_get(where);

	if (!b || !vfsmount || !leaf || building_is_full(b))
		return 0;
	__u32 start = b->event.size;
	if (start > EVENT_DATA_MAX)
		return 0;
	struct vfsmount *mount = (void *) vfsmount;
	struct path_walk walk = {
		.building = b,
		.mount = (void *) (vfsmount - bpf_core_field_offset(struct mount, mnt)),
		.dentry = (void *) leaf,
		.root = BPF_CORE_READ(mount, mnt_root),
		.at = start + 4,
	};
	bpf_loop(PATH_DEPTH, path_step, &walk, 0);
	if (walk.at > EVENT_DATA_MAX + NAME_LENGTH_MAX)
		return 0;
	part_put(b, start, arg, PART_PATH, walk.at - start - 4);
	return 0;
}

static __always_inline struct file *file_of(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = NULL;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	(void) bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd);
	return file;
}

static __always_inline bool file_closes_on_exec(struct task_struct *task, __u32 fd)
{
	unsigned long word = 0;

	(void) bpf_probe_read_kernel(&word, sizeof(word),
				     BPF_CORE_READ(task, files, fdt, close_on_exec) + fd / 64);
	return (word >> (fd & 63)) & 1;
}

__noinline int add_file(int where, __u32 arg, __u64 file_pointer, int fd)
{
	struct building *b = building_get(where);
	struct file *file = (void *) file_pointer;

	if (!b || !file || building_is_full(b))
		return 0;
	__u32 at = b->event.size;
	if (at > EVENT_DATA_MAX)
		return 0;
	struct event_file f = {};
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct super_block *super = BPF_CORE_READ(inode, i_sb);
	f.inode = BPF_CORE_READ(inode, i_ino);
	f.device = BPF_CORE_READ(super, s_dev);
	f.mode = BPF_CORE_READ(inode, i_mode);
	f.rdev = BPF_CORE_READ(inode, i_rdev);
	f.magic = BPF_CORE_READ(super, s_magic);
	f.flags = BPF_CORE_READ(file, f_flags);
	f.fd = fd;
	f.close_on_exec = file_closes_on_exec((void *) bpf_get_current_task_btf(), fd);
	__builtin_memcpy(b->data + at + 4, &f, sizeof(f));
	part_put(b, at, arg, PART_FILE, sizeof(f));
	return add_path(where, arg, (__u64) BPF_CORE_READ(file, f_path.mnt),
			(__u64) BPF_CORE_READ(file, f_path.dentry));
}

/* The innermost id of a struct pid: what the process itself sees. */
static __always_inline struct upid upid_of(struct pid *pid)
{
	struct upid id = {};
	__u32 level = BPF_CORE_READ(pid, level);

	(void) bpf_probe_read_kernel(
	    &id, sizeof(id), (void *) pid + bpf_core_field_offset(struct pid, numbers) + level * sizeof(id));
	return id;
}

static __always_inline __u64 capability_read(const kernel_cap_t *set)
{
	__u64 value = 0;

	(void) bpf_probe_read_kernel(&value, sizeof(value), set);
	return value;
}

static __always_inline void state_read_credentials(struct event_state *s, const struct cred *c)
{
	s->uid = BPF_CORE_READ(c, uid.val);
	s->euid = BPF_CORE_READ(c, euid.val);
	s->suid = BPF_CORE_READ(c, suid.val);
	s->fsuid = BPF_CORE_READ(c, fsuid.val);
	s->gid = BPF_CORE_READ(c, gid.val);
	s->egid = BPF_CORE_READ(c, egid.val);
	s->sgid = BPF_CORE_READ(c, sgid.val);
	s->group_count = BPF_CORE_READ(c, group_info, ngroups);
	s->inheritable = capability_read(__builtin_preserve_access_index(&c->cap_inheritable));
	s->permitted = capability_read(__builtin_preserve_access_index(&c->cap_permitted));
	s->effective = capability_read(__builtin_preserve_access_index(&c->cap_effective));
	s->bounding = capability_read(__builtin_preserve_access_index(&c->cap_bset));
	s->ambient = capability_read(__builtin_preserve_access_index(&c->cap_ambient));
	s->securebits = BPF_CORE_READ(c, securebits);
	s->ns_user = BPF_CORE_READ(c, user_ns, ns.inum);
}

static __always_inline void state_read_namespaces(struct event_state *s, struct task_struct *t)
{
	struct nsproxy *ns = BPF_CORE_READ(t, nsproxy);
	struct upid id = upid_of(BPF_CORE_READ(t, thread_pid));

	s->ns_pid = BPF_CORE_READ(id.ns, ns.inum);
	if (!ns)
		return;
	s->ns_mount = BPF_CORE_READ(ns, mnt_ns, ns.inum);
	s->ns_uts = BPF_CORE_READ(ns, uts_ns, ns.inum);
	s->ns_ipc = BPF_CORE_READ(ns, ipc_ns, ns.inum);
	s->ns_pid_children = BPF_CORE_READ(ns, pid_ns_for_children, ns.inum);
	s->ns_net = BPF_CORE_READ(ns, net_ns, ns.inum);
	s->ns_cgroup = BPF_CORE_READ(ns, cgroup_ns, ns.inum);
	if (bpf_core_field_exists(ns->time_ns))
		s->ns_time = BPF_CORE_READ(ns, time_ns, ns.inum);
}

/* MMF_DUMPABLE: the two low bits of mm->flags, linux/sched/coredump.h. */
static __always_inline __u32 dumpable_of(struct mm_struct *mm)
{
	struct mm_struct___bitmap *newer = (void *) mm;
	unsigned long flags = 0;

	if (bpf_core_field_exists(newer->flags.__mm_flags))
		(void) bpf_core_read(&flags, sizeof(flags), &newer->flags);
	else
		flags = BPF_CORE_READ(mm, flags);
	return flags & 3;
}

__noinline int add_state(int where, __u32 arg, __u64 task)
{
	struct building *b = building_get(where);
	struct task_struct *t = (void *) task;

	if (!b || building_is_full(b))
		return 0;
	__u32 at = b->event.size;
	if (at > EVENT_DATA_MAX)
		return 0;
	struct event_state s = {};
	state_read_credentials(&s, BPF_CORE_READ(t, cred));
	state_read_namespaces(&s, t);
	s.no_new_privs = BPF_CORE_READ(t, atomic_flags) & 1; /* PFA_NO_NEW_PRIVS is bit 0, linux/sched.h */
	s.seccomp_mode = BPF_CORE_READ(t, seccomp.mode);
	if (bpf_core_field_exists(t->seccomp.filter_count))
		s.seccomp_filters = BPF_CORE_READ(t, seccomp.filter_count.counter);
	s.oom_score_adj = BPF_CORE_READ(t, signal, oom_score_adj);
	s.dumpable = dumpable_of(BPF_CORE_READ(t, mm));
	__builtin_memcpy(b->data + at + 4, &s, sizeof(s));
	part_put(b, at, arg, PART_STATE, sizeof(s));
	return 0;
}

/* Read once for the calls of a task. A thread that executes a program becomes its process's leader, and is another task here. */
static __always_inline void read_inner_ids(struct building *b, struct task_struct *t)
{
	struct event *e = &b->event;

	if (b->tgid != e->tgid || b->tid != e->tid) {
		b->ns_tgid = upid_of(BPF_CORE_READ(t, group_leader, thread_pid)).nr;
		b->ns_tid = upid_of(BPF_CORE_READ(t, thread_pid)).nr;
		b->tgid = e->type == EVENT_CALL ? e->tgid : 0; /* the buffers of a CPU are everybody's */
		b->tid = e->tid;
	}
	e->ns_tgid = b->ns_tgid;
	e->ns_tid = b->ns_tid;
}

static __always_inline void event_start(struct building *b, struct task_struct *t, __u32 tag, int type,
					int call)
{
	struct event *e = &b->event;

	__builtin_memset(e, 0, sizeof(*e));
	e->time_ns = bpf_ktime_get_ns();
	e->type = type;
	e->call = call;
	e->cpu = bpf_get_smp_processor_id();
	e->tag = tag;
	e->tgid = t->tgid;
	e->tid = t->pid;
	read_inner_ids(b, t);
	BPF_CORE_READ_STR_INTO(&e->comm, t, comm);
}

/* Never wakes the reader: wake-ups, not probes, are what recording costs. */
static __always_inline void event_emit(struct building *b)
{
	__u32 size = b->event.size, tag = b->event.tag;
	struct tag_count *count = bpf_map_lookup_elem(&tags, &tag);

	if (size > EVENT_DATA_MAX + DATA_SLACK - 8)
		size = EVENT_DATA_MAX + DATA_SLACK - 8;
	b->event.size = size;
	if (!count)
		return;
	b->event.sequence = __sync_fetch_and_add(&count->sequence, 1);
	if (bpf_ringbuf_output(&ring, &b->event, sizeof(b->event) + size, BPF_RB_NO_WAKEUP))
		event_missed(tag);
}

/* An event that is no call: a buffer of this CPU that nobody is building in, by an atomic exchange; NULL, and counted: there is none. */
static __always_inline struct building *cpu_event_start(struct task_struct *t, __u32 tag, int type,
							int *where)
{
	for (int i = 0; i < CPU_BUFFERS; i++) {
		struct building *b = building_get(i);

		if (!b || __sync_lock_test_and_set(&b->claimed, 1))
			continue;
		event_start(b, t, tag, type, 0xffff);
		*where = i;
		return b;
	}
	event_missed(tag);
	return NULL;
}

/* Whoever started one ends it here. */
static __always_inline void cpu_event_end(struct building *b)
{
	event_emit(b);
	__sync_lock_test_and_set(&b->claimed, 0);
}

#endif
