/* Finding and killing by passes: between two of them a process may have forked, so there is one more until one finds nothing. */
#include "runtime-under-test/cri/monitor/tree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"

/* The kernel's default, include/linux/init_task.h. */
#define SLACK_DEFAULT 50000u
/* How long a pass waits for one that it killed. */
#define DEATH_MS 100

struct member {
	pid_t pid, parent;
	bool dead; /* a zombie */
	bool ours;
};

struct members {
	struct member *rows; /* owned */
	size_t count;
};

int tree_mark(unsigned mark, struct err *err)
{
	if (mark && prctl(PR_SET_TIMERSLACK, (unsigned long) (SLACK_DEFAULT + mark), 0, 0, 0) < 0)
		return fail(err, -errno, "set the timer slack");
	return 0;
}

static ssize_t read_small(int proc, pid_t pid, const char *name, char *data, size_t space)
{
	auto_free char *path = text_format("%d/%s", (int) pid, name);
	auto_fd fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, data, space - 1);

	if (n >= 0)
		data[n] = '\0';
	return n;
}

/* "PID (NAME) STATE PARENT ...": the name may hold anything, blanks and brackets too. proc_pid_stat(5) */
static bool read_member(int proc, pid_t pid, struct member *ret)
{
	char data[512];
	const char *end;
	char state;
	int parent;

	if (read_small(proc, pid, "stat", data, sizeof(data)) <= 0)
		return false;
	end = strrchr(data, ')');
	if (!end || sscanf(end + 1, " %c %d", &state, &parent) != 2)
		return false;
	*ret = (struct member){ .pid = pid, .parent = parent, .dead = strchr("ZXx", state) != NULL };
	return true;
}

static bool has_mark(int proc, pid_t pid, unsigned mark)
{
	char data[32];

	if (read_small(proc, pid, "timerslack_ns", data, sizeof(data)) <= 0)
		return false;
	return strtoul(data, NULL, 10) == SLACK_DEFAULT + mark;
}

static int read_all(DIR *proc, struct members *ret)
{
	const struct dirent *entry;
	size_t space = 0;

	while ((entry = readdir(proc))) {
		struct member member;

		if (!isdigit((unsigned char) entry->d_name[0]) ||
		    !read_member(dirfd(proc), atoi(entry->d_name), &member))
			continue;
		if (ret->count == space) {
			space = space ? 2 * space : 64;
			ret->rows = reallocarray(ret->rows, space, sizeof(*ret->rows));
			if (!ret->rows)
				abort();
		}
		ret->rows[ret->count++] = member;
	}
	return 0;
}

static bool is_ours(const struct members *members, pid_t pid)
{
	if (pid == getpid())
		return true;
	for (size_t i = 0; i < members->count; i++)
		if (members->rows[i].pid == pid)
			return members->rows[i].ours;
	return false;
}

/* Children may stand before their parents when numbers have wrapped around: until a round adds none. */
static void find_ours(int proc, struct members *members, unsigned mark)
{
	bool grew = true;

	for (size_t i = 0; i < members->count; i++) {
		struct member *member = &members->rows[i];

		if (member->pid != getpid() && mark && !fault("exec-kill-forgets-daemons"))
			member->ours = has_mark(proc, member->pid, mark);
	}
	while (grew) {
		grew = false;
		for (size_t i = 0; i < members->count; i++) {
			struct member *member = &members->rows[i];

			if (member->ours || member->pid == getpid() || !is_ours(members, member->parent))
				continue;
			member->ours = grew = true;
		}
	}
}

/* The number may be another process's by now: the descriptor is opened first, then looked at again. */
static void kill_one(int proc, const struct member *victim, int64_t deadline)
{
	auto_fd pidfd = process_pidfd_open(victim->pid);
	struct process process = { .pid = victim->pid, .pidfd = pidfd };
	struct member now;
	int64_t until = process_now_ms() + DEATH_MS;

	if (pidfd < 0 || !read_member(proc, victim->pid, &now) || now.dead)
		return;
	if (process_kill(&process, SIGKILL) == 0)
		(void) process_poll(pidfd, until < deadline ? until : deadline);
}

static void reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* How many it killed, or tried to. */
static int pass(unsigned mark, int64_t deadline, struct err *err)
{
	auto_dir proc = opendir("/proc");
	struct members members = { 0 };
	int victims = 0;

	if (!proc)
		return fail(err, -errno, "open /proc");
	(void) read_all(proc, &members);
	find_ours(dirfd(proc), &members, mark);
	for (size_t i = 0; i < members.count; i++) {
		if (!members.rows[i].ours || members.rows[i].dead)
			continue;
		kill_one(dirfd(proc), &members.rows[i], deadline);
		victims++;
	}
	free(members.rows);
	reap();
	return victims;
}

int tree_kill(unsigned mark, int64_t deadline, struct err *err)
{
	int victims;

	do {
		victims = pass(mark, deadline, err);
		if (victims <= 0)
			return victims;
	} while (process_now_ms() < deadline);
	return fail_text(err, -ETIMEDOUT, "%d processes survive SIGKILL", victims);
}
