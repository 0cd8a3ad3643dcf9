/* A subreaper has children that it never started: whatever a container leaves behind in the host's PID namespace. */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "runtime-under-test/cri/monitor/monitor.h"

void reap_children(pid_t pid, struct reaped *ret)
{
	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0 || !info.si_pid)
			return;
		if (info.si_pid != pid)
			continue;
		ret->known = true;
		ret->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
		ret->code = ret->signal ? 128 + ret->signal : info.si_status;
	}
}

int reap_signals(struct err *err)
{
	sigset_t children;
	int fd;

	(void) sigemptyset(&children);
	(void) sigaddset(&children, SIGCHLD);
	(void) sigprocmask(SIG_BLOCK, &children, NULL);
	fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? fail(err, -errno, "make a signalfd") : fd;
}
