/*
 * Golden observations of real runtimes are judged again: a change of the judge or of a case shows here,
 * without root.
 */
#include "tests/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/judge.h"
#include "harness/table.h"

Suite *test_recordings(void);

static const char *const columns[] = { "file", "verdict", "reason", NULL };

static void load_index(struct table *ret)
{
	auto_text text = { 0 };
	struct err err = { 0 };

	ck_assert_msg(file_read_at(AT_FDCWD, "fixtures/recordings/index.tsv", 1 << 20, &text, &err) == 0,
		      "%s", err.text);
	ck_assert_msg(table_parse(text.data, text.len, columns, ret, &err) == 0, "%s", err.text);
	ck_assert_uint_gt(ret->rows, 0);
}

static struct json *load(const char *name, const struct conformance_case **ret_case)
{
	auto_free char *path = text_format("fixtures/recordings/%s.json", name);
	struct json *observation = NULL;
	struct err err = { 0 };

	ck_assert_msg(json_read_at(AT_FDCWD, path, 4 << 20, &observation, &err) == 0, "%s", err.text);
	*ret_case = area_case_find(json_get_string(observation, "case"), NULL);
	ck_assert_msg(*ret_case != NULL, "%s: its case is gone", name);
	return observation;
}

START_TEST(recordings_are_judged_as_before)
{
	auto_table table = { 0 };

	load_index(&table);
	for (size_t i = 0; i < table.rows; i++) {
		const char *name = table_cell(&table, i, 0), *reason = table_cell(&table, i, 2);
		const struct conformance_case *c;
		auto_json observation = load(name, &c);
		struct judgement judgement;

		judge(c, observation, false, &judgement);
		ck_assert_msg(judgement.verdict == verdict_from_name(table_cell(&table, i, 1)), "%s: %s, %s",
			      name, verdict_name(judgement.verdict),
			      judgement.reason ? judgement.reason : "");
		if (*reason)
			ck_assert_msg(text_starts(judgement.reason, reason), "%s: %s", name,
				      judgement.reason);
		judgement_free(&judgement);
	}
}
END_TEST

/* Whatever part of the evidence is taken away, nothing that passed may pass. */
START_TEST(a_recording_without_its_evidence_fails)
{
	static const char *const parts[] = { "exit", "state", "exit.step", "state.step" };
	auto_table table = { 0 };

	load_index(&table);
	for (size_t i = 0; i < table.rows; i++)
		for (size_t k = 0; k < ARRAY_SIZE(parts); k++) {
			const struct conformance_case *c;
			auto_json observation = load(table_cell(&table, i, 0), &c);
			struct judgement judgement;

			if (strcmp(table_cell(&table, i, 1), "pass"))
				continue;
			ck_assert_int_eq(json_drop(observation, parts[k], NULL), 0);
			judge(c, observation, false, &judgement);
			ck_assert_msg(judgement.verdict == VERDICT_FAIL, "%s without %s: %s",
				      table_cell(&table, i, 0), parts[k], verdict_name(judgement.verdict));
			judgement_free(&judgement);
		}
}
END_TEST

static const char *section_of(enum source from)
{
	return from == FROM_INSIDE ? "inside" : from == FROM_HOST ? "host" : NULL;
}

START_TEST(a_recording_without_the_section_of_a_row_fails)
{
	auto_table table = { 0 };

	load_index(&table);
	for (size_t i = 0; i < table.rows; i++) {
		const struct conformance_case *c;
		auto_json whole = load(table_cell(&table, i, 0), &c);

		for (size_t k = 0; !strcmp(table_cell(&table, i, 1), "pass") && k < case_rows(c); k++) {
			const char *section = section_of(c->then[k]->from);
			auto_json observation = json_copy(whole);
			struct judgement judgement;

			if (!section)
				continue;
			json_remove(observation, section);
			judge(c, observation, false, &judgement);
			ck_assert_msg(judgement.verdict == VERDICT_FAIL, "%s without %s",
				      table_cell(&table, i, 0), section);
			judgement_free(&judgement);
		}
	}
}
END_TEST

Suite *test_recordings(void)
{
	return UNIT_SUITE("recordings", recordings_are_judged_as_before,
			  a_recording_without_its_evidence_fails,
			  a_recording_without_the_section_of_a_row_fails);
}
