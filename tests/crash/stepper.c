/* One loop over what waitpid(2) says of any process that is traced. */
#include "tests/crash/stepper.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define TRACEES_MAX 64
#define OPTIONS                                                                                              \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |            \
	 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

struct run {
	pid_t command;
	pid_t tracees[TRACEES_MAX];
	size_t count;
	struct stat program;
	enum step_role role;
	unsigned n;
	bool over; /* killed, or the command has ended: everybody is let go */
	bool ended;
	struct step_result *result;
};

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* Its stdio is the caller's, so that a container has what it expects. */
static pid_t start(char *const *argv)
{
	int ends[2];
	pid_t pid;
	char go = 'g';

	if (pipe2(ends, O_CLOEXEC) < 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		(void) close(ends[1]);
		if (read(ends[0], &go, 1) != 1 || null < 0)
			_exit(127);
		(void) dup2(null, 0);
		(void) dup2(null, 1);
		if (!getenv("CRASH_VERBOSE"))
			(void) dup2(null, 2);
		(void) close(null);
		(void) execv(argv[0], argv);
		_exit(127);
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *) OPTIONS) < 0)
		die("PTRACE_SEIZE");
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		die("PTRACE_INTERRUPT");
	(void) !write(ends[1], &go, 1);
	(void) close(ends[0]);
	(void) close(ends[1]);
	return pid;
}

static size_t find(const struct run *run, pid_t pid)
{
	size_t i = 0;

	while (i < run->count && run->tracees[i] != pid)
		i++;
	return i;
}

static void add(struct run *run, pid_t pid)
{
	if (find(run, pid) < run->count)
		return;
	if (run->count == TRACEES_MAX) {
		(void) fprintf(stderr, "more than %d processes\n", TRACEES_MAX);
		exit(2);
	}
	run->tracees[run->count++] = pid;
}

static void forget(struct run *run, pid_t pid)
{
	size_t i = find(run, pid);

	if (i < run->count)
		run->tracees[i] = run->tracees[--run->count];
}

/* A process that waits in a system call has no other stop than this one. */
static void let_all_go(struct run *run)
{
	run->over = true;
	for (size_t i = 0; i < run->count; i++)
		(void) ptrace(PTRACE_INTERRUPT, run->tracees[i], NULL, NULL);
}

/* The program it became is the payload's or a hook's, no longer the runtime's. */
static bool is_other_program(const struct run *run, pid_t pid)
{
	char path[32];
	struct stat st;

	(void) snprintf(path, sizeof(path), "/proc/%d/exe", (int) pid);
	return stat(path, &st) < 0 || st.st_dev != run->program.st_dev || st.st_ino != run->program.st_ino;
}

static void enter_call(struct run *run, pid_t pid)
{
	struct __ptrace_syscall_info info;
	enum step_role role = pid == run->command ? STEP_COMMAND : STEP_CHILDREN;

	if (role != run->role || ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *) sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	if (++run->result->calls != run->n)
		return;
	(void) snprintf(run->result->call, sizeof(run->result->call), "call %lld", (long long) info.entry.nr);
	run->result->killed = true;
	(void) kill(pid, SIGKILL);
	let_all_go(run);
}

static void detach(struct run *run, pid_t pid, int signal)
{
	(void) ptrace(PTRACE_DETACH, pid, NULL, (void *) (long) signal);
	forget(run, pid);
}

static void stopped(struct run *run, pid_t pid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	add(run, pid);
	if (signal == (SIGTRAP | 0x80) && !run->over)
		enter_call(run, pid);
	if (event || signal == (SIGTRAP | 0x80))
		signal = 0;
	if (run->over || (event == PTRACE_EVENT_EXEC && is_other_program(run, pid)))
		detach(run, pid, signal);
	else
		(void) ptrace(PTRACE_SYSCALL, pid, NULL, (void *) (long) signal);
}

/* A child is traced from its birth on; if its parent was killed right there, nobody has told of it yet. */
static bool has_tracee(void)
{
	auto_free char *wanted = text_format("\nTracerPid:\t%d\n", (int) getpid());
	auto_dir dir = opendir("/proc");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		auto_free char *path = text_format("%s/status", entry->d_name);
		auto_text status = { 0 };

		if (isdigit((unsigned char) entry->d_name[0]) &&
		    file_read_at(dirfd(dir), path, 65536, &status, NULL) == 0 &&
		    strstr(text_str(&status), wanted))
			return true;
	}
	return false;
}

void step_run(char *const *argv, enum step_role role, unsigned n, struct step_result *ret)
{
	struct run run = { .role = role, .n = n, .result = ret };

	*ret = (struct step_result){ 0 };
	if (stat(argv[0], &run.program) < 0)
		die(argv[0]);
	run.command = start(argv);
	add(&run, run.command);
	while (!run.ended || run.count || has_tracee()) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		if (WIFSTOPPED(status)) {
			stopped(&run, pid, status);
			continue;
		}
		forget(&run, pid);
		if (pid != run.command)
			continue;
		run.ended = true;
		ret->status = status;
		let_all_go(&run);
	}
}
