/* The table of mount options. Names that are not in it are data for the file system: config.md#linux-mount-options. */
#include "runtime-under-test/oci/mount_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/spec.h"

enum option_kind {
	OPTION_NOTHING, /* what mount(8) says is the default anyway */
	OPTION_ATTRIBUTE, /* of this mount */
	OPTION_RECURSIVE, /* of this mount and everything below it */
	OPTION_SUPER, /* of the file system: set and clear are MS_ flags */
	OPTION_PROPAGATION,
	OPTION_BIND,
	OPTION_RBIND,
	OPTION_REMOUNT,
	OPTION_COPY_UP,
	OPTION_IDMAP,
	OPTION_RIDMAP,
};

struct option {
	const char *name;
	enum option_kind kind;
	uint64_t set, clear;
};

/*
 * Access times are one choice of three, not bits: mount_setattr(2) demands the whole field in clear. What takes one of
 * them back (atime, norelatime, nostrictatime) leads to the kernel's default, relatime, as util-linux 2.39 does it.
 */
#define ATIME MOUNT_ATTR__ATIME

/* clang-format off */
static const struct option table[] = {
	{ "async",         OPTION_SUPER,       0, MS_SYNCHRONOUS },
	{ "atime",         OPTION_ATTRIBUTE,   0, ATIME },
	{ "bind",          OPTION_BIND,        0, 0 },
	{ "defaults",      OPTION_NOTHING,     0, 0 },
	{ "dev",           OPTION_ATTRIBUTE,   0, MOUNT_ATTR_NODEV },
	{ "diratime",      OPTION_ATTRIBUTE,   0, MOUNT_ATTR_NODIRATIME },
	{ "dirsync",       OPTION_SUPER,       MS_DIRSYNC, 0 },
	{ "exec",          OPTION_ATTRIBUTE,   0, MOUNT_ATTR_NOEXEC },
	{ "idmap",         OPTION_IDMAP,       0, 0 },
	{ "iversion",      OPTION_SUPER,       MS_I_VERSION, 0 },
	{ "lazytime",      OPTION_SUPER,       MS_LAZYTIME, 0 },
	{ "loud",          OPTION_SUPER,       0, MS_SILENT },
	{ "mand",          OPTION_SUPER,       MS_MANDLOCK, 0 },
	{ "noatime",       OPTION_ATTRIBUTE,   MOUNT_ATTR_NOATIME, ATIME },
	{ "nodev",         OPTION_ATTRIBUTE,   MOUNT_ATTR_NODEV, 0 },
	{ "nodiratime",    OPTION_ATTRIBUTE,   MOUNT_ATTR_NODIRATIME, 0 },
	{ "noexec",        OPTION_ATTRIBUTE,   MOUNT_ATTR_NOEXEC, 0 },
	{ "noiversion",    OPTION_SUPER,       0, MS_I_VERSION },
	{ "nolazytime",    OPTION_SUPER,       0, MS_LAZYTIME },
	{ "nomand",        OPTION_SUPER,       0, MS_MANDLOCK },
	{ "norelatime",    OPTION_ATTRIBUTE,   0, ATIME },
	{ "nostrictatime", OPTION_ATTRIBUTE,   0, ATIME },
	{ "nosuid",        OPTION_ATTRIBUTE,   MOUNT_ATTR_NOSUID, 0 },
	{ "nosymfollow",   OPTION_ATTRIBUTE,   MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "private",       OPTION_PROPAGATION, MS_PRIVATE, 0 },
	{ "ratime",        OPTION_RECURSIVE,   0, ATIME },
	{ "rbind",         OPTION_RBIND,       0, 0 },
	{ "rdev",          OPTION_RECURSIVE,   0, MOUNT_ATTR_NODEV },
	{ "rdiratime",     OPTION_RECURSIVE,   0, MOUNT_ATTR_NODIRATIME },
	{ "relatime",      OPTION_ATTRIBUTE,   MOUNT_ATTR_RELATIME, ATIME },
	{ "remount",       OPTION_REMOUNT,     0, 0 },
	{ "rexec",         OPTION_RECURSIVE,   0, MOUNT_ATTR_NOEXEC },
	{ "ridmap",        OPTION_RIDMAP,      0, 0 },
	{ "rnoatime",      OPTION_RECURSIVE,   MOUNT_ATTR_NOATIME, ATIME },
	{ "rnodev",        OPTION_RECURSIVE,   MOUNT_ATTR_NODEV, 0 },
	{ "rnodiratime",   OPTION_RECURSIVE,   MOUNT_ATTR_NODIRATIME, 0 },
	{ "rnoexec",       OPTION_RECURSIVE,   MOUNT_ATTR_NOEXEC, 0 },
	{ "rnorelatime",   OPTION_RECURSIVE,   0, ATIME },
	{ "rnostrictatime", OPTION_RECURSIVE,  0, ATIME },
	{ "rnosuid",       OPTION_RECURSIVE,   MOUNT_ATTR_NOSUID, 0 },
	{ "rnosymfollow",  OPTION_RECURSIVE,   MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "ro",            OPTION_ATTRIBUTE,   MOUNT_ATTR_RDONLY, 0 },
	{ "rprivate",      OPTION_PROPAGATION, MS_PRIVATE | MS_REC, 0 },
	{ "rrelatime",     OPTION_RECURSIVE,   MOUNT_ATTR_RELATIME, ATIME },
	{ "rro",           OPTION_RECURSIVE,   MOUNT_ATTR_RDONLY, 0 },
	{ "rrw",           OPTION_RECURSIVE,   0, MOUNT_ATTR_RDONLY },
	{ "rshared",       OPTION_PROPAGATION, MS_SHARED | MS_REC, 0 },
	{ "rslave",        OPTION_PROPAGATION, MS_SLAVE | MS_REC, 0 },
	{ "rstrictatime",  OPTION_RECURSIVE,   MOUNT_ATTR_STRICTATIME, ATIME },
	{ "rsuid",         OPTION_RECURSIVE,   0, MOUNT_ATTR_NOSUID },
	{ "rsymfollow",    OPTION_RECURSIVE,   0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "runbindable",   OPTION_PROPAGATION, MS_UNBINDABLE | MS_REC, 0 },
	{ "rw",            OPTION_ATTRIBUTE,   0, MOUNT_ATTR_RDONLY },
	{ "shared",        OPTION_PROPAGATION, MS_SHARED, 0 },
	{ "silent",        OPTION_SUPER,       MS_SILENT, 0 },
	{ "slave",         OPTION_PROPAGATION, MS_SLAVE, 0 },
	{ "strictatime",   OPTION_ATTRIBUTE,   MOUNT_ATTR_STRICTATIME, ATIME },
	{ "suid",          OPTION_ATTRIBUTE,   0, MOUNT_ATTR_NOSUID },
	{ "symfollow",     OPTION_ATTRIBUTE,   0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "sync",          OPTION_SUPER,       MS_SYNCHRONOUS, 0 },
	{ "tmpcopyup",     OPTION_COPY_UP,     0, 0 },
	{ "unbindable",    OPTION_PROPAGATION, MS_UNBINDABLE, 0 },
};
/* clang-format on */

