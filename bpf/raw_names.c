/* Which argument of which call holds which flags: the names as the kernel's headers and manual pages have them. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "bpf/raw_args.h"

#define N(name)                                                                                              \
	{                                                                                                    \
		name, #name                                                                                  \
	}
#define END                                                                                                  \
	{                                                                                                    \
		0, NULL                                                                                      \
	}
/* glibc has these as enumerations of other headers, or not at all. */
#define AT_RECURSIVE_BIT 0x8000
#define AT_SYMLINK_NOFOLLOW_BIT 0x100
#define AT_REMOVEDIR_BIT 0x200
#define AT_EMPTY_PATH_BIT 0x1000
#define MEMFD_EXEC 0x10u /* Linux 6.3, 105ff5339f49 */
#define MEMFD_NOEXEC_SEAL 0x8u

const struct raw_name raw_open_flags[] = {
	N(O_CREAT),
	N(O_EXCL),
	N(O_NOCTTY),
	{ O_TMPFILE, "O_TMPFILE" },
	N(O_TRUNC),
	N(O_APPEND),
	N(O_NONBLOCK),
	{ O_SYNC, "O_SYNC" },
	N(O_DSYNC),
	N(O_DIRECT),
	{ 0100000, "O_LARGEFILE" },
	N(O_DIRECTORY),
	N(O_NOFOLLOW),
	N(O_NOATIME),
	N(O_CLOEXEC),
	N(O_PATH),
	END,
};
const struct raw_name raw_clone_flags[] = {
	N(CLONE_VM),
	N(CLONE_FS),
	N(CLONE_FILES),
	N(CLONE_SIGHAND),
	N(CLONE_PIDFD),
	N(CLONE_PTRACE),
	N(CLONE_VFORK),
	N(CLONE_PARENT),
	N(CLONE_THREAD),
	N(CLONE_NEWNS),
	N(CLONE_SYSVSEM),
	N(CLONE_SETTLS),
	N(CLONE_PARENT_SETTID),
	N(CLONE_CHILD_CLEARTID),
	N(CLONE_DETACHED),
	N(CLONE_UNTRACED),
	N(CLONE_CHILD_SETTID),
	N(CLONE_NEWCGROUP),
	N(CLONE_NEWUTS),
	N(CLONE_NEWIPC),
	N(CLONE_NEWUSER),
	N(CLONE_NEWPID),
	N(CLONE_NEWNET),
	N(CLONE_IO),
	N(CLONE_CLEAR_SIGHAND),
	N(CLONE_INTO_CGROUP),
	END,
};
/* unshare(2) and setns(2): no signal in the low byte, so the time namespace has its bit. */
static const struct raw_name namespace_flags[] = {
	N(CLONE_NEWTIME), N(CLONE_VM),      N(CLONE_FS),      N(CLONE_FILES),     N(CLONE_SIGHAND),
	N(CLONE_THREAD),  N(CLONE_NEWNS),   N(CLONE_SYSVSEM), N(CLONE_NEWCGROUP), N(CLONE_NEWUTS),
	N(CLONE_NEWIPC),  N(CLONE_NEWUSER), N(CLONE_NEWPID),  N(CLONE_NEWNET),    END,
};
const struct raw_name raw_resolve_flags[] = {
	N(RESOLVE_NO_XDEV),
	N(RESOLVE_NO_MAGICLINKS),
	N(RESOLVE_NO_SYMLINKS),
	N(RESOLVE_BENEATH),
	N(RESOLVE_IN_ROOT),
	N(RESOLVE_CACHED),
	END,
};
const struct raw_name raw_attr_flags[] = {
	N(MOUNT_ATTR_RDONLY),      N(MOUNT_ATTR_NOSUID),
	N(MOUNT_ATTR_NODEV),       N(MOUNT_ATTR_NOEXEC),
	N(MOUNT_ATTR_NOATIME),     N(MOUNT_ATTR_STRICTATIME),
	N(MOUNT_ATTR_NODIRATIME),  N(MOUNT_ATTR_IDMAP),
	N(MOUNT_ATTR_NOSYMFOLLOW), END,
};
static const struct raw_name mount_flags[] = {
	N(MS_RDONLY),
	N(MS_NOSUID),
	N(MS_NODEV),
	N(MS_NOEXEC),
	N(MS_SYNCHRONOUS),
	N(MS_REMOUNT),
	N(MS_MANDLOCK),
	N(MS_DIRSYNC),
	{ 256, "MS_NOSYMFOLLOW" },
	N(MS_NOATIME),
	N(MS_NODIRATIME),
	N(MS_BIND),
	N(MS_MOVE),
	N(MS_REC),
	N(MS_SILENT),
	N(MS_POSIXACL),
	N(MS_UNBINDABLE),
	N(MS_PRIVATE),
	N(MS_SLAVE),
	N(MS_SHARED),
	N(MS_RELATIME),
	N(MS_KERNMOUNT),
	N(MS_I_VERSION),
	N(MS_STRICTATIME),
	N(MS_LAZYTIME),
	END,
};
static const struct raw_name umount_flags[] = {
	N(MNT_FORCE), N(MNT_DETACH), N(MNT_EXPIRE), N(UMOUNT_NOFOLLOW), END,
};
static const struct raw_name at_flags[] = {
	{ AT_SYMLINK_NOFOLLOW_BIT, "AT_SYMLINK_NOFOLLOW" },
	{ AT_REMOVEDIR_BIT, "AT_REMOVEDIR" },
	{ 0x400, "AT_SYMLINK_FOLLOW" },
	{ 0x800, "AT_NO_AUTOMOUNT" },
	{ AT_EMPTY_PATH_BIT, "AT_EMPTY_PATH" },
	{ AT_RECURSIVE_BIT, "AT_RECURSIVE" },
	END,
};
static const struct raw_name open_tree_flags[] = {
	{ 1, "OPEN_TREE_CLONE" },
	{ O_CLOEXEC, "OPEN_TREE_CLOEXEC" },
	{ AT_SYMLINK_NOFOLLOW_BIT, "AT_SYMLINK_NOFOLLOW" },
	{ 0x800, "AT_NO_AUTOMOUNT" },
	{ AT_EMPTY_PATH_BIT, "AT_EMPTY_PATH" },
	{ AT_RECURSIVE_BIT, "AT_RECURSIVE" },
	END,
};
static const struct raw_name move_mount_flags[] = {
	{ 0x1, "MOVE_MOUNT_F_SYMLINKS" },
	{ 0x2, "MOVE_MOUNT_F_AUTOMOUNTS" },
	{ 0x4, "MOVE_MOUNT_F_EMPTY_PATH" },
	{ 0x10, "MOVE_MOUNT_T_SYMLINKS" },
	{ 0x20, "MOVE_MOUNT_T_AUTOMOUNTS" },
	{ 0x40, "MOVE_MOUNT_T_EMPTY_PATH" },
	{ 0x100, "MOVE_MOUNT_SET_GROUP" },
	{ 0x200, "MOVE_MOUNT_BENEATH" },
	END,
};
static const struct raw_name fsopen_flags[] = { { 1, "FSOPEN_CLOEXEC" }, END };
static const struct raw_name fsmount_flags[] = { { 1, "FSMOUNT_CLOEXEC" }, END };
static const struct raw_name fsconfig_commands[] = {
	{ 0, "FSCONFIG_SET_FLAG" },        { 1, "FSCONFIG_SET_STRING" },
	{ 2, "FSCONFIG_SET_BINARY" },      { 3, "FSCONFIG_SET_PATH" },
	{ 4, "FSCONFIG_SET_PATH_EMPTY" },  { 5, "FSCONFIG_SET_FD" },
	{ 6, "FSCONFIG_CMD_CREATE" },      { 7, "FSCONFIG_CMD_RECONFIGURE" },
	{ 8, "FSCONFIG_CMD_CREATE_EXCL" }, END,
};
static const struct raw_name prctl_options[] = {
	N(PR_SET_PDEATHSIG),
	N(PR_GET_PDEATHSIG),
	N(PR_GET_DUMPABLE),
	N(PR_SET_DUMPABLE),
	N(PR_GET_KEEPCAPS),
	N(PR_SET_KEEPCAPS),
	N(PR_SET_NAME),
	N(PR_GET_NAME),
	N(PR_GET_SECCOMP),
	N(PR_SET_SECCOMP),
	N(PR_CAPBSET_READ),
	N(PR_CAPBSET_DROP),
	N(PR_GET_SECUREBITS),
	N(PR_SET_SECUREBITS),
	N(PR_SET_TIMERSLACK),
	N(PR_SET_MM),
	N(PR_SET_CHILD_SUBREAPER),
	N(PR_GET_CHILD_SUBREAPER),
	N(PR_SET_NO_NEW_PRIVS),
	N(PR_GET_NO_NEW_PRIVS),
	N(PR_CAP_AMBIENT),
	N(PR_SET_THP_DISABLE),
	N(PR_SET_SPECULATION_CTRL),
	N(PR_GET_SPECULATION_CTRL),
	{ 0x53564d41, "PR_SET_VMA" },
	{ 65, "PR_SET_MDWE" },
	END,
};
static const struct raw_name seccomp_operations[] = {
	N(SECCOMP_SET_MODE_STRICT),
	N(SECCOMP_SET_MODE_FILTER),
	N(SECCOMP_GET_ACTION_AVAIL),
	N(SECCOMP_GET_NOTIF_SIZES),
	END,
};
static const struct raw_name seccomp_flags[] = {
	N(SECCOMP_FILTER_FLAG_TSYNC),
	N(SECCOMP_FILTER_FLAG_LOG),
	N(SECCOMP_FILTER_FLAG_SPEC_ALLOW),
	N(SECCOMP_FILTER_FLAG_NEW_LISTENER),
	N(SECCOMP_FILTER_FLAG_TSYNC_ESRCH),
	{ 1u << 5, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" },
	END,
};
static const struct raw_name keyctl_operations[] = {
	N(KEYCTL_GET_KEYRING_ID), N(KEYCTL_JOIN_SESSION_KEYRING),
	N(KEYCTL_UPDATE),         N(KEYCTL_REVOKE),
	N(KEYCTL_CHOWN),          N(KEYCTL_SETPERM),
	N(KEYCTL_DESCRIBE),       END,
};
static const struct raw_name bpf_commands[] = {
	N(BPF_MAP_CREATE),  N(BPF_MAP_LOOKUP_ELEM), N(BPF_MAP_UPDATE_ELEM),   N(BPF_MAP_DELETE_ELEM),
	N(BPF_PROG_LOAD),   N(BPF_OBJ_PIN),         N(BPF_OBJ_GET),           N(BPF_PROG_ATTACH),
	N(BPF_PROG_DETACH), N(BPF_PROG_TEST_RUN),   N(BPF_PROG_GET_FD_BY_ID), N(BPF_OBJ_GET_INFO_BY_FD),
	N(BPF_PROG_QUERY),  N(BPF_LINK_CREATE),     N(BPF_LINK_UPDATE),       END,
};
static const struct raw_name memfd_flags[] = {
	N(MFD_CLOEXEC),
	N(MFD_ALLOW_SEALING),
	N(MFD_HUGETLB),
	{ MEMFD_NOEXEC_SEAL, "MFD_NOEXEC_SEAL" },
	{ MEMFD_EXEC, "MFD_EXEC" },
	END,
};
static const struct raw_name close_range_flags[] = { N(CLOSE_RANGE_UNSHARE), N(CLOSE_RANGE_CLOEXEC), END };
static const struct raw_name rename_flags[] = {
	{ 1, "RENAME_NOREPLACE" },
	{ 2, "RENAME_EXCHANGE" },
	{ 4, "RENAME_WHITEOUT" },
	END,
};

static const struct raw_name ioctl_requests[] = { { SIOCSIFFLAGS, "SIOCSIFFLAGS" }, END };

static const struct raw_argument arguments[] = {
	{ "mount", "flags", RAW_FLAGS, mount_flags, NULL },
	{ "umount2", "flags", RAW_FLAGS, umount_flags, NULL },
	{ "fsopen", "flags", RAW_FLAGS, fsopen_flags, NULL },
	{ "fsconfig", "command", RAW_ONE_OF, fsconfig_commands, NULL },
	{ "fsmount", "flags", RAW_FLAGS, fsmount_flags, NULL },
	{ "fsmount", "attributes", RAW_FLAGS, raw_attr_flags, NULL },
	{ "open_tree", "flags", RAW_FLAGS, open_tree_flags, NULL },
	{ "open_tree_attr", "flags", RAW_FLAGS, open_tree_flags, NULL },
	{ "move_mount", "flags", RAW_FLAGS, move_mount_flags, NULL },
	{ "clone", "flags", RAW_CLONE, NULL, NULL },
	{ "clone3", "args", RAW_STRUCT, NULL, raw_clone_args },
	{ "unshare", "flags", RAW_FLAGS, namespace_flags, NULL },
	{ "setns", "type", RAW_FLAGS, namespace_flags, NULL },
	{ "capset", "header", RAW_STRUCT, NULL, raw_cap_header },
	{ "capset", "data", RAW_STRUCT, NULL, raw_cap_data },
	{ "prctl", "option", RAW_ONE_OF, prctl_options, NULL },
	{ "prctl", "2", RAW_STRUCT, NULL, raw_prctl },
	{ "prctl", "3", RAW_STRUCT, NULL, raw_prctl },
	{ "seccomp", "operation", RAW_ONE_OF, seccomp_operations, NULL },
	{ "seccomp", "flags", RAW_FLAGS, seccomp_flags, NULL },
	{ "seccomp", "args", RAW_STRUCT, NULL, raw_filter },
	{ "setgroups", "groups", RAW_STRUCT, NULL, raw_gids },
	{ "keyctl", "operation", RAW_ONE_OF, keyctl_operations, NULL },
	{ "bpf", "command", RAW_ONE_OF, bpf_commands, NULL },
	{ "bpf", "attr", RAW_STRUCT, NULL, raw_bpf_attr },
	{ "openat2", "how", RAW_STRUCT, NULL, raw_open_how },
	{ "open", "flags", RAW_OPEN, NULL, NULL },
	{ "openat", "flags", RAW_OPEN, NULL, NULL },
	{ "mknod", "mode", RAW_MODE, NULL, NULL },
	{ "mknodat", "mode", RAW_MODE, NULL, NULL },
	{ "renameat2", "flags", RAW_FLAGS, rename_flags, NULL },
	{ "memfd_create", "flags", RAW_FLAGS, memfd_flags, NULL },
	{ "close_range", "last", RAW_UNSIGNED, NULL, NULL },
	{ "close_range", "flags", RAW_FLAGS, close_range_flags, NULL },
	{ "sendmsg", "message", RAW_STRUCT, NULL, raw_message },
	{ "ioctl", "request", RAW_ONE_OF, ioctl_requests, NULL },
	{ "ioctl", "argument", RAW_STRUCT, NULL, raw_ifreq },
	{ "connect", "address", RAW_STRUCT, NULL, raw_address },
	{ "mount_setattr", "attr", RAW_STRUCT, NULL, raw_mount_attr },
	{ "open_tree_attr", "attr", RAW_STRUCT, NULL, raw_mount_attr },
	{ "prlimit64", "new", RAW_STRUCT, NULL, raw_rlimit },
	{ NULL, "limit", RAW_STRUCT, NULL, raw_rlimit },
	{ "prlimit64", "old", RAW_HEX, NULL, NULL },
	{ NULL, "resource", RAW_RLIMIT, NULL, NULL },
	{ NULL, "signal", RAW_SIGNAL, NULL, NULL },
	{ NULL, "device", RAW_DEVICE, NULL, NULL },
	{ NULL, "mode", RAW_OCTAL, NULL, NULL },
	{ "umask", "mask", RAW_OCTAL, NULL, NULL },
	{ NULL, "flags", RAW_FLAGS, at_flags, NULL },
	{ NULL, "env", RAW_HEX, NULL, NULL },
	{ NULL, "info", RAW_HEX, NULL, NULL },
	{ NULL, "params", RAW_HEX, NULL, NULL },
	{ NULL, "persona", RAW_HEX, NULL, NULL },
};

const struct raw_argument *raw_argument_find(const char *call, const char *argument)
{
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		if ((!arguments[i].call || strcmp(arguments[i].call, call) == 0) &&
		    strcmp(arguments[i].argument, argument) == 0)
			return &arguments[i];
	return NULL;
}
