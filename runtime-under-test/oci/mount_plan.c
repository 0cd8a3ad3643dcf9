/* What a mount of the config comes to when all its members are read together. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/mount_options.h"
#include "runtime-under-test/oci/mounts.h"
#include "runtime-under-test/oci/spec.h"

static bool has_type(const struct spec_mount *mount, const char *type)
{
	return mount->type && strcmp(mount->type, type) == 0;
}

bool mount_is_bind(const struct spec_mount *mount, const struct mount_options *options)
{
	return options->bind || has_type(mount, "bind") || has_type(mount, "rbind");
}

bool mount_is_cgroup(const struct spec_mount *mount)
{
	return has_type(mount, "cgroup") || has_type(mount, "cgroup2");
}

/* "MUST": a mount that looks mapped, or filled, and is not would be worse than none. */
static int check(const struct spec_mount *mount, const struct mount_options *options, struct err *err)
{
	bool plain = !options->remount && !mount_is_bind(mount, options);

	if (options->copy_up && !(plain && has_type(mount, "tmpfs")))
		return fail_text(err, -EINVAL, "option tmpcopyup: only a new tmpfs can be filled");
	if (options->idmap && (options->remount || mount_is_cgroup(mount)))
		return fail_text(err, -EINVAL, "option idmap: neither remounts nor cgroups can be mapped");
	return 0;
}

int mount_plan(const struct spec_mount *mount, struct mount_options *ret, struct err *err)
{
	auto_mount_options options = { 0 };
	int r = mount_options_parse(&mount->options, &options, err);

	if (r < 0)
		return r;
	options.recursive |= has_type(mount, "rbind");
	/* The option only says so a second time, for runtimes that do not know the maps: config.md#posix-platform-mounts. */
	options.idmap |= mount->uid_maps.count > 0;
	r = check(mount, &options, err);
	if (r < 0)
		return r;
	*ret = options;
	options = (struct mount_options){ 0 };
	return 0;
}

/* The kernel labels these by its policy and takes no context= for them. */
const char *mount_label(const struct spec *spec, const struct spec_mount *mount)
{
	static const char *const by_policy[] = { "proc", "sysfs", "mqueue", "cgroup", "cgroup2" };

	if (!spec->mount_label || !*spec->mount_label)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(by_policy); i++)
		if (has_type(mount, by_policy[i]))
			return NULL;
	return spec->mount_label;
}
