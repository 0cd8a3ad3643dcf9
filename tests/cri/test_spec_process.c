/* process of config.json: what runs is decided by the CRI before the image, in the order that Kubernetes documents. */
#include "tests/unit.h"

#include <errno.h>

#include "base/text.h"
#include "tests/cri/spec_fixture.h"

START_TEST(command_and_args_follow_the_matrix)
{
	static const struct {
		const char *container, *image, *args;
	} rows[] = {
		{ "{}", "{'Entrypoint': ['e'], 'Cmd': ['c']}", "['e', 'c']" },
		{ "{}", "{'Cmd': ['c', 'd']}", "['c', 'd']" },
		{ "{'args': ['a']}", "{'Entrypoint': ['e'], 'Cmd': ['c']}", "['e', 'a']" },
		{ "{'args': ['a']}", "{'Cmd': ['c']}", "['a']" },
		{ "{'command': ['x']}", "{'Entrypoint': ['e'], 'Cmd': ['c']}", "['x']" },
		{ "{'command': ['x'], 'args': ['a']}", "{'Entrypoint': ['e'], 'Cmd': ['c']}", "['x', 'a']" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_fixture f;

		fixture_open(&f);
		fixture_container(&f, rows[i].container);
		fixture_image(&f, rows[i].image);
		fixture_build(&f);
		fixture_has(&f, "process.args", rows[i].args);
	}
}
END_TEST

START_TEST(args_know_where_they_came_from)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_image(&f, "{'Entrypoint': ['e'], 'Cmd': ['c']}");
	fixture_container(&f, "{'args': ['a', 'b']}");
	fixture_build(&f);
	fixture_origin(&f, "process.args[0]", "image", "Entrypoint[0]");
	fixture_origin(&f, "process.args[2]", "cri", "args[1]");
}
END_TEST

START_TEST(nothing_to_run_is_refused)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_image(&f, "{}");
	fixture_refuses(&f, EINVAL, "no command");
}
END_TEST

START_TEST(later_variables_win_where_they_stand)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_image(&f, "{'Cmd': ['x'], 'Env': ['A=image', 'B=image', 'HOSTNAME=image']}");
	/* bytes are base64 in JSON: "cri" and "two=2" */
	fixture_container(
	    &f, "{'envs': [{'key': 'B', 'value': 'Y3Jp'}, {'key': 'C', 'value': 'dHdvPTI='}, {'key': 'D'}]}");
	fixture_build(&f);
	fixture_has(&f, "process.env",
		    "['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOSTNAME=image', "
		    "'A=image', 'B=cri', 'C=two=2', 'D=']");
	fixture_origin(&f, "process.env[0]", "default", "PATH");
	fixture_origin(&f, "process.env[1]", "image", "Env[2]");
	fixture_origin(&f, "process.env[3]", "cri", "envs[0]");
}
END_TEST

START_TEST(a_variable_is_not_another_that_begins_alike)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_image(&f, "{'Cmd': ['x'], 'Env': ['PATHS=1', 'PATH=/image', 'PAT=2']}");
	fixture_build(&f);
	fixture_has(&f, "process.env", "['PATH=/image', 'HOSTNAME=pod', 'PATHS=1', 'PAT=2']");
}
END_TEST

START_TEST(variables_that_no_environment_holds_are_refused)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_container(&f, "{'envs': [{'key': 'A', 'value': 'gA=='}]}"); /* 0x80 */
	fixture_refuses(&f, EINVAL, "not UTF-8");
	fixture_container(&f, "{'envs': [{'key': 'A', 'value': 'YQBi'}]}"); /* a NUL b */
	fixture_refuses(&f, EINVAL, "NUL");
	fixture_container(&f, "{'envs': [{'key': 'A=B'}]}");
	fixture_refuses(&f, EINVAL, "no name of a variable");
	fixture_container(&f, "{'envs': [{'key': ''}]}");
	fixture_refuses(&f, EINVAL, "no name of a variable");
}
END_TEST

START_TEST(a_terminal_brings_its_name)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_container(&f, "{'tty': true, 'stdin': true, 'stdin_once': true}");
	fixture_build(&f);
	fixture_has(&f, "process.terminal", "true");
	fixture_has(&f, "process.env[1]", "'TERM=xterm'");
	ck_assert_ptr_nonnull(fixture_unmapped(&f, "stdin"));
	ck_assert_ptr_nonnull(fixture_unmapped(&f, "stdin_once"));
}
END_TEST

START_TEST(directories_come_from_cri_image_root)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_build(&f);
	fixture_has(&f, "process.cwd", "'/'");
	fixture_image(&f, "{'Cmd': ['x'], 'WorkingDir': 'srv/app'}");
	fixture_build(&f);
	fixture_has(&f, "process.cwd", "'/srv/app'");
	fixture_container(&f, "{'working_dir': '/own'}");
	fixture_build(&f);
	fixture_has(&f, "process.cwd", "'/own'");
	fixture_origin(&f, "process.cwd", "cri", "working_dir");
	fixture_container(&f, "{'working_dir': 'own'}");
	fixture_refuses(&f, EINVAL, "not absolute");
}
END_TEST

START_TEST(stop_signals_are_the_kernels)
{
	auto_fixture f;

	fixture_open(&f);
	fixture_build(&f);
	ck_assert_int_eq(f.result.stop_signal, 15);
	fixture_image(&f, "{'Cmd': ['x'], 'StopSignal': 'SIGQUIT'}");
	fixture_build(&f);
	ck_assert_int_eq(f.result.stop_signal, 3);
	fixture_image(&f, "{'Cmd': ['x'], 'StopSignal': 'nonsense'}");
	fixture_build(&f);
	ck_assert_int_eq(f.result.stop_signal, 15);
	fixture_container(&f, "{'stop_signal': 'SIGNAL_SIGRTMINPLUS3'}");
	fixture_build(&f);
	ck_assert_int_eq(f.result.stop_signal, 37);
}
END_TEST

START_TEST(every_signal_of_the_enumeration_has_a_number)
{
	const ProtobufCEnumDescriptor *all = &runtime__v1__signal__descriptor;

	for (unsigned i = 0; i < all->n_values; i++) {
		int number = spec_signal(all->values[i].value);

		ck_assert_msg(number >= 0 && number <= 64 && (number > 0) == (all->values[i].value > 0),
			      "%s is %d", all->values[i].name, number);
		ck_assert_int_eq(spec_signal(spec_signal_to_cri(number)), number);
	}
	ck_assert_int_eq(spec_signal(9999), -1);
	ck_assert_int_eq(spec_signal_to_cri(15), RUNTIME__V1__SIGNAL__SIGNAL_SIGTERM);
}
END_TEST

Suite *test_spec_process(void)
{
	return UNIT_SUITE("spec_process", command_and_args_follow_the_matrix, args_know_where_they_came_from,
			  nothing_to_run_is_refused, later_variables_win_where_they_stand,
			  a_variable_is_not_another_that_begins_alike,
			  variables_that_no_environment_holds_are_refused, a_terminal_brings_its_name,
			  directories_come_from_cri_image_root, stop_signals_are_the_kernels,
			  every_signal_of_the_enumeration_has_a_number);
}
