/* Files, directories or runtimes: what the words of plumbline diff mean. */
#include "harness/diff_pairs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "harness/options.h"
#include "harness/select.h"

#define RECORDING_MAGIC "PLMBREC"
#define SMOKE "profile:smoke"
#define SAID_MAX (64u << 10) /* of what a run says beside its results */
#define RUN_MS (4 * 3600 * 1000)

enum source { SOURCE_RECORDING, SOURCE_RUN, SOURCE_RUNTIME };

static enum source source_of(const char *word)
{
	char magic[sizeof(RECORDING_MAGIC)] = { 0 };
	struct stat st;
	auto_fd fd = -EBADF;

	if (stat(word, &st) < 0)
		return text_ends(word, ".rec") ? SOURCE_RECORDING : SOURCE_RUNTIME;
	if (S_ISDIR(st.st_mode))
		return SOURCE_RUN;
	fd = open(word, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, magic, sizeof(magic)) == sizeof(magic) &&
	    memcmp(magic, RECORDING_MAGIC, sizeof(magic)) == 0)
		return SOURCE_RECORDING;
	return st.st_mode & 0111 ? SOURCE_RUNTIME : SOURCE_RECORDING;
}

static void pair_add(struct diff_pairs *pairs, const char *name, char *taken_a, char *taken_b)
{
	struct diff_pair *grown = reallocarray(pairs->items, pairs->count + 1, sizeof(*grown));

	if (!grown)
		abort();
	pairs->items = grown;
	grown[pairs->count++] = (struct diff_pair){ text_format("%s", name), { taken_a, taken_b } };
}

static bool is_there(const char *path)
{
	return access(path, R_OK) == 0;
}

/* A run's directory has a folder for each runtime; which one is meant is clear when there is one. */
static int find_folder(const char *run, char **ret, struct err *err)
{
	auto_free char *direct = text_format("%s/recordings", run), *found = NULL;
	auto_dir dir = opendir(run);

	if (is_there(direct)) {
		*ret = text_format("%s", run);
		return 0;
	}
	if (!dir)
		return fail(err, -errno, "%s", run);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		auto_free char *path = text_format("%s/%s/recordings", run, entry->d_name);

		if (entry->d_name[0] == '.' || !is_there(path))
			continue;
		if (found)
			return fail_text(err, -EINVAL,
					 "%s has recordings of several runtimes: name one's folder in it",
					 run);
		found = text_format("%s/%s", run, entry->d_name);
	}
	if (!found)
		return fail_text(err, -ENOENT, "%s has no recordings: plumbline test --record on makes them",
				 run);
	*ret = TAKE(found);
	return 0;
}

static int pair_runs(const struct options *options, const char *a, const char *b, struct diff_pairs *ret,
		     struct err *err)
{
	auto_selection selection = { 0 };
	auto_free char *folder_a = NULL, *folder_b = NULL;
	int r = find_folder(a, &folder_a, err);

	if (r >= 0)
		r = find_folder(b, &folder_b, err);
	if (r >= 0)
		r = select_cases(options->words.words + 2, options->words.count - 2, NULL, &selection, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < selection.count; i++) {
		auto_free char *path_a = text_format("%s/recordings/%s.rec", folder_a, selection.items[i].id);
		auto_free char *path_b = text_format("%s/recordings/%s.rec", folder_b, selection.items[i].id);

		if (is_there(path_a) && is_there(path_b))
			pair_add(ret, selection.items[i].id, TAKE(path_a), TAKE(path_b));
	}
	if (!ret->count)
		return fail_text(err, -ENOENT, "%s and %s have no recorded case in common", a, b);
	return 0;
}

/* The last line, without the name of who says it: it is ours. */
static const char *last_sentence(struct text *said)
{
	static const char own[] = "plumbline: ";
	const char *last;

	text_trim_end(said);
	last = strrchr(text_str(said), '\n');
	last = last ? last + 1 : text_str(said);
	return text_starts(last, own) ? last + strlen(own) : last;
}

