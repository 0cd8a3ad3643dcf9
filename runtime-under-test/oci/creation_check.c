/* Stage 1 of creation: everything that can be refused is refused before anything exists. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/container.h"
#include "runtime-under-test/oci/creation.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/payload.h"
#include "runtime-under-test/oci/process.h"
#include "runtime-under-test/oci/sockets.h"
#include "runtime-under-test/oci/spec.h"
#include "runtime-under-test/oci/sysctl.h"
#include "runtime-under-test/oci/systemd_property.h"

/* "MUST generate an error": a property that is not applied must not look as if it were. runtime.md#create */
static int check_supported(const struct creation *creation, struct err *err)
{
	const struct spec *spec = creation->spec;
	const struct {
		bool asked;
		const char *what;
	} refused[] = {
		{ spec->mount_label && *spec->mount_label && !process_has_selinux(),
		  "linux.mountLabel: SELinux is not enabled on this machine" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (refused[i].asked)
			return fail_text(err, -EOPNOTSUPP, "%s", refused[i].what);
	if (creation->runtime->systemd_cgroup) {
		int r = systemd_check_properties(&spec->annotations, err);

		if (r < 0)
			return r;
	}
	return process_check_labels(&spec->process, err);
}

/* Mounts made in the mount namespace of the host would stay there: nothing that lasts is done to it. */
static int check_mounts(const struct creation *creation, struct err *err)
{
	const struct spec *spec = creation->spec;

	if (creation->namespaces.all & CLONE_NEWNS)
		return 0;
	if (spec->mount_count)
		return fail_text(err, -EINVAL, "mounts: without a mount namespace they would be the host's");
	if (spec->masked_paths.count || spec->readonly_paths.count)
		return fail_text(err, -EINVAL, "linux.maskedPaths and readonlyPaths need a mount namespace");
	if (spec->root_readonly || spec->rootfs_propagation)
		return fail_text(err, -EINVAL,
				 "root.readonly and linux.rootfsPropagation need a mount namespace");
	return 0;
}

static int check_terminal(struct creation *creation, struct err *err)
{
	bool terminal = creation->spec->process.terminal;
	const char *path = creation->options->console_socket;

	if (path && !terminal)
		return fail_text(err, -EINVAL, "--console-socket: process.terminal is not set");
	if (terminal && !path && !creation->foreground)
		return fail_text(err, -EINVAL, "process.terminal needs --console-socket");
	if (!path)
		return 0;
	creation->console = socket_connect(path, err);
	return creation->console < 0 ? fail(err, creation->console, "--console-socket") : 0;
}

static int check_root(const struct creation *creation, struct err *err)
{
	const char *path = creation->spec->root_path;
	struct stat st;

	if (fstatat(creation->options->bundle, path, &st, 0) < 0)
		return fail(err, -errno, "root.path: %s", path);
	return S_ISDIR(st.st_mode) ? 0 : fail_text(err, -ENOTDIR, "root.path: %s is no directory", path);
}

static int check_process(struct creation *creation, struct err *err)
{
	const struct spec_process *process = &creation->spec->process;
	bool user = creation->namespaces.all & CLONE_NEWUSER;
	int r = process_check_limits(process, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < process->unknown_capabilities.count; i++)
		log_warning(creation->runtime->log, "process.capabilities: %s: unknown",
			    process->unknown_capabilities.items[i]);
	creation->capabilities =
	    capabilities_plan(process, capabilities_available(user), creation->runtime->log);
	return seccomp_compile(&creation->spec->seccomp, &creation->seccomp, err);
}

int creation_check(struct creation *creation, struct err *err)
{
	int r = check_supported(creation, err);

	if (r == 0)
		r = payload_count_preserved(creation->options->preserve_fds, &creation->preserved,
					    &creation->listen_fds, err);
	if (r == 0)
		r = check_root(creation, err);
	if (r == 0)
		r = creation->proc = process_open_proc(err);
	if (r >= 0)
		r = namespaces_open(creation->spec, &creation->namespaces, err);
	if (r == 0)
		r = check_mounts(creation, err);
	if (r == 0)
		r = sysctl_check(creation, err);
	if (r == 0)
		r = check_process(creation, err);
	if (r == 0)
		r = check_terminal(creation, err);
	return r;
}
