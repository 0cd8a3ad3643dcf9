/* plumbline repro: one case as files that need only sh and the runtime. */
#include "harness/case.h"
#include "harness/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/clauses.h"
#include "harness/options.h"
#include "harness/prepare_run.h"
#include "harness/profile.h"
#include "harness/repro.h"

/*
 * The runtime is asked in a world. Who may not make worlds still gets files: the profile is then guessed by
 * name.
 */
static int find_runtime(const struct options *options, const char *word, struct runtime_found *ret,
			struct err *err)
{
	auto_free char *run = run_name_new();
	struct err unused = { 0 };
	int r = runtime_find(run, word, options, ret, &unused);

	if (r >= 0)
		return 0;
	*ret = (struct runtime_found){ 0 };
	r = runtime_locate(word, &ret->runtime.path, err);
	if (r < 0)
		return r;
	const char *name = strrchr(ret->runtime.path, '/') + 1;
	const struct profile *profile = profile_find(options->profile ? options->profile : name);
	ret->runtime.profile = profile ? profile : profile_find("generic");
	ret->runtime.name = text_format("%s", name);
	ret->runtime.spec_version = runtime_spec_version(NULL, ret->runtime.profile->spec_version);
	return 0;
}

static int open_empty(const char *path, char **ret_absolute, struct err *err)
{
	int r = file_make_dirs_at(AT_FDCWD, path, 0755, err);

	if (r < 0)
		return r;
	auto_fd fd = file_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, err);
	if (fd < 0)
		return fd;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	auto_dir dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return fail(err, -errno, "open %s", path);
	for (const struct dirent *entry; (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return fail_text(err, -ENOTEMPTY, "%s is not empty; name a new directory", path);
	*ret_absolute = realpath(path, NULL);
	if (!*ret_absolute)
		return fail(err, -errno, "%s", path);
	return TAKE_FD(fd);
}

static int write_repro(const struct options *options, const struct conformance_case *c, struct screen *screen)
{
	const char *word = options->runtimes.count ? options->runtimes.words[0] : "plumbline-oci";
	struct runtime_found found = { 0 };
	auto_clauses clauses = { 0 };
	auto_free char *directory = NULL;
	struct err err = { 0 };
	auto_fd fd = -EBADF;
	int r = find_runtime(options, word, &found, &err);

	if (r >= 0)
		r = fd = open_empty(options->out, &directory, &err);
	if (r < 0) {
		screen_say(screen, "%s", err.text);
		runtime_free(&found);
		return EXIT_USAGE;
	}
	struct repro repro = {
		.c = c,
		.id = options->words.words[0],
		.directory = directory,
		.runtime = &found.runtime,
		.clauses = &clauses,
	};
	r = clauses_load(&clauses, &err);
	if (r >= 0)
		r = repro_write(&repro, fd, &err);
	runtime_free(&found);
	if (r < 0) {
		screen_say(screen, "%s", err.text);
		return EXIT_BROKEN;
	}
	if (screen->json) {
		struct json *row = json_new_object();

		json_put(row, "type", json_new_string("repro"));
		json_put(row, "id", json_new_string(options->words.words[0]));
		json_put(row, "directory", json_new_bytes(directory, strlen(directory)));
		screen_print_json(screen, row);
	}
	screen_say(screen, "written; begin with %s/README, run it with sh %s/run.sh", options->out,
		   options->out);
	return EXIT_AS_EXPECTED;
}

int verb_repro(const struct options *options)
{
	const struct conformance_case *c;
	struct screen screen = { 0 };
	struct err err = { 0 };

	if (screen_init(options, &screen, &err) < 0 || options->words.count != 1 || !options->out ||
	    options->runtimes.count > 1) {
		screen_say(&screen, "%s",
			   err.text[0] ? err.text : "expected: plumbline repro ID --runtime NAME -o DIR");
		return EXIT_USAGE;
	}
	c = area_case_find(options->words.words[0], NULL);
	if (c && c->cri) {
		screen_say(
		    &screen,
		    "a case of the CRI needs more than sh: plumbline test %s --cri SERVER --keep -o %s "
		    "runs it and keeps what was there",
		    options->words.words[0], options->out);
		return EXIT_USAGE;
	}
	if (c)
		return write_repro(options, c, &screen);
	if (!explain_empty(options, &screen))
		screen_say(&screen, "%s names no single case", options->words.words[0]);
	return EXIT_USAGE;
}
