/* Needs, profiles and versions: each need by itself, met and unmet. */
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case.h"
#include "harness/clauses.h"
#include "harness/embedded.h"
#include "harness/engine.h"
#include "harness/needs.h"
#include "harness/profile.h"
#include "harness/runtime.h"

Suite *test_needs(void);

static const struct machine able = {
	.root = true,
	.userns = true,
	.bpf = true,
	.cgroup_v1 = true,
	.cgroup_v2 = true,
	.kernel = "6.18.5-cloud",
	.controllers = " cpu cpuacct pids ",
};

/* sentence: the beginning of why not; NULL: it can run. */
static void check(const struct machine *machine, const char *profile, const char *spec,
		  const struct conformance_case *c, const char *sentence)
{
	struct runtime runtime = { .profile = profile_find(profile), .spec_version = (char *) spec };
	auto_clauses clauses = { 0 };
	struct needs_context context = { machine, &runtime, &clauses };
	struct err err = { 0 };
	auto_text why = { 0 };

	ck_assert_ptr_nonnull(runtime.profile);
	ck_assert_msg(clauses_load(&clauses, &err) == 0, "%s", err.text);
	bool met = needs_met(&context, c, &why);
	ck_assert_msg(met == !sentence, "%s", text_str(&why));
	if (sentence)
		ck_assert_msg(text_starts(text_str(&why), sentence), "%s", text_str(&why));
	else
		ck_assert_uint_eq(why.len, 0);
}

START_TEST(each_need_is_asked)
{
	static const struct {
		struct needs needs;
		const char *sentence;
	} rows[] = {
		{ { .root = 1 }, "needs root" },
		{ { .userns = 1 }, "needs user namespaces" },
		{ { .bpf = 1 }, "needs to record kernel calls" },
		{ { .cgroup = 1 }, "needs cgroup v1" },
		{ { .cgroup = 2 }, "needs cgroup v2" },
		{ { .controller = "pids" },
		  "needs the cgroup controller pids; worlds on this machine offer none" },
		{ { .kernel = "5.12" }, "needs kernel 5.12; this is 4.4" },
	};
	const struct machine unable = { .kernel = "4.4" };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct conformance_case c = { .name = "c", .needs = rows[i].needs };

		check(&able, "generic", "1.3.0", &c, NULL);
		check(&unable, "generic", "1.3.0", &c, rows[i].sentence);
	}
}
END_TEST

START_TEST(controllers_are_whole_words)
{
	const struct conformance_case cpu = { .name = "c", .needs = { .controller = "cpu" } };
	const struct conformance_case set = { .name = "c", .needs = { .controller = "cpuset" } };
	const struct conformance_case acct = { .name = "c", .needs = { .controller = "acct" } };

	check(&able, "generic", "1.3.0", &cpu, NULL);
	check(&able, "generic", "1.3.0", &set, "needs the cgroup controller cpuset");
	check(&able, "generic", "1.3.0", &acct, "needs the cgroup controller acct");
}
END_TEST

START_TEST(what_a_profile_lacks_is_skipped)
{
	const struct conformance_case fds = { .name = "c", .needs = { .runtime_feature = "preserve-fds" } };
	const struct conformance_case features = { .name = "c", .needs = { .runtime_feature = "features" } };
	const struct conformance_case pids = { .name = "c", .needs = { .controller = "pids" } };
	const struct conformance_case payload = { .name = "c", .needs = { .payload = 1 } };

	check(&able, "generic", "1.3.0", &fds, NULL);
	check(&able, "runsc", "1.0.2", &fds, "needs preserve-fds; the profile runsc");
	check(&able, "runsc", "1.0.2", &pids, "needs cgroups; the profile runsc");
	check(&able, "runc", "1.0.2", &payload, NULL);
	check(&able, "runsc", "1.0.2", &payload, "needs the program to be a process of this kernel");
	check(&able, "generic", "1.3.0", &features, "needs the features command");
}
END_TEST

START_TEST(newer_clauses_are_skipped_as_newer)
{
	const struct conformance_case c = {
		.name = "c", .clause = { MUST("linux.idmap.hostID"), SHOULD("linux.ns.supported.time") }
	};

	check(&able, "generic", "1.3.0", &c, NULL);
	check(&able, "generic", "1.1.0", &c, NULL);
	check(&able, "generic", "1.0.2", &c, "newer: linux.ns.supported.time came with specification 1.1.0");
}
END_TEST

START_TEST(newer_claims_of_old_clauses_are_skipped_too)
{
	const struct conformance_case c = { .name = "c",
					    .clause = { MUST("linux.idmap.hostID") },
					    .needs = { .spec = "1.3.0" } };

	check(&able, "generic", "1.3.0", &c, NULL);
	check(&able, "generic", "1.2.0", &c, "newer: this claim came with specification 1.3.0");
}
END_TEST

