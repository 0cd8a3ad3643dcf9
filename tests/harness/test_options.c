/* The command line, the help, and the manual page that must be the one the program prints. */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "harness/explain.h"
#include "harness/option_table.h"
#include "harness/options.h"

Suite *test_options(void);

#define ARGV(...) ((char *const[]){ __VA_ARGS__, NULL })

static int parse(const char *verb, char *const *argv, struct options *ret, struct err *err)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return options_parse(verb_find(verb), argc, argv, ret, err);
}

START_TEST(options_are_read_in_every_form)
{
	char *const argv[] = { "oci/*",     "--runtime",
			       "crun",      "--runtime=./runc",
			       "-j4",       "-o",
			       "out",       "--fail-fast",
			       "--retries", "2",
			       "--json",    "--timeout-scale=2.5",
			       "--seed",    "18446744073709551615",
			       "--",        "--not-an-option",
			       NULL };
	struct options options;
	struct err err = { 0 };

	ck_assert_msg(parse("test", argv, &options, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(options.words.count, 2);
	ck_assert_str_eq(options.words.words[1], "--not-an-option");
	ck_assert_uint_eq(options.runtimes.count, 2);
	ck_assert_str_eq(options.runtimes.words[1], "./runc");
	ck_assert_uint_eq(options.jobs, 4);
	ck_assert_str_eq(options.out, "out");
	ck_assert_uint_eq(options.fail_fast, 1);
	ck_assert_uint_eq(options.retries, 2);
	ck_assert_uint_eq(options.repeat, 1);
	ck_assert(options.json && !options.keep);
	ck_assert(options.timeout_scale > 2.4 && options.timeout_scale < 2.6);
	ck_assert_uint_eq(options.seed, 0xffffffffffffffff);
	options_free(&options);
	ck_assert_int_eq(parse("test", ARGV("--fail-fast=3"), &options, &err), 0);
	ck_assert_uint_eq(options.fail_fast, 3);
	options_free(&options);
}
END_TEST

START_TEST(mistakes_are_told_with_the_next_thing_to_type)
{
	static const struct {
		const char *verb, *argument, *word;
	} rows[] = {
		{ "test", "--rutime=x", "did you mean --runtime?" },
		{ "test", "--colour=never", "did you mean --color?" },
		{ "test", "--xyzzy", "plumbline test --help" },
		{ "list", "--runtime=x", "list has no option --runtime" },
		{ "test", "--runtime", "--runtime NAME|PATH" },
		{ "test", "--json=yes", "takes no value" },
		{ "test", "--jobs=0", "from 1 to 256" },
		{ "test", "--jobs=many", "whole number" },
		{ "test", "--jobs=-1", "whole number" },
		{ "test", "--jobs=", "whole number" },
		{ "test", "--seed=18446744073709551616", "whole number" },
		{ "test", "--timeout-scale=0", "above 0" },
		{ "test", "--timeout-scale=nan", "above 0" },
		{ "test", "--timeout-scale=1x", "above 0" },
		{ "test", "-x", "no option -x" },
		{ "test", "--fail-fast=0", "from 1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *const argv[] = { (char *) rows[i].argument, NULL };
		struct options options;
		struct err err = { 0 };

		ck_assert_int_eq(parse(rows[i].verb, argv, &options, &err), -EINVAL);
		ck_assert_msg(strstr(err.text, rows[i].word) != NULL, "%s: %s", rows[i].argument, err.text);
	}
}
END_TEST

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		longest = n > longest ? n : longest;
	}
	return longest;
}

START_TEST(every_verb_shows_examples_first_and_all_its_options)
{
	for (const struct verb *verb = verbs; verb->name; verb++) {
		auto_free char *usage = text_format("plumbline %s", verb->name);
		auto_text help = { 0 };

		help_verb(verb, &help);
		ck_assert_ptr_nonnull(verb->examples[2]);
		ck_assert(text_starts(text_str(&help), "  "));
		ck_assert_ptr_nonnull(strstr(text_str(&help), usage));
		for (size_t i = 0; i < option_table_count; i++) {
			auto_free char *option = text_format("--%s", option_table[i].name);
			bool shown = strstr(text_str(&help), option) != NULL;

			if (option_table[i].verbs & verb->bit)
				ck_assert_msg(shown, "%s: %s", verb->name, option);
		}
	}
}
END_TEST

START_TEST(help_fits_the_smallest_terminal)
{
	auto_text overview = { 0 };

	help_overview(&overview);
	ck_assert_uint_le(longest_line(text_str(&overview)), 80);
	for (const struct verb *verb = verbs; verb->name; verb++) {
		auto_text help = { 0 };

		help_verb(verb, &help);
		ck_assert_msg(longest_line(text_str(&help)) <= 80, "help of %s: a line of %zu", verb->name,
			      longest_line(text_str(&help)));
		ck_assert_msg(!strstr(text_str(&help), " \n"), "help of %s: a blank at the end of a line",
			      verb->name);
	}
}
END_TEST

START_TEST(the_manual_page_is_the_printed_one)
{
	auto_text printed = { 0 }, committed = { 0 };
	struct err err = { 0 };

	help_manual(&printed);
	ck_assert_msg(file_read_at(AT_FDCWD, "docs/plumbline.1", 1 << 20, &committed, &err) == 0, "%s",
		      err.text);
	ck_assert_msg(!strcmp(text_str(&printed), text_str(&committed)),
		      "docs/plumbline.1 is old: build/bin/plumbline help manual > docs/plumbline.1");
}
END_TEST

START_TEST(the_list_of_effects_is_the_printed_one)
{
	auto_text printed = { 0 }, committed = { 0 };
	struct err err = { 0 };

	effects_manual(&printed);
	ck_assert_msg(file_read_at(AT_FDCWD, "docs/EFFECTS.md", 1 << 20, &committed, &err) == 0, "%s",
		      err.text);
	ck_assert_msg(!strcmp(text_str(&printed), text_str(&committed)),
		      "docs/EFFECTS.md is old: build/bin/plumbline help effects > docs/EFFECTS.md");
}
END_TEST

Suite *test_options(void)
{
	return UNIT_SUITE(
	    "options", options_are_read_in_every_form, mistakes_are_told_with_the_next_thing_to_type,
	    every_verb_shows_examples_first_and_all_its_options, help_fits_the_smallest_terminal,
	    the_manual_page_is_the_printed_one, the_list_of_effects_is_the_printed_one);
}
