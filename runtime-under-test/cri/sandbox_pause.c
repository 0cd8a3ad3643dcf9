/* The first process of a sandbox: a static program that this server carries, in a read-only root with nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/crash.h"
#include "runtime-under-test/cri/oom_score.h"
#include "runtime-under-test/cri/sandbox.h"
#include "runtime-under-test/cri/spec/spec.h"

/* tests/build/embed.sh writes these. */
struct embedded_file {
	const char *name;
	const char *data;
	size_t size;
};
extern const struct embedded_file embedded_files[];

/* Mount points are made before they are needed: in a user namespace the runtime's init may make none here. */
static int make_mount_points(int directory, struct err *err)
{
	static const char *const folders[] = { "proc", "dev", "sys", "etc" };
	static const char *const files[] = { "etc/hosts", "etc/hostname", "etc/resolv.conf" };
	int r = fchmod(directory, 0755) < 0 ? fail(err, -errno, "open it to all users") : 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(folders); i++) {
		r = file_make_dirs_at(directory, folders[i], 0755, err);
		/* The umask is the server's; a pause in a user namespace owns nothing here. */
		if (r >= 0 && fchmodat(directory, folders[i], 0755, 0) < 0)
			r = fail(err, -errno, "open %s to all users", folders[i]);
	}
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(files); i++)
		r = file_create_at(directory, files[i], "", 0, 0644, err);
	return r;
}

/* By rename: a pause that runs from an older one keeps it. */
int sandbox_pause_rootfs(struct server *server, struct err *err)
{
	auto_free char *path = text_format("%s/pause", server->options.state);
	auto_fd directory = -EBADF;
	int r = file_make_dirs_at(AT_FDCWD, path, 0755, err);

	if (r >= 0)
		r = directory = file_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, err);
	if (r >= 0)
		r = make_mount_points(directory, err);
	if (r >= 0)
		r = file_create_at(directory, "pause.new", embedded_files[0].data, embedded_files[0].size,
				   0755, err);
	if (r >= 0 && (fchmodat(directory, "pause.new", 0755, 0) < 0 ||
		       renameat(directory, "pause.new", directory, "pause") < 0))
		r = fail(err, -errno, "put pause in place");
	if (r < 0)
		return fail(err, r, "the root of sandboxes in %s", path);
	server->life->pause_rootfs = TAKE(path);
	return 0;
}

static int write_bundle(struct server *server, struct sandbox *sandbox, struct err *err)
{
	auto_free char *net = life_path(server, &sandbox->object, "ns/net");
	auto_free char *user = life_path(server, &sandbox->object, "ns/user");
	auto_free char *hostname = life_path(server, &sandbox->object, "hostname");
	auto_free char *resolv_conf = life_path(server, &sandbox->object, "resolv.conf");
	auto_free char *shm = life_path(server, &sandbox->object, "shm");
	bool own_ipc = sandbox_ipc_mode(sandbox) != RUNTIME__V1__NAMESPACE_MODE__NODE;
	struct spec_request request = {
		.sandbox = sandbox->config,
		.rootfs = -EBADF,
		.rootfs_path = server->life->pause_rootfs,
		.id = sandbox->object.id,
		.sandbox_id = sandbox->object.id,
		.namespaces = { .net = net, .user = sandbox_userns(sandbox) ? user : NULL },
		.hostname = hostname,
		.resolv_conf = resolv_conf,
		.shm = own_ipc ? shm : NULL,
		.systemd_cgroup = strcmp(server->options.cgroup_driver, "systemd") == 0,
		.cgroup_v2 = server->life->cgroup_v2,
		.has_swap_limits = server->life->has_swap_limits,
	};
	auto_spec_result spec = SPEC_RESULT_INIT;
	int r = spec_sandbox(&request, &spec, err);

	if (r < 0)
		return r;
	oom_score_restrict(&spec, server->life->lowest_oom_score);
	r = life_write(server, &sandbox->object, "bundle/config.json", spec.config, err);
	return r < 0 ? r : life_write(server, &sandbox->object, "origins.json", spec.origins, err);
}

int sandbox_pause_start(struct server *server, struct sandbox *sandbox, struct rpc_call *call,
			struct err *err)
{
	auto_free char *directory = life_path(server, &sandbox->object, "");
	auto_free char *bundle = life_path(server, &sandbox->object, "bundle");
	auto_runtime runtime = RUNTIME_INIT;
	struct monitor_limit limit = life_limit(call);
	struct monitor_create create = {
		.id = sandbox->object.id, .bundle = bundle, .directory = directory, .started = true
	};
	pid_t pid = 0;
	int r = life_runtime(server, sandbox, &runtime, err);

	if (r >= 0)
		r = write_bundle(server, sandbox, err);
	crash_point("sandbox-bundle");
	create.runtime = life_monitor_runtime(&runtime);
	if (r >= 0)
		r = monitor_create(&create, &limit, &pid, err);
	crash_point("sandbox-created");
	if (r < 0)
		return r;
	store_lock(server->store);
	sandbox->status.pid = pid;
	store_unlock(server->store);
	return 0;
}
