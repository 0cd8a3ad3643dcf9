/* plumbline bench: what each operation of a runtime costs, beside the floor and beside the others. */
#include "harness/verbs.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "harness/measure.h"
#include "harness/measure_show.h"
#include "harness/options.h"
#include "harness/run_dir.h"
#include "harness/runtime.h"
#include "harness/screen.h"

#define ROUNDS 30
#define BUDGET_MS 20000
#define RUNTIMES_MAX 16

struct bench_run {
	char *name; /* owned */
	struct screen screen;
	struct runtime_found found[RUNTIMES_MAX];
	const struct runtime *runtimes[RUNTIMES_MAX];
	size_t count;
};

static void bench_run_free(struct bench_run *run)
{
	for (size_t i = 0; i < run->count; i++)
		runtime_free(&run->found[i]);
	free(run->name);
}

/* Without --runtime: those of the known ones that are here. The first is what the others are compared with. */
static const char *const known[] = { "crun", "plumbline-oci", "runc", "youki", "runsc" };

static int add_runtime(struct bench_run *run, const char *word, const struct options *options,
		       struct err *err)
{
	int r;

	if (run->count == RUNTIMES_MAX)
		return fail_text(err, -E2BIG, "at most %d runtimes", RUNTIMES_MAX);
	r = runtime_find(run->name, word, options, &run->found[run->count], err);
	if (r < 0)
		return r;
	run->runtimes[run->count] = &run->found[run->count].runtime;
	run->count++;
	return 0;
}

static int find_all(struct bench_run *run, const struct options *options, struct err *err)
{
	for (size_t i = 0; i < options->runtimes.count; i++) {
		int r = add_runtime(run, options->runtimes.words[i], options, err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; !options->runtimes.count && i < ARRAY_SIZE(known); i++) {
		auto_free char *path = NULL;
		int r =
		    runtime_locate(known[i], &path, NULL) < 0 ? 0 : add_runtime(run, known[i], options, err);

		if (r < 0)
			return r;
	}
	return run->count ? 0 : fail_text(err, -ENOENT, "no known runtime is here; name one by --runtime");
}

static int exit_of(int r)
{
	return r == -EINTR                    ? EXIT_INTERRUPTED
	       : r == -ENOENT || r == -EACCES ? EXIT_USAGE
					      : EXIT_MACHINE_CANNOT;
}

/* A runtime that could do nothing of it is a failure; one that lacks a verb is a blank in the table. */
static int verdict(const struct measured *measured)
{
	for (size_t i = 0; i < measured->count; i++)
		if (!measured->subjects[i].series[MEASURE_RUN].count &&
		    !measured->subjects[i].series[MEASURE_CREATE].count)
			return EXIT_UNEXPECTED_FAILURE;
	return EXIT_AS_EXPECTED;
}

int verb_bench(const struct options *options)
{
	__attribute__((cleanup(bench_run_free))) struct bench_run run = { .name = run_name_new() };
	auto_measured measured = { 0 };
	struct err err = { 0 };
	int r = screen_init(options, &run.screen, &err);

	if (r < 0 || options->words.count) {
		screen_say(&run.screen, "%s", r < 0 ? err.text : "bench takes no words, only options");
		return EXIT_USAGE;
	}
	r = find_all(&run, options, &err);
	const struct measure_plan plan = {
		.run = run.name,
		.runtimes = run.runtimes,
		.count = run.count,
		.rounds = options->rounds ? (size_t) options->rounds : ROUNDS,
		.budget_ms = BUDGET_MS,
	};
	if (r >= 0) {
		screen_say(&run.screen, "%zu rounds of every operation on %zu runtimes", plan.rounds,
			   run.count);
		r = measure_run(&plan, &measured, &err);
	}
	if (r < 0) {
		screen_say(&run.screen, "%s", err.text);
		return exit_of(r);
	}
	if (options->json)
		measure_show_json(&run.screen, &measured);
	else
		measure_show_text(&run.screen, &measured);
	return verdict(&measured);
}