START_TEST(versions_compare_by_number)
{
	ck_assert_int_lt(version_compare("1.0.2", "1.0.10"), 0);
	ck_assert_int_gt(version_compare("1.10.0", "1.9.0"), 0);
	ck_assert_int_eq(version_compare("1.0.2-dev", "1.0.2"), 0);
	ck_assert_int_eq(version_compare("1", "1.0.0"), 0);
	ck_assert_int_eq(version_compare("6.18.5-cloud", "6.18.5"), 0);
	ck_assert_int_lt(version_compare("", "1"), 0);
}
END_TEST

START_TEST(the_lower_version_is_written)
{
	static const struct {
		const char *features, *profile, *expected;
	} rows[] = {
		{ NULL, "1.0.2", "1.0.2" },
		{ NULL, NULL, "1.3.0" },
		{ NULL, "1.9.0", "1.3.0" },
		{ "{\"ociVersionMax\": \"1.0.2-dev\"}", "1.3.0", "1.0.2" },
		{ "{\"ociVersionMax\": \"1.2.0\"}", "1.0.2", "1.2.0" },
		{ "{\"ociVersionMax\": \"1.3.0+x\"}", "1.0.2", "1.3.0" },
		{ "{\"ociVersionMax\": \"2.0.0\"}", "1.0.2", "1.3.0" },
		{ "{}", "1.0.2", "1.0.2" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_json features = NULL;

		if (rows[i].features)
			ck_assert_int_eq(
			    json_parse(rows[i].features, strlen(rows[i].features), &features, NULL), 0);
		auto_free char *version = runtime_spec_version(features, rows[i].profile);
		ck_assert_str_eq(version, rows[i].expected);
	}
}
END_TEST

START_TEST(version_lines_find_their_profile)
{
	static const struct {
		const char *line, *profile;
	} rows[] = {
		{ "runc version 1.1.5+ds1", "runc" },
		{ "crun version 1.8.1", "crun" },
		{ "runsc version release-20221219.0", "runsc" },
		{ "youki version: 0.5.7", "youki" },
		{ "youki 0.7.0", "youki" },
		{ "plumbline-oci 0.1.0", "plumbline-oci" },
		{ "kata-runtime : 3.2", "generic" },
		{ "not runc version 1", "generic" },
		{ "", "generic" },
		{ NULL, "generic" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_assert_str_eq(profile_for_version(rows[i].line)->name, rows[i].profile);
	ck_assert_ptr_null(profile_find("nothing"));
}
END_TEST

START_TEST(every_profile_can_be_read)
{
	static const char *const keys[] = { "name",        "match", "spec_version",  "payload_visible",
					    "global_args", "lacks", "command",       "edits",
					    "install",     "notes", "timeout_scale", "cri" };
	const struct profile *profile;
	size_t count = 0;

	for (; (profile = profile_at(count)); count++) {
		auto_free char *file = text_format("runtime-under-test/profiles/%s.json", profile->name);

		ck_assert_ptr_nonnull(embedded_find(file));
		ck_assert_ptr_nonnull(profile->spec_version);
		for (size_t i = 0; i < json_length(profile->document); i++) {
			bool known = false;

			for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
				known = known || !strcmp(keys[k], json_key_at(profile->document, i));
			ck_assert_msg(known, "%s: %s", profile->name, json_key_at(profile->document, i));
		}
	}
	ck_assert_uint_ge(count, 6);
}
END_TEST

START_TEST(runtimes_are_located)
{
	struct err err = { 0 };
	auto_free char *found = NULL, *nothing = NULL;

	ck_assert_int_eq(runtime_locate("sh", &found, &err), 0);
	ck_assert(found[0] == '/' && text_ends(found, "/sh"));
	ck_assert_int_lt(runtime_locate("no-such-runtime-anywhere", &nothing, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "not found"));
	ck_assert_int_lt(runtime_locate("/etc/passwd", &nothing, NULL), 0);
	ck_assert_int_lt(runtime_locate("/tmp", &nothing, NULL), 0);
	ck_assert_int_lt(runtime_locate("", &nothing, NULL), 0);
	ck_assert_int_lt(runtime_locate("./nothing", &nothing, NULL), 0);
}
END_TEST

Suite *test_needs(void)
{
	return UNIT_SUITE("needs", each_need_is_asked, controllers_are_whole_words,
			  what_a_profile_lacks_is_skipped, newer_clauses_are_skipped_as_newer,
			  newer_claims_of_old_clauses_are_skipped_too, versions_compare_by_number,
			  the_lower_version_is_written, version_lines_find_their_profile,
			  every_profile_can_be_read, runtimes_are_located);
}
