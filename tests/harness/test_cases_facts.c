/* Facts and tries that cases name: a misspelt one would never be recorded, and its row never hold. */
#include "tests/harness/each_case.h"
#include "tests/unit.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"

Suite *test_cases_facts(void);

/* Is the word written as code, `word ...`, anywhere in the manual of observations? */
static bool is_documented(const char *manual, const char *word, size_t len)
{
	bool code = false;

	for (const char *p = manual; *p; p++) {
		if (*p == '`')
			code = !code;
		if (code && !strncmp(p, word, len) && !isalnum((unsigned char) p[len]) && p[len] != '_' &&
		    p[len] != '-' && !isalnum((unsigned char) p[-1]) && p[-1] != '_' && p[-1] != '-')
			return true;
	}
	return false;
}

START_TEST(facts_and_tries_are_documented)
{
	const struct conformance_case *c;
	const struct area *area;
	auto_text manual = { 0 };
	struct err err = { 0 };

	ck_assert_msg(file_read_at(AT_FDCWD, "docs/OBSERVATION.md", 1 << 20, &manual, &err) == 0, "%s",
		      err.text);
	FOR_EACH_CASE(c, area)
	{
		for (size_t i = 0; i < case_rows(c); i++) {
			const struct expect *row = c->then[i];
			size_t len = strcspn(row->path, ".[");

			if (row->from == FROM_INSIDE || row->from == FROM_HOST)
				check(c, is_documented(text_str(&manual), row->path, len),
				      "docs/OBSERVATION.md knows no fact %.*s", (int) len, row->path);
		}
		for (size_t i = 0; i < ARRAY_SIZE(c->inside) && c->inside[i]; i++) {
			size_t len = strcspn(c->inside[i], " ");

			check(c, is_documented(text_str(&manual), c->inside[i], len),
			      "docs/OBSERVATION.md knows no try %.*s", (int) len, c->inside[i]);
		}
	}
}
END_TEST

/* A row about a try that the probe is not told to do can never hold. */
START_TEST(rows_about_tries_name_tries)
{
	const struct conformance_case *c;
	const struct area *area;

	FOR_EACH_CASE(c, area)
	{
		for (size_t i = 0; i < case_rows(c); i++) {
			const char *path = c->then[i]->path;
			bool found = false;

			if (c->then[i]->from != FROM_INSIDE || !text_starts(path, "try["))
				continue;
			for (size_t k = 0; k < ARRAY_SIZE(c->inside) && c->inside[k]; k++)
				found = found || text_starts(path + strlen("try["), c->inside[k]);
			check(c, found || c->then[i]->is == absent, "%s is not among what is tried inside",
			      path);
		}
	}
}
END_TEST

Suite *test_cases_facts(void)
{
	return UNIT_SUITE("cases_facts", facts_and_tries_are_documented, rows_about_tries_name_tries);
}
