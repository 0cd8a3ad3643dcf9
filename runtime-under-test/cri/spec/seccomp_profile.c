/*
 * RuntimeDefault: what an ordinary program asks the kernel for is allowed by name, everything else is EPERM. Left out are the
 * calls that reach other containers or the machine: what loads code into the kernel, sets clocks, mounts, makes namespaces,
 * reads raw events, keyrings (not namespaced), io_uring (its operations pass no filter: io_uring_enter(2)), userfaultfd and
 * the like. A call that a capability guards comes with that capability: what may be done anyway is not hidden twice.
 */
#include "runtime-under-test/cri/spec/seccomp_profile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"

/* clang-format off */
/* By what they are about; names of other architectures and of 32 bits stand beside their relatives. */
static const char *const allowed[] = {
	/* files and directories */
	"open openat openat2 creat close close_range read write readv writev pread64 pwrite64 preadv preadv2 pwritev pwritev2",
	"lseek _llseek stat stat64 lstat lstat64 fstat fstat64 newfstatat fstatat64 statx statfs statfs64 fstatfs fstatfs64 ustat",
	"access faccessat faccessat2 getdents getdents64 readdir getcwd chdir fchdir mkdir mkdirat rmdir mknod mknodat link linkat",
	"unlink unlinkat symlink symlinkat readlink readlinkat rename renameat renameat2 truncate truncate64 ftruncate ftruncate64",
	"chmod fchmod fchmodat fchmodat2 chown chown32 lchown lchown32 fchown fchown32 fchownat umask utime utimes futimesat",
	"utimensat utimensat_time64 flock fcntl fcntl64 ioctl fsync fdatasync sync syncfs sync_file_range sync_file_range2",
	"arm_sync_file_range fallocate fadvise64 fadvise64_64 arm_fadvise64_64 readahead sendfile sendfile64 copy_file_range",
	"splice tee vmsplice name_to_handle_at setxattr lsetxattr fsetxattr setxattrat getxattr lgetxattr fgetxattr getxattrat",
	"listxattr llistxattr flistxattr listxattrat removexattr lremovexattr fremovexattr removexattrat dup dup2 dup3 pipe pipe2",
	"inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark memfd_create memfd_secret cachestat",
	/* waiting for events */
	"poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl epoll_ctl_old",
	"epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 timerfd_create timerfd_settime",
	"timerfd_settime64 timerfd_gettime timerfd_gettime64 io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents",
	"io_pgetevents_time64",
	/* memory */
	"brk mmap mmap2 munmap mremap mprotect madvise mincore msync mlock mlock2 munlock mlockall munlockall remap_file_pages",
	"pkey_alloc pkey_free pkey_mprotect membarrier map_shadow_stack mseal process_mrelease shmget shmat shmdt shmctl",
	/* processes and threads */
	"fork vfork execve execveat exit exit_group wait4 waitpid waitid getpid getppid gettid getpgid getpgrp setpgid getsid setsid",
	"kill tkill tgkill pidfd_open pidfd_send_signal ptrace process_vm_readv process_vm_writev prctl arch_prctl modify_ldt",
	"set_tid_address set_robust_list get_robust_list set_thread_area get_thread_area set_tls get_tls cacheflush breakpoint rseq",
	"futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue restart_syscall seccomp landlock_create_ruleset",
	"landlock_add_rule landlock_restrict_self lsm_get_self_attr lsm_set_self_attr lsm_list_modules getrandom getcpu",
	"getrlimit ugetrlimit setrlimit prlimit64 getrusage times sysinfo uname oldolduname olduname getpriority setpriority nice",
	"sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getscheduler sched_setscheduler",
	"sched_getattr sched_setattr sched_get_priority_max sched_get_priority_min sched_rr_get_interval",
	"sched_rr_get_interval_time64 ioprio_get ioprio_set pause",
	/* who one is */
	"getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getgroups getgroups32 getresuid getresuid32 getresgid",
	"getresgid32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32 setresgid",
	"setresgid32 setgroups setgroups32 setfsuid setfsuid32 setfsgid setfsgid32 capget capset",
	/* signals */
	"rt_sigaction rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_sigqueueinfo",
	"rt_tgsigqueueinfo rt_sigreturn sigreturn sigaction sigprocmask sigpending sigsuspend signal sigaltstack sgetmask ssetmask",
	/* time: to look at, and to wait for */
	"time gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep clock_nanosleep_time64",
	"nanosleep alarm getitimer setitimer timer_create timer_settime timer_settime64 timer_gettime timer_gettime64",
	"timer_getoverrun timer_delete adjtimex clock_adjtime clock_adjtime64",
	/* talk: socket(2) itself has rules of its own below */
	"socketpair socketcall bind listen accept accept4 connect shutdown getsockname getpeername getsockopt setsockopt send sendto",
	"sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64 ipc semget semop semctl semtimedop semtimedop_time64",
	"msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend mq_timedsend_time64 mq_timedreceive mq_timedreceive_time64",
	"mq_notify mq_getsetattr",
};

