/*
 * plumbline-monitor: the parent of a container, of a sandbox's first process, or of an exec. It is small, lives on without the
 * server, and ends with what it watches.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "runtime-under-test/cri/monitor/monitor.h"
#include "runtime-under-test/cri/monitor/options.h"
#include "runtime-under-test/cri/monitor/protocol.h"

static const struct {
	const char *name;
	int (*fn)(const struct monitor_options *options);
} verbs[] = {
	{ "create", monitor_create_verb },
	{ "exec", monitor_exec_verb },
};

/*
 * Twice forked: no terminal can be got by accident, and whoever started it has nothing to wait for. Signals that are meant
 * for a service pass by, for the containers of a server that is stopped run on.
 */
static int become_daemon(void)
{
	static const int ignored[] = { SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };
	pid_t pid = fork();

	if (pid != 0)
		_exit(pid < 0);
	(void) setsid();
	pid = fork();
	if (pid != 0)
		_exit(pid < 0);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void) signal(ignored[i], SIG_IGN);
	(void) umask(022);
	/* What the runtime leaves behind becomes a child of ours: its container. */
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 || chdir("/") < 0;
}

int main(int argc, char **argv)
{
	struct monitor_options options;
	struct err err = { 0 };

	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		printf("plumbline-monitor %s\n", PLUMBLINE_VERSION);
		return 0;
	}
	if (fcntl(MONITOR_REPLY_FD, F_GETFD) < 0 || argc < 2) {
		fprintf(stderr,
			"plumbline-monitor: plumbline-cri starts it, with a socket as descriptor %d\n",
			MONITOR_REPLY_FD);
		return 2;
	}
	(void) fcntl(MONITOR_REPLY_FD, F_SETFD, FD_CLOEXEC);
	if (monitor_options_parse(argc - 1, argv + 1, &options, &err) < 0) {
		fprintf(stderr, "plumbline-monitor: %s\n", err.text);
		return 2;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return become_daemon() ? 1 : verbs[i].fn(&options);
	fprintf(stderr, "plumbline-monitor: unknown verb %s\n", argv[1]);
	return 2;
}
