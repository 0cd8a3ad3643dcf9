/* Names, places and values as systemd has them, and schemata as resctrl has them: what needs neither to be there. */
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/rdt.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/systemd.h"
#include "runtime-under-test/oci/systemd_limits.h"
#include "runtime-under-test/oci/systemd_property.h"

Suite *test_systemd(void);

static const struct {
	const char *slice, *path; /* path NULL: refused */
} slices[] = {
	{ "-.slice", "" },
	{ "system.slice", "/system.slice" },
	{ "a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice" },
	{ "user-1000.slice", "/user.slice/user-1000.slice" },
	{ "system", NULL },
	{ ".slice", NULL },
	{ "a--b.slice", NULL },
	{ "-a.slice", NULL },
	{ "a-.slice", NULL },
	{ "a/b.slice", NULL },
	{ "a b.slice", NULL },
};

START_TEST(a_slice_lies_below_its_parents)
{
	for (size_t i = 0; i < ARRAY_SIZE(slices); i++) {
		auto_free char *path = NULL;
		struct err err = { 0 };
		int r = systemd_slice_path(slices[i].slice, &path, &err);

		if (slices[i].path) {
			ck_assert_msg(r == 0, "%s: %s", slices[i].slice, err.text);
			ck_assert_str_eq(path, slices[i].path);
		} else {
			ck_assert_msg(r == -EINVAL, "%s was taken", slices[i].slice);
		}
	}
}
END_TEST

static const struct {
	const char *path;
	bool user;
	const char *slice, *name; /* NULL: refused */
} paths[] = {
	{ "machine.slice:box:c1", false, "machine.slice", "box-c1.scope" },
	{ "machine.slice::c1", false, "machine.slice", "c1.scope" },
	{ ":box:c1", false, "system.slice", "box-c1.scope" },
	{ ":box:c1", true, "user.slice", "box-c1.scope" },
	{ NULL, false, "system.slice", "plumbline-id.scope" },
	{ "", false, "system.slice", "plumbline-id.scope" },
	{ "/a/path", false, NULL, NULL },
	{ "a:b", false, NULL, NULL },
	{ "a:b:c:d", false, NULL, NULL },
	{ "a.slice:b:", false, NULL, NULL },
	{ "a.slice:b:c/d", false, NULL, NULL },
};

START_TEST(a_path_names_a_slice_and_a_scope)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct systemd_unit *unit = NULL;
		struct err err = { 0 };
		int r = systemd_parse_path(paths[i].path, "id", paths[i].user, &unit, &err);

		if (paths[i].name) {
			ck_assert_msg(r == 0, "%s: %s", paths[i].path, err.text);
			ck_assert_str_eq(unit->slice, paths[i].slice);
			ck_assert_str_eq(unit->name, paths[i].name);
		} else {
			ck_assert_msg(r == -EINVAL && strstr(err.text, "linux.cgroupsPath"), "%s: %s",
				      paths[i].path, err.text);
		}
		systemd_unit_free(unit);
	}
}
END_TEST

/* systemd computes the quota as per_second * period / 1000000, rounded down. */
START_TEST(the_quota_survives_the_way_through_seconds)
{
	static const uint64_t periods[] = { 1000, 3000, 7777, 100000, 999999 };

	for (size_t i = 0; i < ARRAY_SIZE(periods); i++)
		for (uint64_t quota = 1000; quota < 200000; quota += 997) {
			uint64_t second = systemd_cpu_per_second(quota, periods[i]);

			ck_assert_uint_eq(second * periods[i] / 1000000, quota);
		}
	ck_assert_uint_eq(systemd_cpu_per_second(50000, 100000), 500000);
}
END_TEST

START_TEST(a_list_of_cpus_is_a_mask)
{
	size_t size;
	auto_free uint8_t *mask = systemd_cpu_mask("0-2,9", &size);
	auto_free uint8_t *none = systemd_cpu_mask("", &size);

	ck_assert_uint_eq(size, 0);
	ck_assert_uint_eq(mask[0], 7);
	ck_assert_uint_eq(mask[1], 2);
	free(none);
	none = systemd_cpu_mask("8", &size);
	ck_assert_uint_eq(size, 2);
}
END_TEST

static const struct {
	const char *wanted;
	bool holds;
} schemas[] = {
	{ "L3:0=ff", true },       { "L3:0=00FF;1=f", true }, { "L3:1=f;0=ff", true }, { "MB:0=100", true },
	{ "MB:1=20;0=100", true }, { "L3:0=fe", false },      { "L3:2=f", false },     { "L2:0=f", false },
	{ "L3", false },           { "L3:0", false },         { "MB:0=10", false },    { "L3:1=20", false },
};

START_TEST(a_group_has_the_schema_that_its_lines_say)
{
	static const char schemata[] = "    MB:0=100;1=20\n    L3:0=ff;1=0f\n";

	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++)
		ck_assert_msg(rdt_schema_holds(schemata, schemas[i].wanted) == schemas[i].holds, "%s",
			      schemas[i].wanted);
}
END_TEST

