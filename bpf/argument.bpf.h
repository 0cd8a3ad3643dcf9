/* What the arguments of a call point to, read while they are still what the caller gave. */
#ifndef BPF_ARGUMENT_BPF_H
#define BPF_ARGUMENT_BPF_H

#define CLONE_INTO_CGROUP_FLAG (1ull << 33)
#define PRCTL_SET_NAME 15
#define PRCTL_SET_SECCOMP 22
#define IOCTL_SET_LINK_FLAGS 0x8914 /* SIOCSIFFLAGS: linux/sockios.h */
#define SECCOMP_MODE_FILTER 2
#define KEYCTL_JOIN_SESSION_KEYRING 1
#define LEVEL_SOCKET 1 /* SOL_SOCKET and SCM_RIGHTS: linux/socket.h */
#define SCM_RIGHTS_TYPE 1
#define MESSAGE_CONTROL 32 /* in struct user_msghdr */
#define MESSAGE_CONTROL_LENGTH 40

/* Number after /proc/self/fd/ or /proc/thread-self/fd/ in the user's path: add the file behind it. */
__noinline int add_proc_fd(int where, __u32 arg, __u64 pointer)
{
	char p[36] = {};
	__u32 fd = 0;
	int at;

	if (bpf_probe_read_user_str(p, sizeof(p), (void *) pointer) < 0)
		return 0;
	if (p[0] != '/' || p[1] != 'p' || p[2] != 'r' || p[3] != 'o' || p[4] != 'c' || p[5] != '/')
		return 0;
	if (p[6] == 's' && p[7] == 'e' && p[10] == '/' && p[11] == 'f' && p[12] == 'd' && p[13] == '/')
		at = 14;
	else if (p[6] == 't' && p[12] == '-' && p[17] == '/' && p[18] == 'f' && p[19] == 'd' && p[20] == '/')
		at = 21;
	else
		return 0;
	for (int i = 0; i < 6; i++) {
		char c = at == 14 ? p[14 + i] : p[21 + i];

		if (c < '0' || c > '9')
			break;
		fd = fd * 10 + (c - '0');
	}
	struct file *file = file_of((void *) bpf_get_current_task_btf(), fd);
	if (!file)
		return 0;
	return add_path(where, PART_ARG_PROCFD + arg, (__u64) BPF_CORE_READ(file, f_path.mnt),
			(__u64) BPF_CORE_READ(file, f_path.dentry));
}

/* struct sock_fprog: length, then a pointer to 8-byte instructions. */
static __always_inline int add_filter(struct building *b, __u32 arg, __u64 pointer)
{
	struct {
		__u16 length, pad[3];
		__u64 instructions;
	} program = {};

	if (!pointer)
		return 0;
	if (bpf_probe_read_user(&program, sizeof(program), (void *) pointer))
		return -1;
	b->event.extra = program.length;
	return add_user_bytes(IN_TASK, arg, program.instructions,
			      program.length > 64 ? STRING_MAX : program.length * 8);
}

static __always_inline int add_argv(__u32 arg, __u64 vector)
{
	int r = 0;

	for (int i = 0; i < 8; i++) {
		__u64 pointer = 0;

		if (bpf_probe_read_user(&pointer, sizeof(pointer), (void *) (vector + i * 8)))
			return -1;
		if (!pointer)
			break;
		if (add_user_string(IN_TASK, arg, pointer))
			r = -1;
	}
	return r;
}

/* struct iovec: only the first; control files are written by one. */
static __always_inline int add_first_iovec(__u32 arg, __u64 vector)
{
	struct {
		__u64 base, length;
	} iov = {};

	if (bpf_probe_read_user(&iov, sizeof(iov), (void *) vector))
		return -1;
	if (!iov.base || !iov.length)
		return 0;
	return add_user_bytes(IN_TASK, arg, iov.base, iov.length > STRING_MAX ? STRING_MAX : iov.length);
}

struct passed {
	__u64 descriptors, count;
};

/* The file behind a descriptor that goes along; the receiver gets it under a number of its own. */
static long add_passed(__u32 number, void *argument)
{
	struct passed *passed = argument;
	__u32 fd = 0;

	if (number >= passed->count ||
	    bpf_probe_read_user(&fd, sizeof(fd), (void *) (passed->descriptors + number * sizeof(fd))))
		return 1;
	add_file(IN_TASK, PART_ARG_RIGHTS + number, (__u64) file_of((void *) bpf_get_current_task_btf(), fd),
		 fd);
	return 0;
}

/* struct cmsghdr: unix(7). Credentials may come before the descriptors: the first two messages are looked at. */
__noinline int add_rights(__u64 message)
{
	struct building *b = building_get(IN_TASK);
	struct passed passed = {};
	__u64 at = 0, control = 0, length = 0;

	if (bpf_probe_read_user(&control, sizeof(control), (void *) (message + MESSAGE_CONTROL)) ||
	    bpf_probe_read_user(&length, sizeof(length), (void *) (message + MESSAGE_CONTROL_LENGTH)))
		return 0;

	for (int i = 0; i < 2 && !passed.count; i++) {
		struct {
			__u64 length;
			__s32 level, type;
		} header = {};

		if (at + sizeof(header) > length ||
		    bpf_probe_read_user(&header, sizeof(header), (void *) (control + at)) ||
		    header.length < sizeof(header) || header.length > length - at)
			break;
		if (header.level == LEVEL_SOCKET && header.type == SCM_RIGHTS_TYPE) {
			passed.descriptors = control + at + sizeof(header);
			passed.count = (header.length - sizeof(header)) / sizeof(__u32);
		}
		at += (header.length + 7) & ~7ull;
	}
	bpf_loop(RIGHTS_MAX, add_passed, &passed, 0);
	if (b && passed.count > RIGHTS_MAX)
		b->event.flags |= EVENT_CUT;
	return 0;
}

