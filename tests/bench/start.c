/*
 * How long programs take from fork to their end: N rounds, the programs one after the other in each, so that load from
 * elsewhere meets all of them alike. Prints the median and the quartiles in microseconds.
 *   cc -O2 -o start tests/bench/start.c && ./start 2000 ./true build/bin/plumbline-probe
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now_us(void)
{
	struct timespec ts;

	(void) clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double) ts.tv_sec * 1e6 + (double) ts.tv_nsec / 1e3;
}

/* Microseconds, or less than 0 when it did not run or did not exit with 0. */
static double run_once(char *program, posix_spawn_file_actions_t *actions)
{
	char *argv[] = { program, NULL };
	double begin = now_us();
	pid_t pid;
	int status;

	if (posix_spawn(&pid, program, actions, NULL, argv, environ) || waitpid(pid, &status, 0) < 0 ||
	    status)
		return -1;
	return now_us() - begin;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0, programs = (size_t) argc - 2;
	posix_spawn_file_actions_t actions;
	double *times;

	if (!rounds) {
		fprintf(stderr, "usage: start ROUNDS PROGRAM...\n");
		return 2;
	}
	times = calloc(rounds * programs, sizeof(*times));
	if (!times || posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0))
		return 1;
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < programs; i++) {
			times[i * rounds + round] = run_once(argv[i + 2], &actions);
			if (times[i * rounds + round] < 0) {
				fprintf(stderr, "%s did not run well\n", argv[i + 2]);
				return 1;
			}
		}
	for (size_t i = 0; i < programs; i++) {
		double *mine = times + i * rounds;

		qsort(mine, rounds, sizeof(*mine), compare);
		printf("%-40s median %7.0f us, quartiles %7.0f %7.0f\n", argv[i + 2], mine[rounds / 2],
		       mine[rounds / 4], mine[rounds * 3 / 4]);
	}
	return 0;
}
