/*
 * crash RUNTIME BUNDLE TOP all|sample [NAME...]: kills each verb of the runtime in front of its system calls, in the command
 * itself and in the container's half of it, and looks what `delete --force` leaves. NAME picks scenarios.
 */
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
#include "tests/crash/leftovers.h"
#include "tests/crash/stepper.h"

#define SAMPLES 25
#define CALLS_MAX 20000
#define PATIENCE_MS 10000
#define WORDS 12

struct world {
	const char *runtime, *bundle, *top;
	char *root; /* owned */
	struct text before;
	bool all;
};

/* What is killed, and what is done first. "BUNDLE" and "ID" stand for themselves. */
static const struct scenario {
	const char *name;
	const char *before[3][WORDS];
	const char *words[WORDS];
} scenarios[] = {
	{ "create", { { NULL } }, { "create", "--bundle", "BUNDLE", "ID" } },
	{ "start", { { "create", "--bundle", "BUNDLE", "ID" } }, { "start", "ID" } },
	{ "run", { { NULL } }, { "run", "--detach", "--bundle", "BUNDLE", "ID" } },
	{ "exec",
	  { { "create", "--bundle", "BUNDLE", "ID" }, { "start", "ID" } },
	  { "exec", "--detach", "ID", "/bin/sleep", "1000" } },
	{ "update",
	  { { "create", "--bundle", "BUNDLE", "ID" }, { "start", "ID" } },
	  { "update", "--memory", "64m", "--pids-limit", "50", "--cpu-share", "512", "ID" } },
	{ "kill", { { "create", "--bundle", "BUNDLE", "ID" }, { "start", "ID" } }, { "kill", "ID", "KILL" } },
	{ "pause", { { "create", "--bundle", "BUNDLE", "ID" }, { "start", "ID" } }, { "pause", "ID" } },
	{ "delete --force",
	  { { "create", "--bundle", "BUNDLE", "ID" }, { "start", "ID" } },
	  { "delete", "--force", "ID" } },
	{ "delete of a created one", { { "create", "--bundle", "BUNDLE", "ID" } }, { "delete", "ID" } },
};

static void fill(const struct world *world, const char *const *words, char **argv)
{
	size_t n = 0;

	argv[n++] = (char *) world->runtime;
	argv[n++] = (char *) "--root";
	argv[n++] = world->root;
	for (; *words; words++)
		argv[n++] = (char *) (strcmp(*words, "BUNDLE") == 0 ? world->bundle
				      : strcmp(*words, "ID") == 0   ? "c1"
								    : *words);
	argv[n] = NULL;
}

/* As it is, untraced. The wait status. */
static int command(const struct world *world, const char *const *words)
{
	char *argv[WORDS + 4];
	int status = -1;
	pid_t pid;

	fill(world, words, argv);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		(void) dup2(null, 0);
		(void) dup2(null, 1);
		(void) close(null);
		(void) execv(argv[0], argv);
		_exit(127);
	}
	/* Whoever is orphaned meanwhile is ours, and a dying pid namespace waits until all of its processes are reaped. */
	while (pid > 0) {
		pid_t ended = waitpid(-1, &status, __WALL);

		if (ended == pid)
			return status;
		if (ended < 0)
			break;
	}
	return -1;
}

/* One death and what comes after it. 0: nothing is left; 1: *ret_calls tells that there were fewer calls than n. */
static int once(const struct world *world, const struct scenario *scenario, enum step_role role, unsigned n,
		struct step_result *ret, struct text *why)
{
	static const char *const clean_up[] = { "delete", "--force", "ID", NULL };
	char *argv[WORDS + 4];
	int status;

