/* Every relation, on recorded, other and missing evidence: what is not recorded never holds. */
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case.h"
#include "harness/judge_part.h"

Suite *test_judge_rows(void);

static const char observation_text[] =
    "{\"symbols\": {\"@scratch\": \"/run/s\", \"@id\": \"c1\"},"
    " \"inside\": {\"complete\": true, \"hostname\": \"box\", \"uid\": {\"real\": 1000},"
    "   \"caps\": {\"effective\": [\"CAP_A\", \"CAP_B\", \"CAP_C\"]},"
    "   \"rlimits\": {\"RLIMIT_NOFILE\": {\"soft\": 18446744073709551615}},"
    "   \"try\": {\"write /run/s/x\": {\"errno\": \"EROFS\"}}, \"exe\": null,"
    "   \"namespaces\": {\"pid\": \"pid:[2]\"},"
    "   \"mounts\": [{\"destination\": \"/data\", \"flags\": [\"ro\"]}]},"
    " \"host\": {\"scratch\": {\"y\": {}}, \"world\": {\"namespaces\": {\"pid\": \"pid:[1]\"}, \"name\": "
    "\"box\"},"
    "   \"limit\": \"42\", \"max\": \"max\", \"low\": -5, \"hook_order\": [\"a\", \"x\", \"b\", \"a\"]},"
    " \"state\": {\"after\": {\"create\": {\"id\": \"c1\", \"status\": \"created\"}}},"
    " \"exit\": {\"create\": {\"code\": 0}},"
    " \"meta\": {\"inside.secret\": {\"error\": \"Permission denied\"}}}";

static struct json *observation_new(void)
{
	struct err err = { 0 };
	struct json *ret = NULL;

	ck_assert_msg(json_parse(observation_text, strlen(observation_text), &ret, &err) == 0, "%s",
		      err.text);
	return ret;
}

static void check_rows(const struct expect *const *rows, size_t count, enum finding_kind kind)
{
	auto_json observation = observation_new();

	for (size_t i = 0; i < count; i++) {
		auto_finding finding = { 0 };

		judge_row(observation, rows[i], &finding);
		ck_assert_msg(finding.kind == kind, "row %zu, %s %s: kind %d, %s", i, rows[i]->path,
			      relation_phrase(rows[i]->is), finding.kind, text_str(&finding.reason));
		ck_assert_int_eq(finding.reason.len > 0, kind == FINDING_FAILS || kind == FINDING_INVALID);
	}
}

START_TEST(rows_that_hold)
{
	const struct expect *const rows[] = {
		INSIDE("hostname", equals, "box"),
		INSIDE("uid.real", equals, 1000),
		INSIDE("uid", equals, { "real" : 1000 }),
		INSIDE("hostname", equals, "@host.world.name"),
		INSIDE("namespaces.pid", differs, "@host.world.namespaces.pid"),
		INSIDE("try[write @scratch/x].errno", equals, "EROFS"),
		STATE("after[create].id", equals, "@id"),
		INSIDE("hostname", contains, "o"),
		INSIDE("caps.effective", contains, "CAP_B"),
		INSIDE("caps.effective", contains, [ "CAP_C", "CAP_A" ]),
		INSIDE("uid", contains, "real"),
		INSIDE("hostname", lacks, "z"),
		INSIDE("caps.effective", lacks, [ "CAP_X", "CAP_Y" ]),
		INSIDE("uid", lacks, "effective"),
		INSIDE("hostname", matches, "^b.x$"),
		INSIDE("hostname", present),
		HOST("scratch[x]", absent),
		HOST("pid_file", absent),
		INSIDE("mounts[/other]", absent),
		INSIDE("uid.real", at_least, 1000),
		INSIDE("uid.real", at_most, 1000),
		HOST("limit", at_least, 42),
		HOST("limit", at_most, 42),
		HOST("low", at_most, 0),
		HOST("low", at_least, -5),
		INSIDE("rlimits.RLIMIT_NOFILE.soft", at_least, 18446744073709551615),
		INSIDE("rlimits.RLIMIT_NOFILE.soft", at_least, 18446744073709551614),
		HOST("hook_order", ordered, [ "a", "b" ]),
		HOST("hook_order", ordered, [ "b", "a" ]),
		EXIT("create.code", equals, 0),
	};

	check_rows(rows, ARRAY_SIZE(rows), FINDING_HOLDS);
}
END_TEST

