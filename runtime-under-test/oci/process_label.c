/* AppArmor profile and SELinux label of a program: config.md#linux-process */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/oci/process.h"
#include "runtime-under-test/oci/procfs.h"
#include "runtime-under-test/oci/spec.h"

static bool has_apparmor(void)
{
	auto_text enabled = { 0 };

	return file_read_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &enabled, NULL) == 0 &&
	       text_str(&enabled)[0] == 'Y';
}

bool process_has_selinux(void)
{
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

bool process_has_label(const struct spec_process *process)
{
	return (process->apparmor_profile && *process->apparmor_profile) ||
	       (process->selinux_label && *process->selinux_label);
}

int process_check_labels(const struct spec_process *process, struct err *err)
{
	const char *apparmor = process->apparmor_profile, *selinux = process->selinux_label;

	if (apparmor && *apparmor && !has_apparmor())
		return fail_text(err, -EOPNOTSUPP,
				 "process.apparmorProfile: AppArmor is not enabled on this machine");
	if (selinux && *selinux && !process_has_selinux())
		return fail_text(err, -EOPNOTSUPP,
				 "process.selinuxLabel: SELinux is not enabled on this machine");
	return 0;
}

/* AppArmor's own file since v5.1, the shared one before. */
int process_set_label(const struct spec_process *process, int proc, struct err *err)
{
	const char *apparmor = process->apparmor_profile, *selinux = process->selinux_label;
	auto_free char *line = NULL;
	int r = 0;

	if (apparmor && *apparmor) {
		line = text_format("exec %s", apparmor);
		r = procfs_write(proc, "thread-self/attr/apparmor/exec", line, strlen(line), NULL);
		if (r == -ENOENT)
			r = procfs_write(proc, "thread-self/attr/exec", line, strlen(line), NULL);
		if (r < 0)
			return fail(err, r, "process.apparmorProfile: %s", apparmor);
	}
	if (selinux && *selinux)
		r = procfs_write(proc, "thread-self/attr/exec", selinux, strlen(selinux), NULL);
	return r < 0 ? fail(err, r, "process.selinuxLabel: %s", selinux) : 0;
}
