/*
 * What recording costs: a command bare, recorded and below strace -f, one after the other in each round, so that load from elsewhere
 * meets all alike; then what its recording holds and how fast that is read and judged. It runs in a world: see recorder.sh.
 * The kernel takes a container's namespaces and cgroups apart after the command has ended, and that costs whoever comes next: so each
 * measured run follows one of its kind that is not measured. Nothing is attached to the kernel but for the recorded runs.
 *   recorder ROUNDS COMMAND...      "%d" in a word becomes a number of its own
 *   recorder load ROUNDS            how long it takes until recording can begin
 *   recorder read FILE...           how fast each recording is, and all of them together
 */
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "bpf/effects.h"
#include "bpf/invariants.h"
#include "bpf/recorder.h"

#define READ_MS 200 /* of processor time, on each recording */

enum mode { BARE, RECORDED, STRACE, MODES };

struct bench {
	struct recorder *recorder; /* NULL but for the recorded run */
	char **command;
	int number, rounds, load_ms;
	double *ms[MODES];
	struct recording last;
	uint64_t lost;
};

static double now_ms(void)
{
	struct timespec ts;

	(void) clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double) ts.tv_sec * 1e3 + (double) ts.tv_nsec / 1e6;
}

static _Noreturn void die(const char *what)
{
	(void) fprintf(stderr, "recorder: %s\n", what);
	exit(EXIT_FAILURE);
}

/* Without a copy of this process, which is the larger for holding a recorder. */
static pid_t start_command(struct bench *bench, enum mode mode)
{
	static const char *const strace[] = { "strace", "-f", "-o", "/dev/null" };
	const char *argv[64] = { 0 };
	posix_spawn_file_actions_t files;
	size_t n = 0;
	pid_t pid;

	for (size_t i = 0; mode == STRACE && i < ARRAY_SIZE(strace); i++)
		argv[n++] = strace[i];
	for (size_t i = 0; bench->command[i] && n < ARRAY_SIZE(argv) - 1; i++) {
		const char *hole = strstr(bench->command[i], "%d");

		argv[n++] = hole ? text_format("%.*s%d%s", (int) (hole - bench->command[i]),
					       bench->command[i], bench->number, hole + 2)
				 : text_format("%s", bench->command[i]);
	}
	if (posix_spawn_file_actions_init(&files) != 0)
		die("no memory");
	for (int fd = 0; fd < 3; fd++)
		if (fd < 2 || mode == STRACE)
			(void) posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
	if (posix_spawnp(&pid, argv[0], &files, NULL, (char *const *) argv, environ) != 0)
		die("the command does not start");
	(void) posix_spawn_file_actions_destroy(&files);
	for (size_t i = mode == STRACE ? ARRAY_SIZE(strace) : 0; argv[i]; i++)
		free((char *) argv[i]);
	return pid;
}

static double run_once(struct bench *bench, enum mode mode)
{
	double begin = now_ms();
	int status;

	bench->number++;
	pid_t pid = start_command(bench, mode);
	auto_fd pidfd = process_pidfd_open(pid);
	while (process_poll(pidfd, process_now_ms() + 10) == 0)
		if (mode == RECORDED && recorder_drain(bench->recorder, NULL) < 0)
			die("drain");
	double ms = now_ms() - begin;
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("the command did not exit with 0");
	return ms;
}

/* The second of two: a recorder serves a whole run, and only its first container meets cold memory. */
static double run_recorded(struct bench *bench)
{
	struct err err = { 0 };
	double ms = 0;

	if (recorder_open(&bench->recorder, &err) < 0)
		die(err.text);
	for (int i = 0; i < 2; i++) {
		uint32_t tag = recorder_tags(bench->recorder, 1);
		uint64_t secret = recorder_secret(bench->recorder);

		(void) recorder_mark(secret, MARK_FOLLOW_CHILDREN, 0, tag);
		ms = run_once(bench, RECORDED);
		(void) recorder_mark(secret, MARK_CLOSE, 0, tag);
		recording_free(&bench->last);
		if (recorder_drain(bench->recorder, &err) < 0 ||
		    recorder_take(bench->recorder, tag, json_new_object(), &bench->last, &err) < 0)
			die(err.text);
	}
	bench->load_ms = recorder_load_ms(bench->recorder);
	bench->lost += recorder_lost(bench->recorder);
	recorder_close(bench->recorder);
	bench->recorder = NULL;
	return ms;
}

static void round_of(struct bench *bench, int round)
{
	for (int k = 0; k < MODES; k++) {
		/* Another one begins in each round. */
		enum mode mode = (enum mode)((k + round) % MODES);

		if (mode == RECORDED) {
			bench->ms[mode][round] = run_recorded(bench);
			continue;
		}
		(void) run_once(bench, mode);
		bench->ms[mode][round] = run_once(bench, mode);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, (size_t) count, sizeof(*values), compare);
	return values[count / 2];
}

