/* Filters as engines write them: a list of calls that are allowed, and a default for all others, the later ones included. */
#include "harness/case.h"

static const struct conformance_case seccomp[] = {
{
	CASE(a_call_newer_than_the_profile_is_not_implemented),
	.title  = "a call that did not exist when the profile was written gives ENOSYS, not the default's EPERM",
	.clause = { HARDENING("linux.seccomp.defaultAction") },
	.needs  = { .root = 1 },
	.given  = {
		SET("linux.seccomp", { "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"], "syscalls": [
			{ "names": ["accept", "accept4", "access", "alarm", "arch_prctl", "bind", "brk", "capget", "capset", "chdir", "clock_gettime", "clock_nanosleep", "clone", "clone3", "close",
				    "close_range", "connect", "dup", "dup2", "dup3", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2", "execve", "execveat", "exit", "exit_group",
				    "faccessat", "faccessat2", "fadvise64", "fchdir", "fchmod", "fchown", "fcntl", "fstat", "fstatfs", "futex", "get_mempolicy", "getcwd",
				    "getdents64", "getegid", "geteuid", "getgid", "getgroups", "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getrandom", "getresgid",
				    "getresuid", "getrlimit", "getsid", "getsockopt", "gettid", "getuid", "ioctl", "ioprio_get", "kill", "lseek", "lstat", "madvise", "memfd_create", "mmap",
				    "mount", "mprotect", "mremap", "munmap", "nanosleep", "newfstatat", "open", "openat", "openat2", "personality", "pipe", "pipe2", "poll", "ppoll",
				    "prctl", "pread64", "prlimit64", "pselect6", "pwrite64", "read", "readlink", "readlinkat", "recvfrom", "recvmsg", "restart_syscall", "rseq", "rt_sigaction",
				    "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler",
				    "sched_yield", "seccomp", "select", "sendmsg", "sendto", "set_robust_list", "set_tid_address", "setfsgid", "setfsuid", "setgid", "setgroups", "setresgid",
				    "setresuid", "setrlimit", "setsid", "setuid", "sigaltstack", "socket", "socketpair", "stat", "statfs", "statx", "sysinfo", "tgkill", "time", "umask",
				    "umount2", "uname", "unlink", "wait4", "waitid", "write", "writev"], "action": "SCMP_ACT_ALLOW" }
		] }),
	},
	.inside = { "syscall 600", "mkdir /made" },
	.then   = {
		INSIDE("try[syscall 600].errno", equals, "ENOSYS"),
		INSIDE("try[mkdir /made].errno", equals, "EPERM"),
	},
	.refuted_by = "seccomp-refuses-newer-calls",
	.why = "C libraries take the older way on ENOSYS alone: runc issue 2151 (faccessat2), moby issue 42680 (clone3).",
},
};

AREA(security_seccomp, "security/seccomp", seccomp);