/* capabilities(7) says what each is for. */
static const struct {
	const char *capability, *names;
} guarded[] = {
	{ "CAP_SYS_ADMIN",	"bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree "
				"perf_event_open quotactl quotactl_fd setdomainname sethostname setns statmount listmount syslog umount "
				"umount2 unshare" },
	{ "CAP_BPF",		"bpf" },
	{ "CAP_PERFMON",	"perf_event_open" },
	{ "CAP_DAC_READ_SEARCH", "open_by_handle_at" },
	{ "CAP_SYS_BOOT",	"reboot" },
	{ "CAP_SYS_CHROOT",	"chroot" },
	{ "CAP_SYS_MODULE",	"init_module finit_module delete_module" },
	{ "CAP_SYS_NICE",	"mbind get_mempolicy set_mempolicy set_mempolicy_home_node migrate_pages move_pages" },
	{ "CAP_SYS_PACCT",	"acct" },
	{ "CAP_SYS_PTRACE",	"kcmp pidfd_getfd process_madvise" },
	{ "CAP_SYS_RAWIO",	"iopl ioperm" },
	{ "CAP_SYS_TIME",	"settimeofday stime clock_settime clock_settime64" },
	{ "CAP_SYS_TTY_CONFIG", "vhangup" },
	{ "CAP_SYSLOG",		"syslog" },
};
/* clang-format on */

static const char *const architectures[] = {
#if defined(__x86_64__)
	"SCMP_ARCH_X86_64",
	"SCMP_ARCH_X86",
	"SCMP_ARCH_X32",
#elif defined(__aarch64__)
	"SCMP_ARCH_AARCH64",
	"SCMP_ARCH_ARM",
#endif
};

/* CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: what clone(2) may not ask for. */
#define CLONE_NAMESPACES 0x7e020000

/* personality(2): PER_LINUX, PER_LINUX32, both with UNAME26, and the question; others turn address randomisation off. */
static const int64_t personalities[] = { 0x0, 0x8, 0x20000, 0x20008, 0xffffffff };

struct argument {
	int64_t value, second;
	const char *op;
};

static void add_names(struct json *names, const char *words)
{
	auto_free char *copy = strdup(words);
	char *rest = copy;

	for (char *word; (word = strsep(&rest, " "));)
		json_append(names, json_new_string(word));
}

static struct json *new_rule(const char *names, const char *action)
{
	struct json *rule = json_new_object(), *list = json_new_array();

	if (names)
		add_names(list, names);
	json_put(rule, "names", list);
	json_put(rule, "action", json_new_string(action));
	return rule;
}

static struct json *new_conditional(const char *name, const struct argument *argument)
{
	struct json *rule = new_rule(name, "SCMP_ACT_ALLOW"), *args = json_new_array(),
		    *row = json_new_object();

	json_put(row, "index", json_new_int(0));
	json_put(row, "value", json_new_int(argument->value));
	json_put(row, "valueTwo", json_new_int(argument->second));
	json_put(row, "op", json_new_string(argument->op));
	json_append(args, row);
	json_put(rule, "args", args);
	return rule;
}

static bool holds(const struct json *capabilities, const char *name)
{
	for (size_t i = 0; i < json_length(capabilities); i++)
		if (strcmp(json_string(json_at(capabilities, i)), name) == 0)
			return true;
	return false;
}

/* Families that end in the kernel's crypto interface or in the host of a guest, past every network namespace, are closed. */
static void add_sockets(struct json *rules)
{
	static const struct argument families[] = {
		{ AF_ALG, 0, "SCMP_CMP_LT" },
		{ AF_ALG + 1, 0, "SCMP_CMP_EQ" },
		{ AF_VSOCK, 0, "SCMP_CMP_GT" },
	};

	_Static_assert(AF_ALG + 2 == AF_VSOCK, "one family lies between them");
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		json_append(rules, new_conditional("socket", &families[i]));
}

/* clone3 keeps its flags in memory, where no filter sees them: ENOSYS makes libraries fall back to clone. */
static void add_clone(struct json *rules)
{
	static const struct argument no_namespaces = { CLONE_NAMESPACES, 0, "SCMP_CMP_MASKED_EQ" };
	struct json *clone3 = new_rule("clone3", "SCMP_ACT_ERRNO");

	json_put(clone3, "errnoRet", json_new_int(ENOSYS));
	json_append(rules, new_conditional("clone", &no_namespaces));
	json_append(rules, clone3);
}

struct json *seccomp_profile(const struct json *capabilities)
{
	struct json *profile = json_new_object(), *rules = json_new_array(), *list = json_new_array();
	struct json *always = new_rule(NULL, "SCMP_ACT_ALLOW");

	for (size_t i = 0; i < ARRAY_SIZE(architectures) && !(i && fault("cri-seccomp-native-only")); i++)
		json_append(list, json_new_string(architectures[i]));
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		add_names(json_member(always, "names"), allowed[i]);
	json_append(rules, always);
	for (size_t i = 0; i < ARRAY_SIZE(guarded); i++)
		if ((holds(capabilities, guarded[i].capability) &&
		     !fault("cri-seccomp-without-capabilities")) ||
		    fault("cri-seccomp-forgets-capabilities"))
			json_append(rules, new_rule(guarded[i].names, "SCMP_ACT_ALLOW"));
	if (!holds(capabilities, "CAP_SYS_ADMIN"))
		add_clone(rules);
	for (size_t i = 0; i < ARRAY_SIZE(personalities); i++) {
		const struct argument one = { personalities[i], 0, "SCMP_CMP_EQ" };

		json_append(rules, new_conditional("personality", &one));
	}
	add_sockets(rules);
	json_put(profile, "defaultAction", json_new_string("SCMP_ACT_ERRNO"));
	json_put(profile, "defaultErrnoRet", json_new_int(EPERM));
	json_put(profile, "architectures", list);
	json_put(profile, "syscalls", rules);
	return profile;
}
