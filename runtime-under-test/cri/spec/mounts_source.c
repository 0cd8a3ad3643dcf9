/* Where a mount comes from, and whether what is mounted there later will be seen: mount_namespaces(7). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mountinfo.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/mounts.h"
#include "runtime-under-test/oci/faults.h"

/* "if the host path does not exist the runtime should fail" is the proto's word; containerd and CRI-O make a directory. */
int mount_source(const struct spec_request *request, const char *path, char **ret, bool *ret_missing,
		 struct err *err)
{
	char *resolved = realpath(path, NULL);

	*ret_missing = false;
	if (resolved) {
		*ret = resolved;
		return 0;
	}
	if (errno != ENOENT || (!request->make_missing_sources && !fault("cri-missing-host-path-made")))
		return fail(err, -errno, "host path %s", path);
	*ret_missing = true;
	*ret = text_format("%s", path);
	return 0;
}

static int mount_id_of(const char *path, uint64_t *ret, struct err *err)
{
	struct statx stx;

	if (statx(AT_FDCWD, path, 0, STATX_MNT_ID, &stx) < 0)
		return fail(err, -errno, "look at %s", path);
	if (!(stx.stx_mask & STATX_MNT_ID))
		return fail_text(err, -EOPNOTSUPP,
				 "the kernel does not tell the mount of %s: it is before 5.8", path);
	*ret = stx.stx_mnt_id;
	return 0;
}

/* Fields of mountinfo: "shared:N" is a peer group, "master:N" a slave of one. */
static bool has_field(const struct mount_row *row, const char *field)
{
	const char *at = strstr(row->propagation, field);

	return at && (at == row->propagation || at[-1] == ' ');
}

int mount_takes_part(const struct mount_row *row, const char *path, Runtime__V1__MountPropagation propagation,
		     struct err *err)
{
	bool both_ways = propagation == RUNTIME__V1__MOUNT_PROPAGATION__PROPAGATION_BIDIRECTIONAL;

	if (fault("cri-propagation-unchecked"))
		return 0;
	if (has_field(row, "shared:") || (!both_ways && has_field(row, "master:")))
		return 0;
	return fail_text(err, -EINVAL,
			 "host path %s lies on the mount %s, which is not shared%s: what is mounted "
			 "there later cannot be seen",
			 path, row->target, both_ways ? "" : " and no slave");
}

int mount_check_propagation(const char *path, Runtime__V1__MountPropagation propagation, struct err *err)
{
	auto_mount_table table = { 0 };
	auto_fd self = -EBADF;
	uint64_t id = 0;
	int r;

	if (propagation == RUNTIME__V1__MOUNT_PROPAGATION__PROPAGATION_PRIVATE)
		return 0;
	r = self = file_open_at(AT_FDCWD, "/proc/thread-self", O_PATH | O_DIRECTORY, 0, err);
	if (r >= 0)
		r = mount_table_read(self, &table, err);
	if (r >= 0)
		r = mount_id_of(path, &id, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < table.count; i++)
		if ((uint64_t) table.rows[i].id == id)
			return mount_takes_part(&table.rows[i], path, propagation, err);
	return fail_text(err, -ENOENT, "host path %s: its mount is not listed in mountinfo", path);
}
