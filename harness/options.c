/* Reads a command line by the table of options. */
#include "harness/options.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/option_table.h"

struct reader {
	const struct verb *verb;
	char *const *argv;
	int argc, at;
	struct options *options;
	struct err *err;
};

static void words_add(struct words *words, const char *word)
{
	const char **grown = realloc(words->words, (words->count + 1) * sizeof(*grown));

	assert(grown);
	words->words = grown;
	words->words[words->count++] = word;
}

void options_free(struct options *options)
{
	free(options->words.words);
	free(options->runtimes.words);
	free(options->runtime_args.words);
	free(options->endpoints.words);
	free(options->command.words);
	*options = (struct options){ 0 };
}

static int unknown_option(const struct reader *reader, const char *name, size_t len)
{
	const char *names[64];
	size_t count = 0;
	auto_free char *word = strndup(name, len);

	assert(word);
	for (size_t i = 0; i < option_table_count && count < ARRAY_SIZE(names); i++)
		if (option_table[i].verbs & reader->verb->bit)
			names[count++] = option_table[i].name;
	const char *near = suggest(word, names, count);
	if (near)
		return fail_text(reader->err, -EINVAL, "%s has no option --%s; did you mean --%s?",
				 reader->verb->name, word, near);
	return fail_text(reader->err, -EINVAL, "%s has no option --%s; see plumbline %s --help",
			 reader->verb->name, word, reader->verb->name);
}

static const struct option_row *find_option(const struct reader *reader, const char *name, size_t len)
{
	for (size_t i = 0; i < option_table_count; i++) {
		const struct option_row *row = &option_table[i];

		if ((row->verbs & reader->verb->bit) && strlen(row->name) == len &&
		    !strncmp(row->name, name, len))
			return row;
	}
	return NULL;
}

static const struct option_row *find_letter(const struct reader *reader, char letter)
{
	for (size_t i = 0; i < option_table_count; i++)
		if ((option_table[i].verbs & reader->verb->bit) && option_table[i].letter == letter)
			return &option_table[i];
	return NULL;
}

static int set_number(const struct reader *reader, const struct option_row *row, const char *value,
		      void *place)
{
	unsigned long long number;

	if (text_to_u64(value, &number) < 0 || number < row->least || number > row->most)
		return fail_text(reader->err, -EINVAL, "--%s %s: expected a whole number from %llu to %llu",
				 row->name, value, row->least, row->most);
	*(uint64_t *) place = number;
	return 0;
}

static int set_factor(const struct reader *reader, const struct option_row *row, const char *value,
		      void *place)
{
	char *end;
	double factor = strtod(value, &end);

	if (!*value || *end || !isfinite(factor) || factor <= 0 || factor > (double) row->most)
		return fail_text(reader->err, -EINVAL, "--%s %s: expected a number above 0 and up to %llu",
				 row->name, value, row->most);
	*(double *) place = factor;
	return 0;
}

static int set_option(const struct reader *reader, const struct option_row *row, const char *value)
{
	void *place = (char *) reader->options + row->offset;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *) place = true;
		return 0;
	case OPTION_STRING:
		*(const char **) place = value;
		return 0;
	case OPTION_WORDS:
		words_add(place, value);
		return 0;
	case OPTION_NUMBER:
	case OPTION_NUMBER_OR_ONE:
		return set_number(reader, row, value, place);
	case OPTION_FACTOR:
		return set_factor(reader, row, value, place);
	}
	return -EINVAL;
}

/* value: what stood in the same word ("--jobs=4", "-j4"); NULL: nothing did. */
static int take_option(struct reader *reader, const struct option_row *row, const char *value)
{
	if (row->kind == OPTION_FLAG && value)
		return fail_text(reader->err, -EINVAL, "--%s takes no value", row->name);
	if (row->kind == OPTION_NUMBER_OR_ONE && !value)
		value = "1";
	if (row->kind != OPTION_FLAG && !value) {
		if (reader->at >= reader->argc)
			return fail_text(reader->err, -EINVAL, "--%s needs a value: --%s %s", row->name,
					 row->name, row->argument);
		value = reader->argv[reader->at++];
	}
	return set_option(reader, row, value);
}

static int take_word(struct reader *reader, const char *word)
{
	const struct option_row *row;

	if (!strncmp(word, "--", 2)) {
		const char *name = word + 2, *equals_sign = strchr(name, '=');
		size_t len = equals_sign ? (size_t) (equals_sign - name) : strlen(name);

		row = find_option(reader, name, len);
		if (!row)
			return unknown_option(reader, name, len);
		return take_option(reader, row, equals_sign ? equals_sign + 1 : NULL);
	}
	if (word[0] == '-' && word[1]) {
		row = find_letter(reader, word[1]);
		if (!row)
			return fail_text(reader->err, -EINVAL,
					 "%s has no option -%c; see plumbline %s --help", reader->verb->name,
					 word[1], reader->verb->name);
		return take_option(reader, row, word[2] ? word + 2 : NULL);
	}
	words_add(&reader->options->words, word);
	return 0;
}

int options_parse(const struct verb *verb, int argc, char *const *argv, struct options *ret, struct err *err)
{
	struct options options = { .repeat = 1, .timeout_scale = 1.0 };
	struct reader reader = { .verb = verb, .argv = argv, .argc = argc, .options = &options, .err = err };
	int r = 0;

	while (r >= 0 && reader.at < argc) {
		const char *word = argv[reader.at++];

		if (!strcmp(word, "--"))
			break;
		r = take_word(&reader, word);
	}
	while (r >= 0 && reader.at < argc) {
		words_add(&options.command, argv[reader.at]);
		words_add(&options.words, argv[reader.at++]);
	}
	if (r < 0) {
		options_free(&options);
		return r;
	}
	*ret = options;
	return 0;
}
