/*
 * The floor: what the kernel must do for fixtures/default-config.json, by bare system calls in one program: no config to
 * read, no state to keep, no seccomp, no error handling beyond an end. A runtime cannot be faster by much, so the ratio
 * to it tells how much of a runtime's time is its own. floor_init.c is the container's half.
 */
#include "harness/stopwatch/stopwatch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HIERARCHIES 16
#define CGROUPS "/sys/fs/cgroup"

struct hierarchy {
	int parent, own;
	int tasks; /* -1: cgroup2, which a child is cloned into */
};

_Noreturn void floor_die(const char *step)
{
	fprintf(stderr, "stopwatch: floor: %s: %s\n", step, strerror(errno));
	_exit(1);
}

static void write_at(int directory, const char *file, const char *text)
{
	int fd = openat(directory, file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		floor_die(file);
	(void) close(fd);
}

/* A cpuset without processors takes no member: cpuset(7). */
static void copy_down(const struct hierarchy *hierarchy, const char *file)
{
	char value[256];
	int fd = openat(hierarchy->parent, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, value, sizeof(value) - 1);

	if (fd < 0)
		return;
	(void) close(fd);
	value[n > 0 ? n : 0] = '\0';
	if (n > 0)
		write_at(hierarchy->own, file, value);
}

/* Deny everything, then what runtime-spec's default devices need. */
static void write_device_rules(int own)
{
	static const char *const allowed[] = {
		"c *:* m",   "b *:* m",   "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm",
		"c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm",
	};

	if (faccessat(own, "devices.deny", W_OK, 0) < 0)
		return;
	write_at(own, "devices.deny", "a");
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		write_at(own, "devices.allow", allowed[i]);
}

static int make_cgroups(const char *name, struct hierarchy *ret)
{
	DIR *directory = opendir(CGROUPS);
	struct dirent *entry;
	int count = 0;

	while (directory && count < HIERARCHIES && (entry = readdir(directory))) {
		struct hierarchy *hierarchy = &ret[count];

		/* "cpu,cpuacct" has links beside it that lead to it once more. */
		if (entry->d_name[0] == '.' || entry->d_type != DT_DIR)
			continue;
		hierarchy->parent =
		    openat(dirfd(directory), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (hierarchy->parent < 0 || mkdirat(hierarchy->parent, name, 0755) < 0)
			floor_die("make a cgroup");
		hierarchy->own = openat(hierarchy->parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		copy_down(hierarchy, "cpuset.cpus");
		copy_down(hierarchy, "cpuset.mems");
		write_device_rules(hierarchy->own);
		/* One thread that moves itself stops no fork of the machine; a write to cgroup.procs does (kernel commit 9a3284fad42f). */
		hierarchy->tasks = openat(hierarchy->own, "tasks", O_WRONLY | O_CLOEXEC);
		count++;
	}
	if (directory)
		(void) closedir(directory);
	return count;
}

/* The last member leaves its cgroup a moment after it was reaped: rmdir says EBUSY until then. */
static void remove_cgroup(const struct hierarchy *hierarchy, const char *name)
{
	for (int try = 0; try < 10000; try++)
		if (unlinkat(hierarchy->parent, name, AT_REMOVEDIR) == 0 || errno != EBUSY)
			return;
	floor_die("remove a cgroup");
}

int floor_run(const char *rootfs, const char *name)
{
	struct hierarchy hierarchies[HIERARCHIES];
	int tasks[HIERARCHIES], count = make_cgroups(name, hierarchies), status = 0;
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	for (int i = 0; i < count; i++) {
		tasks[i] = hierarchies[i].tasks;
		if (tasks[i] >= 0)
			continue;
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t) hierarchies[i].own;
	}
	pid = (pid_t) syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		floor_init(rootfs, tasks, count);
	if (pid < 0)
		floor_die("clone3");
	if (waitpid(pid, &status, 0) < 0)
		floor_die("wait");
	for (int i = 0; i < count; i++)
		remove_cgroup(&hierarchies[i], name);
	return status;
}
