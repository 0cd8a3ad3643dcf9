/*
 * The inner half of the recipe: what a world's first process mounts. Costs about 2 ms, most of it in cgroups.
 * Order matters: private before anything is mounted, read-only before the writable islands are put on top.
 */
#include "harness/world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "harness/cgroup_tree.h"

#define CGROUP_TOP "/sys/fs/cgroup"
#define ADMIN "/mnt" /* only until the overlays hold it */

static int mount_at(const char *source, const char *target, const char *type, unsigned long flags,
		    const char *data, struct err *err)
{
	if (mount(source, target, type, flags, data) < 0)
		return fail(err, -errno, "mount %s on %s", type ? type : source ? source : "it", target);
	return 0;
}

static int make_directory(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return fail(err, -errno, "mkdir %s", path);
	return chmod(path, mode) < 0 ? fail(err, -errno, "chmod %s", path) : 0;
}

/* Per mount and in this namespace alone: a remount of the superblock would reach the host. */
static int set_read_only(const char *path, bool read_only, unsigned flags, struct err *err)
{
	struct mount_attr attr = { 0 };

	if (read_only)
		attr.attr_set = MOUNT_ATTR_RDONLY;
	else
		attr.attr_clr = MOUNT_ATTR_RDONLY;
	if (mount_setattr(AT_FDCWD, path, flags, &attr, sizeof(attr)) < 0)
		return fail(err, -errno, "make %s %s", path, read_only ? "read-only" : "writable");
	return 0;
}

/* /dev stays read-only: mknod there would reach the host's devtmpfs. Devices open for writing all the same. */
static int shut_host_tree(struct err *err)
{
	int r = mount_at(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL, err);

	if (r >= 0 && unshare(CLONE_NEWCGROUP) < 0)
		r = fail(err, -errno, "unshare the cgroup namespace");
	if (r >= 0)
		r = mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err);
	if (r >= 0)
		r = set_read_only("/", true, AT_RECURSIVE, err);
	if (r >= 0)
		r = set_read_only("/proc", false, 0, err);
	return r < 0 ? r : set_read_only("/sys", false, 0, err);
}

/* Where an overlay is refused (a lower directory that is one of too many already), scratch space must do for two. */
static int overlay(const char *name, struct err *err)
{
	auto_free char *target = text_format("/%s", name);
	auto_free char *upper = text_format(ADMIN "/upper/%s", name);
	auto_free char *work = text_format(ADMIN "/between/%s", name);
	auto_free char *options = text_format("lowerdir=%s,upperdir=%s,workdir=%s", target, upper, work);
	bool scratch = !strcmp(name, "tmp") || !strcmp(name, "run");
	struct stat host;

	if (stat(target, &host) < 0)
		return scratch ? fail(err, -errno, "%s", target) : 0;
	int r = make_directory(upper, host.st_mode & 07777, err);
	if (r >= 0)
		r = make_directory(work, 0700, err);
	if (r < 0)
		return r;
	if (mount("overlay", target, "overlay", 0, options) == 0)
		return 0;
	if (!scratch)
		return 0;
	return mount_at(upper, target, NULL, MS_BIND, NULL, err);
}

/* /dev/mqueue shows the host's queues; those of this IPC namespace need a mount of their own, which no one else sees. */
static int open_queues(struct err *err)
{
	auto_fd context = fsopen("mqueue", FSOPEN_CLOEXEC);

	if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fail(err, -errno, "open the mqueue file system");
	int fd = fsmount(context, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? fail(err, -errno, "mount the mqueue file system") : fd;
}

static int mount_overlays(struct world_place *place, struct err *err)
{
	static const char *const names[] = WORLD_OVERLAYS;
	int r = mount_at("plumbline", ADMIN, "tmpfs", MS_NOSUID | MS_NODEV, "mode=700,size=64m", err);

	if (r >= 0)
		r = make_directory(ADMIN "/upper", 0755, err);
	if (r >= 0)
		r = make_directory(ADMIN "/between", 0755, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(names); i++)
		r = overlay(names[i], err);
	if (r < 0)
		return r;
	place->upper = file_open_at(AT_FDCWD, ADMIN "/upper", O_RDONLY | O_DIRECTORY, 0, err);
	if (place->upper < 0)
		return place->upper;
	/* The overlays keep it alive; from here on only our descriptor leads there, and the host's /mnt is back. */
	return umount2(ADMIN, MNT_DETACH) < 0 ? fail(err, -errno, "detach " ADMIN) : 0;
}

static int mount_home(struct world_place *place, struct err *err)
{
	static const char *const directories[] = { WORLD_BUNDLE, WORLD_STATE, WORLD_WORK, WORLD_SHARED,
						   WORLD_OUTPUT };
	auto_free char *size = text_format("mode=700,size=%u", WORLD_OUTPUT_BYTES);
	int r = make_directory(WORLD_HOME, 0755, err);

	if (r >= 0)
		r = mount_at("plumbline", WORLD_HOME, "tmpfs", 0, "mode=755,size=64m", err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(directories); i++)
		r = make_directory(directories[i], 0755, err);
	if (r >= 0)
		r = mount_at("plumbline", WORLD_SHARED, "tmpfs", 0, "mode=777,size=16m", err);
	/* Runtimes make the mount that holds the rootfs private, so a volume on that one would never propagate. */
	if (r >= 0)
		r = mount_at(NULL, WORLD_SHARED, NULL, MS_SHARED, NULL, err);
	if (r >= 0)
		r = mount_at("plumbline", WORLD_OUTPUT, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, size, err);
	if (r < 0)
		return r;
	place->home = file_open_at(AT_FDCWD, WORLD_HOME, O_RDONLY | O_DIRECTORY, 0, err);
	if (place->home < 0)
		return place->home;
	place->output = file_open_at(AT_FDCWD, WORLD_OUTPUT, O_RDONLY | O_DIRECTORY, 0, err);
	if (place->output < 0)
		return place->output;
	/* Relative paths in words of a command mean the same to us as to the command. */
	return chdir(WORLD_WORK) < 0 ? fail(err, -errno, "chdir " WORLD_WORK) : 0;
}

/*
 * A runtime gets this as its standard input, and one that gives it to the container's user must be able to: on the read-only
 * /dev it would fail unseen, and what it would have done to the host's was never told.
 */
static int mount_null(struct err *err)
{
	if (mknod(WORLD_NULL, S_IFCHR | 0666, makedev(1, 3)) < 0 || chmod(WORLD_NULL, 0666) < 0)
		return fail(err, -errno, "make %s", WORLD_NULL);
	return mount_at(WORLD_NULL, "/dev/null", NULL, MS_BIND, NULL, err);
}

/* Hosts that mount "cpu,cpuacct" together have links cpu and cpuacct: runtimes follow them. */
static int copy_links(int from, int to, struct err *err)
{
	auto_dir dir = fdopendir(dup(from));
	struct dirent *entry;

	if (!dir)
		return fail(err, -errno, "read " CGROUP_TOP);
	while ((entry = readdir(dir))) {
		auto_text link = { 0 };

		if (entry->d_type != DT_LNK || file_read_link_at(from, entry->d_name, &link, NULL) < 0)
			continue;
		if (symlinkat(text_str(&link), to, entry->d_name) < 0)
			return fail(err, -errno, "link " CGROUP_TOP "/%s", entry->d_name);
	}
	return 0;
}

static int mount_hierarchy(const struct cgroup_hierarchy *row, struct err *err)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	auto_text options = { 0 };
	int r = make_directory(row->mount_point, 0755, err);

	if (r < 0)
		return r;
	if (row->unified)
		return mount_at("cgroup2", row->mount_point, "cgroup2", flags, NULL, err);
	text_addf(&options, "%s%s", text_starts(row->controllers, "name=") ? "none," : "", row->controllers);
	return mount_at("cgroup", row->mount_point, "cgroup", flags, text_str(&options), err);
}

