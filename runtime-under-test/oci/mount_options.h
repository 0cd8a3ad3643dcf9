/*
 * The mount options of config.md as numbers: what goes to the mount, to its file system, or is done by us.
 * https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md#linux-mount-options
 */
#ifndef OCI_MOUNT_OPTIONS_H
#define OCI_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct spec_strings;

/* attr: bits of struct mount_attr. The result for a mount is (present & ~clear) | set: the last option wins. */
struct mount_attributes {
	uint64_t set, clear;
};

struct mount_propagation {
	uint64_t type;
	bool recursive;
}; /* MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE */
#define MOUNT_PROPAGATIONS_MAX 4

struct mount_options {
	bool bind, recursive, remount;
	bool copy_up; /* tmpcopyup */
	bool idmap, idmap_recursive;
	struct mount_attributes attr, recursive_attr;
	unsigned long super; /* MS_SYNCHRONOUS, MS_DIRSYNC, ...: of the file system */
	struct mount_propagation propagation[MOUNT_PROPAGATIONS_MAX];
	size_t propagation_count;
	const char *context; /* borrowed: the SELinux label of linux.mountLabel; NULL: none */
	const char **data; /* owned array of borrowed strings: everything the table does not know */
	size_t data_count;
};

int mount_options_parse(const struct spec_strings *strings, struct mount_options *ret, struct err *err);
void mount_options_clear(struct mount_options *options);
#define auto_mount_options __attribute__((cleanup(mount_options_clear))) struct mount_options

/* The same attributes as flags of mount(2), for what only that call can do. */
unsigned long mount_options_flags(const struct mount_options *options);
/* data joined by commas, as mount(2) wants it; owned. */
char *mount_options_data(const struct mount_options *options);

#endif
