/* Opening, checking, joining and making namespaces. */
#include "runtime-under-test/oci/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/procfs.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/sync.h"
#include "runtime-under-test/oci/userns.h"

/* A name of the wrong kind would be joined happily, and the container would share what it was to have for itself. */
static int open_path(const struct spec_namespace *namespace, struct err *err)
{
	auto_fd fd = open(namespace->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *name = name_of_namespace(namespace->flag), *other;
	int type;

	if (fd < 0)
		return fail(err, -errno, "%s namespace %s", name, namespace->path);
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0)
		return fail_text(err, -EINVAL, "%s namespace %s: it is no namespace", name, namespace->path);
	if ((uint64_t) type != namespace->flag) {
		other = name_of_namespace((uint64_t) type);
		return fail_text(err, -EINVAL, "%s namespace %s: it is a namespace of the type %s", name,
				 namespace->path, other ? other : "unknown");
	}
	return TAKE_FD(fd);
}

int namespaces_open(const struct spec *spec, struct namespaces *ret, struct err *err)
{
	for (size_t i = 0; i < NAMES_NAMESPACES; i++) {
		const struct spec_namespace *namespace = spec_find_namespace(spec, names_namespaces[i]);

		ret->fds[i] = -EBADF;
		if (!namespace)
			continue;
		if (!namespace->path) {
			ret->fresh |= namespace->flag;
			continue;
		}
		ret->fds[i] = open_path(namespace, err);
		if (ret->fds[i] < 0)
			return ret->fds[i];
		ret->joined |= namespace->flag;
	}
	if (fault("pid-namespace-shared"))
		ret->fresh &= ~(uint64_t) CLONE_NEWPID;
	if (fault("uts-shared"))
		ret->fresh &= ~(uint64_t) CLONE_NEWUTS;
	if (fault("ipc-shared"))
		ret->fresh &= ~(uint64_t) CLONE_NEWIPC;
	if (fault("network-shared"))
		ret->fresh &= ~(uint64_t) CLONE_NEWNET;
	if (fault("cgroup-namespace-shared"))
		ret->fresh &= ~(uint64_t) CLONE_NEWCGROUP;
	ret->all = ret->fresh | ret->joined;
	return 0;
}

void namespaces_close(struct namespaces *namespaces)
{
	for (size_t i = 0; i < NAMES_NAMESPACES; i++) {
		if (namespaces->joined & names_namespaces[i])
			cleanup_fd(&namespaces->fds[i]);
		namespaces->fds[i] = -EBADF;
	}
	namespaces->joined = 0;
}

/* A cgroup namespace shows where its maker sits, so it waits for the attach; a time namespace only takes children. */
uint64_t namespaces_clone_flags(const struct namespaces *namespaces)
{
	return namespaces->fresh & ~(uint64_t) (CLONE_NEWCGROUP | CLONE_NEWTIME);
}

bool namespaces_need_helper(const struct namespaces *namespaces)
{
	if (namespaces->joined & (CLONE_NEWUSER | CLONE_NEWPID) || namespaces->all & CLONE_NEWTIME)
		return true;
	return namespaces->fresh & CLONE_NEWUSER && namespaces->joined;
}

static int join(int fd, uint64_t flag, struct err *err)
{
	if (setns(fd, (int) flag) < 0)
		return fail(err, -errno, "join the %s namespace", name_of_namespace(flag));
	return 0;
}

static bool same_file(int a, int b)
{
	struct stat one, two;

	return fstat(a, &one) == 0 && fstat(b, &two) == 0 && one.st_dev == two.st_dev &&
	       one.st_ino == two.st_ino;
}

/* True when the user namespace that is to be entered owns fd's namespace, so that joining waits until then. */
static bool is_owned_by(int fd, int user)
{
	auto_fd owner = user < 0 ? -EBADF : ioctl(fd, NS_GET_USERNS);

	return owner >= 0 && same_file(owner, user);
}

static int descriptor_of(const struct namespaces *namespaces, uint64_t flag)
{
	for (size_t i = 0; i < NAMES_NAMESPACES; i++)
		if (names_namespaces[i] == flag)
			return namespaces->fds[i];
	return -EBADF;
}

