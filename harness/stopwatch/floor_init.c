/* The container's half of the floor: root, mounts, devices, masks, privileges, exec. */
#include "harness/stopwatch/stopwatch.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

/* fixtures/default-config.json, mounts */
static const struct {
	const char *target, *type, *data;
	unsigned long flags;
	mode_t mode;
} mounts[] = {
	{ "proc", "proc", NULL, 0, 0 },
	{ "dev", "tmpfs", "mode=755,size=65536k", MS_NOSUID | MS_STRICTATIME, 0 },
	{ "dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620", MS_NOSUID | MS_NOEXEC, 0755 },
	{ "dev/shm", "tmpfs", "mode=1777,size=65536k", MS_NOSUID | MS_NOEXEC | MS_NODEV, 0755 },
	{ "dev/mqueue", "mqueue", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV, 0755 },
	{ "sys", "sysfs", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, 0 },
};
static const struct {
	const char *path;
	unsigned major, minor;
} nodes[] = { { "dev/null", 1, 3 }, { "dev/zero", 1, 5 },   { "dev/full", 1, 7 },
	      { "dev/tty", 5, 0 },  { "dev/random", 1, 8 }, { "dev/urandom", 1, 9 } };
static const struct {
	const char *target, *path;
} links[] = { { "/proc/self/fd", "dev/fd" },
	      { "/proc/self/fd/0", "dev/stdin" },
	      { "/proc/self/fd/1", "dev/stdout" },
	      { "/proc/self/fd/2", "dev/stderr" },
	      { "pts/ptmx", "dev/ptmx" } };
static const char *const readonly_paths[] = { "proc/asound", "proc/bus", "proc/fs",
					      "proc/irq",    "proc/sys", "proc/sysrq-trigger" };
static const char *const masked_paths[] = { "proc/acpi",          "proc/kcore",      "proc/keys",
					    "proc/latency_stats", "proc/timer_list", "proc/sched_debug",
					    "sys/firmware" };

static void mount_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		if (mounts[i].mode && mkdir(mounts[i].target, mounts[i].mode) < 0)
			floor_die(mounts[i].target);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags, mounts[i].data) <
		    0)
			floor_die(mounts[i].target);
	}
}

static void make_devices(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		if (mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) < 0)
			floor_die(nodes[i].path);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlink(links[i].target, links[i].path) < 0)
			floor_die(links[i].path);
}

/* A path that does not exist is passed over: config-linux.md#masked-paths, #readonly-paths */
static void restrict_paths(void)
{
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(readonly_paths); i++) {
		const char *path = readonly_paths[i];

		if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) == 0 &&
		    mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
			floor_die(path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(masked_paths); i++) {
		const char *path = masked_paths[i];

		if (stat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) ? mount("tmpfs", path, "tmpfs", MS_RDONLY, NULL)
					: mount("dev/null", path, NULL, MS_BIND, NULL))
			floor_die(path);
	}
}

static void switch_root(void)
{
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		floor_die("pivot_root");
}

static void drop_privileges(void)
{
	const unsigned keep = 1u << CAP_AUDIT_WRITE | 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = keep, .permitted = keep } };

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (cap > 31 || !(keep & 1u << cap))
			(void) prctl(PR_CAPBSET_DROP, cap);
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		floor_die("ids");
	if (syscall(SYS_capset, &header, data) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		floor_die("privileges");
}

_Noreturn void floor_init(const char *rootfs, const int *tasks, int count)
{
	char *argv[] = { "/probe", "--stopwatch", NULL }, *env[] = { NULL };

	for (int i = 0; i < count; i++)
		if (tasks[i] >= 0 && write(tasks[i], "0", 1) < 0)
			floor_die("join a cgroup");
	if (sethostname("plumbline", 9) < 0 || setsid() < 0)
		floor_die("names");
	(void) syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "_ses.floor", 0, 0, 0);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(rootfs) < 0)
		floor_die(rootfs);
	(void) umask(0);
	mount_all();
	make_devices();
	restrict_paths();
	switch_root();
	drop_privileges();
	(void) syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
	(void) execve(argv[0], argv, env);
	floor_die("exec /probe");
}
