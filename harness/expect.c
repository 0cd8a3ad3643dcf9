/* Reads, compares and rewrites expectations. */
#include "harness/expect.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"

#define EXPECT_BYTES_MAX (4u << 20)
#define BLANKS " \t\r"

static struct expectation *add_row(struct expectations *expectations, const char *runtime, const char *id,
				   enum verdict verdict, const char *note)
{
	size_t n = expectations->count + 1;
	struct expectation *rows = realloc(expectations->rows, n * sizeof(*rows));

	assert(rows);
	expectations->rows = rows;
	rows[n - 1] = (struct expectation){
		.runtime = text_format("%s", runtime),
		.id = text_format("%s", id),
		.note = text_format("%s", note),
		.verdict = verdict,
	};
	expectations->count = n;
	return &rows[n - 1];
}

static int parse_section(char *line, char **runtime, struct err *err)
{
	char *end = strchr(line, ']');

	if (!end || end == line + 1 || end[1 + strspn(end + 1, BLANKS)])
		return fail_text(err, -EBADMSG, "expected [RUNTIME], found %s", line);
	*end = '\0';
	free(*runtime);
	*runtime = text_format("%s", line + 1);
	return 0;
}

static int parse_row(char *line, const char *runtime, struct expectations *ret, struct err *err)
{
	char *id = strsep(&line, BLANKS), *word;

	if (!runtime)
		return fail_text(err, -EBADMSG, "a row stands before the first [RUNTIME]");
	do {
		word = strsep(&line, BLANKS);
	} while (word && !*word);
	enum verdict verdict = verdict_from_name(word);
	if (!verdict)
		return fail_text(
		    err, -EBADMSG,
		    "expected \"ID VERDICT\", a verdict being pass, fail, warn, broken or flaky");
	add_row(ret, runtime, id, verdict, line ? line + strspn(line, BLANKS) : "");
	return 0;
}

int expect_parse(const char *text, struct expectations *ret, struct err *err)
{
	auto_free char *copy = text_format("%s", text);
	auto_free char *runtime = NULL;
	struct expectations expectations = { 0 };
	char *rest = copy, *line;
	int r = 0;

	for (size_t number = 1; r >= 0 && (line = strsep(&rest, "\n")); number++) {
		line += strspn(line, BLANKS);
		for (size_t n = strlen(line); n && strchr(BLANKS, line[n - 1]); n--)
			line[n - 1] = '\0';
		if (!*line || *line == '#')
			continue;
		if (*line == '[')
			r = parse_section(line, &runtime, err);
		else
			r = parse_row(line, runtime, &expectations, err);
		if (r < 0)
			r = fail(err, r, "line %zu", number);
	}
	if (r < 0) {
		expect_free(&expectations);
		return r;
	}
	*ret = expectations;
	return 0;
}

int expect_read(const char *path, struct expectations *ret, struct err *err)
{
	auto_text text = { 0 };
	int r = file_read_at(AT_FDCWD, path, EXPECT_BYTES_MAX, &text, err);

	if (r >= 0 && memchr(text_str(&text), '\0', text.len))
		r = fail_text(err, -EBADMSG, "is no text file");
	if (r >= 0)
		r = expect_parse(text_str(&text), ret, err);
	return r < 0 ? fail(err, r, "expectations %s", path) : 0;
}

void expect_free(struct expectations *expectations)
{
	for (size_t i = 0; i < expectations->count; i++) {
		free(expectations->rows[i].runtime);
		free(expectations->rows[i].id);
		free(expectations->rows[i].note);
	}
	free(expectations->rows);
	*expectations = (struct expectations){ 0 };
}

static bool is_about(const struct expectation *row, const char *runtime)
{
	return !strcmp(row->runtime, "*") || !strcmp(row->runtime, runtime);
}

