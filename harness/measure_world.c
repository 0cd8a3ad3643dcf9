/* Runs the rounds. A runtime's every command goes through the stopwatch; an operation that failed once is not tried again. */
#include "harness/measure_world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "harness/bundle.h"
#include "harness/case.h"
#include "harness/driver_oci.h"
#include "harness/engine.h"
#include "harness/probe_file.h"

#define STOPWATCH WORLD_HOME "/stopwatch"
#define LAP WORLD_HOME "/lap"
#define PID_FILE WORLD_HOME "/pid"
#define COMMAND_MS 30000

static const struct conformance_case ends = { .name = "ends",
					      .given = { SET("process.args", [ "/probe", "--stopwatch" ]) } };
static const struct conformance_case holds = {
	.name = "holds", .given = { SET("process.args", [ "/probe", "--stopwatch", "hold" ]) }
};

/* A runtime or, without one, the floor. */
struct runner {
	struct world_place *place;
	const struct runtime *runtime; /* NULL: the floor */
	struct runtime copied; /* the same, run from a writable mount */
	const char *run; /* makes ids unique: runsc's sockets have names that all of the host shares */
	size_t number, round;
	unsigned serial;
	char *ends, *holds; /* owned: bundles */
	int64_t spent_ms;
	bool failed[MEASURE_OPERATIONS], holding, warming;
};

static int write_stopwatch(int home, struct err *err)
{
	const struct text *probe;
	int r = probe_file(&probe, err);

	return r < 0 ? r : file_create_at(home, "stopwatch", probe->data, probe->len, 0755, err);
}

static int make_bundle(const struct runner *runner, const struct conformance_case *c, char **ret,
		       struct err *err)
{
	auto_free char *path = text_format("%s/bench-%zu-%s", WORLD_HOME, runner->number, c->name);
	auto_free char *cgroup = text_format("/bench-%zu-%s", runner->number, c->name);
	auto_json symbols = json_new_object();
	const struct bundle_request request = {
		.c = c,
		.profile = runner->runtime ? runner->runtime->profile : NULL,
		.spec_version = runner->runtime ? runner->runtime->spec_version : "1.0.2",
		.nonce = "bench",
		.symbols = symbols,
	};
	int r;

	json_put(symbols, "@cgroup", json_new_string(cgroup));
	if (mkdir(path, 0755) < 0)
		return fail(err, -errno, "mkdir %s", path);
	auto_fd directory = file_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, err);
	if (directory < 0)
		return directory;
	r = bundle_write(directory, &request, NULL, err);
	if (r >= 0)
		*ret = TAKE(path);
	return r;
}

static void send_record(const struct runner *runner, struct measure_record *record)
{
	if (runner->warming && record->operation < MEASURE_OPERATIONS)
		return;
	record->subject = (uint32_t) runner->number;
	record->round = (uint32_t) runner->round;
	(void) file_write_all(runner->place->result, record, sizeof(*record));
}

/* The first sentence of a runtime's stderr, after what was tried. */
static void send_trouble(const struct runner *runner, const char *what, const struct command_result *result)
{
	struct measure_record record = { .operation = MEASURE_OPERATIONS };
	auto_text said = { 0 };
	uint64_t cut;
	bool full;

	(void) command_output(runner->place, result->errors, 300, &said, &cut, &full, NULL);
	(void) snprintf(record.trouble, sizeof(record.trouble), "%s: %.*s", what,
			(int) strcspn(text_str(&said), "\n"), said.len ? text_str(&said) : "no word");
	send_record(runner, &record);
}

static int read_lap(struct stopwatch_lap *ret)
{
	auto_fd fd = open(LAP, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, ret, sizeof(*ret)) == (ssize_t) sizeof(*ret) ? 0 : -EIO;
}

/* words: a whole command. 0: it exited with 0 and *ret is its lap. */
static int clock_command(struct runner *runner, const char *what, char *const *words,
			 struct stopwatch_lap *ret)
{
	auto_free char *name = text_format("%zu-%u", runner->number, runner->serial++);
	const char *argv[64] = { STOPWATCH, "--stopwatch", "time", LAP };
	const struct command command = { .name = name,
					 .argv = argv,
					 .input = -1,
					 .directory = runner->place->home,
					 .timeout_ms = COMMAND_MS };
	struct command_result result = { 0 };
	struct err err = { 0 };
	int r;

