/* Selectors, shards, the smoke subset and suggestions, over the real cases. */
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/area.h"
#include "harness/options.h"
#include "harness/select.h"

Suite *test_select(void);

static const struct conformance_case sample_cases[] = {
	{
	    CASE(first_claim),
	    .clause = { MUST("config.mounts.a"), SHOULD("config.root.b") },
	    .needs = { .root = 1, .controller = "pids" },
	    .refuted_by = "some-fault",
	},
};
static const struct area sample_area = { "oci/sample", sample_cases, 1 };

static int chooses(const char *selector)
{
	struct selected item = { &sample_area, &sample_cases[0], (char *) "oci/sample/first_claim" };
	struct err err = { 0 };

	return selector_matches(selector, &item, &err);
}

START_TEST(selectors_choose)
{
	static const char *const yes[] = {
		"oci/sample/first_claim",
		"oci/sample/*",
		"oci/sample",
		"oci/sample/",
		"oci",
		"*first*",
		"*/first_*",
		"area:oci/sample",
		"area:oci",
		"area:oci/*",
		"level:must",
		"level:should",
		"level:MUST",
		"needs:root",
		"needs:controller",
		"needs:pids",
		"!needs:bpf",
		"clause:config.mounts.*",
		"clause:config.root.b",
		"name:first*",
		"fault:some-fault",
		"fault:*",
		"id:oci/*",
		"profile:full",
		"area:oci/sample & level:must & !needs:bpf",
		"area:none | level:must",
		"(area:none | level:must) & needs:root",
		"!(area:none)",
		"!!level:must",
		"area:none & level:may | needs:root",
		"  oci/sample  ",
		"profile:smoke",
	};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		ck_assert_msg(chooses(yes[i]) == 1, "%s does not choose the case", yes[i]);
}
END_TEST

START_TEST(selectors_leave_out)
{
	static const char *const no[] = {
		"oci/sample/second",
		"oci/samp",
		"oci/sample/first",
		"area:oci/sam",
		"level:may",
		"needs:bpf",
		"!needs:root",
		"clause:config",
		"name:first",
		"fault:none",
		"profile:none",
		"area:oci & level:may",
		"!(area:oci | level:may)",
		"cri",
		"id:oci/samp",
	};

	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		ck_assert_msg(chooses(no[i]) == 0, "%s chooses the case", no[i]);
}
END_TEST

START_TEST(selectors_that_cannot_be_read)
{
	static const char *const bad[] = {
		"",
		"  ",
		"&",
		"area:oci &",
		"& area:oci",
		"(area:oci",
		"area:oci)",
		"!",
		"colour:red",
		"area:oci | | level:must",
		"area:oci level:must",
		"area:none & colour:red",
		"area:oci | colour:red",
	};
	auto_text deep = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(chooses(bad[i]) == -EINVAL, "%s is read", bad[i]);
	for (size_t i = 0; i < 100000; i++)
		text_add_char(&deep, i % 2 ? '(' : '!');
	ck_assert_int_eq(chooses(text_str(&deep)), -EINVAL);
}
END_TEST

static size_t count(const char *selector, const struct shard *shard)
{
	struct selection selection = { 0 };
	struct err err = { 0 };

	ck_assert_int_eq(select_cases(&selector, selector ? 1 : 0, shard, &selection, &err), 0);
	size_t ret = selection.count;
	selection_free(&selection);
	return ret;
}

START_TEST(everything_is_selected_by_nothing)
{
	ck_assert_uint_eq(count(NULL, NULL), area_case_count());
	ck_assert_uint_eq(count("profile:full", NULL), area_case_count());
	ck_assert_uint_eq(count("level:must | !level:must", NULL), area_case_count());
	ck_assert_uint_eq(count("cri/none", NULL), 0);
}
END_TEST

