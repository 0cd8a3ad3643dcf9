/*
 * RunPodSandbox, step by step. The record is on disk before the first step and says "making" until the last, so that whatever
 * kills the server in between, the next one knows what to undo.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/crash.h"
#include "runtime-under-test/cri/net/net.h"
#include "runtime-under-test/cri/sandbox.h"
#include "runtime-under-test/oci/faults.h"

struct making {
	struct server *server;
	struct sandbox *sandbox;
	struct rpc_call *call;
	struct net_result addresses;
	pthread_t plugins; /* asks the network while the pause is started */
	bool asking;
	int64_t deadline;
	int answer; /* of the network, with its sentence */
	struct err sentence;
};

static const Runtime__V1__NamespaceOption *options_of(const struct sandbox *sandbox)
{
	const Runtime__V1__LinuxPodSandboxConfig *config = sandbox->config->linux;

	return config && config->security_context ? config->security_context->namespace_options : NULL;
}

Runtime__V1__NamespaceMode sandbox_network_mode(const struct sandbox *sandbox)
{
	return options_of(sandbox) ? options_of(sandbox)->network : RUNTIME__V1__NAMESPACE_MODE__POD;
}

Runtime__V1__NamespaceMode sandbox_ipc_mode(const struct sandbox *sandbox)
{
	return options_of(sandbox) ? options_of(sandbox)->ipc : RUNTIME__V1__NAMESPACE_MODE__POD;
}

Runtime__V1__NamespaceMode sandbox_pid_mode(const struct sandbox *sandbox)
{
	return options_of(sandbox) ? options_of(sandbox)->pid : RUNTIME__V1__NAMESPACE_MODE__POD;
}

const Runtime__V1__UserNamespace *sandbox_userns(const struct sandbox *sandbox)
{
	const Runtime__V1__NamespaceOption *options = options_of(sandbox);
	const Runtime__V1__UserNamespace *user = options ? options->userns_options : NULL;

	if (fault("cri-userns-ignored"))
		return NULL;
	return user && user->mode == RUNTIME__V1__NAMESPACE_MODE__POD ? user : NULL;
}

static bool has_own_network(const struct sandbox *sandbox)
{
	return sandbox_network_mode(sandbox) != RUNTIME__V1__NAMESPACE_MODE__NODE;
}

static int make_folders(struct making *making, struct err *err)
{
	auto_free char *ns = life_path(making->server, &making->sandbox->object, "ns");
	auto_free char *bundle = life_path(making->server, &making->sandbox->object, "bundle");
	int r = file_make_dirs_at(AT_FDCWD, ns, 0700, err);

	return r < 0 ? r : file_make_dirs_at(AT_FDCWD, bundle, 0700, err);
}

/* The user namespace comes with the network one, which it has to own: user_namespaces(7). */
static int make_namespaces(struct making *making, struct err *err)
{
	const Runtime__V1__UserNamespace *user = sandbox_userns(making->sandbox);
	auto_free char *net = life_path(making->server, &making->sandbox->object, "ns/net");
	auto_free char *path = life_path(making->server, &making->sandbox->object, "ns/user");
	struct net_userns userns = { .path = path };
	bool own_network = has_own_network(making->sandbox);

	if (user && (user->n_uids != 1 || user->n_gids != 1) && !fault("cri-userns-unchecked"))
		return fail_text(err, -EINVAL,
				 "a user namespace needs exactly one mapping of users and one of groups");
	if (user && (user->uids[0]->container_id || user->gids[0]->container_id) &&
	    !fault("cri-userns-root-made"))
		return fail_text(err, -EINVAL, "a user namespace needs a root: its mappings begin at 0");
	if (user) {
		userns.host_uid = user->uids[0]->host_id;
		userns.container_uid = fault("cri-userns-root-made") ? 0 : user->uids[0]->container_id;
		userns.uid_count = user->uids[0]->length;
		userns.host_gid = (fault("cri-userns-groups-as-users") ? user->uids : user->gids)[0]->host_id;
		userns.container_gid = fault("cri-userns-root-made") ? 0 : user->gids[0]->container_id;
		userns.gid_count = user->gids[0]->length;
	}
	if (!user && !own_network)
		return 0;
	return net_ns_create(own_network ? net : NULL, user ? &userns : NULL, err);
}

static int add_network(struct making *making, struct err *err)
{
	auto_free char *netns = life_path(making->server, &making->sandbox->object, "ns/net");
	struct net_request request = { .id = making->sandbox->object.id,
				       .netns = netns,
				       .config = making->sandbox->config };

	return net_add(making->server->net, &request, making->deadline, &making->addresses, err);
}

static void *ask_plugins(void *user)
{
	struct making *making = user;

	making->answer = add_network(making, &making->sentence);
	return NULL;
}

/* A sysctl of the pod may mean the devices that are there, or those that are not yet: then one comes after the other. */
static bool may_overlap(const struct sandbox *sandbox)
{
	return !sandbox->config->linux || !sandbox->config->linux->n_sysctls;
}

/* Plugins and the pause take as long as each other, and neither needs the other. */
static int make_network(struct making *making, struct err *err)
{
	int64_t left = rpc_call_left_ms(making->call);

	making->deadline = left == INT64_MAX ? -1 : process_now_ms() + left;
	if (!has_own_network(making->sandbox))
		return 0;
	if (may_overlap(making->sandbox))
		making->asking = pthread_create(&making->plugins, NULL, ask_plugins, making) == 0;
	return making->asking ? 0 : add_network(making, err);
}

