/* Words and their numbers: found again, told apart, and in the order in which they came. */
#include "tests/unit.h"

#include "base/cleanup.h"
#include "base/lexicon.h"
#include "base/text.h"

Suite *test_lexicon(void);

START_TEST(every_word_keeps_its_number)
{
	auto_lexicon lexicon = { 0 };

	ck_assert_uint_eq(lexicon_find(&lexicon, ""), LEXICON_NONE);
	for (unsigned i = 0; i < 20000; i++) {
		auto_free char *word = text_format("mnt.bind:/data/%u", i);
		bool is_new = false;

		ck_assert_uint_eq(lexicon_put(&lexicon, word, &is_new), i);
		ck_assert(is_new);
	}
	ck_assert_uint_eq(lexicon.count, 20000);
	for (unsigned i = 0; i < 20000; i++) {
		auto_free char *word = text_format("mnt.bind:/data/%u", i);
		bool is_new = true;

		ck_assert_uint_eq(lexicon_find(&lexicon, word), i);
		ck_assert_uint_eq(lexicon_put(&lexicon, word, &is_new), i);
		ck_assert(!is_new);
		ck_assert_str_eq(lexicon.items[i], word);
	}
	ck_assert_uint_eq(lexicon_find(&lexicon, "mnt.bind:/data/20000"), LEXICON_NONE);
}
END_TEST

START_TEST(the_empty_word_is_a_word)
{
	auto_lexicon lexicon = { 0 };

	ck_assert_uint_eq(lexicon_put(&lexicon, "a", NULL), 0);
	ck_assert_uint_eq(lexicon_find(&lexicon, ""), LEXICON_NONE);
	ck_assert_uint_eq(lexicon_put(&lexicon, "", NULL), 1);
	ck_assert_uint_eq(lexicon_find(&lexicon, ""), 1);
}
END_TEST

Suite *test_lexicon(void)
{
	return UNIT_SUITE("lexicon", every_word_keeps_its_number, the_empty_word_is_a_word);
}