	for (size_t i = 0; words[i] && i + 5 < ARRAY_SIZE(argv); i++)
		argv[i + 4] = words[i];
	(void) unlink(LAP);
	r = command_run(runner->place, &command, &result, &err);
	runner->spent_ms += result.ms;
	if (r >= 0 && (result.timed_out || read_lap(ret) < 0 || ret->status || ret->exec_error))
		r = -EIO;
	if (r < 0)
		send_trouble(runner, what, &result);
	for (int i = 0; i < 2; i++) {
		const char *file = i ? result.errors : result.out;

		if (file)
			(void) unlinkat(runner->place->output, file, 0);
	}
	command_result_free(&result);
	return r;
}

static int clock_verb(struct runner *runner, const char *id, const char *verb, const char *const *words,
		      struct stopwatch_lap *ret)
{
	const struct driver driver = {
		.place = runner->place, .runtime = runner->runtime, .id = id, .command_ms = COMMAND_MS
	};
	auto_json argument = json_new_array();
	struct driver_words line = { 0 };
	struct err err = { 0 };
	int r;

	for (; *words; words++)
		json_append(argument, json_new_string(*words));
	r = driver_words(&driver, verb, argument, &line, &err);
	if (r >= 0)
		r = clock_command(runner, verb, line.argv, ret);
	driver_words_free(&line);
	return r;
}

static void operate(struct runner *runner, enum measure_operation operation, const char *id,
		    const char *const *words)
{
	struct measure_record record = { .operation = operation };

	if (runner->failed[operation])
		return;
	if (clock_verb(runner, id, measure_name(operation), words, &record.lap) < 0)
		runner->failed[operation] = true;
	else
		send_record(runner, &record);
}

/* The payload ends by itself; what is waited for is that the kernel is done with it. */
static void await_payload(struct runner *runner)
{
	auto_text text = { 0 };
	pid_t pid;

	if (file_read_at(AT_FDCWD, PID_FILE, 64, &text, NULL) < 0)
		return;
	pid = (pid_t) strtol(text_str(&text), NULL, 10);
	if (pid > 1)
		(void) reaper_wait_pid(&runner->place->reaper, pid, process_now_ms() + COMMAND_MS,
				       &(struct process_status){ 0 });
	reaper_forget(&runner->place->reaper, pid);
}

static void create(struct runner *runner, const char *id, const char *bundle)
{
	const char *words[] = { "--bundle", bundle, "--pid-file", PID_FILE, id, NULL };

	(void) unlink(PID_FILE);
	operate(runner, MEASURE_CREATE, id, words);
}

/* No id is the beginning of another: runsc takes such a one for an abbreviation. */
static void clock_run(struct runner *runner)
{
	auto_free char *id = text_format("%s-%zu", runner->run, runner->number);
	const char *words[] = { "--bundle", runner->ends, id, NULL };

	operate(runner, MEASURE_RUN, id, words);
}

static void clock_cycle(struct runner *runner)
{
	auto_free char *id = text_format("%s-%zu", runner->run, runner->number);
	const char *words[] = { id, NULL };

	create(runner, id, runner->ends);
	if (runner->failed[MEASURE_CREATE])
		return;
	operate(runner, MEASURE_START, id, words);
	if (!runner->failed[MEASURE_START])
		await_payload(runner);
	operate(runner, MEASURE_DELETE, id, words);
}

static void clock_state(struct runner *runner)
{
	auto_free char *held = text_format("held-%s-%zu", runner->run, runner->number);
	const char *words[] = { held, NULL };

	if (runner->holding)
		operate(runner, MEASURE_STATE, held, words);
}

static void clock_exec(struct runner *runner)
{
	auto_free char *held = text_format("held-%s-%zu", runner->run, runner->number);
	const char *words[] = { held, "/probe", "--stopwatch", NULL };

	if (runner->holding)
		operate(runner, MEASURE_EXEC, held, words);
}

static void clock_floor(struct runner *runner)
{
	auto_free char *rootfs = text_format("%s/rootfs", runner->ends);
	char *words[] = { STOPWATCH, "--stopwatch", "floor", rootfs, "bench-floor", NULL };
	struct measure_record record = { .operation = MEASURE_RUN };

	if (clock_command(runner, "floor", words, &record.lap) == 0)
		send_record(runner, &record);
}

