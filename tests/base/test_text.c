/* The growing string and the strict number conversions. */
#include "tests/unit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

START_TEST(starts_empty)
{
	auto_text text = { 0 };

	ck_assert_str_eq(text_str(&text), "");
	text_cut(&text, 0);
	text_trim_end(&text);
	text_add_bytes(&text, "", 0);
	ck_assert_uint_eq(text.len, 0);
	ck_assert_str_eq(text_str(&text), "");
}
END_TEST

START_TEST(grows_and_stays_terminated)
{
	auto_text text = { 0 };

	for (int i = 0; i < 1000; i++) {
		text_addf(&text, "%d,", i);
		ck_assert_uint_lt(text.len, text.space);
		ck_assert_int_eq(text.data[text.len], '\0');
	}
	ck_assert_uint_eq(text.len, 10 * 2 + 90 * 3 + 900 * 4);
	ck_assert(text_starts(text_str(&text), "0,1,2,"));
	ck_assert(text_ends(text_str(&text), ",998,999,"));
}
END_TEST

/* What is formatted in place, and what is left to printf(3): the same words, wherever the two meet. */
START_TEST(formats_as_printf_does)
{
	char expected[128];
	auto_text text = { 0 };

	(void) snprintf(expected, sizeof(expected), "%d %d %u %llu %c|%s|%.*s|%.*s|%%", INT_MIN, -7, UINT_MAX,
			ULLONG_MAX, 'x', "word", 2, "cut", 9, "short");
	text_addf(&text, "%d %d %u %llu %c|%s|%.*s|%.*s|%%", INT_MIN, -7, UINT_MAX, ULLONG_MAX, 'x', "word",
		  2, "cut", 9, "short");
	ck_assert_str_eq(text_str(&text), expected);
	text_cut(&text, 0);
	text_addf(&text, "%d %d %u %llu %c|%s|%.*s", INT_MIN, -7, UINT_MAX, ULLONG_MAX, 'x', "word", 2,
		  "cut");
	ck_assert_str_eq(text_str(&text), "-2147483648 -7 4294967295 18446744073709551615 x|word|cu");
	text_cut(&text, 2);
	text_addf(&text, "%s%3d%-4s|%#x", "a", 5, "b", 255U);
	ck_assert_str_eq(text_str(&text), "-2a  5b   |0xff");
}
END_TEST

START_TEST(keeps_embedded_nuls)
{
	auto_text text = { 0 };

	text_add_bytes(&text, "a\0b", 3);
	text_add_char(&text, '\0');
	text_add(&text, "c");
	ck_assert_uint_eq(text.len, 5);
	ck_assert_mem_eq(text.data, "a\0b\0c", 6);
}
END_TEST

START_TEST(cuts_and_trims)
{
	auto_text text = { 0 };

	text_add(&text, "one two \t\r\n\n");
	text_trim_end(&text);
	ck_assert_str_eq(text_str(&text), "one two");
	text_cut(&text, 100);
	ck_assert_str_eq(text_str(&text), "one two");
	text_cut(&text, 3);
	ck_assert_str_eq(text_str(&text), "one");
	ck_assert_uint_eq(text.len, 3);
	text_cut(&text, 0);
	text_add_bytes(&text, "\0 ", 2);
	text_trim_end(&text);
	ck_assert_uint_eq(text.len, 1); /* a NUL is no white space */
}
END_TEST

START_TEST(take_empties)
{
	struct text text = { 0 };
	auto_free char *nothing = text_take(&text);
	auto_free char *something = NULL;

	ck_assert_str_eq(nothing, "");
	text_add(&text, "x");
	something = text_take(&text);
	ck_assert_str_eq(something, "x");
	ck_assert_ptr_null(text.data);
	ck_assert_uint_eq(text.len + text.space, 0);
}
END_TEST

START_TEST(compares_ends)
{
	ck_assert(text_starts("abc", ""));
	ck_assert(text_starts("abc", "abc"));
	ck_assert(!text_starts("ab", "abc"));
	ck_assert(text_ends("abc", ""));
	ck_assert(text_ends("abc", "bc"));
	ck_assert(!text_ends("c", "bc"));
	ck_assert(!text_ends("abc", "ab"));
}
END_TEST

static const struct {
	const char *string;
	int r;
	long long value;
} signed_rows[] = {
	{ "0", 0, 0 },
	{ "-0", 0, 0 },
	{ "007", 0, 7 },
	{ "9223372036854775807", 0, LLONG_MAX },
	{ "-9223372036854775808", 0, LLONG_MIN },
	{ "9223372036854775808", -ERANGE, 0 },
	{ "-9223372036854775809", -ERANGE, 0 },
	{ "99999999999999999999999999", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "-", -EINVAL, 0 },
	{ "--1", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1 ", -EINVAL, 0 },
	{ "1\n", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 },
	{ "1e3", -EINVAL, 0 },
};

START_TEST(reads_signed_numbers)
{
	for (size_t i = 0; i < ARRAY_SIZE(signed_rows); i++) {
		long long value = 4711;

		ck_assert_msg(text_to_i64(signed_rows[i].string, &value) == signed_rows[i].r, "\"%s\"",
			      signed_rows[i].string);
		ck_assert_int_eq(value, signed_rows[i].r ? 4711 : signed_rows[i].value);
	}
}
END_TEST

START_TEST(reads_unsigned_numbers)
{
	unsigned long long value = 4711;

	ck_assert_int_eq(text_to_u64("18446744073709551616", &value), -ERANGE);
	ck_assert_int_eq(text_to_u64("-1", &value), -EINVAL);
	ck_assert_int_eq(text_to_u64("-0", &value), -EINVAL);
	ck_assert_int_eq(text_to_u64("", &value), -EINVAL);
	ck_assert_uint_eq(value, 4711);
	ck_assert_int_eq(text_to_u64("18446744073709551615", &value), 0);
	ck_assert_uint_eq(value, ULLONG_MAX);
}
END_TEST

START_TEST(formats)
{
	auto_free char *string = text_format("%s-%05d", "x", 42);

	ck_assert_str_eq(string, "x-00042");
}
END_TEST

Suite *test_text(void)
{
	return UNIT_SUITE("text", starts_empty, grows_and_stays_terminated, formats_as_printf_does,
			  keeps_embedded_nuls, cuts_and_trims, take_empties, compares_ends,
			  reads_signed_numbers, reads_unsigned_numbers, formats);
}