START_TEST(rows_that_fail)
{
	const struct expect *const rows[] = {
		INSIDE("hostname", equals, "Box"),
		INSIDE("uid.real", equals, "1000"),
		INSIDE("caps.effective", equals, [ "CAP_B", "CAP_A", "CAP_C" ]),
		INSIDE("namespaces.pid", equals, "@host.world.namespaces.pid"),
		INSIDE("hostname", differs, "box"),
		INSIDE("hostname", contains, "z"),
		INSIDE("caps.effective", contains, "CAP_"),
		INSIDE("caps.effective", contains, [ "CAP_A", "CAP_X" ]),
		INSIDE("uid.real", contains, "1"),
		INSIDE("hostname", lacks, "bo"),
		INSIDE("caps.effective", lacks, [ "CAP_X", "CAP_A" ]),
		INSIDE("uid.real", lacks, "9"),
		INSIDE("uid", lacks, "real"),
		INSIDE("hostname", matches, "^x"),
		INSIDE("hostname", matches, "(("),
		INSIDE("uid.real", matches, "1000"),
		INSIDE("hostname", absent),
		HOST("scratch[y]", absent),
		INSIDE("uid.real", at_least, 1001),
		INSIDE("uid.real", at_most, 999),
		HOST("limit", at_most, 41),
		HOST("max", at_least, 0),
		HOST("low", at_least, 0),
		INSIDE("rlimits.RLIMIT_NOFILE.soft", at_most, 18446744073709551614),
		HOST("hook_order", ordered, [ "b", "x" ]),
		HOST("hook_order", ordered, [ "a", "b", "a", "b" ]),
		INSIDE("hostname", ordered, ["b"]),
	};

	check_rows(rows, ARRAY_SIZE(rows), FINDING_FAILS);
}
END_TEST

START_TEST(missing_evidence_fails_every_relation)
{
	const struct expect *const rows[] = {
		INSIDE("nowhere", equals, null),
		INSIDE("nowhere", equals, 1),
		INSIDE("nowhere", differs, 1),
		INSIDE("nowhere", contains, "a"),
		INSIDE("nowhere", lacks, "a"),
		INSIDE("nowhere", matches, ".*"),
		INSIDE("nowhere", present),
		INSIDE("exe", present),
		INSIDE("nowhere", at_least, 0),
		INSIDE("nowhere", at_most, 0),
		INSIDE("nowhere", ordered, []),
		INSIDE("nowhere[x]", absent),
		INSIDE("nowhere.deep", absent),
		INSIDE("hostname.deep", absent),
		INSIDE("malformed[", equals, 1),
		INSIDE("hostname", equals, "@host.nothing"),
		INSIDE("hostname", differs, "@host.nothing"),
		INSIDE("caps.effective", lacks, ["@inside.nothing"]),
	};

	check_rows(rows, ARRAY_SIZE(rows), FINDING_FAILS);
}
END_TEST

START_TEST(a_section_that_is_missing_fails_absent_too)
{
	const struct expect *const rows[] = { INSIDE("hostname", absent), HOST("leftovers", absent),
					      EXIT("init", absent) };
	auto_json observation = json_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_finding finding = { 0 };

		judge_row(observation, rows[i], &finding);
		ck_assert_int_eq(finding.kind, FINDING_FAILS);
	}
}
END_TEST

START_TEST(an_expected_value_that_is_no_json_is_our_mistake)
{
	const struct expect *const rows[] = { INSIDE("hostname", equals, box),
					      INSIDE("hostname", contains, "a", "b"),
					      INSIDE("hostname", equals) };

	check_rows(rows, ARRAY_SIZE(rows), FINDING_INVALID);
}
END_TEST

static void check_kernel(const char *kernel, const struct expect *row, enum finding_kind kind)
{
	auto_json observation = observation_new();
	auto_finding finding = { 0 };
	struct json *events = NULL;

	if (kernel) {
		ck_assert_int_eq(json_parse(kernel, strlen(kernel), &events, NULL), 0);
		json_put(observation, "kernel", events);
	}
	judge_row(observation, row, &finding);
	ck_assert_msg(finding.kind == kind, "%s %s on %s: kind %d", row->path, relation_phrase(row->is),
		      kernel ? kernel : "nothing", finding.kind);
}

