/*
 * The directory that a fuzzer writes its inputs to, in memory. A broken promise aborts, a sanitizer and a time-out end the process in
 * ways of their own, and none of them asks atexit(3): another process waits for our end, whatever it is, and removes it.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

static void demand(int holds)
{
	if (!holds)
		abort();
}

static char place[] = "/dev/shm/plumbline-fuzz-XXXXXX";

/* It reads a pipe that nobody writes to: at its end nobody holds the other end any more. */
static void remove_at_our_end(void)
{
	char *argv[] = { "sh", "-c", "read -r never; /bin/rm -rf -- \"$1\"", "sh", place, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t pid;
	int ends[2];

	demand(pipe2(ends, O_CLOEXEC) == 0);
	demand(posix_spawn_file_actions_init(&actions) == 0 && posix_spawnattr_init(&attributes) == 0);
	demand(posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO) == 0);
	/* Whoever reads what we print must not wait for it. */
	demand(posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) == 0);
	demand(posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0);
	/* A time-out of libcheck ends the whole group. */
	demand(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID) == 0);
	demand(posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv, NULL) == 0);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	(void) close(ends[0]); /* the other stays open until we end */
}

const char *fuzz_place(void)
{
	static int made;

	if (!made) {
		demand(mkdtemp(place) != NULL);
		remove_at_our_end();
		made = 1;
	}
	return place;
}
