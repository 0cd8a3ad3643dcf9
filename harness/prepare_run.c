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
#include "harness/options.h"
#include "harness/profile.h"

#define DEFAULT_RUNTIME "plumbline-oci"
#define DEFAULT_SERVER "plumbline-cri"

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
	const struct words *lists[] = { &options->runtimes, &options->endpoints };
	struct err err = { 0 };

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t i = 0; i < lists[k]->count; i++) {
			auto_free char *path = NULL;

			if (runtime_locate(lists[k]->words[i], &path, &err) < 0) {
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

/*
 * A file with the permission that is no program is as wrong a word as one that is not there. It was tried in a world,
 * which tells its errors in words only.
 */
static int explain_not_found(struct prepared_run *run, int r, const struct err *err)
{
	screen_say(&run->screen, "%s", err->text);
	if (text_ends(err->text, strerror(ENOEXEC)) || r == -EINVAL || r == -ENOENT)
		return EXIT_USAGE;
	screen_say(&run->screen, "plumbline doctor tells what is missing here");
	return r == -EINTR ? EXIT_INTERRUPTED : EXIT_MACHINE_CANNOT;
}

/* How many of the selected cases a runtime's command line, or a CRI server, runs. */
static size_t take_share(const struct prepared_run *run, bool cri, struct selection *ret)
{
	const struct selection *all = &run->selection;

	*ret = (struct selection){ .items = calloc(all->count + 1, sizeof(*ret->items)) };
	assert(ret->items);
	for (size_t i = 0; i < all->count; i++)
		if ((all->items[i].c->cri != 0) == cri)
			ret->items[ret->count++] = all->items[i];
	return ret->count;
}

/* handler NULL: a runtime; else a CRI server with that runtime behind it. 0, or an exit code. */
static int add_runtime(const struct options *options, const char *word, const char *handler,
		       struct prepared_run *run)
{
	struct runtime_found *found = &run->runtimes[run->runtime_count];
	struct selection share;
	struct err err = { 0 };

	if (!take_share(run, handler != NULL, &share)) {
		free(share.items);
		return 0;
	}
	int r = handler ? runtime_find_server(run->name, word, handler, options, found, &err)
			: runtime_find(run->name, word, options, found, &err);
	if (r < 0) {
		free(share.items);
		return explain_not_found(run, r, &err);
	}
	run->shares[run->runtime_count++] = share;
	make_names_unique(run);
	return 0;
}

/* Servers run the cases of the interface when they are asked for, or when nobody names a runtime and so wants everything. */
static bool wants_servers(const struct options *options, const struct prepared_run *run)
{
	struct selection others;
	bool only = !take_share(run, false, &others);

	free(others.items);
	return options->endpoints.count || !options->runtimes.count || only;
}

static int find_runtimes(const struct options *options, struct prepared_run *run)
{
	static const char *const own_runtime[] = { DEFAULT_RUNTIME }, *const own_server[] = {
		DEFAULT_SERVER
	};
	const char *const *runtimes = options->runtimes.count ? options->runtimes.words : own_runtime;
	const char *const *servers = options->endpoints.count ? options->endpoints.words : own_server;
	size_t n = options->runtimes.count ? options->runtimes.count : 1;
	size_t m = options->endpoints.count ? options->endpoints.count : 1;
	int code = 0;

	run->runtimes = calloc(n + m, sizeof(*run->runtimes));
	run->shares = calloc(n + m, sizeof(*run->shares));
	assert(run->runtimes && run->shares);
	for (size_t i = 0; !code && i < n && !options->endpoints.count; i++)
		code = add_runtime(options, runtimes[i], NULL, run);
	for (size_t i = 0; !code && i < m && wants_servers(options, run); i++)
		code = add_runtime(options, servers[i], runtimes[0], run);
	if (!code && !run->runtime_count) {
		screen_say(&run->screen, "--cri runs cases of the CRI alone, and none of them is selected");
		return EXIT_NOTHING_SELECTED;
	}
	return code;
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
	code = find_runtimes(options, ret);
	return code ? code : open_recorder(options, ret);
}

void prepared_run_free(struct prepared_run *prepared)
{
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