START_TEST(kernel_rows_need_a_recording)
{
	const struct expect *does = KERNEL_DOES("mnt.bind:/data"), *not = KERNEL_NEVER("mnt.bind:/data"),
			    *order = KERNEL_ORDER("mnt.bind:/data", "proc.exec:payload");

	check_kernel(NULL, does, FINDING_UNSEEN);
	check_kernel(NULL, not, FINDING_UNSEEN);
	check_kernel(NULL, order, FINDING_UNSEEN);
	check_kernel("[{\"text\": \"mnt.bind:/data:ro\"}]", does, FINDING_HOLDS);
	check_kernel("[{\"text\": \"mnt.bind:/data:ro\"}]", not, FINDING_FAILS);
	check_kernel("[{\"text\": \"mnt.bind:/database\"}]", does, FINDING_FAILS);
	check_kernel("[{\"text\": \"mnt.bind:/database\"}]", not, FINDING_HOLDS);
	check_kernel("[{\"text\": \"mnt.bind:/data\"}, {\"text\": \"proc.exec:payload\"}]", order,
		     FINDING_HOLDS);
	check_kernel("[{\"text\": \"proc.exec:payload\"}, {\"text\": \"mnt.bind:/data\"}]", order,
		     FINDING_FAILS);
	check_kernel("[{\"text\": \"mnt.bind:/data\"}]", order, FINDING_FAILS);
	check_kernel("[]", order, FINDING_FAILS);
}
END_TEST

START_TEST(what_was_not_decoded_may_have_happened)
{
	const struct expect *does = KERNEL_DOES("mnt.bind:/data"), *not = KERNEL_NEVER("mnt.bind:/other");
	auto_json observation = NULL;
	static const char text[] =
	    "{\"kernel\": [{\"text\": \"mnt.bind:/data\"}], \"recording\": {\"undecoded\": 1}}";
	auto_finding seen = { 0 }, unseen = { 0 };

	ck_assert_int_eq(json_parse(text, strlen(text), &observation, NULL), 0);
	judge_row(observation, does, &seen);
	ck_assert_int_eq(seen.kind, FINDING_HOLDS);
	judge_row(observation, not, &unseen);
	ck_assert_int_eq(unseen.kind, FINDING_INVALID);
}
END_TEST

static int refuse(const struct json *observation, char *why, size_t size)
{
	ck_assert_ptr_nonnull(json_get(observation, "inside.hostname"));
	(void) snprintf(why, size, "the moon is full");
	return -1;
}

static int accept(const struct json *observation, char *why, size_t size)
{
	(void) observation;
	(void) why;
	(void) size;
	return 0;
}

START_TEST(functions_say_why)
{
	const struct expect *good = HOLDS(accept), *bad = HOLDS(refuse);
	auto_json observation = observation_new();
	auto_finding finding = { 0 }, refused = { 0 };

	judge_row(observation, good, &finding);
	ck_assert_int_eq(finding.kind, FINDING_HOLDS);
	judge_row(observation, bad, &refused);
	ck_assert_int_eq(refused.kind, FINDING_FAILS);
	ck_assert_ptr_nonnull(strstr(text_str(&refused.reason), "the moon is full"));
}
END_TEST

static void check_reason(const struct expect *row, const char *sentence)
{
	auto_json observation = observation_new();
	auto_finding finding = { 0 };

	judge_row(observation, row, &finding);
	ck_assert_str_eq(text_str(&finding.reason), sentence);
}

START_TEST(reasons_are_sentences)
{
	const struct expect *value = INSIDE("uid.real", equals, 0),
			    *symbol = INSIDE("try[write @scratch/x].errno", absent),
			    *nothing = INSIDE("secret", equals, 1),
			    *below = INSIDE("secret[0].word", lacks, "x"),
			    *fact = HOST("limit", equals, "@host.other");

	check_reason(value, "expected inside.uid.real to be 0, but it is 1000");
	check_reason(symbol,
		     "expected inside.try[write /run/s/x].errno not to be there, but it is \"EROFS\"");
	check_reason(nothing,
		     "expected inside.secret to be 1, but nothing is recorded there (Permission denied)");
	check_reason(below, "expected inside.secret[0].word to lack \"x\", but nothing is recorded there "
			    "(Permission denied)");
	check_reason(
	    fact, "expected host.limit to be \"@host.other\", but host.other, which it is compared with, is "
		  "not recorded");
}
END_TEST

Suite *test_judge_rows(void)
{
	return UNIT_SUITE("judge_rows", rows_that_hold, rows_that_fail, missing_evidence_fails_every_relation,
			  a_section_that_is_missing_fails_absent_too,
			  an_expected_value_that_is_no_json_is_our_mistake, kernel_rows_need_a_recording,
			  what_was_not_decoded_may_have_happened, functions_say_why, reasons_are_sentences);
}
