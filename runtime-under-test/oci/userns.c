/* Id maps: written for the container, and borrowed from a short-lived namespace for id-mapped mounts. */
#include "runtime-under-test/oci/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/capabilities.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/mount_options.h"
#include "runtime-under-test/oci/procfs.h"
#include "runtime-under-test/oci/spec.h"

static void format_map(const struct spec_id_maps *maps, struct text *out)
{
	for (size_t i = 0; i < maps->count; i++)
		text_addf(out, "%u %u %u\n", maps->items[i].container_id, maps->items[i].host_id,
			  maps->items[i].size);
}

/* One write(2) for the whole map: the kernel takes no second one. */
static int write_map(int directory, const char *name, const struct spec_id_maps *maps, struct err *err)
{
	auto_text map = { 0 };

	format_map(maps, &map);
	return procfs_write(directory, name, text_str(&map), map.len, err);
}

/* The set-user-id helpers of shadow know which ranges /etc/subuid grants the caller. */
static int run_mapper(const char *program, pid_t pid, const struct spec_id_maps *maps, struct err *err)
{
	auto_free const char **argv = calloc(maps->count * 3 + 3, sizeof(*argv));
	auto_text out = { 0 };
	struct process_options options = PROCESS_OPTIONS_INIT;
	const struct process_capture capture = { .err = &out, .max = 400, .timeout_ms = 10000 };
	struct process_status status;
	size_t n = 0;
	int r;

	if (!argv)
		abort();
	argv[n++] = program;
	argv[n++] = text_format("%d", (int) pid);
	for (size_t i = 0; i < maps->count; i++) {
		argv[n++] = text_format("%u", maps->items[i].container_id);
		argv[n++] = text_format("%u", maps->items[i].host_id);
		argv[n++] = text_format("%u", maps->items[i].size);
	}
	options.argv = argv;
	r = process_run(&options, &capture, &status, err);
	for (size_t i = 1; i < n; i++)
		free((void *) argv[i]);
	if (r < 0)
		return r;
	text_trim_end(&out);
	if (!status.exited || status.code != 0)
		return fail_text(err, -EPERM, "%s: %s", program, text_str(&out));
	return 0;
}

/* What an unprivileged process may map by itself: its own id, once. */
static bool is_own_id(const struct spec_id_maps *maps, uint32_t id)
{
	return maps->count == 1 && maps->items[0].size == 1 && maps->items[0].host_id == id;
}

static int write_uids(int directory, pid_t pid, const struct spec_id_maps *uids, struct err *err)
{
	if (capability_is_effective(CAP_SETUID) || is_own_id(uids, geteuid()))
		return write_map(directory, "uid_map", uids, err);
	return run_mapper("newuidmap", pid, uids, err);
}

static int write_gids(int directory, pid_t pid, const struct spec_id_maps *gids, struct err *err)
{
	int r;

	if (capability_is_effective(CAP_SETGID))
		return write_map(directory, "gid_map", gids, err);
	if (!is_own_id(gids, getegid()))
		return run_mapper("newgidmap", pid, gids, err);
	r = procfs_write(directory, "setgroups", "deny", 4, err);
	return r < 0 ? r : write_map(directory, "gid_map", gids, err);
}

int userns_write_maps(int proc, pid_t pid, const struct spec_id_maps *uids, const struct spec_id_maps *gids,
		      struct err *err)
{
	auto_free char *name = text_format("%d", (int) pid);
	auto_fd directory = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (directory < 0)
		return fail(err, -errno, "open /proc/%d", (int) pid);
	r = write_uids(directory, pid, uids, err);
	if (r < 0)
		return fail(err, r, "linux.uidMappings");
	r = write_gids(directory, pid, gids, err);
	return r < 0 ? fail(err, r, "linux.gidMappings") : 0;
}

int64_t userns_to_host(const struct spec_id_maps *maps, uint32_t id)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct spec_id_map *map = &maps->items[i];

		if (id >= map->container_id && id - map->container_id < map->size)
			return (int64_t) map->host_id + (id - map->container_id);
	}
	return -1;
}

/* 0, or where that is not mapped the first id that is. In a joined namespace the maps are its own: 0 is tried. */
static uint32_t root_of(const struct spec_id_maps *maps)
{
	return maps->count && userns_to_host(maps, 0) < 0 ? maps->items[0].container_id : 0;
}

int userns_become_root(const struct spec *spec, struct err *err)
{
	gid_t gid = root_of(&spec->gid_maps);
	uid_t uid = root_of(&spec->uid_maps);

	/* Denied for who mapped without privileges; the groups stay then, and the payload asks for others in vain. */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return fail(err, -errno, "drop the groups of the host");
	if (setresgid(gid, gid, gid) < 0)
		return fail(err, -errno, "become group %u of the user namespace", gid);
	if (setresuid(uid, uid, uid) < 0)
		return fail(err, -errno, "become user %u of the user namespace", uid);
	return 0;
}

/* A process that does nothing in a new user namespace: the namespace is all that is wanted of it. */
static pid_t hold_namespace(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	pid_t parent = getpid(), pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		for (;;)
			(void) pause();
	}
	return pid;
}

static int open_namespace(int proc, const struct spec_id_maps *uids, const struct spec_id_maps *gids,
			  struct err *err)
{
	pid_t pid = hold_namespace();
	auto_free char *path = text_format("%d/ns/user", (int) pid);
	int r, fd = -EBADF;

	if (pid < 0)
		return fail(err, -errno, "make a user namespace for the mount");
	r = userns_write_maps(proc, pid, uids, gids, err);
	if (r == 0) {
		fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? fail(err, -errno, "open %s", path) : 0;
	}
	(void) kill(pid, SIGKILL); /* not reaped: still ours */
	(void) waitpid(pid, NULL, 0);
	return r < 0 ? r : fd;
}

/* A joined namespace has its maps already, whatever the config says of them. */
static int joined_namespace(const struct creation *creation)
{
	for (size_t i = 0; i < NAMES_NAMESPACES; i++)
		if (names_namespaces[i] == CLONE_NEWUSER && creation->namespaces.joined & CLONE_NEWUSER)
			return fcntl(creation->namespaces.fds[i], F_DUPFD_CLOEXEC, 3);
	return -EBADF;
}

int userns_of_mount(const struct creation *creation, const struct spec_mount *mount, struct err *err)
{
	const struct spec *spec = creation->spec;
	bool own = mount->uid_maps.count;
	const struct spec_id_maps *uids = own ? &mount->uid_maps : &spec->uid_maps;
	const struct spec_id_maps *gids = own ? &mount->gid_maps : &spec->gid_maps;
	auto_fd joined = own ? -EBADF : joined_namespace(creation);

	if (joined >= 0)
		return TAKE_FD(joined);
	/* config.md#linux-mount-options: no mapping given and no user namespace whose mapping could be meant. */
	if (!uids->count || !gids->count)
		return fail_text(err, -EINVAL,
				 "option idmap: neither the mount nor the container has id mappings");
	return open_namespace(creation->proc, uids, gids, err);
}

int userns_map_mount(int tree, int user, const struct mount_options *options, struct err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) user };
	unsigned flags = AT_EMPTY_PATH | (options->idmap_recursive ? AT_RECURSIVE : 0u);

	if (fault("idmap-ignored"))
		return 0;
	if (mount_setattr(tree, "", flags, &attr, sizeof(attr)) < 0)
		return fail(err, -errno, "map the ids of the mount");
	return 0;
}