/* A container that stays, for state and exec. */
static void hold(struct runner *runner)
{
	auto_free char *id = text_format("held-%s-%zu", runner->run, runner->number);
	const char *make[] = { "--bundle", runner->holds, "--pid-file", PID_FILE, id, NULL },
		   *just[] = { id, NULL };
	struct stopwatch_lap unused;

	runner->holding = clock_verb(runner, id, "create", make, &unused) == 0 &&
			  clock_verb(runner, id, "start", just, &unused) == 0;
	runner->spent_ms = 0;
}

static void let_go(struct runner *runner)
{
	auto_free char *id = text_format("held-%s-%zu", runner->run, runner->number);
	const char *words[] = { "--force", id, NULL };
	struct stopwatch_lap unused;

	if (runner->holding)
		(void) clock_verb(runner, id, "delete", words, &unused);
}

/*
 * The world's tree is read-only, and a program that lies there need not protect itself from its containers. Where people
 * install it, it must, and pays for it.
 */
static int copy_runtime(struct runner *runner, struct err *err)
{
	const char *name = strrchr(runner->runtime->path, '/') + 1;
	auto_free char *directory = text_format("%s/program-%zu", WORLD_HOME, runner->number);
	auto_free char *path = text_format("%s/%s", directory, name);
	int r = mkdir(directory, 0755) < 0 ? fail(err, -errno, "mkdir %s", directory) : 0;

	if (r >= 0)
		r = file_copy_at(AT_FDCWD, runner->runtime->path, AT_FDCWD, path, 0755, err);
	if (r < 0)
		return r;
	runner->copied = *runner->runtime;
	runner->copied.path = TAKE(path);
	runner->runtime = &runner->copied;
	return 0;
}

static int prepare(struct runner *runner, struct err *err)
{
	int r = runner->runtime ? copy_runtime(runner, err) : 0;

	if (r >= 0)
		r = make_bundle(runner, &ends, &runner->ends, err);

	if (r >= 0 && runner->runtime)
		r = make_bundle(runner, &holds, &runner->holds, err);
	if (r >= 0 && runner->runtime)
		hold(runner);
	return r;
}

/* Who precedes whom differs from round to round and is the same for everybody who repeats them. */
static void shuffle(size_t *order, size_t count, size_t round)
{
	uint64_t seed = round * 6364136223846793005u + 1442695040888963407u;

	for (size_t i = 0; i < count; i++)
		order[i] = i;
	for (size_t i = count - 1; i > 0; i--) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		size_t other = (size_t) (seed >> 33) % (i + 1), kept = order[i];

		order[i] = order[other];
		order[other] = kept;
	}
}

/*
 * Round 0 warms up caches and is not counted. Everybody does one operation before anybody does the next, in changing order: the
 * first to enter a cgroup after the others slept waits for a grace period of the kernel (cgroup_attach_task).
 */
static void run_round(const struct measure_plan *plan, struct runner *runners, size_t *order, size_t round)
{
	static void (*const clocks[])(struct runner * runner) = { clock_run, clock_cycle, clock_state,
								  clock_exec };

	shuffle(order, plan->count + 1, round);
	for (size_t step = 0; step < ARRAY_SIZE(clocks); step++)
		for (size_t turn = 0; turn <= plan->count; turn++) {
			struct runner *runner = &runners[order[turn]];

			if (round && runner->spent_ms > plan->budget_ms)
				continue;
			runner->warming = round == 0;
			runner->round = round ? round - 1 : 0;
			if (runner->runtime)
				clocks[step](runner);
			else if (step == 0)
				clock_floor(runner);
		}
}

int measure_world(struct world_place *place, void *argument)
{
	const struct measure_plan *plan = argument;
	auto_free struct runner *runners = calloc(plan->count + 1, sizeof(*runners));
	auto_free size_t *order = calloc(plan->count + 1, sizeof(*order));
	struct err err = { 0 };
	int r = runners && order ? write_stopwatch(place->home, &err) : -ENOMEM;

	for (size_t i = 0; r >= 0 && i <= plan->count; i++) {
		runners[i] = (struct runner){ .place = place,
					      .number = i,
					      .run = plan->run,
					      .runtime = i ? plan->runtimes[i - 1] : NULL };
		r = prepare(&runners[i], &err);
	}
	if (r >= 0) {
		for (size_t round = 0; round <= plan->rounds; round++)
			run_round(plan, runners, order, round);
		for (size_t i = 1; i <= plan->count; i++)
			let_go(&runners[i]);
	}
	world_say(place, r < 0 ? WORLD_FAILED : WORLD_DONE, false, err.text);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
