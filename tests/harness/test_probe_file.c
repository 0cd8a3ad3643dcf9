/* The probe comes out of the program whole, or with a sentence. */
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/embedded.h"
#include "harness/probe_file.h"

#define LIMIT (4u << 20)

Suite *test_probe_file(void);

START_TEST(the_probe_is_inflated_once)
{
	const struct text *probe = NULL, *again = NULL;
	struct err err = { 0 };

	ck_assert_msg(probe_file(&probe, &err) == 0, "%s", err.text);
	size_t size = probe->len;
	ck_assert_uint_gt(size, embedded_find("plumbline-probe.gz")->size);
	ck_assert_int_eq(memcmp(probe->data, "\177ELF", 4), 0);
	ck_assert_int_eq(probe_file(&again, &err), 0);
	ck_assert_ptr_eq(probe, again);
	ck_assert_uint_eq(again->len, size);
}
END_TEST

static void check_refused(const void *packed, size_t size, size_t max, int error, const char *word)
{
	auto_text out = { 0 };
	struct err err = { 0 };

	ck_assert_int_eq(gunzip(packed, size, max, &out, &err), error);
	ck_assert_msg(strstr(err.text, word) != NULL, "%s", err.text);
	ck_assert_uint_le(out.len, max);
}

START_TEST(what_is_damaged_is_told)
{
	const struct embedded_file *packed = embedded_find("plumbline-probe.gz");
	auto_free char *damaged = malloc(packed->size);
	const struct text *probe;

	ck_assert_ptr_nonnull(damaged);
	ck_assert_int_eq(probe_file(&probe, NULL), 0);
	memcpy(damaged, packed->data, packed->size);
	damaged[packed->size - 5] ^= 1; /* the last byte of the checksum; four of the length follow */
	check_refused(damaged, packed->size, LIMIT, -EBADMSG, "incorrect data check");
	check_refused(packed->data, packed->size - 1, LIMIT, -EBADMSG, "it ends too early");
	check_refused("no gzip", 7, LIMIT, -EBADMSG, "incorrect header check");
	check_refused("", 0, LIMIT, -EBADMSG, "it ends too early");
	check_refused(packed->data, packed->size, probe->len - 1, -EFBIG, "larger than");
}
END_TEST

Suite *test_probe_file(void)
{
	return UNIT_SUITE("probe_file", the_probe_is_inflated_once, what_is_damaged_is_told);
}
