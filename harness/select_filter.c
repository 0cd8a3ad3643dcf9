/*
 * The small filter language, evaluated while it is read:
 *   either = both ('|' both)* ; both = not ('&' not)* ; not = '!' not | '(' either ')' | [key ':'] glob
 */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/select.h"

#define NESTING_MAX 64

struct filter {
	const char *all, *at;
	const struct selected *item;
	struct err *err;
	int depth;
};

static bool glob(const char *pattern, const char *string)
{
	return !fnmatch(pattern, string, FNM_CASEFOLD);
}

/* "oci" and "oci/mounts" name whole areas; a trailing slash is forgiven. */
static bool is_below(const char *pattern, const char *string)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '/')
		n--;
	return n && !strncasecmp(pattern, string, n) && (string[n] == '/' || string[n] == '\0');
}

static bool key_id(const struct selected *item, const char *value)
{
	return glob(value, item->id) || is_below(value, item->id);
}

static bool key_area(const struct selected *item, const char *value)
{
	return glob(value, item->area->name) || is_below(value, item->area->name);
}

static bool key_name(const struct selected *item, const char *value)
{
	return glob(value, item->c->name);
}

static bool key_level(const struct selected *item, const char *value)
{
	for (size_t i = 0; i < case_clauses(item->c); i++)
		if (glob(value, level_name(item->c->clause[i]->level)))
			return true;
	return false;
}

static bool key_clause(const struct selected *item, const char *value)
{
	for (size_t i = 0; i < case_clauses(item->c); i++)
		if (glob(value, item->c->clause[i]->id))
			return true;
	return false;
}

static bool key_fault(const struct selected *item, const char *value)
{
	return item->c->refuted_by ? glob(value, item->c->refuted_by) : !strcasecmp(value, "none");
}

static bool key_needs(const struct selected *item, const char *value)
{
	const struct needs *needs = &item->c->needs;
	const struct {
		const char *word;
		bool needed;
	} words[] = {
		{ "root", needs->root },
		{ "userns", needs->userns },
		{ "bpf", needs->bpf },
		{ "alone", needs->alone },
		{ "cgroup", needs->cgroup != 0 },
		{ "cgroup1", needs->cgroup == 1 },
		{ "cgroup2", needs->cgroup == 2 },
		{ "kernel", needs->kernel != NULL },
		{ "controller", needs->controller != NULL },
		{ "feature", needs->runtime_feature != NULL },
		{ needs->controller ? needs->controller : "", needs->controller != NULL },
		{ needs->runtime_feature ? needs->runtime_feature : "", needs->runtime_feature != NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].needed && glob(value, words[i].word))
			return true;
	return false;
}

static bool key_profile(const struct selected *item, const char *value)
{
	return !strcasecmp(value, "smoke") ? case_is_smoke(item->area, item->c) : !strcasecmp(value, "full");
}

static const struct {
	const char *name;
	bool (*matches)(const struct selected *item, const char *value);
} keys[] = {
	{ "area", key_area }, { "level", key_level }, { "needs", key_needs },     { "clause", key_clause },
	{ "name", key_name }, { "fault", key_fault }, { "profile", key_profile }, { "id", key_id },
};

static int match_word(struct filter *filter, const char *word)
{
	const char *colon = strchr(word, ':');

	if (!colon)
		return key_id(filter->item, word);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].name) == (size_t) (colon - word) &&
		    !strncmp(keys[i].name, word, colon - word))
			return keys[i].matches(filter->item, colon + 1);
	return fail_text(filter->err, -EINVAL,
			 "filter \"%s\": \"%.*s\" is no key; keys are area, level, needs, clause, name, "
			 "fault, profile, id",
			 filter->all, (int) (colon - word), word);
}

static void skip_space(struct filter *filter)
{
	while (isspace((unsigned char) *filter->at))
		filter->at++;
}

static bool accept(struct filter *filter, char c)
{
	skip_space(filter);
	if (*filter->at != c)
		return false;
	filter->at++;
	return true;
}

static int read_either(struct filter *filter);

static int read_word(struct filter *filter)
{
	auto_text word = { 0 };

	skip_space(filter);
	while (*filter->at && !isspace((unsigned char) *filter->at) && !strchr("&|()", *filter->at))
		text_add_char(&word, *filter->at++);
	if (!word.len)
		return fail_text(filter->err, -EINVAL, "filter \"%s\": expected a word %s%s", filter->all,
				 *filter->at ? "before " : "at its end", filter->at);
	return match_word(filter, text_str(&word));
}

static int read_not(struct filter *filter)
{
	int r;

	if (++filter->depth > NESTING_MAX)
		return fail_text(filter->err, -EINVAL, "filter: nested more than %d deep", NESTING_MAX);
	if (accept(filter, '!')) {
		r = read_not(filter);
		r = r < 0 ? r : !r;
	} else if (accept(filter, '(')) {
		r = read_either(filter);
		if (r >= 0 && !accept(filter, ')'))
			r = fail_text(filter->err, -EINVAL, "filter \"%s\": a ) is missing", filter->all);
	} else {
		r = read_word(filter);
	}
	filter->depth--;
	return r;
}

static int read_both(struct filter *filter)
{
	int r = read_not(filter);

	while (r >= 0 && accept(filter, '&')) {
		int next = read_not(filter);

		r = next < 0 ? next : r && next;
	}
	return r;
}

static int read_either(struct filter *filter)
{
	int r = read_both(filter);

	while (r >= 0 && accept(filter, '|')) {
		int next = read_both(filter);

		r = next < 0 ? next : r || next;
	}
	return r;
}

int selector_matches(const char *selector, const struct selected *item, struct err *err)
{
	struct filter filter = { .all = selector, .at = selector, .item = item, .err = err };
	int r = read_either(&filter);

	skip_space(&filter);
	if (r >= 0 && *filter.at)
		return fail_text(err, -EINVAL, "filter \"%s\": cannot read on at \"%s\"", selector,
				 filter.at);
	return r;
}
