/* The registry of faults beside the cases: nothing built goes unnoticed, and what a row says of its witness is true. */
#include "tests/harness/each_case.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/faults.h"

Suite *test_cases_faults(void);

/* By that case; id NULL: by any. */
static bool is_named(const char *fault, const char *id)
{
	const struct conformance_case *c, *only = id ? area_case_find(id, NULL) : NULL;

	for (size_t i = 0; (c = area_case_at(i, NULL)); i++)
		if ((!only || c == only) && c->refuted_by && !strcmp(c->refuted_by, fault))
			return true;
	return false;
}

/* A mistake that no case notices is a gap in the cases: it is filled, or told in brackets in place of a witness. */
START_TEST(every_fault_has_a_case)
{
	auto_faults faults = { 0 };
	struct err err = { 0 };

	ck_assert_msg(faults_load(&faults, &err) == 0, "%s", err.text);
	for (size_t i = 0; i < faults_count(&faults); i++) {
		struct fault_entry fault = fault_at(&faults, i);

		ck_assert_msg(!fault.built || *fault.witness || !strcmp(fault.area, "harness") ||
				  is_named(fault.name, NULL),
			      "no case notices the fault %s: name it in .refuted_by or give it a witness",
			      fault.name);
	}
}
END_TEST

/* The script or the unit test that notices the fault; NULL: the brackets hold a reason. Owned. */
static char *witnessing_file(const char *witness)
{
	static const char suite[] = "(tests/cri: ", script[] = "(tests/";

	if (text_starts(witness, suite))
		return text_format("tests/cri/test_%.*s.c", (int) strcspn(witness + strlen(suite), ")"),
				   witness + strlen(suite));
	return text_starts(witness, script)
		   ? text_format("%.*s", (int) strcspn(witness + 1, ")"), witness + 1)
		   : NULL;
}

static void check_witness(const struct fault_entry *fault, const char *manual)
{
	auto_free char *file = witnessing_file(fault->witness);
	auto_free char *reason = strndup(fault->witness + 1, strcspn(fault->witness + 1, ")"));

	if (*fault->witness != '(') {
		ck_assert_msg(area_case_find(fault->witness, NULL), "the witness of %s is no case: %s",
			      fault->name, fault->witness);
		ck_assert_msg(!is_named(fault->name, fault->witness), "the witness of %s names it itself",
			      fault->name);
	} else if (file) {
		ck_assert_msg(access(file, F_OK) == 0, "the witness of %s is not there: %s", fault->name,
			      file);
		ck_assert_msg(text_ends(file, ".c") || !is_named(fault->name, NULL),
			      "a case notices %s: it needs no script", fault->name);
	} else {
		ck_assert_msg(strstr(manual, reason), "docs/PROOF.md does not tell of %s: %s", fault->name,
			      reason);
		ck_assert_msg(!is_named(fault->name, NULL), "a case notices %s: its excuse is stale",
			      fault->name);
	}
}

START_TEST(witnesses_are_true)
{
	auto_faults faults = { 0 };
	auto_text manual = { 0 };
	struct err err = { 0 };

	ck_assert_msg(faults_load(&faults, &err) == 0 &&
			  file_read_at(AT_FDCWD, "docs/PROOF.md", 1 << 20, &manual, &err) == 0,
		      "%s", err.text);
	for (size_t i = 0; i < faults_count(&faults); i++) {
		struct fault_entry fault = fault_at(&faults, i);

		if (*fault.witness)
			check_witness(&fault, text_str(&manual));
	}
}
END_TEST

Suite *test_cases_faults(void)
{
	return UNIT_SUITE("cases_faults", every_fault_has_a_case, witnesses_are_true);
}
