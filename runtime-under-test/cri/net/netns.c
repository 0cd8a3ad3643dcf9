/*
 * Namespaces without a process: made by a child that does nothing, pinned by bind mounts, left by the child. A child and not a
 * thread, for a user namespace must exist before the network that it owns, and threads cannot enter one: user_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/net/net.h"
#include "runtime-under-test/cri/net/rtnetlink.h"
#include "runtime-under-test/oci/faults.h"

int net_ns_pin(int pid, const char *file, const char *path, struct err *err)
{
	auto_free char *source = text_format("/proc/%d/ns/%s", pid, file);
	auto_fd fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	int r;

	if (fd < 0)
		return fail(err, -errno, "make %s", path);
	if (mount(source, path, NULL, MS_BIND, NULL) == 0)
		return 0;
	r = fail(err, -errno, "pin %s at %s", source, path);
	(void) unlink(path);
	return r;
}

int net_ns_unpin(const char *path, struct err *err)
{
	/* Detached: a container that is still leaving may look at it. EINVAL: nothing was pinned there yet. */
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != ENOENT && errno != EINVAL)
		return fail(err, -errno, "unpin %s", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return fail(err, -errno, "remove %s", path);
	return 0;
}

static pid_t hold(uint64_t flags, int *ret_pidfd)
{
	struct clone_args args = { .flags = flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
				   .pidfd = (uintptr_t) ret_pidfd,
				   .exit_signal = SIGCHLD };
	pid_t parent = getpid(), pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));

	if (pid != 0)
		return pid;
	/* Other threads held locks when this one was copied: system calls alone from here on. */
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* It keeps no connection of the server's open past its end. */
	(void) syscall(SYS_close_range, 0u, ~0u, 0u);
	for (;;)
		(void) pause();
}

static int write_map(pid_t pid, const char *file, uint32_t inside, uint32_t outside, uint32_t count,
		     struct err *err)
{
	auto_free char *path = text_format("/proc/%d/%s", (int) pid, file);
	auto_free char *line = text_format("%u %u %u\n", inside, outside, count);

	return file_write_at(AT_FDCWD, path, line, strlen(line), err);
}

static int map_ids(pid_t pid, const struct net_userns *user, struct err *err)
{
	int r = write_map(pid, "uid_map", user->container_uid, user->host_uid, user->uid_count, err);

	return r < 0 ? r
		     : write_map(pid, "gid_map", user->container_gid, user->host_gid, user->gid_count, err);
}

static int set_loopback_up(const char *path, struct err *err)
{
	auto_fd socket = rtnetlink_open(path, err);
	int index = socket < 0 ? socket : link_index(socket, "lo", err);

	return index < 0 ? index : link_set_up(socket, index, err);
}

static int pin_all(pid_t pid, const char *path, const struct net_userns *user, struct err *err)
{
	int r = user ? map_ids(pid, user, err) : 0;

	if (r == 0 && user)
		r = net_ns_pin((int) pid, "user", user->path, err);
	if (r < 0 || !path)
		return r;
	r = net_ns_pin((int) pid, "net", path, err);
	if (r == 0)
		r = set_loopback_up(path, err);
	if (r == 0)
		return 0;
	(void) net_ns_unpin(path, NULL);
	if (user)
		(void) net_ns_unpin(user->path, NULL);
	return r;
}

int net_ns_create(const char *path, const struct net_userns *user, struct err *err)
{
	uint64_t flags = (path ? CLONE_NEWNET : 0u) | (user ? CLONE_NEWUSER : 0u);
	auto_fd pidfd = -EBADF;
	int r;

	if (path && user && fault("cri-userns-without-network")) {
		r = net_ns_create(NULL, user, err);
		return r < 0 ? r : net_ns_create(path, NULL, err);
	}
	pid_t pid = hold(flags, &pidfd);
	if (pid < 0)
		return fail(err, -errno, "make a namespace");
	r = pin_all(pid, path, user, err);
	(void) syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0u);
	while (waitid((idtype_t) P_PIDFD, (id_t) pidfd, &(siginfo_t){ 0 }, WEXITED) < 0 && errno == EINTR)
		;
	return r;
}
