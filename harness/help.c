/* Prints the tables of verbs and options: for people at a terminal, and as the source of the manual page. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "harness/explain.h"
#include "harness/option_table.h"
#include "harness/options.h"
#include "harness/verbs.h"

static const struct {
	enum exit_code code;
	const char *meaning;
} exit_codes[] = {
	{ EXIT_AS_EXPECTED, "everything as expected" },
	{ EXIT_UNEXPECTED_FAILURE, "an unexpected failure" },
	{ EXIT_USAGE, "wrong usage, or a runtime that is missing or not executable: nothing ran" },
	{ EXIT_MACHINE_CANNOT, "this machine cannot, or every case was skipped" },
	{ EXIT_NOTHING_SELECTED, "nothing selected" },
	{ EXIT_UNEXPECTED_PASS, "an unexpected pass, and nothing worse" },
	{ EXIT_BROKEN, "the harness could not tell, or an internal error" },
	{ EXIT_INTERRUPTED, "interrupted or timed out" },
	{ EXIT_INVALID_INPUT, "an input file is invalid" },
};

void help_overview(struct text *out)
{
	text_add(out, "plumbline: does a container runtime do what it was told?\n\n"
		      "  plumbline doctor                        what this machine can test\n"
		      "  plumbline test --runtime crun           run every case against crun\n"
		      "  plumbline explain ID                    what a case or a clause means\n\n"
		      "verbs:\n");
	for (const struct verb *verb = verbs; verb->name; verb++)
		text_addf(out, "  %-8s %s\n", verb->name, verb->summary);
	text_add(out, "\nplumbline VERB --help tells more. A SELECTOR is an id, a glob or a filter:\n"
		      "  oci/mounts/*   profile:smoke   'area:oci/mounts & level:must & !needs:bpf'\n\n"
		      "exit status:\n");
	for (size_t i = 0; i < ARRAY_SIZE(exit_codes); i++)
		text_addf(out, "  %d  %s\n", exit_codes[i].code, exit_codes[i].meaning);
}

/* Fills lines up to the width of the smallest terminal. The first begins at column, further ones are indented to it. */
static void add_wrapped(const char *words, size_t column, struct text *out)
{
	static const size_t width = 80;
	size_t at = column;

	while (*words) {
		size_t n = strcspn(words, " ");

		if (at > column && at + n + 1 > width) {
			text_addf(out, "\n%*s", (int) column, "");
			at = column;
		}
		if (at > column) {
			text_add_char(out, ' ');
			at++;
		}
		text_add_bytes(out, words, n);
		at += n;
		words += n;
		words += strspn(words, " ");
	}
	text_add_char(out, '\n');
}

static void add_option(const struct option_row *row, struct text *out)
{
	auto_text left = { 0 };

	if (row->letter)
		text_addf(&left, "-%c, ", row->letter);
	text_addf(&left, "--%s", row->name);
	if (row->argument)
		text_addf(&left, row->kind == OPTION_NUMBER_OR_ONE ? "[=%s]" : " %s", row->argument);
	text_addf(out, "  %-26s ", text_str(&left));
	add_wrapped(row->help, 29, out);
}

void help_verb(const struct verb *verb, struct text *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(verb->examples) && verb->examples[i]; i++)
		text_addf(out, "  %s\n", verb->examples[i]);
	text_addf(out, "\nplumbline %s%s%s\n%s\n", verb->name, *verb->synopsis ? " " : "", verb->synopsis,
		  verb->summary);
	if (verb->details) {
		text_add_char(out, '\n');
		add_wrapped(verb->details, 0, out);
	}
	text_add(out, "\noptions:\n");
	for (size_t i = 0; i < option_table_count; i++)
		if (option_table[i].verbs & verb->bit)
			add_option(&option_table[i], out);
}

/* troff takes '-' for a hyphen, '\' for an escape and a leading '.' or ''' for a request. */
static void add_troff(const char *string, struct text *out)
{
	for (const char *s = string; *s; s++) {
		bool line_start = s == string || s[-1] == '\n';

		if (line_start && (*s == '.' || *s == '\''))
			text_add(out, "\\&");
		if (*s == '-')
			text_add(out, "\\-");
		else if (*s == '\\')
			text_add(out, "\\e");
		else
			text_add_char(out, *s);
	}
}

static void add_request(const char *request, const char *string, struct text *out)
{
	text_addf(out, "%s", request);
	add_troff(string, out);
	text_add_char(out, '\n');
}

