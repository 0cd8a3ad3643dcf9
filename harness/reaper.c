/* Waits for children by signalfd and remembers how each ended, the adopted ones included. */
#include "harness/reaper.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

int reaper_start(struct reaper *reaper, struct err *err)
{
	sigset_t set;

	*reaper = (struct reaper){ .signal_fd = -EBADF };
	for (size_t i = 0; i < REAPER_WATCHES; i++)
		reaper->watches[i].fd = -EBADF;
	(void) sigemptyset(&set);
	(void) sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return fail(err, -errno, "block SIGCHLD");
	reaper->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return reaper->signal_fd < 0 ? fail(err, -errno, "signalfd") : 0;
}

void reaper_stop(struct reaper *reaper)
{
	cleanup_fd(&reaper->signal_fd);
	free(reaper->dead);
	*reaper = (struct reaper){ .signal_fd = -EBADF };
}

static void remember(struct reaper *reaper, const siginfo_t *info)
{
	struct reaper_death death = { .pid = info->si_pid };

	if (info->si_code == CLD_EXITED) {
		death.status.exited = true;
		death.status.code = info->si_status;
	} else {
		death.status.signal = info->si_status;
	}
	if (reaper->count == reaper->space) {
		reaper->space = reaper->space ? reaper->space * 2 : 32;
		reaper->dead = realloc(reaper->dead, reaper->space * sizeof(*reaper->dead));
		assert(reaper->dead);
	}
	reaper->dead[reaper->count++] = death;
}

void reaper_collect(struct reaper *reaper)
{
	struct signalfd_siginfo ignored;

	while (read(reaper->signal_fd, &ignored, sizeof(ignored)) > 0)
		;
	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0 || !info.si_pid)
			return;
		remember(reaper, &info);
	}
}

static struct reaper_death *find(const struct reaper *reaper, pid_t pid)
{
	for (size_t i = reaper->count; i-- > 0;)
		if (reaper->dead[i].pid == pid)
			return &reaper->dead[i];
	return NULL;
}

bool reaper_find(const struct reaper *reaper, pid_t pid, struct process_status *ret)
{
	const struct reaper_death *death = find(reaper, pid);

	if (death && ret)
		*ret = death->status;
	return death;
}

void reaper_forget(struct reaper *reaper, pid_t pid)
{
	struct reaper_death *death;

	while ((death = find(reaper, pid)))
		*death = reaper->dead[--reaper->count];
}

static int poll_all(struct reaper *reaper, int timeout)
{
	struct pollfd fds[1 + REAPER_WATCHES] = { { .fd = reaper->signal_fd, .events = POLLIN } };

	for (size_t i = 0; i < REAPER_WATCHES; i++)
		fds[1 + i] = (struct pollfd){ .fd = reaper->watches[i].fd, .events = POLLIN };
	int r = poll(fds, ARRAY_SIZE(fds), timeout);
	for (size_t i = 0; r > 0 && i < REAPER_WATCHES; i++)
		if (fds[1 + i].revents && fds[1 + i].fd == reaper->watches[i].fd)
			reaper->watches[i].ready(reaper->watches[i].argument);
	return r;
}

int reaper_wait_until(struct reaper *reaper, bool (*done)(void *argument), void *argument, int64_t deadline)
{
	for (;;) {
		reaper_collect(reaper);
		if (done(argument))
			return 1;
		int64_t left = deadline - process_now_ms();
		if (left <= 0)
			return 0;
		(void) poll_all(reaper, left > 60000 ? 60000 : (int) left);
	}
}

struct pid_wait {
	const struct reaper *reaper;
	pid_t pid;
};

static bool pid_ended(void *argument)
{
	const struct pid_wait *wait = argument;

	return reaper_find(wait->reaper, wait->pid, NULL);
}

static bool never(void *argument)
{
	(void) argument;
	return false;
}

void reaper_pause(struct reaper *reaper, int64_t ms)
{
	(void) reaper_wait_until(reaper, never, NULL, process_now_ms() + ms);
}

int reaper_wait_pid(struct reaper *reaper, pid_t pid, int64_t deadline, struct process_status *ret)
{
	struct pid_wait wait = { .reaper = reaper, .pid = pid };
	int r = reaper_wait_until(reaper, pid_ended, &wait, deadline);

	if (r > 0)
		(void) reaper_find(reaper, pid, ret);
	return r;
}
