/* Records a command or what runs already. The command is executed as it stands, in no world: it is the user's own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/recorder.h"
#include "harness/options.h"
#include "harness/trace.h"

#define DRAIN_MS 10
#define CLOSE_MS 2000 /* for the ring to give up the last mark */

struct trace {
	const struct trace_target *target;
	struct recorder *recorder;
	struct process process; /* the command, or the process attached to */
	int signals; /* signalfd */
	sigset_t mask; /* as it was */
	int64_t kill_at; /* -1: nobody has asked the command to end */
	size_t seen; /* offset behind the events that symbols know */
	struct trace_symbols symbols;
	struct trace_end end;
};

/* The PATH is searched here, so that the recording has one execve and not one a directory. */
static char *find_program(const char *name)
{
	const char *at = getenv("PATH");

	if (strchr(name, '/'))
		return text_format("%s", name);
	for (at = at ? at : "/usr/bin:/bin"; *at; at += *at == ':') {
		size_t len = strcspn(at, ":");
		auto_free char *path = text_format("%.*s/%s", (int) len, at, name);

		if (len && access(path, X_OK) == 0)
			return TAKE(path);
		at += len;
	}
	return NULL;
}

static void run_command(struct trace *trace, const char *path, char *const *argv, int report)
{
	int error;

	(void) signal(SIGPIPE, SIG_DFL);
	(void) sigprocmask(SIG_SETMASK, &trace->mask, NULL);
	if (trace->target->output_to_stderr && dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(127);
	(void) recorder_mark(recorder_secret(trace->recorder), MARK_FOLLOW, 0, TRACE_TAG);
	(void) execv(path, argv);
	error = errno;
	(void) !write(report, &error, sizeof(error));
	_exit(127);
}

/* The child tells through a pipe what kept it from its exec; the exec itself closes it. */
static int start_command(struct trace *trace, struct err *err)
{
	const struct words *words = trace->target->command;
	auto_free char *path = find_program(words->words[0]);
	auto_free char **argv = calloc(words->count + 1, sizeof(*argv));
	int ends[2], error = 0;

	if (!argv)
		return fail(err, -ENOMEM, "%s", words->words[0]);
	if (!path)
		return fail_text(err, -ENOENT, "%s: no such program", words->words[0]);
	for (size_t i = 0; i < words->count; i++)
		argv[i] = (char *) words->words[i];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(err, -errno, "make a pipe");
	auto_fd report = ends[0];
	auto_fd to_report = ends[1];
	trace->process.pid = fork();
	if (trace->process.pid == 0)
		run_command(trace, path, argv, to_report);
	if (trace->process.pid < 0)
		return fail(err, -errno, "fork");
	(void) close(TAKE_FD(to_report));
	trace->process.pidfd = process_pidfd_open(trace->process.pid);
	if (read(report, &error, sizeof(error)) == sizeof(error)) {
		(void) waitpid(trace->process.pid, NULL, 0);
		return fail(err, -error, "%s", path);
	}
	return trace->process.pidfd < 0 ? fail(err, trace->process.pidfd, "watch %s", path) : 0;
}

static int start_attached(struct trace *trace, struct err *err)
{
	int r;

	if (trace->target->pid) {
		trace->process.pidfd = process_pidfd_open(trace->target->pid);
		if (trace->process.pidfd < 0)
			return fail(err, trace->process.pidfd, "attach to process %d",
				    (int) trace->target->pid);
	}
	r = trace_attach(trace->recorder, trace->target, trace->process.pidfd, err);
	if (r == 0)
		return fail_text(err, -ESRCH, "attach to %s: no process is in it", trace->target->cgroup);
	if (r > 0 && trace->target->begun)
		trace->target->begun(trace->target->argument);
	return r < 0 ? r : 0;
}

static int drain(struct trace *trace, struct err *err)
{
	struct decoded event;
	int r = recorder_drain(trace->recorder, err);

	if (r < 0)
		return r;
	while (recorder_peek(trace->recorder, TRACE_TAG, &trace->seen, &event))
		trace_symbols_see(&trace->symbols, &event);
	return 0;
}

/*
 * From a terminal a signal reaches the command as well; one that somebody sent to us alone is passed on. A command that goes on all
 * the same is killed later: who pressed Ctrl-C or set a time-out waits for the end. 1: stop.
 */
static int take_signal(struct trace *trace)
{
	struct signalfd_siginfo info;

	if (read(trace->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (!trace->target->command) {
		trace->end.interrupted = info.ssi_signo != SIGINT; /* Ctrl-C is how attaching ends */
		return 1;
	}
	trace->end.interrupted = true;
	if (trace->kill_at < 0)
		trace->kill_at = process_now_ms() + TRACE_GRACE_S * 1000;
	if (info.ssi_code != SI_KERNEL)
		(void) process_kill(&trace->process, (int) info.ssi_signo);
	return 0;
}

static void kill_overdue(struct trace *trace)
{
	if (trace->end.killed || trace->kill_at < 0 || process_now_ms() < trace->kill_at)
		return;
	trace->end.killed = true;
	(void) process_kill(&trace->process, SIGKILL);
}

/* 1: it goes on, 0: it is over. */
static int look(struct trace *trace, int64_t deadline, struct err *err)
{
	struct pollfd fds[] = { { .fd = trace->signals, .events = POLLIN },
				{ .fd = trace->process.pidfd, .events = POLLIN } };
	int r;

	if (poll(fds, ARRAY_SIZE(fds), DRAIN_MS) < 0 && errno != EINTR)
		return fail(err, -errno, "wait for the traced processes");
	r = drain(trace, err);
	if (r < 0)
		return r;
	if ((fds[0].revents & POLLIN) && take_signal(trace))
		return 0;
	if (fds[1].revents & POLLIN)
		return 0;
	kill_overdue(trace);
	if (deadline >= 0 && process_now_ms() >= deadline)
		return 0;
	return trace->target->cgroup ? trace_attach(trace->recorder, trace->target, -EBADF, err) : 1;
}

static int close_tag(struct trace *trace, struct err *err)
{
	int64_t deadline = process_now_ms() + CLOSE_MS;

	(void) recorder_mark(recorder_secret(trace->recorder), MARK_CLOSE, 0, TRACE_TAG);
	while (!recorder_is_closed(trace->recorder, TRACE_TAG) && process_now_ms() < deadline) {
		int r = drain(trace, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int run(struct trace *trace, struct recording *ret, struct err *err)
{
	double duration = trace->target->duration;
	int64_t deadline = duration > 0 ? process_now_ms() + (int64_t) (duration * 1000) : -1;
	int r = trace->target->command ? start_command(trace, err) : start_attached(trace, err);

	if (r < 0)
		return r;
	while ((r = look(trace, deadline, err)) > 0)
		;
	if (r < 0)
		return r;
	r = close_tag(trace, err);
	if (r < 0)
		return r;
	if (trace->target->command)
		r = process_wait(&trace->process, -1, &trace->end.status, err);
	if (r < 0)
		return r;
	return recorder_take(trace->recorder, TRACE_TAG, trace_symbols_take(&trace->symbols, trace->target),
			     ret, err);
}

int trace_record(const struct trace_target *target, struct recording *ret, struct trace_end *ret_end,
		 struct err *err)
{
	struct trace trace = { .target = target, .process = PROCESS_INIT, .signals = -EBADF, .kill_at = -1 };
	sigset_t stops;
	int r = recorder_open(&trace.recorder, err);

	if (r < 0)
		return r;
	(void) sigemptyset(&stops);
	(void) sigaddset(&stops, SIGINT);
	(void) sigaddset(&stops, SIGTERM);
	(void) sigaddset(&stops, SIGHUP);
	(void) sigaddset(&stops, SIGQUIT);
	(void) sigprocmask(SIG_BLOCK, &stops, &trace.mask);
	trace.signals = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK);
	r = trace.signals < 0 ? fail(err, -errno, "watch signals") : run(&trace, ret, err);
	json_free(trace_symbols_take(&trace.symbols, target));
	(void) sigprocmask(SIG_SETMASK, &trace.mask, NULL);
	cleanup_fd(&trace.signals);
	process_close(&trace.process);
	recorder_close(trace.recorder);
	if (r == 0)
		*ret_end = trace.end;
	return r;
}
