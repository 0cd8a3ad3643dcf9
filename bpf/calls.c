/* The table of system calls that recordings hold. A call that is not here is counted, not recorded. */
#include "bpf/calls.h"

#include <string.h>
#include <sys/syscall.h>

#define STR ARG_STRING
#define FD ARG_FD
#define DIR ARG_DIRFD
#define NEXT ARG_BYTES_NEXT
#define FIX ARG_FIXED
#define KINDS(...) .kind = { __VA_ARGS__ }
#define ROW(call_, args_, flags_, ...)                                                                       \
	{                                                                                                    \
		.number = SYS_##call_, .name = #call_, .args = args_, .call = {                              \
			.flags = CALL_ON | (flags_),                                                         \
			__VA_ARGS__                                                                          \
		}                                                                                            \
	}

const struct call_row call_rows[] = {
	/* mounts */
	ROW(mount, "source,target,type,flags,data", 0, KINDS(STR, STR, STR, 0, STR)),
	ROW(umount2, "target,flags", 0, KINDS(STR)),
	ROW(fsopen, "type,flags", CALL_RETURNS_FD, KINDS(STR)),
	ROW(fsconfig, "fd,command,key,value,aux", 0, KINDS(FD, 0, STR, STR)),
	ROW(fsmount, "fd,flags,attributes", CALL_RETURNS_FD, KINDS(FD)),
	ROW(fspick, "dirfd,path,flags", CALL_RETURNS_FD, KINDS(DIR, STR)),
	ROW(open_tree, "dirfd,path,flags", CALL_RETURNS_FD, KINDS(DIR, STR)),
	ROW(open_tree_attr, "dirfd,path,flags,attr,size", CALL_RETURNS_FD, KINDS(DIR, STR, 0, NEXT)),
	ROW(move_mount, "from_dirfd,from,to_dirfd,to,flags", 0, KINDS(DIR, STR, DIR, STR)),
	ROW(mount_setattr, "dirfd,path,flags,attr,size", 0, KINDS(DIR, STR, 0, NEXT)),
	ROW(pivot_root, "new,old", CALL_FS, KINDS(STR, STR)),
	ROW(chroot, "path", CALL_FS, KINDS(STR)),
	ROW(chdir, "path", CALL_FS, KINDS(STR)),
	ROW(fchdir, "fd", CALL_FS, KINDS(FD)),
	/* namespaces and processes */
	ROW(clone, "flags", CALL_MAKES_CHILD),
	ROW(clone3, "args,size", CALL_MAKES_CHILD, KINDS(ARG_CLONE)),
	ROW(fork, "", CALL_MAKES_CHILD),
	ROW(vfork, "", CALL_MAKES_CHILD),
	ROW(unshare, "flags", CALL_STATE),
	ROW(setns, "fd,type", CALL_STATE, KINDS(FD)),
	ROW(execve, "path,argv,env", CALL_STATE, KINDS(STR, ARG_ARGV)),
	ROW(execveat, "dirfd,path,argv,env,flags", CALL_STATE, KINDS(DIR, STR, ARG_ARGV)),
	ROW(setsid, "", 0),
	ROW(setpgid, "pid,pgid", 0),
	ROW(umask, "mask", 0),
	ROW(personality, "persona", 0),
	ROW(kill, "pid,signal", 0),
	ROW(tgkill, "tgid,tid,signal", 0),
	ROW(pidfd_open, "pid,flags", CALL_RETURNS_FD),
	ROW(pidfd_send_signal, "pidfd,signal,info,flags", 0, KINDS(FD)),
	ROW(pidfd_getfd, "pidfd,fd,flags", CALL_RETURNS_FD, KINDS(FD)),
	ROW(ptrace, "request,pid,address,data", 0),
	/* privilege */
	ROW(capset, "header,data", CALL_STATE, KINDS(FIX, FIX), .fixed = { 8, 24 }),
	ROW(prctl, "option,2,3,4,5", CALL_STATE, KINDS(0, ARG_PRCTL)),
	ROW(seccomp, "operation,flags,args", CALL_STATE, KINDS(0, 0, ARG_FILTER)),
	ROW(setuid, "uid", CALL_STATE),
	ROW(setgid, "gid", CALL_STATE),
	ROW(setreuid, "ruid,euid", CALL_STATE),
	ROW(setregid, "rgid,egid", CALL_STATE),
	ROW(setresuid, "ruid,euid,suid", CALL_STATE),
	ROW(setresgid, "rgid,egid,sgid", CALL_STATE),
	ROW(setfsuid, "uid", CALL_STATE),
	ROW(setfsgid, "gid", CALL_STATE),
	ROW(setgroups, "count,groups", CALL_STATE, KINDS(0, ARG_GIDS)),
	ROW(keyctl, "operation,2,3,4,5", 0, KINDS(0, ARG_KEYCTL)),
	ROW(bpf, "command,attr,size", 0, KINDS(0, NEXT)),
	ROW(landlock_restrict_self, "fd,flags", 0),
	/* limits and tuning */
	ROW(prlimit64, "pid,resource,new,old", 0, KINDS(0, 0, FIX), .fixed = { 0, 0, 16 }),
	ROW(setrlimit, "resource,limit", 0, KINDS(0, FIX), .fixed = { 0, 16 }),
	ROW(ioprio_set, "which,who,value", 0),
	ROW(sched_setaffinity, "pid,size,mask", 0, KINDS(0, 0, FIX), .fixed = { 0, 0, 8 }),
	ROW(sched_setattr, "pid,attr,flags", 0, KINDS(0, FIX), .fixed = { 0, 48 }),
	ROW(sched_setscheduler, "pid,policy,param", 0, KINDS(0, 0, FIX), .fixed = { 0, 0, 4 }),
	ROW(setpriority, "which,who,value", 0),
	ROW(set_mempolicy, "mode,nodes,max", 0, KINDS(0, FIX), .fixed = { 0, 8 }),
	/* names */
	ROW(sethostname, "name,length", 0, KINDS(NEXT)),
	ROW(setdomainname, "name,length", 0, KINDS(NEXT)),
	/* files */
	ROW(open, "path,flags,mode", CALL_RETURNS_FD, KINDS(STR)),
	ROW(openat, "dirfd,path,flags,mode", CALL_RETURNS_FD, KINDS(DIR, STR)),
	ROW(openat2, "dirfd,path,how,size", CALL_RETURNS_FD, KINDS(DIR, STR, NEXT)),
	ROW(write, "fd,data,size", 0, KINDS(ARG_WRITE_FD, NEXT)),
	ROW(pwrite64, "fd,data,size,offset", 0, KINDS(ARG_WRITE_FD, NEXT)),
	ROW(writev, "fd,vector,count", 0, KINDS(ARG_WRITE_FD, ARG_IOVEC)),
	ROW(mknod, "path,mode,device", 0, KINDS(STR)),
	ROW(mknodat, "dirfd,path,mode,device", 0, KINDS(DIR, STR)),
	ROW(mkdir, "path,mode", 0, KINDS(STR)),
	ROW(mkdirat, "dirfd,path,mode", 0, KINDS(DIR, STR)),
	ROW(rmdir, "path", 0, KINDS(STR)),
	ROW(unlink, "path", 0, KINDS(STR)),
	ROW(unlinkat, "dirfd,path,flags", 0, KINDS(DIR, STR)),
	ROW(rename, "from,to", 0, KINDS(STR, STR)),
	ROW(renameat, "from_dirfd,from,to_dirfd,to", 0, KINDS(DIR, STR, DIR, STR)),
	ROW(renameat2, "from_dirfd,from,to_dirfd,to,flags", 0, KINDS(DIR, STR, DIR, STR)),
	ROW(link, "from,to", 0, KINDS(STR, STR)),
	ROW(linkat, "from_dirfd,from,to_dirfd,to,flags", 0, KINDS(DIR, STR, DIR, STR)),
	ROW(symlink, "target,path", 0, KINDS(STR, STR)),
	ROW(symlinkat, "target,dirfd,path", 0, KINDS(STR, DIR, STR)),
	ROW(chmod, "path,mode", 0, KINDS(STR)),
	ROW(fchmod, "fd,mode", 0, KINDS(FD)),
	ROW(fchmodat, "dirfd,path,mode", 0, KINDS(DIR, STR)),
	ROW(chown, "path,uid,gid", 0, KINDS(STR)),
	ROW(lchown, "path,uid,gid", 0, KINDS(STR)),
	ROW(fchown, "fd,uid,gid", 0, KINDS(FD)),
	ROW(fchownat, "dirfd,path,uid,gid,flags", 0, KINDS(DIR, STR)),
	ROW(setxattr, "path,name,value,size,flags", 0, KINDS(STR, STR)),
	ROW(lsetxattr, "path,name,value,size,flags", 0, KINDS(STR, STR)),
	ROW(fsetxattr, "fd,name,value,size,flags", 0, KINDS(FD, STR)),
	/* descriptors and messages */
	ROW(memfd_create, "name,flags", CALL_RETURNS_FD, KINDS(STR)),
	ROW(close_range, "first,last,flags", 0),
	ROW(sendmsg, "fd,message,flags", 0, KINDS(FD, ARG_MESSAGE)),
	ROW(sendto, "fd,data,size,flags,address,length", 0, KINDS(FD, NEXT)),
	ROW(connect, "fd,address,length", 0, KINDS(FD, NEXT)),
	ROW(ioctl, "fd,request,argument", 0, KINDS(0, 0, ARG_IOCTL), .fixed = { 0, 0, 40 }),
	ROW(io_uring_setup, "entries,params", CALL_RETURNS_FD),
	ROW(perf_event_open, "attr,pid,cpu,group,flags", 0),
	ROW(userfaultfd, "flags", 0),
};
const size_t call_count = sizeof(call_rows) / sizeof(call_rows[0]);

/* Asked for each event several times: by number, filled when it is first asked for. */
const struct call_row *call_find(int number)
{
	static const struct call_row *by_number[EVENT_CALLS];

	if (!by_number[call_rows[0].number])
		for (size_t i = 0; i < call_count; i++)
			by_number[call_rows[i].number] = &call_rows[i];
	return number >= 0 && number < EVENT_CALLS ? by_number[number] : NULL;
}

const char *call_name(int number)
{
	const struct call_row *row = call_find(number);

	return row ? row->name : NULL;
}

void calls_fill(struct event_call table[EVENT_CALLS])
{
	for (size_t i = 0; i < call_count; i++)
		if (call_rows[i].number < EVENT_CALLS)
			memcpy(&table[call_rows[i].number], &call_rows[i].call, sizeof(table[0]));
}