/* Of the processor: what others do on the machine meanwhile is not the reader's. */
static double processor_ms(void)
{
	struct timespec ts;

	(void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double) ts.tv_sec * 1e3 + (double) ts.tv_nsec / 1e6;
}

static int load_rounds(int rounds)
{
	auto_free double *wall = calloc((size_t) rounds, sizeof(*wall));
	auto_free double *processor = calloc((size_t) rounds, sizeof(*processor));
	struct err err = { 0 };

	if (!wall || !processor)
		die("no memory");
	for (int i = 0; i < rounds; i++) {
		double begin = now_ms(), used = processor_ms();
		struct recorder *recorder;

		if (recorder_open(&recorder, &err) < 0)
			die(err.text);
		wall[i] = now_ms() - begin;
		processor[i] = processor_ms() - used;
		recorder_close(recorder);
	}
	double wall_ms = median(wall, rounds), used_ms = median(processor, rounds); /* they sort */
	printf("load and attach: %.0f ms, at most %.0f; of the processor's time %.0f, at most %.0f\n",
	       wall_ms, wall[rounds - 1], used_ms, processor[rounds - 1]);
	return EXIT_SUCCESS;
}

/* Events a millisecond, decoded, turned into effects and judged by every rule. */
static double reading_speed(const struct recording *recording)
{
	struct invariant_result rules[INVARIANT_COUNT];
	double begin = processor_ms(), ms;
	int rounds = 0;

	do {
		struct effects effects;

		if (effects_from(recording, &effects, NULL) < 0)
			die("the recording cannot be read");
		invariants_check(recording, &effects, NULL, rules);
		effects_free(&effects);
		rounds++;
		ms = processor_ms() - begin;
	} while (ms < READ_MS);
	return (double) recording->event_count * rounds / ms;
}

static int read_files(char **files)
{
	double all_ms = 0, all_events = 0;
	struct err err = { 0 };

	for (; *files; files++) {
		struct recording recording;

		if (recording_read_at(AT_FDCWD, *files, &recording, &err) < 0)
			die(err.text);
		double speed = reading_speed(&recording);
		printf("%9.2f million events a second, %6llu events: %s\n", speed / 1e3,
		       (unsigned long long) recording.event_count, *files);
		all_events += (double) recording.event_count;
		all_ms += (double) recording.event_count / speed;
		recording_free(&recording);
	}
	printf("%9.2f million events a second, %6.0f events: all\n", all_events / all_ms / 1e3, all_events);
	return EXIT_SUCCESS;
}

static void print(struct bench *bench)
{
	auto_free double *ratio = calloc((size_t) bench->rounds, sizeof(*ratio));
	auto_free double *traced = calloc((size_t) bench->rounds, sizeof(*traced));
	auto_text file = { 0 };

	if (!ratio || !traced)
		die("no memory");
	for (int i = 0; i < bench->rounds; i++) {
		ratio[i] = bench->ms[RECORDED][i] / bench->ms[BARE][i];
		traced[i] = bench->ms[STRACE][i] / bench->ms[BARE][i];
	}
	recording_print(&bench->last, true, &file);
	printf("  bare               %9.2f ms\n", median(bench->ms[BARE], bench->rounds));
	printf("  recorded           %9.2f ms  %.3f\n", median(bench->ms[RECORDED], bench->rounds),
	       median(ratio, bench->rounds));
	printf("  strace -f          %9.2f ms  %.3f\n", median(bench->ms[STRACE], bench->rounds),
	       median(traced, bench->rounds));
	printf("  events, lost       %9llu  %llu\n", (unsigned long long) bench->last.event_count,
	       (unsigned long long) bench->lost);
	printf("  recording          %9zu KB, %zu KB deflated\n", bench->last.size / 1024, file.len / 1024);
	printf("  read and judged    %9.2f million events a second\n", reading_speed(&bench->last) / 1e3);
}

int main(int argc, char **argv)
{
	struct bench bench = { .command = argv + 2, .rounds = argc > 2 ? atoi(argv[1]) : 0 };

	if (argc > 2 && strcmp(argv[1], "read") == 0)
		return read_files(argv + 2);
	if (argc > 2 && strcmp(argv[1], "load") == 0 && atoi(argv[2]) > 0)
		return load_rounds(atoi(argv[2]));
	if (bench.rounds < 1)
		die("ROUNDS COMMAND..., load ROUNDS, or read FILE...");
	for (int mode = 0; mode < MODES; mode++) {
		bench.ms[mode] = calloc((size_t) bench.rounds, sizeof(double));
		if (!bench.ms[mode])
			die("no memory");
	}
	for (int round = 0; round < bench.rounds; round++)
		round_of(&bench, round);
	printf("%s, %d rounds; load and attach %d ms\n", bench.command[0], bench.rounds, bench.load_ms);
	print(&bench);
	for (int mode = 0; mode < MODES; mode++)
		free(bench.ms[mode]);
	recording_free(&bench.last);
	return EXIT_SUCCESS;
}