static void manual_option(const struct option_row *row, struct text *out)
{
	text_add(out, ".TP\n");
	if (row->letter)
		text_addf(out, "\\fB\\-%c\\fR, ", row->letter);
	text_add(out, "\\fB\\-\\-");
	add_troff(row->name, out);
	text_add(out, "\\fR");
	if (row->argument)
		text_addf(out, row->kind == OPTION_NUMBER_OR_ONE ? "[=\\fI%s\\fR]" : " \\fI%s\\fR",
			  row->argument);
	text_add_char(out, '\n');
	add_request("", row->help, out);
}

/* Options that nearly every verb takes are described once, not under each. */
static bool is_common(const struct option_row *row)
{
	return (row->verbs | VERB_HELP) == VERB_ALL;
}

static void manual_verb(const struct verb *verb, struct text *out)
{
	auto_text title = { 0 };

	text_addf(&title, "\"plumbline %s%s%s\"", verb->name, *verb->synopsis ? " " : "", verb->synopsis);
	text_add(out, ".SS ");
	add_troff(text_str(&title), out);
	text_add_char(out, '\n');
	add_request("", verb->details ? verb->details : verb->summary, out);
	text_add(out, ".PP\n.nf\n");
	for (size_t i = 0; i < ARRAY_SIZE(verb->examples) && verb->examples[i]; i++)
		add_request("    ", verb->examples[i], out);
	text_add(out, ".fi\n");
	for (size_t i = 0; i < option_table_count; i++)
		if ((option_table[i].verbs & verb->bit) && !is_common(&option_table[i]))
			manual_option(&option_table[i], out);
}

static void manual_common(struct text *out)
{
	text_add(out, ".SH OPTIONS OF EVERY VERB\n");
	for (size_t i = 0; i < option_table_count; i++)
		if (is_common(&option_table[i]))
			manual_option(&option_table[i], out);
}

void help_manual(struct text *out)
{
	text_add(out, ".\\\" Printed by plumbline help manual; do not edit.\n"
		      ".TH PLUMBLINE 1 \"\" \"plumbline " PLUMBLINE_VERSION "\" \"User Commands\"\n"
		      ".SH NAME\nplumbline \\- conformance and debugging of container runtimes\n"
		      ".SH SYNOPSIS\n.B plumbline\n.I VERB\n[\\fIOPTION\\fR...] [\\fIWORD\\fR...]\n"
		      ".SH DESCRIPTION\n"
		      "plumbline asks a container runtime for containers, looks at what the kernel then "
		      "holds, and says\n"
		      "which clauses of the OCI runtime specification were kept. Results go to standard "
		      "output, all other\n"
		      "words to standard error.\n"
		      ".SH VERBS\n");
	for (const struct verb *verb = verbs; verb->name; verb++)
		manual_verb(verb, out);
	manual_common(out);
	text_add(
	    out,
	    ".SH SELECTORS\n"
	    "A selector is an id, a glob over ids, an area, or a filter. A filter joins words with & and |,\n"
	    "negates with ! and groups with parentheses. A word is a glob over ids or KEY:GLOB, where KEY "
	    "is\n"
	    "area, level, needs, clause, name, fault, profile or id. Several selectors add up.\n"
	    ".SH EXIT STATUS\nWhere several hold, the first of 7, 6, 1, 5, 0 counts.\n");
	for (size_t i = 0; i < ARRAY_SIZE(exit_codes); i++) {
		text_addf(out, ".TP\n%d\n", exit_codes[i].code);
		add_request("", exit_codes[i].meaning, out);
	}
	text_add(out,
		 ".SH ENVIRONMENT\n.TP\nNO_COLOR\nno colour, whatever the terminal can do\n"
		 ".TP\nCLICOLOR_FORCE\ncolour even when standard output is no terminal\n"
		 ".SH FILES\n.TP\nruns/RUN/RUNTIME/run.json\nwhat a run found; schema in fixtures/schema\n"
		 ".TP\nruns/RUN/RUNTIME/cases.jsonl\nthe same, a line a case, while the run goes on\n"
		 ".TP\nruns/RUN/RUNTIME/observations/ID.json\nevery fact a case was judged by\n");
}

int verb_help(const struct options *options)
{
	auto_text out = { 0 };

	if (!options->words.count) {
		help_overview(&out);
	} else if (!strcmp(options->words.words[0], "manual")) {
		help_manual(&out);
	} else if (!strcmp(options->words.words[0], "effects")) {
		effects_manual(&out);
	} else {
		const struct verb *verb = verb_find(options->words.words[0]);

		if (!verb) {
			(void) fprintf(stderr, "plumbline: there is no verb \"%s\"\n",
				       options->words.words[0]);
			return EXIT_USAGE;
		}
		help_verb(verb, &out);
	}
	(void) fputs(text_str(&out), stdout);
	return EXIT_AS_EXPECTED;
}