/* Mounted anew inside the cgroup namespace, so that the world's cgroup is the root of what can be seen. */
static int mount_cgroups(const struct cgroup_layout *host, struct err *err)
{
	auto_fd old = file_open_at(AT_FDCWD, CGROUP_TOP, O_RDONLY | O_DIRECTORY, 0, err);
	int r;

	if (old < 0)
		return old;
	(void) umount2(CGROUP_TOP, MNT_DETACH);
	if (host->mode == CGROUP_V2) {
		r = mount_at("cgroup2", CGROUP_TOP, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err);
		return r < 0 ? r : cgroup_world_use_leaf(CGROUP_TOP, err);
	}
	r = mount_at("tmpfs", CGROUP_TOP, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=1m", err);
	if (r < 0)
		return r;
	auto_fd top = file_open_at(AT_FDCWD, CGROUP_TOP, O_RDONLY | O_DIRECTORY, 0, err);
	if (top < 0)
		return top;
	for (size_t i = 0; r >= 0 && i < host->count; i++)
		if (text_starts(host->rows[i].mount_point, CGROUP_TOP "/"))
			r = mount_hierarchy(&host->rows[i], err);
	return r < 0 ? r : copy_links(old, top, err);
}

int world_furnish_outside(struct world_place *place, struct err *err)
{
	static const char *const below[] = { "shared", "output", "work" };
	/* What a server mounts is still seen here; what a case would mount is seen by nobody else. */
	int r = mount_at(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL, err);

	if (r >= 0)
		r = place->home = file_open_at(AT_FDCWD, place->outside, O_RDONLY | O_DIRECTORY, 0, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(below); i++)
		if (mkdirat(place->home, below[i], 0755) < 0 && errno != EEXIST)
			r = fail(err, -errno, "mkdir %s/%s", place->outside, below[i]);
	if (r >= 0)
		r = place->output = file_open_at(place->home, "output", O_RDONLY | O_DIRECTORY, 0, err);
	if (r >= 0)
		r = cgroup_layout_read(&place->layout, err);
	return r < 0 ? fail(err, r, "set up a case outside of a world") : 0;
}

int world_furnish(struct world_place *place, struct err *err)
{
	static const gid_t groups[] = { 0, 4 };
	auto_cgroup_layout host = { 0 };
	int r = cgroup_layout_read(&host, err);

	if (r >= 0)
		r = shut_host_tree(err);
	if (r >= 0)
		r = mount_overlays(place, err);
	if (r >= 0)
		r = mount_home(place, err);
	if (r >= 0)
		r = mount_null(err);
	if (r >= 0)
		r = mount_cgroups(&host, err);
	if (r >= 0) {
		/* Without CONFIG_POSIX_MQUEUE there is nothing to list. */
		place->queues = open_queues(NULL);
	}
	if (r >= 0 && sethostname(WORLD_HOSTNAME, strlen(WORLD_HOSTNAME)) < 0)
		r = fail(err, -errno, "sethostname");
	/* As an engine that was started from a login shell: a runtime that forgets setgroups(2) hands them on. */
	if (r >= 0 && setgroups(ARRAY_SIZE(groups), groups) < 0)
		r = fail(err, -errno, "setgroups");
	if (r >= 0)
		r = cgroup_layout_read(&place->layout, err);
	return r < 0 ? fail(err, r, "set up the world") : 0;
}
