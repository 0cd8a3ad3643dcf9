/* plumbline: finds the verb, reads its options, runs it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/case_check.h"
#include "harness/options.h"

static int usage(const char *sentence)
{
	(void) fprintf(stderr, "plumbline: %s\n", sentence);
	return EXIT_USAGE;
}

static int unknown_verb(const char *word)
{
	const char *names[32], *near;
	auto_text sentence = { 0 };
	size_t count = 0;

	for (const struct verb *verb = verbs; verb->name && count < ARRAY_SIZE(names); verb++)
		names[count++] = verb->name;
	text_addf(&sentence, "there is no verb \"%s\"; ", word);
	near = suggest(word, names, count);
	if (near)
		text_addf(&sentence, "did you mean plumbline %s?", near);
	else
		text_add(&sentence, "plumbline --help lists them");
	return usage(text_str(&sentence));
}

static int overview(FILE *stream)
{
	auto_text out = { 0 };

	help_overview(&out);
	(void) fputs(text_str(&out), stream);
	return stream == stdout ? EXIT_AS_EXPECTED : EXIT_USAGE;
}

static int run(const struct verb *verb, int argc, char *const *argv)
{
	auto_options options = { 0 };
	struct err err = { 0 };

	if (options_parse(verb, argc, argv, &options, &err) < 0)
		return usage(err.text);
	if (options.help) {
		auto_text out = { 0 };

		help_verb(verb, &out);
		(void) fputs(text_str(&out), stdout);
		return EXIT_AS_EXPECTED;
	}
	if (cases_check(&err) < 0) {
		(void) fprintf(stderr, "plumbline: %s\n", err.text);
		return EXIT_INVALID_INPUT;
	}
	return verb->run(&options);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	int code;

	/* A closed pipe ("plumbline list | head") is an error of write, not a death. */
	(void) signal(SIGPIPE, SIG_IGN);
	if (!word)
		return overview(stderr);
	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		code = overview(stdout);
	else if (!strcmp(word, "--version"))
		code = printf("plumbline %s\n", PLUMBLINE_VERSION) < 0;
	else
		code = verb_find(word) ? run(verb_find(word), argc - 2, argv + 2) : unknown_verb(word);
	if (fflush(stdout) != 0 && errno != EPIPE) {
		(void) fprintf(stderr, "plumbline: write to standard output: %s\n", strerror(errno));
		return EXIT_BROKEN;
	}
	return code;
}
