/* The end of a foreground container's terminal. */
#include "tests/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/relay.h"

Suite *test_relay(void);

static int open_slave(int master)
{
	struct termios raw;
	int slave;

	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(slave, 0);
	ck_assert_int_eq(tcgetattr(slave, &raw), 0);
	cfmakeraw(&raw);
	ck_assert_int_eq(tcsetattr(slave, TCSANOW, &raw), 0);
	return slave;
}

/*
 * Writes into the terminal first and only then takes from the pipe that is standard output, which holds no more than that: whenever
 * the relay can go on, there is more to be read.
 */
static pid_t start_flood(int slave, int output)
{
	static char words[4096];
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (write(slave, words, sizeof(words)) > 0 && read(output, words, sizeof(words)) > 0)
		;
	_exit(0);
}

/* Standard output becomes a file that can be looked at. */
static int catch_output(void)
{
	int caught = memfd_create("output", MFD_CLOEXEC);

	ck_assert_int_ge(caught, 0);
	ck_assert_int_eq(dup2(caught, STDOUT_FILENO), STDOUT_FILENO);
	return caught;
}

START_TEST(last_words_are_shown)
{
	auto_fd master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = open_slave(master);
	auto_fd caught = catch_output();
	struct relay relay = RELAY_INIT;
	char words[8192] = { 0 };

	ck_assert_int_eq(relay_open(&relay, master, NULL), 0);
	ck_assert_int_eq(write(slave, words, sizeof(words)), sizeof(words));
	cleanup_fd(&slave);
	slave = -EBADF;
	relay_close(&relay);
	ck_assert_int_eq(lseek(caught, 0, SEEK_END), sizeof(words));
}
END_TEST

START_TEST(a_flood_is_not_shown_for_ever)
{
	auto_fd master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = open_slave(master);
	static const char words[4096];
	struct relay relay = RELAY_INIT;
	pid_t flood;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(fcntl(ends[1], F_SETPIPE_SZ, sizeof(words)), sizeof(words));
	ck_assert_int_eq(write(ends[1], words, sizeof(words)), sizeof(words));
	ck_assert_int_eq(write(slave, words, sizeof(words)), sizeof(words));
	ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(relay_open(&relay, master, NULL), 0);
	flood = start_flood(slave, ends[0]);
	relay_close(&relay);
	ck_assert_int_eq(kill(flood, SIGKILL), 0);
	ck_assert_int_eq(waitpid(flood, NULL, 0), flood);
}
END_TEST

Suite *test_relay(void)
{
	return UNIT_SUITE("oci/relay", last_words_are_shown, a_flood_is_not_shown_for_ever);
}
