/*
 * Nothing about the reader's tables is known here: every node of a full config is replaced by every other type, emptied
 * or dropped, and the error must name the node.
 */
#include <check.h>
#undef fail

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/spec.h"
#include "tests/oci/full_config.h"

static struct json *parse(const char *text)
{
	struct json *json = NULL;
	struct err err = { 0 };

	ck_assert_msg(json_parse(text, strlen(text), &json, &err) == 0, "%s: %s", text, err.text);
	return json;
}

static int parse_config(const struct json *config, struct err *err)
{
	struct spec *spec = NULL;
	int r = spec_parse(config, &spec, err);

	ck_assert(r < 0 ? spec == NULL : spec != NULL);
	spec_free(spec);
	return r;
}

typedef void visit_fn(const char *path, const struct json *node, bool is_member);

static void walk(const char *path, const struct json *node, bool is_member, visit_fn *visit)
{
	if (path[0])
		visit(path, node, is_member);
	for (size_t i = 0; i < json_length(node); i++) {
		const char *key = json_key_at(node, i);
		auto_free char *below = NULL;

		if (json_kind(node) == JSON_ARRAY)
			below = text_format("%s[%zu]", path, i);
		else if (strpbrk(key, "./[]"))
			below = text_format("%s[%s]", path, key);
		else
			below = text_format("%s%s%s", path, path[0] ? "." : "", key);
		walk(below, json_kind(node) == JSON_ARRAY ? json_at(node, i) : json_value_at(node, i),
		     json_kind(node) == JSON_OBJECT, visit);
	}
}

static void walk_config(visit_fn *visit)
{
	auto_json config = parse(full_config);

	walk("", config, true, visit);
}

/* The path ends where it stands in the sentence: "linux.resources" must not be taken for "linux.resources.cpu". */
static bool names(const char *text, const char *path)
{
	size_t length = strlen(path);

	return strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0;
}

static void expect_value_refused(const char *path, struct json *taken)
{
	auto_json config = parse(full_config);
	struct err err = { 0 };
	auto_text value = { 0 };

	json_print(taken, 0, &value);
	ck_assert_msg(json_set(config, path, taken, &err) == 0, "%s: %s", path, err.text);
	ck_assert_msg(parse_config(config, &err) == -EINVAL, "%s = %s is accepted", path, text_str(&value));
	ck_assert_msg(names(err.text, path), "%s = %s: the error is \"%s\"", path, text_str(&value),
		      err.text);
}

static void expect_refused(const char *path, const char *value)
{
	expect_value_refused(path, parse(value));
}

static void expect_accepted(const char *path, const char *value)
{
	auto_json config = parse(full_config);
	struct err err = { 0 };
	int r;

	ck_assert_msg(json_set(config, path, parse(value), &err) == 0, "%s: %s", path, err.text);
	r = parse_config(config, &err);
	ck_assert_msg(r == 0, "%s = %s: %s", path, value, err.text);
}

START_TEST(test_full_config_is_accepted)
{
	auto_json config = parse(full_config);
	struct err err = { 0 };

	ck_assert_msg(parse_config(config, &err) == 0, "%s", err.text);
}
END_TEST

