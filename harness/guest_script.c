/* What a guest is to do: the words of this command, but for those that this side of it fulfils. */
#include "harness/guest.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/option_table.h"
#include "harness/options.h"
#include "harness/runtime.h"
#include "harness/screen.h"
#include "harness/shell_word.h"

/* Emulated, a life of a container takes 17 to 42 times as long. */
#define GUEST_SLOWNESS 40

#define DEFAULT_RUNTIME "plumbline-oci"

int guest_flavour(const struct options *options, struct text *ret, struct err *err)
{
	static const char *const flavours[] = { "v2", "v1", "systemd", "hybrid" };

	if (options->endpoints.count)
		return fail_text(err, -EINVAL, "--cri is about servers of this machine: not with --in");
	if (options->update_expectations || options->last_failed)
		return fail_text(err, -EINVAL, "--%s is about runs and files of this machine: not with --in",
				 options->last_failed ? "last-failed" : "update-expectations");
	for (size_t i = 0; i < ARRAY_SIZE(flavours); i++)
		if (text_starts(options->in, "vm:") && !strcmp(options->in + 3, flavours[i])) {
			text_add(ret, flavours[i]);
			return 0;
		}
	return fail_text(err, -EINVAL, "--in %s: vm:v2, vm:v1, vm:systemd and vm:hybrid are known",
			 options->in);
}

/* Where things come from, go to, and how they look is this side's; what is written here does not concern the guest. */
static bool is_ours(const struct option_row *row)
{
	static const char *const ours[] = { "in",       "guest",         "out",    "runtime",
					    "expect",   "timeout-scale", "record", "junit",
					    "markdown", "tap",           "html",   "badge",
					    "color",    "ascii",         "help" };

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (!strcmp(row->name, ours[i]))
			return true;
	return false;
}

static void add_word(struct text *script, const char *name, const char *value)
{
	auto_free char *word = value ? text_format("--%s=%s", name, value) : text_format("--%s", name);

	text_add_char(script, ' ');
	shell_word(word, script);
}

static void add_number(struct text *script, const char *name, uint64_t number)
{
	auto_free char *value = text_format("%llu", (unsigned long long) number);

	if (number)
		add_word(script, name, value);
}

static void add_option(const struct option_row *row, const struct options *options, struct text *script)
{
	const void *place = (const char *) options + row->offset;
	const struct words *words = place;

	switch (row->kind) {
	case OPTION_FLAG:
		if (*(const bool *) place)
			add_word(script, row->name, NULL);
		return;
	case OPTION_STRING:
		if (*(const char *const *) place)
			add_word(script, row->name, *(const char *const *) place);
		return;
	case OPTION_WORDS:
		for (size_t i = 0; i < words->count; i++)
			add_word(script, row->name, words->words[i]);
		return;
	case OPTION_NUMBER:
	case OPTION_NUMBER_OR_ONE:
		add_number(script, row->name, *(const uint64_t *) place);
		return;
	case OPTION_FACTOR:
		return; /* time-outs: theirs are others */
	}
}

/* A file that the guest is to have; its words name it by the path it has here. */
static int add_file(const char *option, const char *path, struct text *script, struct text *files,
		    struct err *err)
{
	auto_free char *real = realpath(path, NULL);

	if (!real)
		return fail(err, -errno, "--%s %s", option, path);
	if (strchr(real, '\n'))
		return fail_text(err, -EINVAL, "--%s: a path with a line break cannot be given to a guest",
				 option);
	add_word(script, option, real);
	text_addf(files, "%s\n", real);
	return 0;
}

static int add_runtimes(const struct options *options, struct text *script, struct text *files,
			struct err *err)
{
	size_t n = options->runtimes.count ? options->runtimes.count : 1;
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		auto_free char *path = NULL;

		r = runtime_locate(options->runtimes.count ? options->runtimes.words[i] : DEFAULT_RUNTIME,
				   &path, err);
		if (r >= 0)
			r = add_file("runtime", path, script, files, err);
	}
	return r;
}

int guest_script(const struct verb *verb, const struct options *options, const char *results,
		 struct text *script, struct text *files, struct err *err)
{
	struct screen screen = { 0 };
	int r = screen_init(options, &screen, err);

	text_addf(script, "plumbline %s --timeout-scale=%g", verb->name,
		  options->timeout_scale * GUEST_SLOWNESS);
	/* Recording takes as long again where everything is slow: 97 s instead of 50 for the twelve cases of oci/lifecycle. */
	add_word(script, "record", options->record ? options->record : "needed");
	add_word(script, "color", screen.style.colour ? "always" : "never");
	if (!screen.style.unicode)
		add_word(script, "ascii", NULL);
	for (size_t i = 0; i < option_table_count; i++)
		if ((option_table[i].verbs & verb->bit) && !is_ours(&option_table[i]))
			add_option(&option_table[i], options, script);
	if (r >= 0)
		r = add_runtimes(options, script, files, err);
	if (r >= 0 && options->expect)
		r = add_file("expect", options->expect, script, files, err);
	if (results)
		add_word(script, "out", results);
	text_add(script, " --");
	for (size_t i = 0; i < options->words.count; i++) {
		text_add_char(script, ' ');
		shell_word(options->words.words[i], script);
	}
	text_add(script, "\nstatus=$?\n");
	if (results) {
		auto_text word = { 0 };

		shell_word(results, &word);
		text_addf(script, "[ ! -d %s ] || /plumbline/bin/busybox tar -c -C %s . > /dev/vport0p4\n",
			  text_str(&word), text_str(&word));
	}
	text_add(script, "exit $status\n");
	return r;
}