/* mount(8) keeps these for itself and for fstab(5): no file system is ever told. */
static const char *const for_fstab[] = { "auto", "noauto", "nofail", "_netdev" };

const char *mount_option_name(size_t index)
{
	return index < ARRAY_SIZE(table) ? table[index].name : NULL;
}

static int compare(const void *name, const void *row)
{
	return strcmp(name, ((const struct option *) row)->name);
}

static bool is_for_fstab(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(for_fstab); i++)
		if (strcmp(name, for_fstab[i]) == 0)
			return true;
	return text_starts(name, "x-");
}

static void change(struct mount_attributes *attr, const struct option *option)
{
	attr->set = (attr->set & ~option->clear) | option->set;
	attr->clear |= option->clear;
}

static int add_propagation(struct mount_options *options, const struct option *option, struct err *err)
{
	if (options->propagation_count == MOUNT_PROPAGATIONS_MAX)
		return fail_text(err, -EINVAL, "option %s: more than %d propagation options", option->name,
				 MOUNT_PROPAGATIONS_MAX);
	options->propagation[options->propagation_count++] = (struct mount_propagation){
		.type = option->set & ~(uint64_t) MS_REC,
		.recursive = option->set & MS_REC,
	};
	return 0;
}

static int apply(struct mount_options *options, const struct option *option, struct err *err)
{
	switch (option->kind) {
	case OPTION_NOTHING:
		break;
	case OPTION_ATTRIBUTE:
		change(&options->attr, option);
		break;
	case OPTION_RECURSIVE:
		change(&options->recursive_attr, option);
		break;
	case OPTION_SUPER:
		options->super = (options->super & ~option->clear) | option->set;
		break;
	case OPTION_PROPAGATION:
		return add_propagation(options, option, err);
	case OPTION_BIND:
		options->bind = true;
		break;
	case OPTION_RBIND:
		options->bind = options->recursive = true;
		break;
	case OPTION_REMOUNT:
		options->remount = true;
		break;
	case OPTION_COPY_UP:
		options->copy_up = true;
		break;
	case OPTION_IDMAP:
		options->idmap = true;
		break;
	case OPTION_RIDMAP:
		options->idmap = options->idmap_recursive = true;
		break;
	}
	return 0;
}

