/* What stands in front of a filter, run by an interpreter of the few instructions it has. */
#include <check.h>
#undef fail

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "runtime-under-test/oci/seccomp.h"
#include "runtime-under-test/oci/seccomp_stub.h"

#define X32 0x40000000u
#define FILTERED 0x1234u /* what the filter behind it answers to everything */
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)

static uint32_t run(const struct seccomp_program *program, uint32_t arch, uint32_t number)
{
	uint32_t a = 0;

	for (size_t at = 0; at < program->length; at++) {
		const struct sock_filter *i = &program->code[at];
		bool jump = false;

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = i->k == offsetof(struct seccomp_data, nr) ? number : arch;
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JA:
			at += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			jump = a == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			jump = a > i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			jump = a & i->k;
			break;
		default:
			ck_abort_msg("instruction %u is not one of the stub's", i->code);
		}
		at += jump ? i->jt : i->jf;
	}
	ck_abort_msg("the program ended without an answer");
	return 0;
}

static struct seccomp_program make(const struct seccomp_known *known, size_t count)
{
	struct seccomp_program program = { .length = 1, .code = calloc(1, sizeof(*program.code)) };

	ck_assert_ptr_nonnull(program.code);
	program.code[0] = (struct sock_filter){ BPF_RET | BPF_K, 0, 0, FILTERED };
	seccomp_add_stub(known, count, &program);
	return program;
}

START_TEST(test_calls_above_the_last_are_unknown)
{
	const struct seccomp_known known[] = { { .audit = AUDIT_ARCH_X86_64, .last = 334 },
					       { .audit = AUDIT_ARCH_I386, .last = 386 } };
	struct seccomp_program program = make(known, ARRAY_SIZE(known));

	ck_assert_uint_eq(run(&program, AUDIT_ARCH_X86_64, 0), FILTERED);
	ck_assert_uint_eq(run(&program, AUDIT_ARCH_X86_64, 334), FILTERED);
	ck_assert_uint_eq(run(&program, AUDIT_ARCH_X86_64, 335), UNKNOWN);
	ck_assert_uint_eq(run(&program, AUDIT_ARCH_I386, 386), FILTERED);
	ck_assert_uint_eq(run(&program, AUDIT_ARCH_I386, 387), UNKNOWN);
	seccomp_program_clear(&program);
}
END_TEST

/* The filter's own answer to a foreign architecture must not be forestalled. */
START_TEST(test_other_architectures_are_left_alone)
{
	const struct seccomp_known known[] = { { .audit = AUDIT_ARCH_X86_64, .last = 334 } };
	struct seccomp_program program = make(known, ARRAY_SIZE(known));

	ck_assert_uint_eq(run(&program, AUDIT_ARCH_AARCH64, 9999), FILTERED);
	ck_assert_uint_eq(run(&program, AUDIT_ARCH_X86_64, X32 | 9999), FILTERED);
	seccomp_program_clear(&program);
}
END_TEST

START_TEST(test_x32_has_numbers_of_its_own)
{
	const struct seccomp_known known[] = {
		{ .audit = AUDIT_ARCH_X86_64, .last = 334 },
		{ .audit = AUDIT_ARCH_X86_64, .x32 = true, .last = X32 | 500 }
	};
	struct seccomp_program program = make(known, ARRAY_SIZE(known));

	ck_assert_uint_eq(run(&program, AUDIT_ARCH_X86_64, 335), UNKNOWN);
	ck_assert_uint_eq(run(&program, AUDIT_ARCH_X86_64, X32 | 335), FILTERED);
	ck_assert_uint_eq(run(&program, AUDIT_ARCH_X86_64, X32 | 500), FILTERED);
	ck_assert_uint_eq(run(&program, AUDIT_ARCH_X86_64, X32 | 501), UNKNOWN);
	seccomp_program_clear(&program);
}
END_TEST

START_TEST(test_a_multiplexed_number_is_unknown)
{
	const struct seccomp_known known[] = {
		{ .audit = AUDIT_ARCH_S390X, .multiplexes = true, .last = 400 }
	};
	struct seccomp_program program = make(known, ARRAY_SIZE(known));

	ck_assert_uint_eq(run(&program, AUDIT_ARCH_S390X, 0), UNKNOWN);
	ck_assert_uint_eq(run(&program, AUDIT_ARCH_S390X, 1), FILTERED);
	ck_assert_uint_eq(run(&program, AUDIT_ARCH_S390X, 401), UNKNOWN);
	seccomp_program_clear(&program);
}
END_TEST

Suite *test_seccomp_stub(void);
Suite *test_seccomp_stub(void)
{
	Suite *suite = suite_create("oci/seccomp_stub");
	TCase *tcase = tcase_create("stub");

	tcase_add_test(tcase, test_calls_above_the_last_are_unknown);
	tcase_add_test(tcase, test_other_architectures_are_left_alone);
	tcase_add_test(tcase, test_x32_has_numbers_of_its_own);
	tcase_add_test(tcase, test_a_multiplexed_number_is_unknown);
	suite_add_tcase(suite, tcase);
	return suite;
}
