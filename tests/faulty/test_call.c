/* How a runtime's command line is taken apart: every caller writes it in its own order. */
#include "tests/unit.h"

#include <errno.h>

#include "base/err.h"
#include "runtime-under-test/faulty/faulty.h"

Suite *test_call(void);

static struct call take(char **argv)
{
	struct err err = { 0 };
	struct call call;

	ck_assert_msg(call_parse(argv, &call, &err) == 0, "%s", err.text);
	return call;
}

#define CALL(...) take((char *[]){ __VA_ARGS__, NULL })

START_TEST(a_shims_create_is_understood)
{
	struct call call = CALL("runc", "--root", "/run/r", "--log", "/l", "--log-format", "json", "create",
				"--bundle", "/b", "--pid-file", "/p", "c1");

	ck_assert_str_eq(call.verb, "create");
	ck_assert_str_eq(call.root, "/run/r");
	ck_assert_str_eq(call.bundle, "/b");
	ck_assert_str_eq(call.pid_file, "/p");
	ck_assert_str_eq(call.id, "c1");
}
END_TEST

START_TEST(values_may_stand_behind_an_equals_sign)
{
	struct call call = CALL("crun", "--root=/run/r", "create", "--bundle=/b", "--pid-file=/p", "c1");

	ck_assert_str_eq(call.root, "/run/r");
	ck_assert_str_eq(call.bundle, "/b");
	ck_assert_str_eq(call.pid_file, "/p");
	ck_assert_str_eq(call.id, "c1");
}
END_TEST

START_TEST(flags_take_no_value)
{
	struct call call = CALL("crun", "--debug", "--systemd-cgroup", "delete", "-f", "c1");

	ck_assert_str_eq(call.verb, "delete");
	ck_assert_str_eq(call.id, "c1");
	call = CALL("crun", "list", "-f", "json");
	ck_assert_str_eq(call.verb, "list");
	ck_assert_ptr_null(call.id);
}
END_TEST

START_TEST(a_signal_follows_the_id)
{
	struct call call = CALL("runc", "kill", "--all", "c1", "9");

	ck_assert_str_eq(call.id, "c1");
	ck_assert_str_eq(call.signal, "9");
}
END_TEST

START_TEST(what_is_missing_stays_unset)
{
	struct call call = CALL("runc", "--version");

	ck_assert_str_eq(call.verb, "");
	ck_assert_uint_eq(call.verb_at, 0);
	ck_assert_ptr_null(call.id);
	call = CALL("runc", "create", "--bundle");
	ck_assert_ptr_null(call.bundle);
	call = CALL("runc");
	ck_assert_str_eq(call.verb, "");
}
END_TEST

START_TEST(no_runtime_is_an_error)
{
	struct err err = { 0 };
	struct call call;

	ck_assert_int_eq(call_parse((char *[]){ NULL }, &call, &err), -EINVAL);
	ck_assert_str_ne(err.text, "");
}
END_TEST

Suite *test_call(void)
{
	return UNIT_SUITE("call", a_shims_create_is_understood, values_may_stand_behind_an_equals_sign,
			  flags_take_no_value, a_signal_follows_the_id, what_is_missing_stays_unset,
			  no_runtime_is_an_error);
}
