/* The runtimes that are known, read once from the profiles embedded in the program. */
#include "harness/profile.h"

#include <assert.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/embedded.h"

#define PROFILE_MAX 32
#define PROFILE_DIRECTORY "runtime-under-test/profiles/"

struct profile_table {
	struct profile rows[PROFILE_MAX];
	size_t count;
};

static const char **string_array(const struct json *array)
{
	size_t n = json_length(array);
	const char **ret = calloc(n + 1, sizeof(*ret));

	assert(ret);
	for (size_t i = 0; i < n; i++) {
		ret[i] = json_string(json_at(array, i));
		assert(ret[i]);
	}
	return ret;
}

static void load(const struct embedded_file *file, struct profile *profile)
{
	struct json *document = NULL;
	int r = json_parse(file->data, file->size, &document, NULL);

	/* Embedded files are ours, and checked against their schema: tests/e2e/schema.sh. */
	assert(r >= 0);
	(void) r;
	*profile = (struct profile){
		.name = json_get_string(document, "name"),
		.match = json_get_string(document, "match"),
		.spec_version = json_get_string(document, "spec_version"),
		.global_args = string_array(json_member(document, "global_args")),
		.document = document,
	};
	assert(profile->name);
}

/* A cache of constant data, filled on first use: profiles are borrowed for ever and most verbs need none. */
static const struct profile_table *profiles(void)
{
	static struct profile_table table;

	if (table.count)
		return &table;
	for (const struct embedded_file *file = embedded_files; file->name; file++) {
		if (!text_starts(file->name, PROFILE_DIRECTORY))
			continue;
		assert(table.count < PROFILE_MAX);
		load(file, &table.rows[table.count++]);
	}
	return &table;
}

const struct profile *profile_at(size_t index)
{
	const struct profile_table *table = profiles();

	return index < table->count ? &table->rows[index] : NULL;
}

const struct profile *profile_find(const char *name)
{
	const struct profile *profile;

	for (size_t i = 0; (profile = profile_at(i)); i++)
		if (!strcmp(profile->name, name))
			return profile;
	return NULL;
}

static bool matches(const char *pattern, const char *string)
{
	regex_t regex;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		return false;
	bool ret = !regexec(&regex, string, 0, NULL, 0);
	regfree(&regex);
	return ret;
}

const struct profile *profile_for_version(const char *first_line)
{
	const struct profile *profile;

	for (size_t i = 0; first_line && (profile = profile_at(i)); i++)
		if (profile->match && matches(profile->match, first_line))
			return profile;
	profile = profile_find("generic");
	assert(profile);
	return profile;
}

const struct profile *profile_for_endpoint(const char *name_and_version)
{
	const struct profile *profile;

	for (size_t i = 0; (profile = profile_at(i)); i++) {
		const char *match = json_get_string(profile->document, "cri.match");

		if (match && matches(match, name_and_version))
			return profile;
	}
	profile = profile_find("generic");
	assert(profile);
	return profile;
}

bool profile_lacks(const struct profile *profile, const char *feature)
{
	const struct json *list = json_member(profile->document, "lacks");

	for (size_t i = 0; i < json_length(list); i++) {
		const char *word = json_string(json_at(list, i));

		if (word && !strcmp(word, feature))
			return true;
	}
	return false;
}
