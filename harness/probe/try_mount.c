/* Tries: mounts, roots and namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "harness/probe/cgroup.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"
#include "harness/probe/try.h"

static int result(long r)
{
	return r < 0 ? -errno : (int) r;
}

#define NOSYMFOLLOW 256ul /* MS_NOSYMFOLLOW, Linux 5.10: not in every C library's header */

static const struct {
	const char *name;
	unsigned long set, clear;
} options[] = {
	{ "defaults", 0, 0 },
	{ "bind", MS_BIND, 0 },
	{ "rbind", MS_BIND | MS_REC, 0 },
	{ "move", MS_MOVE, 0 },
	{ "remount", MS_REMOUNT, 0 },
	{ "rec", MS_REC, 0 },
	{ "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },
	{ "nosuid", MS_NOSUID, 0 },
	{ "suid", 0, MS_NOSUID },
	{ "nodev", MS_NODEV, 0 },
	{ "dev", 0, MS_NODEV },
	{ "noexec", MS_NOEXEC, 0 },
	{ "exec", 0, MS_NOEXEC },
	{ "nosymfollow", NOSYMFOLLOW, 0 },
	{ "sync", MS_SYNCHRONOUS, 0 },
	{ "dirsync", MS_DIRSYNC, 0 },
	{ "lazytime", MS_LAZYTIME, 0 },
	{ "noatime", MS_NOATIME, 0 },
	{ "nodiratime", MS_NODIRATIME, 0 },
	{ "relatime", MS_RELATIME, 0 },
	{ "strictatime", MS_STRICTATIME, 0 },
	{ "private", MS_PRIVATE, 0 },
	{ "rprivate", MS_PRIVATE | MS_REC, 0 },
	{ "shared", MS_SHARED, 0 },
	{ "rshared", MS_SHARED | MS_REC, 0 },
	{ "slave", MS_SLAVE, 0 },
	{ "rslave", MS_SLAVE | MS_REC, 0 },
	{ "unbindable", MS_UNBINDABLE, 0 },
	{ "runbindable", MS_UNBINDABLE | MS_REC, 0 },
};

/* What is no option word goes to the file system. */
static unsigned long parse_options(const char *list, struct text *data)
{
	auto_free char *copy = text_format("%s", strcmp(list, "-") ? list : "");
	char *rest = copy, *word;
	unsigned long flags = 0;

	while ((word = strsep(&rest, ","))) {
		size_t i = 0;

		while (i < ARRAY_SIZE(options) && strcmp(options[i].name, word) != 0)
			i++;
		if (i < ARRAY_SIZE(options))
			flags = (flags | options[i].set) & ~options[i].clear;
		else if (*word)
			text_addf(data, "%s%s", data->len ? "," : "", word);
	}
	return flags;
}

static const char *unless_dash(const char *word)
{
	return strcmp(word, "-") ? word : NULL;
}

static int try_mount(struct try *try)
{
	auto_text data = { 0 };
	unsigned long flags = parse_options(try_word(try, 4, "-"), &data);

	return result(mount(unless_dash(try->words[1]), try->words[2], unless_dash(try_word(try, 3, "-")),
			    flags, data.len ? data.data : NULL));
}

static int try_remount(struct try *try)
{
	auto_text data = { 0 };
	unsigned long flags = MS_REMOUNT | parse_options(try->words[2], &data);

	/* The mount alone, unless the file system itself is asked for. */
	if (strcmp(try_word(try, 3, "mount"), "super") != 0)
		flags |= MS_BIND;
	return result(mount(NULL, try->words[1], NULL, flags, data.len ? data.data : NULL));
}

static int try_umount(struct try *try)
{
	return result(umount2(try->words[1], strcmp(try_word(try, 2, ""), "detach") ? 0 : MNT_DETACH));
}

static int try_chroot(struct try *try)
{
	return result(chroot(try->words[1]));
}

/*
 * The way runtimes do it: the old root ends up below the new one's "." and is detached. pivot_root(2), NOTES.
 */
static int try_pivot(struct try *try)
{
	if (chdir(try->words[1]) < 0) {
		out_string(try->out, "step", "chdir");
		return -errno;
	}
	if (syscall(SYS_pivot_root, ".", ".") < 0) {
		out_string(try->out, "step", "pivot_root");
		return -errno;
	}
	out_string(try->out, "step", "umount");
	return result(umount2(".", MNT_DETACH));
}

static int try_setns(struct try *try)
{
	uint64_t flag = name_to_namespace(try->words[1]);
	auto_fd fd = -EBADF;

	if (!flag)
		return -EINVAL;
	fd = open(try->words[2], O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		out_string(try->out, "step", "open");
		return -errno;
	}
	return result(setns(fd, (int) flag));
}

static int try_unshare(struct try *try)
{
	uint64_t flag = name_to_namespace(try->words[1]);

	return flag ? result(syscall(SYS_unshare, flag)) : -EINVAL;
}

/*
 * Whether the root is a mere chroot: below a second one, ".." from a directory outside it is not stopped by
 * the first. chroot(2), NOTES. A root that was pivoted to has nothing above it. The process is back where it
 * was afterwards.
 */
static int try_chroot_escape(struct try *try)
{
	auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat before, after;
	int r = 0;

	if (root < 0 || fstat(root, &before) < 0)
		return -errno;
	if (chroot(try->words[1]) < 0) {
		out_string(try->out, "step", "chroot");
		return -errno;
	}
	if (fchdir(root) < 0)
		r = -errno;
	for (int i = 0; i < 64 && !r; i++)
		r = chdir("..") < 0 ? -errno : 0;
	if (!r && stat(".", &after) == 0)
		out_bool(try->out, "outside", before.st_dev != after.st_dev || before.st_ino != after.st_ino);
	if (fchdir(root) < 0 || chroot(".") < 0)
		return -errno;
	return r;
}

struct made {
	struct try *try;
	int error;
};

static void make_cgroup(void *argument, const char *controller, const char *directory)
{
	struct made *made = argument;
	auto_free char *path = text_format("%s/%s", directory, made->try->words[1]);
	int r = mkdir(path, 0755) < 0 ? -errno : 0;

	out_string(made->try->out, controller, r < 0 ? errno_word(-r) : path);
	/* Two controllers of one hierarchy: the second finds the first one's directory. */
	if (r < 0 && r != -EEXIST && !made->error)
		made->error = r;
}

static int try_cgroup_mkdir(struct try *try)
{
	struct made made = { .try = try };
	int r;

	out_object(try->out, "made");
	r = cgroup_each(try->probe, make_cgroup, &made);
	out_end(try->out);
	return r < 0 ? r : made.error;
}

const struct try_verb try_mount_verbs[] = {
	{ "mount SOURCE P [TYPE [OPTS]]", try_mount, 2,
	  "mount(2); - stands for none; unknown options are data" },
	{ "remount P OPTS [super]", try_remount, 2,
	  "changes the mount's flags, or with super the file system's" },
	{ "umount P [detach]", try_umount, 1, "umount2(2)" },
	{ "chroot P", try_chroot, 1, "chroot(2)" },
	{ "chroot-escape P", try_chroot_escape, 1,
	  "outside: a second chroot, to P, leads above the first root" },
	{ "pivot P", try_pivot, 1, "pivot_root(2) to the mount point P; step" },
	{ "setns TYPE P", try_setns, 2, "joins; TYPE as in config.json" },
	{ "unshare TYPE", try_unshare, 1, "unshare(2)" },
	{ "cgroup-mkdir NAME", try_cgroup_mkdir, 1, "made: controller -> new directory or errno word" },
	{ NULL },
};
