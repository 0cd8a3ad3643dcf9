/* Tries: children, signals and memory. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "harness/probe/child.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/try.h"

#define FORKS_MAX 65536
#define MIB (1024 * 1024)

/* The child ends with its parent, and neither holds what the parent had open. */
static int fork_idle(pid_t *ret)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		if (getppid() == parent)
			for (;;)
				(void) pause();
		_exit(0);
	}
	*ret = pid;
	return 0;
}

static int try_fork(struct try *try)
{
	long long count, made = 0;
	auto_free pid_t *pids = NULL;
	int r = 0;

	if (try_number(try->words[1], &count) < 0 || count < 0 || count > FORKS_MAX)
		return -EINVAL;
	pids = calloc((size_t) count + 1, sizeof(*pids));
	if (!pids)
		return -ENOMEM;
	while (made < count && !r) {
		r = fork_idle(&pids[made]);
		made += r == 0;
	}
	for (long long i = 0; i < made; i++)
		(void) kill(pids[i], SIGKILL);
	for (long long i = 0; i < made; i++)
		while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			;
	out_int(try->out, "made", made);
	return r;
}

struct memory {
	long long wanted;
	volatile long long *touched; /* shared with the parent, so that it outlives the child */
};

static long touch_memory(void *argument)
{
	const struct memory *memory = argument;
	auto_fd score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	/* When the kernel has to choose, it shall be this child and not the one that tells. */
	if (score >= 0)
		(void) !write(score, "1000", 4);
	for (long long i = 0; i < memory->wanted; i++) {
		char *block = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (block == MAP_FAILED)
			return -errno;
		for (size_t at = 0; at < MIB; at += 4096)
			block[at] = 1;
		*memory->touched = i + 1;
	}
	return 0;
}

static int try_memory(struct try *try)
{
	struct memory memory = { 0 };
	const struct child_work work = { .body = touch_memory, .argument = &memory };
	struct child_end end;
	void *shared;
	int r;

	if (try_number(try->words[1], &memory.wanted) < 0)
		return -EINVAL;
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	memory.touched = shared;
	r = child_run(&work, &end);
	if (r == 0) {
		out_child_end(try->out, &end);
		out_int(try->out, "touched", *memory.touched);
		r = end.reported ? (int) end.result : -ENOMEM;
	}
	(void) munmap(shared, 4096);
	return r;
}

static int try_kill(struct try *try)
{
	long long pid;
	int number = strcmp(try->words[2], "0") ? name_to_signal(try->words[2]) : 0;

	if (try_number(try->words[1], &pid) < 0 || number < 0)
		return -EINVAL;
	return kill((pid_t) pid, number) < 0 ? -errno : 0;
}

/* Only seized: the tracee never stops, and the child's end lets go of it. */
static long seize(void *argument)
{
	return ptrace(PTRACE_SEIZE, *(const pid_t *) argument, NULL, NULL) < 0 ? -errno : 0;
}

static int try_ptrace(struct try *try)
{
	long long number;
	pid_t pid;
	const struct child_work work = { .body = seize, .argument = &pid };
	struct child_end end;
	int r;

	if (try_number(try->words[1], &number) < 0)
		return -EINVAL;
	pid = (pid_t) number;
	r = child_run(&work, &end);
	if (r < 0)
		return r;
	if (!end.reported)
		out_child_end(try->out, &end);
	return end.reported ? (int) end.result : -EINTR;
}

/* The grandchild is nobody's: it stays until somebody ends it. Its pid comes back through a pipe. */
static long daemonize(void *argument)
{
	const int *pipe_end = argument;
	pid_t pid;

	if (setsid() < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0)
		return 0;
	pid = getpid();
	(void) !write(*pipe_end, &pid, sizeof(pid));
	(void) close(*pipe_end);
	for (;;)
		(void) pause();
}

static int try_daemon(struct try *try)
{
	int ends[2];
	struct child_end end;
	pid_t pid = 0;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	r = child_run(&(struct child_work){ .body = daemonize, .argument = &ends[1] }, &end);
	(void) close(ends[1]);
	if (r == 0)
		r = end.reported ? (int) end.result : -EINTR;
	if (r == 0 && read(ends[0], &pid, sizeof(pid)) == sizeof(pid))
		out_int(try->out, "pid", pid);
	(void) close(ends[0]);
	return r;
}

/* Orphans too, when it is process 1: signal(7), SA_NOCLDWAIT. */
static int try_reap(struct try *try)
{
	(void) try;
	return signal(SIGCHLD, SIG_IGN) == SIG_ERR ? -errno : 0;
}

const struct try_verb try_process_verbs[] = {
	{ "fork N", try_fork, 1, "made: children that could be made; they are ended again" },
	{ "memory MIB", try_memory, 1,
	  "code or signal of a child that touches so much, touched: how much it had" },
	{ "kill PID SIG", try_kill, 2, "kill(2); SIG 0 only asks" },
	{ "ptrace PID", try_ptrace, 1, "PTRACE_SEIZE" },
	{ "daemon", try_daemon, 0, "pid: a child of nobody in a session of its own, that stays" },
	{ "reap", try_reap, 0, "from now on no child is waited for, and none stays as a zombie" },
	{ NULL },
};
