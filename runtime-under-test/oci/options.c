/* The option parser: order, spelling and errors are the same for all verbs. */
#include "runtime-under-test/oci/options.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

/* One word of the command line that begins with a dash, split at its '='. */
struct word_split {
	const char *name;
	size_t length;
	const char *value; /* behind the '='; NULL: none */
};

static struct word_split split(const char *word)
{
	const char *name = word + (word[1] == '-' ? 2 : 1);
	const char *equals = strchr(name, '=');

	return (struct word_split){
		.name = name,
		.length = equals ? (size_t) (equals - name) : strlen(name),
		.value = equals ? equals + 1 : NULL,
	};
}

static const struct option_row *find(const struct option_row *rows, const struct word_split *word)
{
	for (; rows->name; rows++) {
		if (strlen(rows->name) == word->length && strncmp(rows->name, word->name, word->length) == 0)
			return rows;
		if (rows->letter && word->length == 1 && word->name[0] == rows->letter)
			return rows;
	}
	return NULL;
}

static int set_flag(const struct option_row *row, const char *value, bool *ret, struct err *err)
{
	if (!value || strcmp(value, "true") == 0)
		*ret = true;
	else if (strcmp(value, "false") == 0)
		*ret = false;
	else
		return fail_text(err, -EINVAL, "option --%s takes true or false, not \"%s\"", row->name,
				 value);
	return 0;
}

static int set_number(const struct option_row *row, const char *value, int *ret, struct err *err)
{
	long long number;

	if (text_to_i64(value, &number) < 0 || number < 0 || number > INT_MAX)
		return fail_text(err, -EINVAL, "option --%s takes a number, not \"%s\"", row->name, value);
	*ret = (int) number;
	return 0;
}

static void append(struct option_list *list, const char *value)
{
	list->items = reallocarray(list->items, list->count + 1, sizeof(*list->items));
	if (!list->items)
		abort();
	list->items[list->count++] = value;
}

void option_list_clear(struct option_list *list)
{
	free(list->items);
	*list = (struct option_list){ 0 };
}

static int set(const struct option_row *row, const char *value, void *target, struct err *err)
{
	void *place = (char *) target + row->offset;

	switch (row->kind) {
	case OPTION_FLAG:
		return set_flag(row, value, place, err);
	case OPTION_NUMBER:
		return set_number(row, value, place, err);
	case OPTION_STRING:
		*(const char **) place = value;
		break;
	case OPTION_LIST:
		append(place, value);
		break;
	}
	return 0;
}

int options_parse(const struct option_row *rows, void *target, int argc, char **argv, struct err *err)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-' && argv[i][1] != '\0') {
		struct word_split word = split(argv[i]);
		const struct option_row *row;
		int r;

		if (strcmp(argv[i++], "--") == 0)
			break;
		row = find(rows, &word);
		if (!row)
			return fail_text(err, -EINVAL, "unknown option %s", argv[i - 1]);
		if (row->kind != OPTION_FLAG && !word.value) {
			if (i >= argc)
				return fail_text(err, -EINVAL, "option --%s needs a value", row->name);
			word.value = argv[i++];
		}
		r = set(row, word.value, target, err);
		if (r < 0)
			return r;
	}
	return i;
}

void options_describe(const struct option_row *rows, struct text *out)
{
	static const char *const values[] = { [OPTION_FLAG] = "",
					      [OPTION_STRING] = " VALUE",
					      [OPTION_NUMBER] = " N",
					      [OPTION_LIST] = " VALUE" };

	for (; rows->name; rows++) {
		auto_text left = { 0 };

		if (rows->letter)
			text_addf(&left, "-%c, ", rows->letter);
		text_addf(&left, "--%s%s", rows->name, values[rows->kind]);
		text_addf(out, "  %-28s %s\n", text_str(&left), rows->help);
	}
}
