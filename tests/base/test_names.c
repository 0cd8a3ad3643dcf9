/* Name tables: there and back for every number, and nothing else. */
#include "tests/unit.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/names.h"

static const struct {
	const char *name;
	int number;
} signal_rows[] = {
	{ "SIGTERM", 15 },
	{ "TERM", 15 },
	{ "term", 15 },
	{ "SigKill", 9 },
	{ "9", 9 },
	{ "0", 0 },
	{ "64", 64 },
	{ "65", -1 },
	{ "-1", -1 },
	{ "", -1 },
	{ "SIG", -1 },
	{ "SIGSIGTERM", -1 },
	{ "TERMX", -1 },
	{ " TERM", -1 },
	{ "SIGRTMIN", 34 },
	{ "RTMIN", 34 },
	{ "rtmin+0", 34 },
	{ "SIGRTMIN+3", 37 },
	{ "SIGRTMIN+30", 64 },
	{ "SIGRTMIN+31", -1 },
	{ "SIGRTMIN-1", -1 },
	{ "SIGRTMIN+", -1 },
	{ "SIGRTMIN+-1", -1 },
	{ "SIGRTMAX", 64 },
	{ "RTMAX-14", 50 },
	{ "SIGRTMAX-30", 34 },
	{ "SIGRTMAX-31", -1 },
	{ "SIGRTMAX+1", -1 },
	{ "SIGIOT", SIGABRT },
	{ "CLD", SIGCHLD },
	{ "POLL", SIGIO },
	{ "99999999999999999999999", -1 },
};

START_TEST(reads_signals)
{
	for (size_t i = 0; i < ARRAY_SIZE(signal_rows); i++)
		ck_assert_msg(name_to_signal(signal_rows[i].name) == signal_rows[i].number, "%s is %d",
			      signal_rows[i].name, name_to_signal(signal_rows[i].name));
}
END_TEST

START_TEST(signals_go_there_and_back)
{
	for (int number = -2; number < 70; number++) {
		const char *name = name_of_signal(number);
		bool named = number >= 1 && number <= 64 && number != 32 && number != 33;

		ck_assert_msg(!name == !named, "%d", number);
		if (named)
			ck_assert_int_eq(name_to_signal(name), number);
	}
	ck_assert_str_eq(name_of_signal(SIGABRT), "SIGABRT");
	ck_assert_str_eq(name_of_signal(SIGCHLD), "SIGCHLD");
	ck_assert_str_eq(name_of_signal(37), "SIGRTMIN+3");
	ck_assert_str_eq(name_of_signal(64), "SIGRTMAX");
}
END_TEST

START_TEST(signals_agree_with_libc)
{
	for (int number = 1; number < 32; number++) {
		ck_assert_ptr_nonnull(sigabbrev_np(number));
		ck_assert_int_eq(name_to_signal(sigabbrev_np(number)), number);
	}
}
END_TEST

START_TEST(errnos_agree_with_libc)
{
	int named = 0;

	for (int number = -1; number < 200; number++) {
		const char *ours = name_of_errno(number),
			   *theirs = number > 0 ? strerrorname_np(number) : NULL;

		ck_assert_msg(!ours == !theirs, "%d", number);
		if (!ours)
			continue;
		ck_assert_str_eq(ours, theirs);
		ck_assert_int_eq(name_to_errno(ours), number);
		named++;
	}
	ck_assert_int_gt(named, 130);
	ck_assert_int_eq(name_to_errno("EWOULDBLOCK"), EAGAIN);
	ck_assert_int_eq(name_to_errno("ENOTSUP"), ENOTSUP);
	ck_assert_int_eq(name_to_errno("erofs"), -1);
	ck_assert_int_eq(name_to_errno(""), -1);
}
END_TEST

START_TEST(capabilities)
{
	ck_assert_int_eq(name_to_capability("CAP_CHOWN"), 0);
	ck_assert_int_eq(name_to_capability("CAP_SYS_ADMIN"), 21);
	ck_assert_int_eq(name_to_capability("CAP_MKNOD"), 27);
	ck_assert_int_eq(name_to_capability("CAP_CHECKPOINT_RESTORE"), 40);
	ck_assert_int_eq(name_to_capability("chown"), -1);
	ck_assert_int_eq(name_to_capability("CAP_NO_SUCH"), -1);
	for (int number = 0; number <= 40; number++)
		ck_assert_int_eq(name_to_capability(name_of_capability(number)), number);
	ck_assert_ptr_null(name_of_capability(41));
	ck_assert_ptr_null(name_of_capability(-1));
}
END_TEST

START_TEST(rlimits)
{
	for (int number = 0; number < (int) RLIM_NLIMITS; number++)
		ck_assert_int_eq(name_to_rlimit(name_of_rlimit(number)), number);
	ck_assert_int_eq(name_to_rlimit("RLIMIT_NOFILE"), RLIMIT_NOFILE);
	ck_assert_int_eq(name_to_rlimit("NOFILE"), -1);
	ck_assert_ptr_null(name_of_rlimit(RLIM_NLIMITS));
	ck_assert_ptr_null(name_of_rlimit(-1));
}
END_TEST

START_TEST(namespaces)
{
	uint64_t all = 0;

	for (size_t i = 0; i < NAMES_NAMESPACES; i++) {
		uint64_t flag = names_namespaces[i];

		ck_assert_uint_eq(all & flag, 0);
		all |= flag;
		ck_assert_uint_eq(name_to_namespace(name_of_namespace(flag)), flag);
		ck_assert_ptr_nonnull(name_of_namespace_file(flag));
	}
	ck_assert_uint_eq(names_namespaces[0], CLONE_NEWUSER);
	ck_assert_uint_eq(name_to_namespace("network"), CLONE_NEWNET);
	ck_assert_str_eq(name_of_namespace_file(CLONE_NEWNET), "net");
	ck_assert_str_eq(name_of_namespace_file(CLONE_NEWNS), "mnt");
	ck_assert_uint_eq(name_to_namespace("net"), 0);
	ck_assert_ptr_null(name_of_namespace(0));
	ck_assert_ptr_null(name_of_namespace_file(CLONE_VM));
}
END_TEST

Suite *test_names(void)
{
	return UNIT_SUITE("names", reads_signals, signals_go_there_and_back, signals_agree_with_libc,
			  errnos_agree_with_libc, capabilities, rlimits, namespaces);
}
