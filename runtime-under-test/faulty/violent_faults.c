/*
 * Faults that attack the harness rather than the container: hangs, floods, garbage, signals. The two that kill run
 * only inside a world: one kill(-1) on a bare machine ends everybody's work.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/faulty/faulty.h"

#define GIGABYTE (1ull << 30)

/* In a world process 1 is plumbline itself; PLUMBLINE_WORLD=1 is for people who made a world by hand. */
static bool in_world(void)
{
	const char *said = getenv("PLUMBLINE_WORLD");
	auto_text exe = { 0 };
	const char *slash;

	if (said && !strcmp(said, "1"))
		return true;
	if (file_read_link_at(AT_FDCWD, "/proc/1/exe", &exe, NULL) < 0)
		return false;
	slash = strrchr(text_str(&exe), '/');
	return slash && text_starts(slash, "/plumbline");
}

static int kill_from_world(const struct call *call, pid_t victim, struct err *err)
{
	if (!in_world())
		return fail_text(err, -EPERM,
				 "this fault kills, and process 1 is not plumbline: not in a world");
	(void) kill(victim, SIGKILL);
	return call_run(call, err);
}

static int kills_all(const struct call *call, struct err *err)
{
	return kill_from_world(call, -1, err);
}

static int kills_parent(const struct call *call, struct err *err)
{
	return kill_from_world(call, getppid(), err);
}

static int hangs(const struct call *call, struct err *err)
{
	(void) call;
	while (pause() < 0 && errno == EINTR)
		;
	return fail(err, -errno, "hang");
}

static int stops_itself(const struct call *call, struct err *err)
{
	(void) raise(SIGSTOP);
	return call_run(call, err);
}

static int crashes(const struct call *call, struct err *err)
{
	(void) call;
	(void) signal(SIGSEGV, SIG_DFL);
	(void) raise(SIGSEGV);
	return fail(err, -EFAULT, "crash");
}

static void flood(int fd)
{
	char block[1 << 16];

	memset(block, 'x', sizeof(block));
	for (unsigned long long done = 0; done < GIGABYTE;) {
		ssize_t n = write(fd, block, sizeof(block));

		if (n <= 0)
			return;
		done += (unsigned long long) n;
	}
}

static int prints_gigabyte(const struct call *call, struct err *err)
{
	flood(STDOUT_FILENO);
	return call_run(call, err);
}

static int complains_gigabyte(const struct call *call, struct err *err)
{
	flood(STDERR_FILENO);
	return call_run(call, err);
}

static int prints(const struct call *call, struct err *err)
{
	int r = file_write_all(STDOUT_FILENO, call->argument, strlen(call->argument));

	return r < 0 ? fail(err, r, "print") : 0;
}

/* A census without the nonce of the run: a harness that believes it believes anybody. */
static int fakes_probe(const struct call *call, struct err *err)
{
	static const char lie[] = "{\"census\": {\"complete\": true, \"pid\": 1}}\n{\"end\": true}\n";
	int r = file_write_all(STDOUT_FILENO, lie, sizeof(lie) - 1);

	(void) call;
	return r < 0 ? fail(err, r, "print") : 0;
}

#define ALWAYS(fault, function)                                                                              \
	{                                                                                                    \
		.name = fault, .hook = HOOK_ALWAYS, .verb = function                                         \
	}
#define VERB(fault, verb_name, function)                                                                     \
	{                                                                                                    \
		.name = fault, .hook = HOOK_VERB, .on = verb_name, .verb = function                          \
	}
#define PRINTS(fault, verb_name, what)                                                                       \
	{                                                                                                    \
		.name = fault, .hook = HOOK_VERB, .on = verb_name, .verb = prints, .argument = what          \
	}

const struct fault violent_faults[] = {
	ALWAYS("kill-minus-nine-all", kills_all),
	ALWAYS("kills-parent", kills_parent),
	ALWAYS("prints-a-gigabyte", prints_gigabyte),
	ALWAYS("complains-for-a-gigabyte", complains_gigabyte),
	VERB("hangs-in-create", "create", hangs),
	VERB("hangs-in-start", "start", hangs),
	VERB("hangs-in-state", "state", hangs),
	VERB("hangs-in-kill", "kill", hangs),
	VERB("hangs-in-delete", "delete", hangs),
	VERB("stops-itself-in-create", "create", stops_itself),
	VERB("crashes-in-create", "create", crashes),
	VERB("crashes-in-start", "start", crashes),
	VERB("start-fakes-the-probe", "start", fakes_probe),
	PRINTS("state-prints-garbage", "state", "{\"status\": \"run"),
	PRINTS("state-prints-nothing", "state", ""),
	PRINTS("state-prints-another-kind", "state", "[1, 2]\n"),
	PRINTS("features-prints-garbage", "features", "\x01\x02{{{"),
	{ 0 },
};