static void visit_wrong_types(const char *path, const struct json *node, bool is_member)
{
	static const struct {
		enum json_kind kind;
		const char *value;
	} values[] = {
		{ JSON_BOOL, "true" },    { JSON_INT, "1" },    { JSON_DOUBLE, "1.5" },
		{ JSON_STRING, "\"/\"" }, { JSON_ARRAY, "[]" }, { JSON_OBJECT, "{}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (values[i].kind != json_kind(node))
			expect_refused(path, values[i].value);
	/* null is "not there" for a member; an element cannot be not there. */
	if (!is_member)
		expect_refused(path, "null");
}

START_TEST(test_every_wrong_type_is_refused)
{
	walk_config(visit_wrong_types);
}
END_TEST

static void visit_nul(const char *path, const struct json *node, bool is_member)
{
	auto_text value = { 0 };

	(void) is_member;
	if (json_kind(node) != JSON_STRING)
		return;
	expect_refused(path, "\"/a\\u0000b\"");
	/* Who compares up to the NUL takes it for the good value. */
	text_add(&value, json_string(node));
	text_add_bytes(&value, "\0x", 2);
	expect_value_refused(path, json_new_bytes(text_str(&value), value.len));
}

START_TEST(test_every_string_refuses_a_nul_byte)
{
	walk_config(visit_nul);
}
END_TEST

static void visit_number(const char *path, const struct json *node, bool is_member)
{
	(void) is_member;
	if (json_kind(node) != JSON_INT)
		return;
	expect_refused(path, "1.0");
	expect_refused(path, "1e3");
}

/* base/json refuses them while reading: no value of 64 bits can stand for them. */
START_TEST(test_numbers_beyond_64_bits_are_no_json)
{
	static const char *const texts[] = { "[18446744073709551616]", "[-9223372036854775809]" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct json *json = NULL;

		ck_assert_int_eq(json_parse(texts[i], strlen(texts[i]), &json, NULL), -EINVAL);
	}
}
END_TEST

START_TEST(test_every_number_refuses_a_fraction)
{
	walk_config(visit_number);
}
END_TEST

/* REQUIRED in the text, with what keeps the sentence: some are named by the struct that lacks them. */
static const char *const required[] = {
	"ociVersion",
	"root",
	"root.path",
	"mounts[0].destination",
	"mounts[0].uidMappings[0].containerID",
	"mounts[0].uidMappings[0].hostID",
	"mounts[0].uidMappings[0].size",
	"mounts[0].gidMappings[0].containerID",
	"mounts[0].gidMappings[0].hostID",
	"mounts[0].gidMappings[0].size",
	"process.cwd",
	"process.args",
	"process.consoleSize.height",
	"process.consoleSize.width",
	"process.user.uid",
	"process.user.gid",
	"process.rlimits[0].type",
	"process.rlimits[0].soft",
	"process.rlimits[0].hard",
	"process.scheduler.policy",
	"process.ioPriority.class",
	"process.ioPriority.priority",
	"hooks.prestart[0].path",
	"hooks.createRuntime[0].path",
	"hooks.createContainer[0].path",
	"hooks.startContainer[0].path",
	"hooks.poststart[0].path",
	"hooks.poststop[0].path",
	"linux.namespaces[0].type",
	"linux.uidMappings[0].containerID",
	"linux.uidMappings[0].hostID",
	"linux.uidMappings[0].size",
	"linux.gidMappings[0].containerID",
	"linux.gidMappings[0].hostID",
	"linux.gidMappings[0].size",
	"linux.devices[0].type",
	"linux.devices[0].path",
	"linux.devices[0].major",
	"linux.devices[0].minor",
	"linux.resources.devices[0].allow",
	"linux.resources.blockIO.weightDevice[0].major",
	"linux.resources.blockIO.weightDevice[0].minor",
	"linux.resources.blockIO.throttleReadBpsDevice[0].major",
	"linux.resources.blockIO.throttleReadBpsDevice[0].minor",
	"linux.resources.blockIO.throttleReadBpsDevice[0].rate",
	"linux.resources.blockIO.throttleWriteBpsDevice[0].major",
	"linux.resources.blockIO.throttleWriteBpsDevice[0].minor",
	"linux.resources.blockIO.throttleWriteBpsDevice[0].rate",
	"linux.resources.blockIO.throttleReadIOPSDevice[0].major",
	"linux.resources.blockIO.throttleReadIOPSDevice[0].minor",
	"linux.resources.blockIO.throttleReadIOPSDevice[0].rate",
	"linux.resources.blockIO.throttleWriteIOPSDevice[0].major",
	"linux.resources.blockIO.throttleWriteIOPSDevice[0].minor",
	"linux.resources.blockIO.throttleWriteIOPSDevice[0].rate",
	"linux.resources.hugepageLimits[0].pageSize",
	"linux.resources.hugepageLimits[0].limit",
	"linux.resources.network.priorities[0].name",
	"linux.resources.network.priorities[0].priority",
	"linux.seccomp.defaultAction",
	"linux.seccomp.syscalls[0].names",
	"linux.seccomp.syscalls[0].action",
	"linux.seccomp.syscalls[0].args[0].index",
	"linux.seccomp.syscalls[0].args[0].value",
	"linux.seccomp.syscalls[0].args[0].op",
	"linux.personality.domain",
	"linux.memoryPolicy.mode",
};

/* OPTIONAL, but another field of the full config leans on it. */
static const char *const leaned_on[] = {
	"mounts[0].uidMappings",      "mounts[0].gidMappings", "linux.namespaces", "linux",
	"linux.seccomp.listenerPath",
};

/* What holds for element 0 holds for the others. */
static bool is_in(const char *const *list, size_t count, const char *path)
{
	auto_free char *first = text_format("%s", path);

	for (char *c = strchr(first, '['); c; c = strchr(c + 1, '['))
		if (c[1] >= '1' && c[1] <= '9' && c[2] == ']')
			c[1] = '0';
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], first) == 0)
			return true;
	return false;
}

