/* The checks are in the order of their exit codes: usage, input, selection, machine. */
#include "harness/prepare_run.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "bpf/recorder.h"
#include "harness/options.h"
#include "harness/profile.h"

#define DEFAULT_RUNTIME "plumbline-oci"

/* Owned. */
static char *suggest_id(const char *word)
{
	auto_selection all = { 0 };

	if (select_cases(NULL, 0, NULL, &all, NULL) < 0)
		return NULL;
	auto_free const char **ids = calloc(all.count + 1, sizeof(*ids));
	assert(ids);
	for (size_t i = 0; i < all.count; i++)
		ids[i] = all.items[i].id;
	const char *near = suggest(word, ids, all.count);
	return near ? text_format("%s", near) : NULL;
}

size_t explain_empty(const struct options *options, struct screen *screen)
{
	size_t empty = 0;

	for (size_t i = 0; i < options->words.count; i++) {
		const char *word = options->words.words[i];
		struct selection chosen = { 0 };
		auto_free char *near = NULL;

		if (select_cases(&word, 1, NULL, &chosen, NULL) < 0 || chosen.count) {
			selection_free(&chosen);
			continue;
		}
		selection_free(&chosen);
		empty++;
		near = strpbrk(word, "*?[:&|!") ? NULL : suggest_id(word);
		if (near)
			screen_say(screen, "no case is called %s; did you mean %s?", word, near);
		else
			screen_say(screen, "no case matches %s", word);
	}
	return empty;
}

/* Without the ids of the newest run's troubles: those stay. -ENOENT: there is no such run. */
static int keep_last_failed(const struct options *options, struct selection *selection, struct err *err)
{
	auto_run_list list = { 0 };
	size_t kept = 0;
	int r = run_list_latest(options->out, &list, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < selection->count; i++) {
		bool failed = false;

		for (size_t k = 0; k < list.count; k++)
			for (size_t j = 0; j < list.runs[k].case_count && !failed; j++) {
				const struct case_record *record = &list.runs[k].cases[j];

				failed =
				    !strcmp(record->id, selection->items[i].id) &&
				    (record->verdict == VERDICT_FAIL || record->verdict == VERDICT_BROKEN ||
				     record->verdict == VERDICT_FLAKY || record->unexpected);
			}
		if (failed)
			selection->items[kept++] = selection->items[i];
		else
			free(selection->items[i].id);
	}
	selection->count = kept;
	return 0;
}

static int choose_cases(const struct options *options, struct prepared_run *run)
{
	struct shard shard = { 0 };
	struct err err = { 0 };

	if ((options->shard && shard_parse(options->shard, &shard, &err) < 0) ||
	    select_cases(options->words.words, options->words.count, &shard, &run->selection, &err) < 0) {
		screen_say(&run->screen, "%s", err.text);
		return EXIT_USAGE;
	}
	if (options->last_failed && keep_last_failed(options, &run->selection, &err) < 0) {
		screen_say(&run->screen, "--last-failed: %s", err.text);
		return EXIT_NOTHING_SELECTED;
	}
	/* A selector that chooses nothing is a typing mistake even beside one that chooses something. */
	size_t empty = explain_empty(options, &run->screen);
	if (!run->selection.count) {
		if (!empty)
			screen_say(&run->screen, options->last_failed
						     ? "no case of this selection failed in the last run"
						     : "nothing is selected");
		return EXIT_NOTHING_SELECTED;
	}
	if (options->seed)
		selection_shuffle(&run->selection, options->seed);
	return 0;
}

/* Before anything runs: a name that is no executable, an unknown profile. */
static int check_runtimes(const struct options *options, struct prepared_run *run)
{
	size_t n = options->runtimes.count ? options->runtimes.count : 1;
	struct err err = { 0 };

	for (size_t i = 0; i < n; i++) {
		const char *word = options->runtimes.count ? options->runtimes.words[i] : DEFAULT_RUNTIME;
		auto_free char *path = NULL;

		if (runtime_locate(word, &path, &err) < 0) {
			screen_say(&run->screen, "%s", err.text);
			return EXIT_USAGE;
		}
	}
	if (options->profile && !profile_find(options->profile)) {
		screen_say(&run->screen, "there is no profile %s; plumbline list runtimes shows them",
			   options->profile);
		return EXIT_USAGE;
	}
	return 0;
}