/* struct user_msghdr: first data vector as argument 1, control messages as argument 2. */
static __always_inline int add_message(__u64 pointer)
{
	struct {
		__u64 name;
		__u32 name_length, pad;
		__u64 iov, iov_length, control, control_length;
	} message = {};
	int r = 0;

	if (bpf_probe_read_user(&message, sizeof(message), (void *) pointer))
		return -1;
	if (message.iov && message.iov_length)
		r = add_first_iovec(1, message.iov);
	if (message.control && message.control_length)
		r |= add_user_bytes(IN_TASK, 2, message.control,
				    message.control_length > 256 ? 256 : message.control_length);
	return r;
}

/* struct clone_args: clone3(CLONE_INTO_CGROUP) moves without an attach event, so the directory it names is part of the call. */
static __always_inline int add_clone(__u32 arg, __u64 pointer, __u64 size)
{
	struct {
		__u64 flags, others[9], cgroup;
	} args = {};

	if (!size)
		return 0;
	if (add_user_bytes(IN_TASK, arg, pointer, size > STRING_MAX ? STRING_MAX : size))
		return -1;
	if (size < sizeof(args) || bpf_probe_read_user(&args, sizeof(args), (void *) pointer))
		return 0;
	if (args.flags & CLONE_INTO_CGROUP_FLAG)
		add_file(IN_TASK, arg + 1, (__u64) file_of((void *) bpf_get_current_task_btf(), args.cgroup),
			 args.cgroup);
	return 0;
}

/* Writes matter where a file is a kernel switch: cgroup, cgroup2, proc, debugfs' kin and resctrl. linux/magic.h */
static __always_inline bool file_is_control(struct file *file)
{
	__u64 magic = BPF_CORE_READ(file, f_inode, i_sb, s_magic);

	return magic == 0x27e0eb || magic == 0x63677270 || magic == 0x9fa0 || magic == 0x62656572 ||
	       magic == 0x7655821;
}

static __always_inline int add_descriptor(struct building *b, __u32 i, __u32 kind, __u64 fd)
{
	struct file *file = file_of((void *) bpf_get_current_task_btf(), fd);

	if (!file)
		return 0;
	if (kind == ARG_WRITE_FD && !file_is_control(file)) {
		b->skip = 1;
		return 0;
	}
	return add_file(IN_TASK, i, (__u64) file, fd);
}

/* Some calls choose by their first argument what the others mean. Returns the kind, and moves *value where needed. */
static __always_inline __u32 kind_by_option(struct building *b, __u32 kind, __u64 *value)
{
	__u64 option = b->event.args[0];

	if (kind == ARG_PRCTL) {
		if (option == PRCTL_SET_NAME)
			return ARG_STRING;
		if (option == PRCTL_SET_SECCOMP && b->event.args[1] == SECCOMP_MODE_FILTER) {
			*value = b->event.args[2];
			return ARG_FILTER;
		}
		return ARG_NONE;
	}
	if (kind == ARG_IOCTL) {
		if (b->event.args[1] == IOCTL_SET_LINK_FLAGS)
			return ARG_FIXED;
		b->skip = 1;
		return ARG_NONE;
	}
	if (kind == ARG_KEYCTL)
		return option == KEYCTL_JOIN_SESSION_KEYRING && *value ? ARG_STRING : ARG_NONE;
	return kind;
}

static __always_inline int add_pointed(struct building *b, __u32 i, __u32 kind, __u64 value, __u64 next,
				       __u32 fixed)
{
	int r;

	if (!value)
		return 0;
	if (kind == ARG_STRING) {
		r = add_user_string(IN_TASK, i, value);
		if (!r)
			add_proc_fd(IN_TASK, i, value);
		return r;
	}
	if (kind == ARG_BYTES_NEXT)
		return next ? add_user_bytes(IN_TASK, i, value, next > STRING_MAX ? STRING_MAX : next) : 0;
	if (kind == ARG_FIXED)
		return add_user_bytes(IN_TASK, i, value, fixed);
	if (kind == ARG_GIDS) {
		__u64 n = b->event.args[0];

		return n ? add_user_bytes(IN_TASK, i, value, n > 64 ? 256 : n * 4) : 0;
	}
	if (kind == ARG_FILTER)
		return add_filter(b, i, value);
	if (kind == ARG_ARGV)
		return add_argv(i, value);
	if (kind == ARG_MESSAGE)
		return add_message(value);
	if (kind == ARG_IOVEC)
		return add_first_iovec(i, value);
	if (kind == ARG_CLONE)
		return add_clone(i, value, next);
	return 0;
}

/* One argument. late: second try at exit for pages that were not there at entry. */
__noinline int add_argument(__u32 i, __u32 kind, __u32 fixed, int late)
{
	struct building *b = building_get(IN_TASK);

	if (!b)
		return 0;
	i &= 7;
	if (i > 5)
		return 0;
	__u64 value = b->event.args[i], next = i < 5 ? b->event.args[i + 1] : 0;

	kind = kind_by_option(b, kind, &value);
	if (kind == ARG_FD || kind == ARG_WRITE_FD || kind == ARG_DIRFD) {
		if (late || (int) value < 0)
			return 0;
		return add_descriptor(b, i, kind, value);
	}
	int r = add_pointed(b, i, kind, value, next, fixed);
	if (r < 0 && !late)
		b->faulted |= 1u << i;
	return r;
}

#endif
