/* Ids and their numbers: found again, changed, and told from those that were never put. */
#include "tests/unit.h"

#include "bpf/tgids.h"

Suite *test_tgids(void);

START_TEST(every_id_keeps_its_number)
{
	struct tgids tgids = { 0 };

	ck_assert_uint_eq(tgids_get(&tgids, 0), TGIDS_NONE);
	for (uint32_t i = 0; i < 100000; i++)
		tgids_put(&tgids, i * 65536 + i / 65536, i);
	ck_assert_uint_eq(tgids.count, 100000);
	for (uint32_t i = 0; i < 100000; i++)
		ck_assert_uint_eq(tgids_get(&tgids, i * 65536 + i / 65536), i);
	ck_assert_uint_eq(tgids_get(&tgids, 5), TGIDS_NONE);
	ck_assert_uint_eq(tgids_get(&tgids, UINT32_MAX), TGIDS_NONE);
	tgids_free(&tgids);
}
END_TEST

START_TEST(the_last_number_counts)
{
	struct tgids tgids = { 0 };

	tgids_put(&tgids, UINT32_MAX, 1);
	tgids_put(&tgids, 0, 2);
	tgids_put(&tgids, UINT32_MAX, 3);
	ck_assert_uint_eq(tgids.count, 2);
	ck_assert_uint_eq(tgids_get(&tgids, UINT64_C(1) << 32), TGIDS_NONE);
	ck_assert_uint_eq(tgids_get(&tgids, UINT32_MAX), 3);
	ck_assert_uint_eq(tgids_get(&tgids, 0), 2);
	tgids_free(&tgids);
}
END_TEST

Suite *test_tgids(void)
{
	return UNIT_SUITE("tgids", every_id_keeps_its_number, the_last_number_counts);
}
