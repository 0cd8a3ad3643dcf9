/* Tries: what a file or a file system says of itself, and changes of it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"
#include "harness/probe/try.h"

static int result(int r)
{
	return r < 0 ? -errno : r;
}

static int stat_with(struct try *try, int flags)
{
	struct stat st;

	if (fstatat(AT_FDCWD, try->words[1], &st, flags) < 0)
		return -errno;
	out_stat(try->out, &st);
	return 0;
}

static int try_stat(struct try *try)
{
	return stat_with(try, 0);
}

static int try_lstat(struct try *try)
{
	return stat_with(try, AT_SYMLINK_NOFOLLOW);
}

static const struct {
	unsigned long flag;
	const char *name;
} mount_flags[] = {
	{ ST_RDONLY, "ro" },       { ST_NOSUID, "nosuid" },         { ST_NODEV, "nodev" },
	{ ST_NOEXEC, "noexec" },   { ST_SYNCHRONOUS, "sync" },      { ST_MANDLOCK, "mand" },
	{ ST_NOATIME, "noatime" }, { ST_NODIRATIME, "nodiratime" }, { ST_RELATIME, "relatime" },
	{ 0x2000, "nosymfollow" }, /* ST_NOSYMFOLLOW, Linux 5.10 */
};

static const struct {
	unsigned long magic;
	const char *name;
} file_systems[] = {
	{ TMPFS_MAGIC, "tmpfs" },
	{ PROC_SUPER_MAGIC, "proc" },
	{ SYSFS_MAGIC, "sysfs" },
	{ DEVPTS_SUPER_MAGIC, "devpts" },
	{ CGROUP_SUPER_MAGIC, "cgroup" },
	{ CGROUP2_SUPER_MAGIC, "cgroup2" },
	{ OVERLAYFS_SUPER_MAGIC, "overlay" },
	{ EXT4_SUPER_MAGIC, "ext4" },
	{ BTRFS_SUPER_MAGIC, "btrfs" },
	{ XFS_SUPER_MAGIC, "xfs" },
	{ RAMFS_MAGIC, "ramfs" },
	{ 0x19800202, "mqueue" },
	{ NSFS_MAGIC, "nsfs" },
	{ SQUASHFS_MAGIC, "squashfs" },
	{ FUSE_SUPER_MAGIC, "fuse" },
	{ SECURITYFS_MAGIC, "securityfs" },
	{ DEBUGFS_MAGIC, "debugfs" },
	{ TRACEFS_MAGIC, "tracefs" },
	{ BPF_FS_MAGIC, "bpf" },
};

static int try_statfs(struct try *try)
{
	const char *type = NULL, *flags[ARRAY_SIZE(mount_flags)];
	size_t count = 0;
	struct statfs fs;

	if (statfs(try->words[1], &fs) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(file_systems); i++)
		if (file_systems[i].magic == (unsigned) fs.f_type)
			type = file_systems[i].name;
	for (size_t i = 0; i < ARRAY_SIZE(mount_flags); i++)
		if ((unsigned long) fs.f_flags & mount_flags[i].flag)
			flags[count++] = mount_flags[i].name;
	if (type)
		out_string(try->out, "type", type);
	else
		out_format(try->out, "type", "0x%x", (unsigned) fs.f_type);
	out_sorted(try->out, "flags", flags, count);
	out_uint(try->out, "size", (unsigned long long) fs.f_blocks * (unsigned long long) fs.f_bsize);
	out_uint(try->out, "free", (unsigned long long) fs.f_bavail * (unsigned long long) fs.f_bsize);
	out_uint(try->out, "inodes", fs.f_files);
	return 0;
}

static int try_access(struct try *try)
{
	static const char letters[] = "rwx";
	static const int bits[] = { R_OK, W_OK, X_OK };
	int mode = F_OK;

	for (const char *letter = try_word(try, 2, ""); *letter; letter++) {
		const char *found = strchr(letters, *letter);

		if (!found)
			return -EINVAL;
		mode |= bits[found - letters];
	}
	return result(faccessat(AT_FDCWD, try->words[1], mode, AT_EACCESS));
}

static int try_chmod(struct try *try)
{
	char *end;
	unsigned long mode = strtoul(try->words[2], &end, 8);

	if (*end || mode > 07777)
		return -EINVAL;
	return result(chmod(try->words[1], (mode_t) mode));
}

static int try_chown(struct try *try)
{
	long long uid, gid;

	if (try_number(try->words[2], &uid) < 0 || try_number(try->words[3], &gid) < 0)
		return -EINVAL;
	return result(lchown(try->words[1], (uid_t) uid, (gid_t) gid));
}

static int try_getxattr(struct try *try)
{
	char value[TRY_DATA_MAX];
	ssize_t n = lgetxattr(try->words[1], try->words[2], value, sizeof(value));

	if (n < 0)
		return -errno;
	out_bytes(try->out, "data", value, (size_t) n);
	return (int) n;
}

static int try_setxattr(struct try *try)
{
	return result(lsetxattr(try->words[1], try->words[2], try->words[3], strlen(try->words[3]), 0));
}

/*
 * The words are names; "effective" sets the effective bit as well, as `setcap cap_x+ep` does.
 * capabilities(7).
 */
static int try_setcap(struct try *try)
{
	struct vfs_cap_data data = { .magic_etc = VFS_CAP_REVISION_2 };

	for (int i = 2; i < try->count; i++) {
		int number = name_to_capability(try->words[i]);

		if (!strcmp(try->words[i], "effective"))
			data.magic_etc |= VFS_CAP_FLAGS_EFFECTIVE;
		else if (number < 0)
			return -EINVAL;
		else
			data.data[number / 32].permitted |= 1u << number % 32;
	}
	return result(setxattr(try->words[1], "security.capability", &data, sizeof(data), 0));
}

const struct try_verb try_attribute_verbs[] = {
	{ "stat P", try_stat, 1,
	  "kind mode uid gid size links device inode, major minor of a device, times" },
	{ "lstat P", try_lstat, 1, "the same of a symlink itself" },
	{ "statfs P", try_statfs, 1, "type, flags, size, free, inodes of its file system" },
	{ "access P [rwx]", try_access, 1, "faccessat(2) with the effective ids" },
	{ "chmod P MODE", try_chmod, 2, "chmod(2), octal" },
	{ "chown P UID GID", try_chown, 3, "lchown(2); -1 keeps" },
	{ "getxattr P NAME", try_getxattr, 2, "data: the value" },
	{ "setxattr P NAME VALUE", try_setxattr, 3, "lsetxattr(2)" },
	{ "setcap P [effective] NAME...", try_setcap, 2, "gives a program file capabilities" },
	{ NULL },
};