/* The mount namespace comes last: it takes the paths and /proc of the runtime away. */
static int join_owned(const struct namespaces *namespaces, bool owned, struct err *err)
{
	int user = descriptor_of(namespaces, CLONE_NEWUSER);
	uint64_t rest = namespaces->joined & ~(uint64_t) (CLONE_NEWUSER | CLONE_NEWNS);

	for (size_t i = 0; i < NAMES_NAMESPACES; i++) {
		int r;

		if (!(rest & names_namespaces[i]) || is_owned_by(namespaces->fds[i], user) != owned)
			continue;
		r = join(namespaces->fds[i], names_namespaces[i], err);
		if (r < 0)
			return r;
	}
	if (namespaces->joined & CLONE_NEWNS) {
		int mount = descriptor_of(namespaces, CLONE_NEWNS);

		if (is_owned_by(mount, user) == owned)
			return join(mount, CLONE_NEWNS, err);
	}
	return 0;
}

int namespaces_join(const struct namespaces *namespaces, struct err *err)
{
	return join_owned(namespaces, false, err);
}

int namespaces_join_all(const struct namespaces *namespaces, struct err *err)
{
	int r = join_owned(namespaces, false, err);

	if (r == 0 && namespaces->joined & CLONE_NEWUSER)
		r = join(descriptor_of(namespaces, CLONE_NEWUSER), CLONE_NEWUSER, err);
	if (r == 0 && namespaces->joined & CLONE_NEWUSER)
		r = join_owned(namespaces, true, err);
	return r;
}

static int enter_user(const struct creation *creation, struct err *err)
{
	const struct namespaces *namespaces = &creation->namespaces;
	int r;

	if (namespaces->joined & CLONE_NEWUSER) {
		r = join(descriptor_of(namespaces, CLONE_NEWUSER), CLONE_NEWUSER, err);
		return r < 0 ? r : userns_become_root(creation->spec, err);
	}
	if (!(namespaces->fresh & CLONE_NEWUSER))
		return 0;
	if (unshare(CLONE_NEWUSER) < 0)
		return fail(err, -errno, "make a user namespace");
	r = sync_send(creation->sync, SYNC_USER, err);
	if (r == 0)
		r = sync_await(creation->sync, SYNC_MAPPED, NULL, NULL, err);
	return r < 0 ? r : userns_become_root(creation->spec, err);
}

/* The offsets can be set until the first process is in: time_namespaces(7). */
static int make_time(const struct creation *creation, struct err *err)
{
	const struct spec *spec = creation->spec;
	auto_free char *monotonic = NULL, *boottime = NULL;
	int r = 0;

	if (unshare(CLONE_NEWTIME) < 0)
		return fail(err, -errno, "make a time namespace");
	/* Root of a user namespace does not own the files of a process that is not dumpable; nobody of the container sees it yet. */
	(void) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	monotonic =
	    text_format("monotonic %jd %u\n", (intmax_t) spec->monotonic.secs, spec->monotonic.nanosecs);
	boottime = text_format("boottime %jd %u\n", (intmax_t) spec->boottime.secs, spec->boottime.nanosecs);
	if (spec->monotonic.present && !fault("time-offsets-skipped"))
		r = procfs_write(creation->proc, "self/timens_offsets", monotonic, strlen(monotonic), err);
	if (r == 0 && spec->boottime.present)
		r = procfs_write(creation->proc, "self/timens_offsets", boottime, strlen(boottime), err);
	(void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return r < 0 ? fail(err, r, "linux.timeOffsets") : 0;
}

int namespaces_enter_by_helper(const struct creation *creation, int *ret_pid, struct err *err)
{
	const struct namespaces *namespaces = &creation->namespaces;
	/* CLONE_PARENT: the helper goes away at once, and its parent must be init's, not whoever takes orphans. */
	struct clone_args args = {
		.flags = CLONE_PARENT | (namespaces_clone_flags(namespaces) & ~(uint64_t) CLONE_NEWUSER),
	};
	pid_t pid;
	int r = join_owned(namespaces, false, err);

	if (r == 0)
		r = enter_user(creation, err);
	if (r == 0 && namespaces->joined & CLONE_NEWUSER)
		r = join_owned(namespaces, true, err);
	if (r == 0 && namespaces->fresh & CLONE_NEWTIME)
		r = make_time(creation, err);
	if (r < 0)
		return r;
	pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return fail(err, -errno, "make init in its namespaces");
	*ret_pid = pid;
	return 0;
}
