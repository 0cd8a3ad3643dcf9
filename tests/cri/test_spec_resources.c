/* Limits at creation and by update: 0 is unset, what was not sent stays. */
#include "tests/unit.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/wire/message_json.h"
#include "tests/cri/spec_fixture.h"

static void with_resources(struct spec_fixture *f, const char *resources)
{
	auto_free char *container = text_format("{'linux': {'resources': %s}}", resources);

	fixture_container(f, container);
}

#define NO_DEVICES "'devices': [{'allow': false, 'access': 'rwm'}]"

START_TEST(limits_become_fields)
{
	static const struct {
		const char *cri, *oci;
	} rows[] = {
		{ "{}", "{" NO_DEVICES "}" },
		{ "{'cpu_period': 100000, 'cpu_quota': -1, 'cpu_shares': 512, 'cpuset_cpus': '0-1', "
		  "'cpuset_mems': '0'}",
		  "{" NO_DEVICES
		  ", 'cpu': {'period': 100000, 'quota': -1, 'shares': 512, 'cpus': '0-1', 'mems': '0'}}" },
		{ "{'memory_limit_in_bytes': 64}", "{" NO_DEVICES ", 'memory': {'limit': 64, 'swap': 64}}" },
		{ "{'memory_limit_in_bytes': 64, 'memory_swap_limit_in_bytes': 96}",
		  "{" NO_DEVICES ", 'memory': {'limit': 64, 'swap': 96}}" },
		{ "{'memory_limit_in_bytes': 64, 'memory_swap_limit_in_bytes': -1}",
		  "{" NO_DEVICES ", 'memory': {'limit': 64, 'swap': -1}}" },
		{ "{'hugepage_limits': [{'page_size': '2MB', 'limit': 0}, {'page_size': '1GB', 'limit': 5}]}",
		  "{" NO_DEVICES
		  ", 'hugepageLimits': [{'pageSize': '2MB', 'limit': 0}, {'pageSize': '1GB', 'limit': 5}]}" },
		{ "{'unified': {'memory.high': '9'}}", "{" NO_DEVICES ", 'unified': {'memory.high': '9'}}" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_fixture f;

		fixture_open(&f);
		with_resources(&f, rows[i].cri);
		fixture_build(&f);
		fixture_has(&f, "linux.resources", rows[i].oci);
	}
}
END_TEST

START_TEST(scores_are_always_written)
{
	auto_fixture f;

	fixture_open(&f);
	with_resources(&f, "{}");
	fixture_build(&f);
	fixture_has(&f, "process.oomScoreAdj", "0");
	with_resources(&f, "{'oom_score_adj': -997}");
	fixture_build(&f);
	fixture_has(&f, "process.oomScoreAdj", "-997");
	fixture_build_sandbox(&f);
	fixture_has(&f, "process.oomScoreAdj", "-998");
	fixture_has(&f, "linux.resources.cpu.shares", "2");
}
END_TEST

START_TEST(a_kernel_without_swap_limits_gets_none)
{
	auto_fixture f;

	fixture_open(&f);
	f.request.has_swap_limits = false;
	with_resources(&f, "{'memory_limit_in_bytes': 64}");
	fixture_build(&f);
	fixture_has(&f, "linux.resources.memory", "{'limit': 64}");
}
END_TEST

START_TEST(nonsense_is_refused)
{
	static const struct {
		const char *resources, *words;
		int error;
	} rows[] = {
		{ "{'oom_score_adj': 1001}", "oom_score_adj: 1001", EINVAL },
		{ "{'cpu_shares': -1}", "cpu_shares: -1", EINVAL },
		{ "{'cpu_quota': -2}", "cpu_quota: -2", EINVAL },
		{ "{'memory_limit_in_bytes': 64, 'memory_swap_limit_in_bytes': 63}", "below the limit",
		  EINVAL },
		{ "{'hugepage_limits': [{'limit': 1}]}", "no page_size", EINVAL },
	};
	auto_fixture f;

	fixture_open(&f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		with_resources(&f, rows[i].resources);
		fixture_refuses(&f, rows[i].error, rows[i].words);
	}
	f.request.cgroup_v2 = false;
	with_resources(&f, "{'unified': {'memory.high': '9'}}");
	fixture_refuses(&f, EOPNOTSUPP, "not version 2");
}
END_TEST

static int update(struct spec_fixture *f, const char *resources, struct json **ret_config,
		  struct json **ret_limits, struct err *err)
{
	auto_json value = fixture_parse(resources);
	ProtobufCMessage *message = NULL;

	ck_assert_int_eq(message_from_json(&runtime__v1__linux_container_resources__descriptor, value,
					   &f->arena, &message, NULL),
			 0);
	return spec_update(f->result.config, (const void *) message, ret_config, ret_limits, err);
}

START_TEST(updates_merge)
{
	static const struct {
		const char *before, *update, *after;
	} rows[] = {
		{ "{'cpu_shares': 2, 'memory_limit_in_bytes': 64}", "{'cpu_quota': 5}",
		  "{'cpu': {'shares': 2, 'quota': 5}, 'memory': {'limit': 64, 'swap': 64}}" },
		{ "{'memory_limit_in_bytes': 64}", "{'memory_limit_in_bytes': 128}",
		  "{'memory': {'limit': 128, 'swap': 128}}" },
		{ "{'memory_limit_in_bytes': 64, 'memory_swap_limit_in_bytes': 96}",
		  "{'memory_limit_in_bytes': 80}", "{'memory': {'limit': 80, 'swap': 96}}" },
		{ "{'memory_limit_in_bytes': 64, 'memory_swap_limit_in_bytes': 96}",
		  "{'memory_limit_in_bytes': 100}", "{'memory': {'limit': 100, 'swap': 100}}" },
		{ "{'memory_limit_in_bytes': 64, 'memory_swap_limit_in_bytes': -1}",
		  "{'memory_limit_in_bytes': 100}", "{'memory': {'limit': 100, 'swap': -1}}" },
		{ "{'hugepage_limits': [{'page_size': '2MB', 'limit': 1}]}",
		  "{'hugepage_limits': [{'page_size': '1GB', 'limit': 3}, {'page_size': '2MB', 'limit': 2}]}",
		  "{'hugepageLimits': [{'pageSize': '2MB', 'limit': 2}, {'pageSize': '1GB', 'limit': 3}]}" },
		{ "{'unified': {'a': '1', 'b': '1'}}", "{'unified': {'b': '2', 'c': '3'}}",
		  "{'unified': {'a': '1', 'b': '2', 'c': '3'}}" },
		{ "{'cpuset_cpus': '0'}", "{'cpuset_cpus': '', 'cpuset_mems': '0'}",
		  "{'cpu': {'cpus': '0', 'mems': '0'}}" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		auto_json wanted = fixture_parse(rows[i].after);
		auto_json config = NULL;
		auto_json limits = NULL;
		auto_text found = { 0 };
		auto_fixture f;

		fixture_open(&f);
		with_resources(&f, rows[i].before);
		fixture_build(&f);
		ck_assert_int_eq(update(&f, rows[i].update, &config, &limits, &f.err), 0);
		json_print(limits, 0, &found);
		ck_assert_msg(json_equal(limits, wanted), "%zu: %s", i, text_str(&found));
		fixture_has(&f, "linux.resources.devices", "[{'allow': false, 'access': 'rwm'}]");
		ck_assert_ptr_nonnull(json_get(config, "linux.resources.devices"));
		json_remove(json_get(config, "linux.resources"), "devices");
		ck_assert(json_equal(json_get(config, "linux.resources"), limits));
	}
}
END_TEST

START_TEST(updates_change_nothing_else)
{
	auto_json config = NULL;
	auto_json limits = NULL;
	auto_json before = NULL;
	auto_fixture f;
	struct err err = { 0 };

	fixture_open(&f);
	with_resources(&f, "{'oom_score_adj': 5}");
	fixture_build(&f);
	before = json_copy(f.result.config);
	ck_assert_int_eq(update(&f, "{'oom_score_adj': 900, 'cpu_shares': 3}", &config, &limits, &err), 0);
	ck_assert(json_equal(before, f.result.config));
	ck_assert_int_eq(json_int(json_get(config, "process.oomScoreAdj"), 0), 5);
	json_free(config), json_free(limits);
	config = limits = NULL;
	ck_assert_int_eq(update(&f, "{'cpu_shares': -3}", &config, &limits, &err), -EINVAL);
	ck_assert_ptr_null(config);
}
END_TEST

Suite *test_spec_resources(void)
{
	return UNIT_SUITE("spec_resources", limits_become_fields, scores_are_always_written,
			  a_kernel_without_swap_limits_gets_none, nonsense_is_refused, updates_merge,
			  updates_change_nothing_else);
}