enum verdict expect_find(const struct expectations *expectations, const char *runtime, const char *id)
{
	for (size_t i = expectations->count; i > 0; i--) {
		const struct expectation *row = &expectations->rows[i - 1];

		if (is_about(row, runtime) && !fnmatch(row->id, id, 0))
			return row->verdict;
	}
	return 0;
}

static bool is_good(enum verdict verdict)
{
	return verdict == VERDICT_PASS || verdict == VERDICT_WARN;
}

enum surprise expect_compare(enum verdict expected, enum verdict seen)
{
	if (seen == VERDICT_SKIP || seen == VERDICT_NOTRUN || expected == seen)
		return SURPRISE_NONE;
	if (!expected)
		return seen == VERDICT_FAIL || seen == VERDICT_BROKEN ? SURPRISE_FAILURE : SURPRISE_NONE;
	return is_good(seen) && expected != VERDICT_PASS ? SURPRISE_PASS : SURPRISE_FAILURE;
}

static bool is_worth_a_row(enum verdict verdict)
{
	return verdict == VERDICT_FAIL || verdict == VERDICT_BROKEN || verdict == VERDICT_FLAKY;
}

static struct expectation *find_row(struct expectations *expectations, const char *runtime, const char *id)
{
	for (size_t i = 0; i < expectations->count; i++)
		if (!strcmp(expectations->rows[i].runtime, runtime) && !strcmp(expectations->rows[i].id, id))
			return &expectations->rows[i];
	return NULL;
}

static void remove_row(struct expectations *expectations, struct expectation *row)
{
	size_t i = (size_t) (row - expectations->rows);

	free(row->runtime);
	free(row->id);
	free(row->note);
	expectations->count--;
	memmove(row, row + 1, (expectations->count - i) * sizeof(*row));
}

static void update_case(struct expectations *expectations, const char *runtime,
			const struct case_record *seen, struct text *changes)
{
	struct expectation *row = find_row(expectations, runtime, seen->id);
	enum verdict expected = expect_find(expectations, runtime, seen->id);

	if (seen->verdict == VERDICT_SKIP || seen->verdict == VERDICT_NOTRUN)
		return;
	if (row && row->verdict == seen->verdict)
		return;
	if (row) {
		text_addf(changes, "- [%s] %s %s\n", runtime, row->id, verdict_name(row->verdict));
		if (is_worth_a_row(seen->verdict))
			row->verdict = seen->verdict;
		else
			remove_row(expectations, row);
	} else if (is_worth_a_row(seen->verdict) && expected != seen->verdict) {
		add_row(expectations, runtime, seen->id, seen->verdict, "");
	} else {
		return;
	}
	if (is_worth_a_row(seen->verdict))
		text_addf(changes, "+ [%s] %s %s\n", runtime, seen->id, verdict_name(seen->verdict));
}

void expect_update(struct expectations *expectations, const struct run_record *run, struct text *changes)
{
	for (size_t i = 0; i < run->case_count; i++)
		update_case(expectations, run->runtime.name, &run->cases[i], changes);
}

/* Sections keep the order in which their runtimes first appear. */
void expect_print(const struct expectations *expectations, struct text *out)
{
	text_add(
	    out,
	    "# Expected verdicts: plumbline test --expect FILE; --update-expectations rewrites this file.\n");
	for (size_t i = 0; i < expectations->count; i++) {
		const char *runtime = expectations->rows[i].runtime;
		size_t first = 0;

		while (strcmp(expectations->rows[first].runtime, runtime) != 0)
			first++;
		if (first < i)
			continue;
		text_addf(out, "\n[%s]\n", runtime);
		for (size_t k = i; k < expectations->count; k++) {
			const struct expectation *row = &expectations->rows[k];

			if (strcmp(row->runtime, runtime) != 0)
				continue;
			text_addf(out, "%s %s%s%s\n", row->id, verdict_name(row->verdict),
				  *row->note ? " " : "", row->note);
		}
	}
}
