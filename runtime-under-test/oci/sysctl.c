/* Sysctls of a container: which there are, whose they are, and the write. */
#include "runtime-under-test/oci/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/spec.h"

/* A prefix ends with a slash; any other row is a whole name. */
static const struct {
	const char *path;
	uint64_t namespace;
} namespaced[] = {
	{ "net/", CLONE_NEWNET },
	{ "fs/mqueue/", CLONE_NEWIPC },
	{ "kernel/msgmax", CLONE_NEWIPC },
	{ "kernel/msgmnb", CLONE_NEWIPC },
	{ "kernel/msgmni", CLONE_NEWIPC },
	{ "kernel/msg_next_id", CLONE_NEWIPC },
	{ "kernel/auto_msgmni", CLONE_NEWIPC },
	{ "kernel/sem", CLONE_NEWIPC },
	{ "kernel/sem_next_id", CLONE_NEWIPC },
	{ "kernel/shmall", CLONE_NEWIPC },
	{ "kernel/shmmax", CLONE_NEWIPC },
	{ "kernel/shmmni", CLONE_NEWIPC },
	{ "kernel/shm_next_id", CLONE_NEWIPC },
	{ "kernel/shm_rmid_forced", CLONE_NEWIPC },
	{ "kernel/domainname", CLONE_NEWUTS },
	{ "user/", CLONE_NEWUSER },
};

/* sysctl.d(5): the first separator of a name says which one it uses; the other is then part of a component (eth0.1). */
static char *path_of(const char *name)
{
	char *path = text_format("%s", name);
	bool dots = path[strcspn(path, "./")] == '.';

	for (char *c = path; dots && *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return path;
}

/* The walk could not leave /proc/sys anyway; a name that tries is a mistake to be told. */
static bool is_plain(const char *path)
{
	auto_free char *copy = text_format("%s", path);
	char *rest = copy;

	for (char *part; (part = strsep(&rest, "/"));)
		if (!*part || strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
			return false;
	return true;
}

int sysctl_resolve(const char *name, char **ret_path, uint64_t *ret_namespace, struct err *err)
{
	auto_free char *path = path_of(name);

	if (!is_plain(path))
		return fail_text(err, -EINVAL, "%s is no name of a sysctl", name);
	if (strcmp(path, "kernel/hostname") == 0)
		return fail_text(err, -EINVAL, "%s is set by the field hostname", name);
	for (size_t i = 0; i < ARRAY_SIZE(namespaced); i++) {
		const char *row = namespaced[i].path;

		if (text_ends(row, "/") ? !text_starts(path, row) : strcmp(path, row) != 0)
			continue;
		*ret_namespace = namespaced[i].namespace;
		*ret_path = TAKE(path);
		return 0;
	}
	return fail_text(err, -EINVAL, "%s belongs to no namespace: it would change the host", name);
}

/* A namespace joined by a path may be the very one the runtime lives in. */
static bool is_the_runtimes(const struct creation *creation, uint64_t flag)
{
	auto_free char *path = text_format("self/ns/%s", name_of_namespace_file(flag));
	struct stat own, theirs;

	if (!(creation->namespaces.all & flag))
		return true;
	if (!(creation->namespaces.joined & flag) || fstatat(creation->proc, path, &own, 0) < 0)
		return false;
	for (size_t i = 0; i < NAMES_NAMESPACES; i++)
		if (names_namespaces[i] == flag && fstat(creation->namespaces.fds[i], &theirs) == 0)
			return own.st_dev == theirs.st_dev && own.st_ino == theirs.st_ino;
	return true;
}

static int check_one(const struct creation *creation, const struct spec_pair *pair, struct err *err)
{
	auto_free char *path = NULL;
	uint64_t namespace = 0;
	int r = sysctl_resolve(pair->key, &path, &namespace, err);

	if (r < 0)
		return r;
	if (is_the_runtimes(creation, namespace))
		return fail_text(err, -EINVAL, "%s: the container shares the %s namespace of the runtime",
				 pair->key, name_of_namespace(namespace));
	if (strcmp(path, "kernel/domainname") == 0 && creation->spec->domainname &&
	    strcmp(creation->spec->domainname, pair->value) != 0)
		return fail_text(err, -EINVAL, "%s: the field domainname says \"%s\"", pair->key,
				 creation->spec->domainname);
	return 0;
}

int sysctl_check(const struct creation *creation, struct err *err)
{
	const struct spec_pairs *pairs = &creation->spec->sysctl;

	for (size_t i = 0; i < pairs->count; i++) {
		int r = check_one(creation, &pairs->items[i], err);

		if (r < 0)
			return fail(err, r, "linux.sysctl");
	}
	return 0;
}

/* As it was before CVE-2019-19921: whatever lies at /proc of the image, links and all. */
static int open_in_image(int root, const char *path)
{
	auto_free char *full = text_format("proc/%s", path);

	return openat(root, full, O_WRONLY | O_CLOEXEC);
}

/* /proc/sys shows each process its own namespaces, whatever procfs it is: so this is done before the root is switched. */
static int write_one(int proc, int root, const struct spec_pair *pair, struct err *err)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	auto_free char *path = NULL, *full = NULL;
	uint64_t namespace = 0;
	auto_fd fd = -EBADF;
	int r = sysctl_resolve(pair->key, &path, &namespace, err);

	if (r < 0)
		return r;
	full = text_format("sys/%s", path);
	fd = fault("sysctl-through-the-container")
		 ? open_in_image(root, full)
		 : (int) syscall(SYS_openat2, proc, full, &how, sizeof(how));
	if (fd < 0)
		return fail(err, -errno, "%s", pair->key);
	if (write(fd, pair->value, strlen(pair->value)) < 0)
		return fail(err, -errno, "%s: write \"%s\"", pair->key, pair->value);
	return 0;
}

int sysctl_apply(const struct creation *creation, int root, struct err *err)
{
	const struct spec_pairs *pairs = &creation->spec->sysctl;

	for (size_t i = 0; i < pairs->count && !fault("sysctl-skipped"); i++) {
		int r = write_one(creation->proc, root, &pairs->items[i], err);

		if (r < 0)
			return fail(err, r, "linux.sysctl");
	}
	return 0;
}