START_TEST(test_every_required_field_is_missed)
{
	for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
		auto_json config = parse(full_config);
		struct err err = { 0 };

		ck_assert_msg(json_drop(config, required[i], &err) == 0, "%s: %s", required[i], err.text);
		ck_assert_msg(parse_config(config, &err) == -EINVAL, "without %s it is accepted",
			      required[i]);
		ck_assert_msg(names(err.text, required[i]), "without %s: \"%s\"", required[i], err.text);
		ck_assert_ptr_nonnull(strstr(err.text, "missing"));
		expect_refused(required[i], "null");
	}
}
END_TEST

/* Here keys are data: none is unknown, and null is a wrong value. */
static const char *const maps[] = {
	"annotations",          "linux.sysctl",     "linux.resources.unified",
	"linux.resources.rdma", "linux.netDevices", "linux.timeOffsets",
};

static bool is_key_of_map(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		if (strncmp(path, maps[i], strlen(maps[i])) == 0 && path[strlen(maps[i])])
			return true;
	return false;
}

static void visit_optional(const char *path, const struct json *node, bool is_member)
{
	auto_json config = parse(full_config);
	struct err err = { 0 };

	(void) node;
	if (!is_member || is_in(required, ARRAY_SIZE(required), path) ||
	    is_in(leaned_on, ARRAY_SIZE(leaned_on), path))
		return;
	ck_assert_msg(json_drop(config, path, &err) == 0, "%s: %s", path, err.text);
	ck_assert_msg(parse_config(config, &err) == 0, "without %s: %s", path, err.text);
	if (!is_key_of_map(path))
		expect_accepted(path, "null");
}

START_TEST(test_every_other_field_may_be_absent)
{
	walk_config(visit_optional);
}
END_TEST

static void visit_unknown(const char *path, const struct json *node, bool is_member)
{
	auto_free char *member = text_format("%s[x-unknown]", path);

	(void) is_member;
	if (json_kind(node) == JSON_OBJECT && !is_in(maps, ARRAY_SIZE(maps), path))
		expect_accepted(member, "{\"a\": [1, null, \"b\"]}");
}

START_TEST(test_unknown_properties_are_ignored)
{
	walk_config(visit_unknown);
	expect_accepted("unknown", "[]");
}
END_TEST

Suite *test_spec_sweep(void);
Suite *test_spec_sweep(void)
{
	Suite *suite = suite_create("oci/spec_sweep");
	TCase *tcase = tcase_create("sweep");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_full_config_is_accepted);
	tcase_add_test(tcase, test_every_wrong_type_is_refused);
	tcase_add_test(tcase, test_every_string_refuses_a_nul_byte);
	tcase_add_test(tcase, test_numbers_beyond_64_bits_are_no_json);
	tcase_add_test(tcase, test_every_number_refuses_a_fraction);
	tcase_add_test(tcase, test_every_required_field_is_missed);
	tcase_add_test(tcase, test_every_other_field_may_be_absent);
	tcase_add_test(tcase, test_unknown_properties_are_ignored);
	suite_add_tcase(suite, tcase);
	return suite;
}