START_TEST(shards_are_the_whole_without_overlap)
{
	for (uint64_t n = 1; n < 8; n++) {
		size_t sum = 0;

		for (uint64_t k = 1; k <= n; k++) {
			struct shard shard = { k, n };

			sum += count(NULL, &shard);
		}
		ck_assert_uint_eq(sum, area_case_count());
	}
	for (uint64_t k = 1; k <= 3; k++) {
		struct shard shard = { k, 3 };

		ck_assert_int_eq(shard_has(&shard, "oci/a/b"), hash_id("oci/a/b") % 3 == k - 1);
	}
}
END_TEST

START_TEST(the_hash_is_fnv_1a)
{
	/* http://www.isthe.com/chongo/tech/comp/fnv/: test vectors */
	ck_assert_uint_eq(hash_id(""), 0xcbf29ce484222325);
	ck_assert_uint_eq(hash_id("a"), 0xaf63dc4c8601ec8c);
	ck_assert_uint_eq(hash_id("foobar"), 0x85944171f73967e8);
}
END_TEST

START_TEST(shards_are_read_strictly)
{
	static const char *const bad[] = { "",      "1",    "0/2", "3/2",  "a/2", "1/b",
					   "1/2/3", "-1/2", "1/0", " 1/2", "1/" };
	struct shard shard = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(shard_parse(bad[i], &shard, NULL) == -EINVAL, "%s is read", bad[i]);
	ck_assert_int_eq(shard_parse("2/5", &shard, NULL), 0);
	ck_assert_uint_eq(shard.k, 2);
	ck_assert_uint_eq(shard.n, 5);
}
END_TEST

START_TEST(smoke_takes_a_few_of_every_area)
{
	size_t all = 0;

	for (size_t i = 0; areas[i]; i++) {
		size_t chosen = 0;

		for (size_t k = 0; k < areas[i]->count; k++)
			chosen += case_is_smoke(areas[i], &areas[i]->cases[k]);
		ck_assert_uint_ge(chosen, areas[i]->count < 2 ? areas[i]->count : 2);
		ck_assert_uint_le(chosen, 3);
		all += chosen;
	}
	ck_assert_uint_eq(count("profile:smoke", NULL), all);
}
END_TEST

START_TEST(a_seed_shuffles_the_same_way)
{
	struct selection a = { 0 }, b = { 0 };
	bool moved = false;

	ck_assert_int_eq(select_cases(NULL, 0, NULL, &a, NULL), 0);
	ck_assert_int_eq(select_cases(NULL, 0, NULL, &b, NULL), 0);
	selection_shuffle(&a, 7);
	for (size_t i = 0; i < a.count; i++)
		moved = moved || strcmp(a.items[i].id, b.items[i].id);
	ck_assert(moved);
	selection_shuffle(&b, 7);
	for (size_t i = 0; i < a.count; i++)
		ck_assert_str_eq(a.items[i].id, b.items[i].id);
	selection_free(&a);
	selection_free(&b);
}
END_TEST

START_TEST(near_words_are_suggested)
{
	static const char *const words[] = { "oci/mounts/ro_bind", "oci/kill/by_number", "timeout-scale",
					     "list", "test" };

	ck_assert_str_eq(suggest("oci/mounts/ro_bnd", words, 5), "oci/mounts/ro_bind");
	ck_assert_str_eq(suggest("ro_bind", words, 5), "oci/mounts/ro_bind");
	ck_assert_str_eq(suggest("oci/kil/by_number", words, 5), "oci/kill/by_number");
	ck_assert_str_eq(suggest("tset", words, 5), "test");
	ck_assert_str_eq(suggest("lst", words, 5), "list");
	ck_assert_ptr_null(suggest("nothing-like-it", words, 5));
	ck_assert_ptr_null(suggest("", NULL, 0));
}
END_TEST

Suite *test_select(void)
{
	return UNIT_SUITE("select", selectors_choose, selectors_leave_out, selectors_that_cannot_be_read,
			  everything_is_selected_by_nothing, shards_are_the_whole_without_overlap,
			  the_hash_is_fnv_1a, shards_are_read_strictly, smoke_takes_a_few_of_every_area,
			  a_seed_shuffles_the_same_way, near_words_are_suggested);
}