static int await_network(struct making *making, struct err *err)
{
	if (!making->asking)
		return 0;
	making->asking = false;
	(void) pthread_join(making->plugins, NULL);
	return making->answer < 0 ? fail_text(err, making->answer, "%s", making->sentence.text) : 0;
}

/* Before the pause, which has some of them, and again when the pod's addresses are known. */
static int write_files(struct making *making, const struct net_result *addresses, struct err *err)
{
	auto_free char *path = life_path(making->server, &making->sandbox->object, "");
	auto_fd directory = file_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, err);

	return directory < 0 ? directory
			     : net_write_files(directory, making->sandbox->config, addresses, err);
}

static int make_files(struct making *making, struct err *err)
{
	return write_files(making, making->asking ? NULL : &making->addresses, err);
}

static int make_addresses(struct making *making, struct err *err)
{
	bool were_unknown = making->asking;
	int r = await_network(making, err);

	return r < 0 || !were_unknown ? r : write_files(making, &making->addresses, err);
}

/* As large as Docker's and everybody's since; a pod that shares the node's IPC has the node's. */
static int make_shm(struct making *making, struct err *err)
{
	auto_free char *path = life_path(making->server, &making->sandbox->object, "shm");
	const Runtime__V1__UserNamespace *user = sandbox_userns(making->sandbox);
	auto_text options = { 0 };

	if (sandbox_ipc_mode(making->sandbox) == RUNTIME__V1__NAMESPACE_MODE__NODE)
		return 0;
	if (mkdir(path, 0700) < 0)
		return fail(err, -errno, "make %s", path);
	text_add(&options, fault("cri-shm-without-limit") ? "mode=1777" : "mode=1777,size=65536k");
	if (user)
		text_addf(&options, ",uid=%u,gid=%u", user->uids[0]->host_id, user->gids[0]->host_id);
	if (mount("shm", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, text_str(&options)) < 0)
		return fail(err, -errno, "mount shared memory on %s", path);
	return 0;
}

static int make_pause(struct making *making, struct err *err)
{
	return sandbox_pause_start(making->server, making->sandbox, making->call, err);
}

/* Containers join these by path: the pause's pid may be gone, or another's, by then. */
static int make_pins(struct making *making, struct err *err)
{
	const struct sandbox *sandbox = making->sandbox;
	const struct {
		const char *name;
		bool wanted;
	} rows[] = {
		{ "ipc", sandbox_ipc_mode(sandbox) != RUNTIME__V1__NAMESPACE_MODE__NODE },
		{ "uts", has_own_network(sandbox) },
		{ "pid", sandbox_pid_mode(sandbox) != RUNTIME__V1__NAMESPACE_MODE__NODE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *name = text_format("ns/%s", rows[i].name);
		auto_free char *path = life_path(making->server, &sandbox->object, name);
		int r = rows[i].wanted ? net_ns_pin(sandbox->status.pid, rows[i].name, path, err) : 0;

		if (r < 0)
			return fail(err, r, "pin the namespace %s", rows[i].name);
	}
	return 0;
}

static int make_ready(struct making *making, struct err *err)
{
	struct sandbox *sandbox = making->sandbox;
	struct net_result *addresses = &making->addresses;
	auto_free char *directory = life_path(making->server, &sandbox->object, "");
	int r;

	store_lock(making->server->store);
	sandbox->status.ips = TAKE(addresses->ips);
	sandbox->status.ip_count = addresses->ip_count;
	sandbox->status.phase = PHASE_READY;
	store_unlock(making->server->store);
	addresses->ip_count = 0;
	r = store_sandbox_save(making->server->store, sandbox, err);
	return r < 0 ? r : monitor_watch(making->server->life->watcher, sandbox->object.id, directory, err);
}

static const struct {
	const char *name, *crash;
	int (*make)(struct making *making, struct err *err);
} steps[] = {
	{ "folders", "sandbox-folders", make_folders },
	{ "namespaces", "sandbox-namespaces", make_namespaces },
	{ "network", "sandbox-network", make_network },
	{ "files", "sandbox-files", make_files },
	{ "shared memory", "sandbox-shm", make_shm },
	{ "pause", "sandbox-pause", make_pause },
	{ "pins", "sandbox-pins", make_pins },
	{ "network", "sandbox-addresses", make_addresses },
	{ "record", "sandbox-ready", make_ready },
};

int sandbox_make(struct server *server, struct sandbox *sandbox, struct rpc_call *call, struct err *err)
{
	struct making making = { .server = server, .sandbox = sandbox, .call = call };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(steps); i++) {
		r = life_patience(call, err);
		if (r >= 0)
			r = steps[i].make(&making, err);
		if (r < 0)
			r = fail(err, r, "sandbox %s: %s", sandbox->object.id, steps[i].name);
		crash_point(steps[i].crash);
	}
	(void) await_network(&making, NULL); /* what it has added is taken back with the rest */
	net_result_free(&making.addresses);
	/* The answer would reach nobody, and whoever asked will ask for the same name again. */
	return r < 0 ? r : life_patience(call, err);
}