/* As its own program: a run has workers, worlds and a recorder, and leaves its files. */
static int run_cases(const struct options *options, const char *runtime, const char *out, struct err *err)
{
	size_t selectors = options->words.count - 2, at = 0;
	auto_free const char **argv = calloc(selectors + 12, sizeof(*argv));
	struct process_options child = PROCESS_OPTIONS_INIT;
	auto_text said = { 0 };
	const struct process_capture capture = { .err = &said, .max = SAID_MAX, .timeout_ms = RUN_MS };
	struct process_status status = { 0 };
	int r;

	if (!argv)
		return fail(err, -ENOMEM, "%s", runtime);
	argv[at++] = "/proc/self/exe";
	argv[at++] = "test";
	for (size_t i = 0; i < selectors; i++)
		argv[at++] = options->words.words[i + 2];
	if (!selectors)
		argv[at++] = SMOKE;
	argv[at++] = "--runtime";
	argv[at++] = runtime;
	argv[at++] = "--record";
	argv[at++] = "on";
	argv[at++] = "--out";
	argv[at++] = out;
	child.argv = argv;
	child.death_signal = SIGKILL;
	r = process_run(&child, &capture, &status, err);
	if (r < 0)
		return fail(err, r, "run cases on %s", runtime);
	if (status.exited && (status.code == EXIT_AS_EXPECTED || status.code == EXIT_UNEXPECTED_FAILURE))
		return 0;
	return fail_text(err, status.exited && status.code == EXIT_USAGE ? -EINVAL : -ECHILD,
			 "run cases on %s: %s", runtime, last_sentence(&said));
}

static int make_runs(const struct options *options, const char *const words[DIFF_SIDES],
		     struct diff_pairs *ret, struct err *err)
{
	const char *temporary = getenv("TMPDIR");
	auto_free char *top = options->out ? text_format("%s", options->out) : NULL;
	char *runs[DIFF_SIDES] = { NULL };
	int r = 0;

	if (!top) {
		top = text_format("%s/plumbline-diff.XXXXXX", temporary ? temporary : "/tmp");
		if (!mkdtemp(top))
			return fail(err, -errno, "make a directory for the runs in %s", top);
		ret->made = text_format("%s", top);
	}
	for (int side = 0; r >= 0 && side < DIFF_SIDES; side++) {
		runs[side] = text_format("%s/%c", top, "ab"[side]);
		r = run_cases(options, words[side], runs[side], err);
	}
	if (r >= 0)
		r = pair_runs(options, runs[DIFF_A], runs[DIFF_B], ret, err);
	free(runs[DIFF_A]);
	free(runs[DIFF_B]);
	return r;
}

int diff_pairs_find(const struct options *options, struct diff_pairs *ret, struct err *err)
{
	const char *const words[DIFF_SIDES] = { options->words.words[0], options->words.words[1] };
	enum source a = source_of(words[DIFF_A]), b = source_of(words[DIFF_B]);

	*ret = (struct diff_pairs){ 0 };
	if (a != b)
		return fail_text(
		    err, -EINVAL,
		    "%s and %s are not of a kind: two recordings, two run directories or two runtimes",
		    words[DIFF_A], words[DIFF_B]);
	if (a == SOURCE_RUN)
		return pair_runs(options, words[DIFF_A], words[DIFF_B], ret, err);
	if (a == SOURCE_RUNTIME)
		return make_runs(options, words, ret, err);
	if (options->words.count > 2)
		return fail_text(err, -EINVAL, "a recording has no cases to choose from: %s",
				 options->words.words[2]);
	pair_add(ret, "", text_format("%s", words[DIFF_A]), text_format("%s", words[DIFF_B]));
	return 0;
}

void diff_pairs_free(struct diff_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->items[i].name);
		free(pairs->items[i].path[DIFF_A]);
		free(pairs->items[i].path[DIFF_B]);
	}
	free(pairs->items);
	if (pairs->made)
		(void) file_remove_tree_at(AT_FDCWD, pairs->made, NULL);
	free(pairs->made);
	*pairs = (struct diff_pairs){ 0 };
}
