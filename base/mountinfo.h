/* Rows of /proc/PID/mountinfo, unescaped. Format: proc_pid_mountinfo(5). */
#ifndef BASE_MOUNTINFO_H
#define BASE_MOUNTINFO_H

#include <stdbool.h>
#include <stddef.h>

struct err;

struct mount_row {
	int id, parent;
	unsigned major, minor;
	char *root; /* of the mount within its file system */
	char *target; /* mount point, as seen from the process's root */
	char *options; /* per mount: "ro,nosuid,relatime" */
	char *propagation; /* optional fields joined by spaces: "shared:2 master:1"; empty is private */
	char *type, *source;
	char *super_options; /* per file system */
};

struct mount_table {
	struct mount_row *rows; /* in the kernel's order: later rows cover earlier ones */
	size_t count;
};

int mount_table_read(int proc_pid_dir, struct mount_table *ret,
		     struct err *err); /* reads "mountinfo" below it */
int mount_table_parse(const char *text, struct mount_table *ret, struct err *err);
void mount_table_free(struct mount_table *table);
#define auto_mount_table __attribute__((cleanup(mount_table_free))) struct mount_table
/* False: a later mount lies on it, or on a directory above it, so that no path leads to it. */
bool mount_row_is_visible(const struct mount_table *table, const struct mount_row *row);
const struct mount_row *mount_table_find(const struct mount_table *table,
					 const char *target); /* topmost; NULL: none */

#endif
