/* One poll for the end, the signals and the terminal. */
#include "runtime-under-test/oci/foreground.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/notify.h"
#include "runtime-under-test/oci/relay.h"

/* Everything that can be is forwarded, so it must wait in a descriptor until init is there to get it. */
int foreground_open_signals(sigset_t *ret_before, struct err *err)
{
	sigset_t all;
	int fd;

	/* A caller that ignores SIGCHLD hands that on, and the kernel would reap in our place. */
	(void) signal(SIGCHLD, SIG_DFL);
	(void) sigfillset(&all);
	(void) sigprocmask(SIG_SETMASK, &all, ret_before);
	fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? fail(err, -errno, "wait for signals") : fd;
}

static void forward(int signals, int pidfd, struct relay *relay)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == (ssize_t) sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		if (info.ssi_signo == SIGWINCH && relay->master >= 0) {
			relay_resize(relay);
			continue;
		}
		/* Gone already: its end is what we hear of next. */
		(void) syscall(SYS_pidfd_send_signal, pidfd, (int) info.ssi_signo, NULL, 0u);
	}
}

static int reap(int pidfd, int *ret_code, struct err *err)
{
	siginfo_t info = { 0 };

	while (waitid((idtype_t) P_PIDFD, (id_t) pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return fail(err, -errno, "wait for the container");
	*ret_code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return 0;
}

int foreground_wait(const struct foreground *foreground, int *ret_code, struct err *err)
{
	struct relay relay = RELAY_INIT;
	struct pollfd fds[3 + RELAY_POLLS] = { { .fd = foreground->pidfd, .events = POLLIN },
					       { .fd = foreground->signals, .events = POLLIN },
					       { .fd = foreground->notify, .events = POLLIN } };
	int r = relay_open(&relay, foreground->master, err);

	while (r == 0) {
		relay_prepare(&relay, fds + 3);
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR) {
			r = fail(err, -errno, "wait for the container");
			break;
		}
		if (fds[1].revents)
			forward(foreground->signals, foreground->pidfd, &relay);
		if (fds[2].revents &&
		    notify_pass_on(foreground->notify, foreground->pid, foreground->log) > 0)
			fds[2].fd = -1;
		relay_move(&relay, fds + 3);
		if (fds[0].revents)
			break;
	}
	if (r == 0)
		r = reap(foreground->pidfd, ret_code, err);
	relay_close(&relay);
	return r;
}
