/* See report_fixture.h. Tests run in the root of the tree. */
#include <check.h>
#undef fail

#include "tests/harness/report_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "reports/report.h"

#define GOLDEN_MAX (1u << 20)
#define MEGABYTE (1u << 20)

const char *const fixture_hostile_strings[] = {
	"a ]]> b </system-out><failure/> <script>alert(1)</script> <!-- --> &amp; \"quoted\" 'single'",
	"two\nlines\r\nand\ttab",
	"\033[2J\033]0;title\007 bell \b back \x7f del \xc2\x9b"
	"31m c1",
	"| pipe `code` *bold* [link](http://x) <b>html</b> # heading \\ back",
	"bad utf-8: \xff\xfe \xc3( \xed\xa0\x80 \xf8\x88\x80\x80\x80 \xe2\x82",
	"not ok 1 # TODO fake\n1..0 # SKIP\nBail out!",
	"---\n...\n  ok 99 - injected",
	"\u202e reversed \u2066 isolated \u200b zero \u2028 separator \ufffe nonchar",
	"",
	NULL,
};

void fixture_read(const char *name, struct run_record *ret)
{
	auto_free char *path = text_format("tests/golden/runs/%s", name);
	struct err err = { 0 };

	ck_assert_msg(run_record_read(AT_FDCWD, path, ret, &err) == 0, "%s", err.text);
}

static char *copy(const char *string)
{
	return text_format("%s", string);
}

static char **list_of(const char *string, size_t *ret_count)
{
	char **list = calloc(1, sizeof(*list));

	ck_assert_ptr_nonnull(list);
	list[0] = copy(string);
	*ret_count = 1;
	return list;
}

static void hostile_case(struct case_record *record, size_t number, const char *string, enum verdict verdict)
{
	*record = (struct case_record){
		.id = text_format("oci/hostile/%zu %s", number, string),
		.title = copy(string),
		.file = copy(string),
		.verdict = verdict,
		.reason = copy(string),
		.expected = copy(string),
		.observed = copy(string),
		.rung = copy(string),
		.step = copy(string),
		.repro = copy(string),
		.ms = (int64_t) number,
		.unexpected = number % 2,
	};
	record->clauses = list_of(string, &record->clause_count);
	record->leaks = list_of(string, &record->leak_count);
	record->unseen = list_of(string, &record->unseen_count);
}

void fixture_hostile(struct run_record *ret)
{
	auto_free char *huge = malloc(MEGABYTE + 1);
	size_t n = 0;

	ck_assert_ptr_nonnull(huge);
	memset(huge, '<', MEGABYTE);
	huge[MEGABYTE] = '\0';
	*ret = (struct run_record){
		.run = copy(fixture_hostile_strings[0]),
		.kernel = copy(fixture_hostile_strings[2]),
		.runtime = { .name = copy("evil]]>\n| `crun`\033[31m"),
			     .version = copy(fixture_hostile_strings[4]) },
		.cases =
		    calloc(ARRAY_SIZE(fixture_hostile_strings) * VERDICT_COUNT, sizeof(struct case_record)),
		.wall_ms = -5,
		.interrupted = true,
	};
	ck_assert_ptr_nonnull(ret->cases);
	for (size_t i = 0; fixture_hostile_strings[i]; i++)
		for (int v = VERDICT_PASS; v <= VERDICT_NOTRUN; v++, n++)
			hostile_case(&ret->cases[n], n, fixture_hostile_strings[i], v);
	hostile_case(&ret->cases[n], n, huge, VERDICT_FAIL);
	ret->cases[n].ms = -1;
	ret->case_count = n + 1;
}

void fixture_golden(const char *name, const struct text *out)
{
	auto_free char *path = text_format("tests/golden/%s", name);
	const char *mode = getenv("GOLDEN");
	auto_text wanted = { 0 };
	struct err err = { 0 };

	if (mode && !strcmp(mode, "update")) {
		ck_assert_msg(file_create_at(AT_FDCWD, path, text_str(out), out->len, 0644, &err) == 0, "%s",
			      err.text);
		return;
	}
	ck_assert_msg(file_read_at(AT_FDCWD, path, GOLDEN_MAX, &wanted, &err) == 0, "%s", err.text);
	ck_assert_msg(wanted.len == out->len && !memcmp(text_str(&wanted), text_str(out), out->len),
		      "%s differs from what is written now; after a look, `make golden` accepts it", path);
}

void fixture_keep(const char *name, const struct text *out)
{
	auto_free char *path = text_format("build/tests/reports/%s", name);
	struct err err = { 0 };

	ck_assert_msg(file_make_dirs_at(AT_FDCWD, "build/tests/reports", 0755, &err) == 0, "%s", err.text);
	ck_assert_msg(file_create_at(AT_FDCWD, path, text_str(out), out->len, 0644, &err) == 0, "%s",
		      err.text);
}

/* libcheck's assertions write a mark each time they hold, so they are not used a byte at a time. */
void fixture_assert_clean(const char *what, const struct text *out)
{
	const char *s = text_str(out);

	for (size_t i = 0, n; i < out->len; i += n) {
		unsigned char c = (unsigned char) s[i];

		n = text_utf8_length(s + i, out->len - i);
		if (!n)
			ck_abort_msg("%s: bad UTF-8 at byte %zu: %02x", what, i, c);
		if ((c < 0x20 && c != '\n') || c == 0x7f || (c == 0xc2 && (unsigned char) s[i + 1] < 0xa0))
			ck_abort_msg("%s: control character at byte %zu: %02x", what, i, c);
	}
}

void fixture_write(const char *format, const struct run_record *runs, size_t count, struct text *out)
{
	const struct report_format *found = report_format_find(format);

	ck_assert_msg(found != NULL, "no format %s", format);
	found->write(runs, count, out);
}
