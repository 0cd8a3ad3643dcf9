/* Names of capabilities, rlimits and namespaces. Signals and errnos have files of their own. */
#include "base/names.h"

#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080 /* kernel commit 769071ac9f20 ("ns: Introduce Time Namespace"), v5.6 */
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In the order of capability.h: the index is the number. */
static const char *const capabilities[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

static const char *const rlimits[] = {
	[RLIMIT_CPU] = "RLIMIT_CPU",           [RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_DATA] = "RLIMIT_DATA",         [RLIMIT_STACK] = "RLIMIT_STACK",
	[RLIMIT_CORE] = "RLIMIT_CORE",         [RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",       [RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",   [RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",       [RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE", [RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",     [RLIMIT_RTTIME] = "RLIMIT_RTTIME",
};

static const struct {
	uint64_t flag;
	const char *type, *file;
} namespaces[] = {
	{ CLONE_NEWUSER, "user", "user" },       { CLONE_NEWNS, "mount", "mnt" },
	{ CLONE_NEWPID, "pid", "pid" },          { CLONE_NEWNET, "network", "net" },
	{ CLONE_NEWIPC, "ipc", "ipc" },          { CLONE_NEWUTS, "uts", "uts" },
	{ CLONE_NEWCGROUP, "cgroup", "cgroup" }, { CLONE_NEWTIME, "time", "time" },
};

/* The user namespace comes first: it has to be entered before those that it shall own, user_namespaces(7). */
const uint64_t names_namespaces[NAMES_NAMESPACES] = {
	CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,    CLONE_NEWNET,
	CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP, CLONE_NEWTIME,
};

static int find_in(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return (int) i;
	return -1;
}

static const char *name_in(const char *const *names, size_t count, int number)
{
	return number >= 0 && (size_t) number < count ? names[number] : NULL;
}

int name_to_capability(const char *name)
{
	return find_in(capabilities, COUNT(capabilities), name);
}

const char *name_of_capability(int number)
{
	return name_in(capabilities, COUNT(capabilities), number);
}

int name_to_rlimit(const char *name)
{
	return find_in(rlimits, COUNT(rlimits), name);
}

const char *name_of_rlimit(int number)
{
	return name_in(rlimits, COUNT(rlimits), number);
}

uint64_t name_to_namespace(const char *type)
{
	for (size_t i = 0; i < COUNT(namespaces); i++)
		if (strcmp(namespaces[i].type, type) == 0)
			return namespaces[i].flag;
	return 0;
}

const char *name_of_namespace(uint64_t flag)
{
	for (size_t i = 0; i < COUNT(namespaces); i++)
		if (namespaces[i].flag == flag)
			return namespaces[i].type;
	return NULL;
}

const char *name_of_namespace_file(uint64_t flag)
{
	for (size_t i = 0; i < COUNT(namespaces); i++)
		if (namespaces[i].flag == flag)
			return namespaces[i].file;
	return NULL;
}