static const struct {
	const char *name, *value, *sent; /* sent NULL: refused */
	char type;
	int64_t number;
} properties[] = {
	{ "CPUAccounting", "true", "CPUAccounting", 'b', 1 },
	{ "CPUAccounting", " false ", "CPUAccounting", 'b', 0 },
	{ "TasksMax", "uint64 12", "TasksMax", 't', 12 },
	{ "TasksMax", "uint64 18446744073709551615", "TasksMax", 't', -1 },
	{ "Nice", "-7", "Nice", 'i', -7 },
	{ "Nice", "int32 2147483647", "Nice", 'i', 2147483647 },
	{ "OOMScore", "int16  -1", "OOMScore", 'n', -1 },
	{ "StartupCPUWeight", "byte 255", "StartupCPUWeight", 'y', 255 },
	{ "StartupCPUWeight", "byte 256", NULL, 0, 0 },
	{ "TimeoutStopUSec", "uint64 5", "TimeoutStopUSec", 't', 5 },
	{ "TimeoutStopSec", "5", "TimeoutStopUSec", 't', 5000000 },
	{ "TimeoutStopSec", "0.25", "TimeoutStopUSec", 't', 250000 },
	{ "TimeoutStopSec", "-1", NULL, 0, 0 },
	{ "TimeoutStopSec", "'5'", NULL, 0, 0 },
	{ "TimeoutStopSec", "uint64 18446744073709551615", NULL, 0, 0 },
	{ "Nice", "2147483648", NULL, 0, 0 },
	{ "Nice", "uint32 -1", NULL, 0, 0 },
	{ "Nice", "uint64", NULL, 0, 0 },
	{ "Nice", "uint64x 1", NULL, 0, 0 },
	{ "Nice", "7 7", NULL, 0, 0 },
	{ "Nice", "", NULL, 0, 0 },
	{ "Nice", "truely", NULL, 0, 0 },
	{ "Nice", "0.5.5", NULL, 0, 0 },
	{ "Nice", "inf", NULL, 0, 0 },
	{ "No.Name", "1", NULL, 0, 0 },
	{ "No", "1", NULL, 0, 0 },
};

START_TEST(a_property_is_a_number)
{
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		struct systemd_property property = { 0 };
		struct err err = { 0 };
		int r = systemd_property_parse(properties[i].name, properties[i].value, &property, &err);

		if (!properties[i].sent) {
			ck_assert_msg(r == -EINVAL, "%s=%s was taken", properties[i].name,
				      properties[i].value);
			continue;
		}
		ck_assert_msg(r == 0, "%s=%s: %s", properties[i].name, properties[i].value, err.text);
		ck_assert_str_eq(property.name, properties[i].sent);
		ck_assert_int_eq(property.type, properties[i].type);
		ck_assert_int_eq(property.number, properties[i].number);
		systemd_property_clear(&property);
	}
}
END_TEST

static const struct {
	const char *value, *joined; /* with a bar behind each; NULL: refused */
	char type;
} texts[] = {
	{ "'inactive-or-failed'", "inactive-or-failed|", 's' },
	{ "\"it's\"", "it's|", 's' },
	{ "'a\\'b\\\\'", "a'b\\|", 's' },
	{ "['a.service', \"b.service\" ]", "a.service|b.service|", 'a' },
	{ "[]", "", 'a' },
	{ "'open", NULL, 0 },
	{ "'a' 'b'", NULL, 0 },
	{ "'\\n'", NULL, 0 },
	{ "['a' 'b']", NULL, 0 },
	{ "['a'", NULL, 0 },
	{ "[1]", NULL, 0 },
	{ "bare", NULL, 0 },
};

START_TEST(a_property_is_a_string_or_several)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct systemd_property property = { 0 };
		auto_text joined = { 0 };
		int r = systemd_property_parse("After", texts[i].value, &property, NULL);

		ck_assert_msg(r == (texts[i].joined ? 0 : -EINVAL), "%s: %d", texts[i].value, r);
		if (r < 0)
			continue;
		for (size_t k = 0; k < property.count; k++)
			text_addf(&joined, "%s|", property.strings[k]);
		ck_assert_str_eq(text_str(&joined), texts[i].joined);
		ck_assert_int_eq(property.type, texts[i].type);
		systemd_property_clear(&property);
	}
}
END_TEST

START_TEST(only_annotations_of_systemd_are_checked)
{
	struct spec_pair rows[] = { { "org.example.property.x", "bare" },
				    { "org.systemd.property.Nice", "1" } };
	const struct spec_pairs annotations = { rows, ARRAY_SIZE(rows) };
	struct err err = { 0 };

	ck_assert_int_eq(systemd_check_properties(&annotations, &err), 0);
	rows[1].value = "bare";
	ck_assert_int_eq(systemd_check_properties(&annotations, &err), -EINVAL);
	ck_assert_str_eq(
	    err.text,
	    "annotations[org.systemd.property.Nice]: Nice is no number, string or list of strings: bare");
}
END_TEST

Suite *test_systemd(void)
{
	return UNIT_SUITE("systemd", a_slice_lies_below_its_parents, a_path_names_a_slice_and_a_scope,
			  the_quota_survives_the_way_through_seconds, a_list_of_cpus_is_a_mask,
			  a_group_has_the_schema_that_its_lines_say, a_property_is_a_number,
			  a_property_is_a_string_or_several, only_annotations_of_systemd_are_checked);
}
