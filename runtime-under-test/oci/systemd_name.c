/* From cgroupsPath to a unit and to where systemd puts it: systemd.slice(5), systemd.unit(5). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/systemd.h"

#define UNIT_NAME_MAX 255
#define SLICE_SUFFIX ".slice"

static bool is_unit_name(const char *name)
{
	size_t length = strlen(name);

	return length && length <= UNIT_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@") ==
		   length;
}

int systemd_slice_path(const char *slice, char **ret, struct err *err)
{
	size_t stem = strlen(slice) - (text_ends(slice, SLICE_SUFFIX) ? strlen(SLICE_SUFFIX) : 0);
	struct text path = { 0 };

	if (strcmp(slice, "-.slice") == 0) {
		*ret = text_format("%s", "");
		return 0;
	}
	if (!is_unit_name(slice) || !text_ends(slice, SLICE_SUFFIX) || stem == 0 || slice[0] == '-' ||
	    slice[stem - 1] == '-' || strstr(slice, "--"))
		return fail_text(err, -EINVAL, "linux.cgroupsPath: \"%s\" is no name of a slice", slice);
	for (size_t end = 1; end <= stem; end++)
		if (end == stem || slice[end] == '-')
			text_addf(&path, "/%.*s%s", (int) end, slice, SLICE_SUFFIX);
	*ret = text_take(&path);
	return 0;
}

void systemd_unit_free(struct systemd_unit *unit)
{
	if (!unit)
		return;
	free(unit->name);
	free(unit->slice);
	free(unit);
}

int systemd_parse_path(const char *cgroups_path, const char *id, bool user, struct systemd_unit **ret,
		       struct err *err)
{
	auto_free char *usual = text_format(":plumbline:%s", id);
	auto_free char *copy = text_format("%s", cgroups_path && *cgroups_path ? cgroups_path : usual);
	char *rest = copy, *slice = strsep(&rest, ":"), *prefix = strsep(&rest, ":");
	auto_free char *name = NULL;
	struct systemd_unit *unit;

	if (!rest || strchr(rest, ':'))
		return fail_text(err, -EINVAL,
				 "linux.cgroupsPath: with --systemd-cgroup it is SLICE:PREFIX:NAME, not %s",
				 cgroups_path);
	if (!*slice)
		slice = user ? "user.slice" : "system.slice";
	name = text_format("%s%s%s.scope", prefix, *prefix ? "-" : "", rest);
	if (!*rest || !is_unit_name(name))
		return fail_text(err, -EINVAL, "linux.cgroupsPath: \"%s\" is no name of a unit", name);
	unit = calloc(1, sizeof(*unit));
	if (!unit)
		abort();
	*unit = (struct systemd_unit){ .name = TAKE(name), .slice = text_format("%s", slice), .user = user };
	*ret = unit;
	return 0;
}
