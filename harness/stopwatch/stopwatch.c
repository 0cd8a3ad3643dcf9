/* What the words behind --stopwatch ask for; see stopwatch.h. */
#include "harness/stopwatch/stopwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t micros(struct timeval time)
{
	return (int64_t) time.tv_sec * 1000000 + time.tv_usec;
}

/* A caller that is killed takes the command along, as containerd's shim has it. */
static void time_program(char **argv, struct stopwatch_lap *lap)
{
	volatile int exec_error = 0; /* written by the child: vfork(2) shares memory */
	struct rusage usage = { 0 };
	int64_t begin = now_ns();
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void) execv(argv[0], argv);
		exec_error = errno;
		_exit(127);
	}
	if (pid < 0)
		exec_error = errno;
	while (pid > 0 && wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	*lap = (struct stopwatch_lap){
		.wall_ns = now_ns() - begin,
		.user_us = micros(usage.ru_utime),
		.sys_us = micros(usage.ru_stime),
		.peak_kb = usage.ru_maxrss,
		.status = status,
		.exec_error = exec_error,
	};
}

static int take_time(const char *file, char **argv)
{
	struct stopwatch_lap lap;
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0) {
		fprintf(stderr, "stopwatch: open %s: %s\n", file, strerror(errno));
		return 1;
	}
	time_program(argv, &lap);
	return write(fd, &lap, sizeof(lap)) == (ssize_t) sizeof(lap) ? 0 : 1;
}

static _Noreturn void hold(void)
{
	/* As pid 1 of a container it would ignore what it does not handle. */
	(void) signal(SIGTERM, SIG_DFL);
	for (;;)
		(void) pause();
}

int stopwatch_main(int argc, char **argv)
{
	if (argc < 2)
		return 0;
	if (argc >= 4 && strcmp(argv[1], "time") == 0)
		return take_time(argv[2], argv + 3);
	if (argc == 4 && strcmp(argv[1], "floor") == 0)
		return floor_run(argv[2], argv[3]) ? 1 : 0;
	if (argc == 2 && strcmp(argv[1], "hold") == 0)
		hold();
	fprintf(stderr,
		"usage: plumbline-probe --stopwatch [time FILE PROGRAM ARG... | floor ROOTFS NAME | hold]\n");
	return 2;
}