/* Two runtimes with one name get columns and folders of their own: crun, crun-2. */
static void make_names_unique(struct prepared_run *run)
{
	struct runtime *last = &run->runtimes[run->runtime_count - 1].runtime;
	auto_free char *base = text_format("%s", last->name);
	size_t number = 1;

	for (size_t i = 0; i + 1 < run->runtime_count; i++) {
		if (strcmp(run->runtimes[i].runtime.name, last->name) != 0)
			continue;
		free(last->name);
		last->name = text_format("%s-%zu", base, ++number);
		i = (size_t) -1;
	}
}

static int find_runtimes(const struct options *options, struct prepared_run *run)
{
	size_t n = options->runtimes.count ? options->runtimes.count : 1;
	struct err err = { 0 };

	run->runtimes = calloc(n, sizeof(*run->runtimes));
	assert(run->runtimes);
	for (size_t i = 0; i < n; i++) {
		const char *word = options->runtimes.count ? options->runtimes.words[i] : DEFAULT_RUNTIME;
		int r = runtime_find(run->name, word, options, &run->runtimes[i], &err);

		if (r < 0) {
			screen_say(&run->screen, "%s", err.text);
			/*
			 * A file with the permission that is no program is as wrong a word as one that is not there.
			 * It was tried in a world, which tells its errors in words only.
			 */
			if (text_ends(err.text, strerror(ENOEXEC)))
				return EXIT_USAGE;
			screen_say(&run->screen, "plumbline doctor tells what is missing here");
			return r == -EINTR ? EXIT_INTERRUPTED : EXIT_MACHINE_CANNOT;
		}
		run->runtime_count++;
		make_names_unique(run);
	}
	return 0;
}

/* Whether kernel calls are recorded: 0, or the exit code when they must be and cannot. */
static int open_recorder(const struct options *options, struct prepared_run *run)
{
	const char *when = options->record ? options->record : "auto";
	struct err err = { 0 };

	if (!strcmp(when, "off"))
		run->not_recorded = text_format("off: asked for by --record off");
	else if (recorder_open(&run->recorder, &err) < 0)
		run->not_recorded = text_format("off: %s", err.text);
	run->machine.bpf = run->recorder;
	if (run->recorder || strcmp(when, "on") != 0)
		return 0;
	screen_say(&run->screen, "--record on: %s", err.text);
	return EXIT_MACHINE_CANNOT;
}

/* Usage first: nothing else has been looked at. */
static int check_words(const struct options *options, struct prepared_run *run)
{
	static const char *const words[] = { "on", "off", "auto" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!options->record || !strcmp(options->record, words[i]))
			return 0;
	screen_say(&run->screen, "--record takes on, off or auto, not %s", options->record);
	return EXIT_USAGE;
}

int prepare_run(const struct options *options, struct prepared_run *ret)
{
	struct err err = { 0 };
	int code;

	*ret = (struct prepared_run){ .directory = { .fd = -EBADF } };
	if (screen_init(options, &ret->screen, &err) < 0) {
		screen_say(&ret->screen, "%s", err.text);
		return EXIT_USAGE;
	}
	code = check_words(options, ret);
	if (!code)
		code = check_runtimes(options, ret);
	if (code)
		return code;
	if (clauses_load(&ret->clauses, &err) < 0) {
		screen_say(&ret->screen, "%s", err.text);
		return EXIT_BROKEN;
	}
	code = choose_cases(options, ret);
	if (code)
		return code;
	ret->name = run_name_new();
	machine_read(&ret->machine);
	code = find_runtimes(options, ret);
	return code ? code : open_recorder(options, ret);
}

void prepared_run_free(struct prepared_run *prepared)
{
	for (size_t i = 0; i < prepared->runtime_count; i++)
		runtime_free(&prepared->runtimes[i]);
	free(prepared->runtimes);
	free(prepared->name);
	clauses_free(&prepared->clauses);
	selection_free(&prepared->selection);
	run_dir_close(&prepared->directory);
	recorder_close(prepared->recorder);
	free(prepared->not_recorded);
}
