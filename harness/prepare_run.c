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
#include "harness/case.h"
#include "harness/live.h"
#include "harness/options.h"
#include "harness/profile.h"

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

static size_t count_live(const struct options *options)
{
	size_t count = 0;

	for (size_t i = 0; i < options->endpoints.count; i++)
		count += live_is_endpoint(options->endpoints.words[i]);
	return count;
}

/* Before anything runs: a name that is no executable, an unknown profile. */
static int check_runtimes(const struct options *options, struct prepared_run *run)
{
	const struct words *lists[] = { &options->runtimes, &options->endpoints };
	struct err err = { 0 };

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t i = 0; i < lists[k]->count; i++) {
			const char *word = lists[k]->words[i];
			auto_free char *path = NULL;
			bool live = k == 1 && live_is_endpoint(word);

			if ((live ? live_parse(word, &path, &err) : runtime_locate(word, &path, &err)) < 0) {
				screen_say(&run->screen, "%s", err.text);
				return EXIT_USAGE;
			}
		}
	if (options->image && !count_live(options)) {
		screen_say(&run->screen,
			   "--image names an image of a server that runs already: --cri unix://SOCKET");
		return EXIT_USAGE;
	}
	if (options->profile && !profile_find(options->profile)) {
		screen_say(&run->screen, "there is no profile %s; plumbline list runtimes shows them",
			   options->profile);
		return EXIT_USAGE;
	}
	return 0;
}

/* Whether kernel calls are recorded: 0, or the exit code when they must be and cannot. */
static int open_recorder(const struct options *options, struct prepared_run *run)
{
	const char *when = options->record ? options->record : "auto";
	struct err err = { 0 };
	bool started = false;

	for (size_t i = 0; i < run->runtime_count; i++)
		started = started || !run->runtimes[i].runtime.live;
	if (!started)
		(void) fail_text(&err, -ESRCH,
				 "a server that runs already is no descendant of ours, and others use it");
	if (!strcmp(when, "off"))
		run->not_recorded = text_format("off: asked for by --record off");
	else if (!started || recorder_open(&run->recorder, &err) < 0)
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
	static const char *const words[] = { "on", "off", "auto", "needed" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!options->record || !strcmp(options->record, words[i]))
			return 0;
	screen_say(&run->screen, "--record takes on, off, auto or needed, not %s", options->record);
	return EXIT_USAGE;
}

static void choose_only(const struct selected *only, struct selection *ret)
{
	ret->items = calloc(1, sizeof(*ret->items));
	assert(ret->items);
	ret->items[ret->count++] =
	    (struct selected){ .area = only->area, .c = only->c, .id = text_format("%s", only->id) };
}

int prepare_run(const struct options *options, struct prepared_run *ret)
{
	return prepare_run_of(options, NULL, ret);
}

int prepare_run_of(const struct options *options, const struct selected *only, struct prepared_run *ret)
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
	if (only)
		choose_only(only, &ret->selection);
	else
		code = choose_cases(options, ret);
	if (code)
		return code;
	ret->name = run_name_new();
	machine_read(&ret->machine);
	code = prepare_runtimes(options, ret);
	return code ? code : open_recorder(options, ret);
}

int prepared_run_end(struct prepared_run *prepared, int code)
{
	for (size_t i = 0; i < prepared->runtime_count; i++) {
		struct err err = { 0 };

		if (live_close(prepared->runtimes[i].runtime.live, &err) >= 0)
			continue;
		screen_say(&prepared->screen, "%s", err.text);
		if (code != EXIT_INTERRUPTED)
			code = EXIT_BROKEN;
	}
	return code;
}

void prepared_run_free(struct prepared_run *prepared)
{
	(void) prepared_run_end(prepared, EXIT_AS_EXPECTED);
	for (size_t i = 0; i < prepared->runtime_count; i++)
		runtime_free(&prepared->runtimes[i]);
	for (size_t i = 0; i < prepared->runtime_count; i++)
		free(prepared->shares[i].items);
	free(prepared->shares);
	free(prepared->runtimes);
	free(prepared->name);
	clauses_free(&prepared->clauses);
	selection_free(&prepared->selection);
	run_dir_close(&prepared->directory);
	recorder_close(prepared->recorder);
	free(prepared->not_recorded);
}
