/*
 * plumbline-probe: started inside a container it prints what it sees, then tries what its tries file says.
 * It reports facts, never verdicts. docs/OBSERVATION.md section "inside" is its contract.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"
#include "harness/probe/try.h"
#include "harness/stopwatch/stopwatch.h"

#define TRIES_MAX (256 * 1024)

int64_t probe_now_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
		return 0;
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

const char *probe_status(const struct probe *probe, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = probe->status.data; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, " \t");
	}
	return NULL;
}

void probe_read_status(struct probe *probe)
{
	if (probe->proc >= 0)
		(void) read_file(probe->proc, "self/status", 65536, &probe->status);
}

/* A descriptor that is opened later must not become stdout. These vanish at exec. */
static void stdio_occupy(const struct probe *probe)
{
	for (int i = 0; i < 3; i++) {
		auto_fd fd = probe->stdio[i] < 0 ? open("/", O_PATH | O_CLOEXEC) : -EBADF;

		if (fd >= 0 && fd < 3)
			(void) TAKE_FD(fd);
	}
}

static int open_proc(void)
{
	auto_fd fd = open("/proc", O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == PROC_SUPER_MAGIC ? TAKE_FD(fd) : -ENODEV;
}

/*
 * The census needs about eight descriptors; with fewer allowed it would only tell EMFILE. The limit comes
 * back.
 */
static void raise_descriptor_limit(struct probe *probe)
{
	struct rlimit raised;

	if (getrlimit(RLIMIT_NOFILE, &probe->nofile) < 0 || probe->nofile.rlim_cur >= 64)
		return;
	raised = probe->nofile;
	raised.rlim_cur = raised.rlim_max < 64 ? raised.rlim_max : 64;
	probe->nofile_raised = setrlimit(RLIMIT_NOFILE, &raised) == 0;
}

static void restore_descriptor_limit(struct probe *probe)
{
	if (probe->nofile_raised)
		(void) setrlimit(RLIMIT_NOFILE, &probe->nofile);
	probe->nofile_raised = false;
}

void probe_start(struct probe *probe, int argc, char **argv, char **env)
{
	*probe = (struct probe){
		.argc = argc, .argv = argv, .env = env, .started_ns = probe_now_ns(), .nonce = "-"
	};
	fds_take(probe);
	signals_take(probe);
	raise_descriptor_limit(probe);
	stdio_occupy(probe);
	/*
	 * A reader that goes away must not end the tries, and an ignored SIGCHLD would hide how children end.
	 */
	(void) signal(SIGPIPE, SIG_IGN);
	(void) signal(SIGCHLD, SIG_DFL);
	probe->proc = open_proc();
	probe_read_status(probe);
}

static int print_help(void)
{
	printf("plumbline-probe: prints what a container's first process sees, as one line of JSON, then "
	       "tries what\n"
	       "%s says: its first line is a word that begins every line printed, each further line a try.\n"
	       "With --try [TRY...] the tries are these words instead.\n"
	       "As a hook: plumbline-probe --hook FILE NAME [exit=N] [hang] [stderr=TEXT] "
	       "[exists=PATH]...\n\ncensus:",
	       PROBE_TRIES);
	for (size_t i = 0; i < census_key_count(); i++)
		printf(" %s", census_key(i));
	printf("\n\ntries:\n");
	for (size_t i = 0; try_verb_at(i); i++)
		printf("  %-28s %s\n", try_verb_at(i)->usage, try_verb_at(i)->help);
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* For what exec adds: --try [TRY...] instead of the lines of the file, whose first one still begins every line printed. */
static bool take_tries(int argc, char **argv, struct text *ret)
{
	if (argc < 2 || strcmp(argv[1], "--try") != 0)
		return false;
	for (int i = 2; i < argc; i++)
		text_addf(ret, "%s\n", argv[i]);
	return true;
}

int main(int argc, char **argv, char **env)
{
	struct probe probe;
	auto_text tries = { 0 }, own = { 0 };
	bool has_tries;

	if (argc == 1 && !strcmp(argv[0], PROBE_IDS))
		return try_print_ids();
	if (argc > 1 && !strcmp(argv[1], "--stopwatch"))
		return stopwatch_main(argc - 1, argv + 1);
	probe_start(&probe, argc, argv, env);
	if (argc > 3 && !strcmp(argv[1], "--hook"))
		return hook_main(&probe);
	has_tries = read_file(AT_FDCWD, PROBE_TRIES, TRIES_MAX, &tries) >= 0;
	if (!has_tries && argc > 1 && !strcmp(argv[1], "--help"))
		return print_help();
	if (!has_tries && argc > 1 && !strcmp(argv[1], "--version"))
		return printf("plumbline-probe %s\n", PLUMBLINE_VERSION) < 0 || fflush(stdout);

	auto_out out = OUT_INIT(probe.stdio[1]);
	char *rest = has_tries ? tries.data : NULL, *nonce = rest ? strsep(&rest, "\n") : NULL;

	if (nonce && *nonce)
		probe.nonce = nonce;
	if (take_tries(argc, argv, &own))
		rest = own.data;
	census_print(&probe, &out);
	restore_descriptor_limit(&probe);
	return tries_run(&probe, &out, rest);
}