int mount_options_parse(const struct spec_strings *strings, struct mount_options *ret, struct err *err)
{
	auto_mount_options options = { 0 };

	options.data = calloc(strings->count + 1, sizeof(*options.data));
	if (!options.data)
		abort();
	for (size_t i = 0; i < strings->count; i++) {
		const char *name = strings->items[i];
		const struct option *row = bsearch(name, table, ARRAY_SIZE(table), sizeof(*table), compare);
		int r;

		if (!row && !is_for_fstab(name) && *name)
			options.data[options.data_count++] = name;
		if (!row)
			continue;
		r = apply(&options, row, err);
		if (r < 0)
			return r;
	}
	*ret = options;
	options.data = NULL;
	return 0;
}

void mount_options_clear(struct mount_options *options)
{
	free(options->data);
	*options = (struct mount_options){ 0 };
}

unsigned long mount_options_flags(const struct mount_options *options)
{
	static const struct {
		uint64_t attribute;
		unsigned long flag;
	} pairs[] = {
		{ MOUNT_ATTR_RDONLY, MS_RDONLY },         { MOUNT_ATTR_NOSUID, MS_NOSUID },
		{ MOUNT_ATTR_NODEV, MS_NODEV },           { MOUNT_ATTR_NOEXEC, MS_NOEXEC },
		{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME }, { MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW },
	};
	unsigned long flags = options->super;
	uint64_t atime = options->attr.set & ATIME;

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (options->attr.set & pairs[i].attribute)
			flags |= pairs[i].flag;
	if (atime == MOUNT_ATTR_NOATIME)
		flags |= MS_NOATIME;
	if (atime == MOUNT_ATTR_STRICTATIME)
		flags |= MS_STRICTATIME;
	return flags;
}

char *mount_options_data(const struct mount_options *options)
{
	auto_text data = { 0 };

	for (size_t i = 0; i < options->data_count; i++) {
		if (i)
			text_add_char(&data, ',');
		text_add(&data, options->data[i]);
	}
	/* Labels hold commas (categories), and the kernel knows these quotes: selinux_sb_eat_lsm_opts(). */
	if (options->context)
		text_addf(&data, "%scontext=\"%s\"", data.len ? "," : "", options->context);
	return text_take(&data);
}