	for (size_t i = 0; i < ARRAY_SIZE(scenario->before) && scenario->before[i][0]; i++)
		if (command(world, scenario->before[i]) != 0)
			text_addf(why, "%s before it failed\n", scenario->before[i][0]);
	fill(world, scenario->words, argv);
	step_run(argv, role, n, ret);
	status = command(world, clean_up);
	if (status != 0)
		text_addf(why, "delete --force ended with status 0x%x\n", status);
	return leftovers_since(world->top, &world->before, process_now_ms() + PATIENCE_MS, why) || why->len
		   ? -1
		   : 0;
}

static const char *role_name(enum step_role role)
{
	return role == STEP_COMMAND ? "the command" : "its children";
}

/* Between first and last as many as are wanted, evenly; each is run once. */
static void try_all(const struct world *world, const struct scenario *scenario, enum step_role role)
{
	struct step_result result;
	auto_text why = { 0 };
	unsigned calls, wanted, done = 0;

	if (once(world, scenario, role, 0, &result, &why) < 0) {
		printf("not ok %s without a kill: %s\n", scenario->name, text_str(&why));
		return;
	}
	calls = result.calls < CALLS_MAX ? result.calls : CALLS_MAX;
	if (calls == 0)
		return;
	wanted = world->all || calls < SAMPLES ? calls : SAMPLES;
	for (unsigned i = 0; i < wanted; i++) {
		unsigned n = 1 + (unsigned) ((unsigned long) i * calls / wanted);

		why.len = 0;
		if (once(world, scenario, role, n, &result, &why) < 0) {
			printf("not ok %s, %s killed at call %u of %u (%s): %s\n", scenario->name,
			       role_name(role), n, calls, result.killed ? result.call : "not reached",
			       text_str(&why));
			return;
		}
		done += result.killed;
	}
	if (done * 2 < wanted)
		printf("not ok %s, %s: only %u of %u kills came to pass\n", scenario->name, role_name(role),
		       done, wanted);
	else
		printf("ok %s, %s killed at %u of %u calls\n", scenario->name, role_name(role), done, calls);
}

static bool is_wanted(const char *name, char *const *wanted)
{
	for (char *const *at = wanted; *at; at++)
		if (strcmp(*at, name) == 0)
			return true;
	return !*wanted;
}

/*
 * The first life makes what stays: the state directory, mount points in the image. Nothing else of it may, or it would be
 * missed ever after.
 */
static int first_life(struct world *world)
{
	struct step_result result;
	auto_text why = { 0 };
	auto_free char *bundle = text_format("file %s/", world->bundle);
	auto_free char *state = text_format("file %s", world->root);
	char *rest, *line;
	int r = 0;

	leftovers_read(world->top, &world->before);
	(void) once(world, &scenarios[0], STEP_COMMAND, 0, &result, &why);
	rest = why.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		if (!*line || text_starts(line, bundle) || strcmp(line, state) == 0)
			continue;
		printf("not ok a life that nobody disturbs: it left %s\n", line);
		r = -1;
	}
	text_free(&world->before);
	leftovers_read(world->top, &world->before);
	return r;
}

int main(int argc, char **argv)
{
	struct world world = { 0 };

	if (argc < 5) {
		(void) fprintf(stderr, "usage: crash RUNTIME BUNDLE TOP all|sample [NAME...]\n");
		return 2;
	}
	(void) setvbuf(stdout, NULL, _IOLBF, 0);
	world.runtime = argv[1];
	world.bundle = argv[2];
	world.top = argv[3];
	world.all = strcmp(argv[4], "all") == 0;
	/* A runtime that hangs, or this, must not hang the tests. */
	(void) alarm(world.all ? 3600 : 300);
	/* Orphans come here, where they are reaped. */
	(void) prctl(PR_SET_CHILD_SUBREAPER, 1);
	world.root = text_format("%s/state", world.top);
	if (first_life(&world) < 0)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		if (!is_wanted(scenarios[i].name, argv + 5))
			continue;
		try_all(&world, &scenarios[i], STEP_COMMAND);
		try_all(&world, &scenarios[i], STEP_CHILDREN);
	}
	text_free(&world.before);
	free(world.root);
	return 0;
}
