/* openat2(2) refuses what leads away; fstatfs(2) is asked all the same, for a bug in the first must not decide alone. */
#include "runtime-under-test/oci/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

int procfs_write(int proc, const char *path, const char *data, size_t len, struct err *err)
{
	/* thread-self is a plain link to PID/task/TID, so links as such are allowed: they stay below proc. */
	struct open_how how = {
		.flags = O_WRONLY | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	auto_fd fd = (int) syscall(SYS_openat2, proc, path, &how, sizeof(how));
	struct statfs fs;
	ssize_t n;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return fail(err, -errno, "open /proc/%s", path);
	if (fs.f_type != PROC_SUPER_MAGIC)
		return fail_text(err, -ENODEV, "/proc/%s is no file of procfs", path);
	do
		n = write(fd, data, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail(err, -errno, "write to /proc/%s", path);
	return (size_t) n == len ? 0 : fail_text(err, -EIO, "write to /proc/%s: cut short", path);
}
