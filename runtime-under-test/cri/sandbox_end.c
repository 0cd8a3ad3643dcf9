/* The end of a sandbox. Each part can be done again: clients stop and remove what is stopped, and a killed server left half. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/crash.h"
#include "runtime-under-test/cri/image/image.h"
#include "runtime-under-test/cri/net/net.h"
#include "runtime-under-test/cri/sandbox.h"
#include "runtime-under-test/oci/faults.h"

/* A plugin that hangs must not keep the pod for ever; the kubelet asks again. */
enum { NET_DEL_MS = 30000 };

static int delete_pause(struct server *server, struct sandbox *sandbox, struct err *err)
{
	auto_runtime runtime = RUNTIME_INIT;
	int r = life_runtime(server, sandbox, &runtime, NULL);

	/* A handler that is configured no more has nothing that could be asked. */
	return r < 0 || fault("cri-pause-stays") ? 0 : runtime_delete(&runtime, sandbox->object.id, err);
}

static int take_network(struct server *server, struct sandbox *sandbox, struct err *err)
{
	auto_free char *netns = life_path(server, &sandbox->object, "ns/net");
	struct net_request request = { .id = sandbox->object.id, .config = sandbox->config };

	if (sandbox_network_mode(sandbox) == RUNTIME__V1__NAMESPACE_MODE__NODE)
		return 0;
	if (access(netns, F_OK) == 0)
		request.netns = netns;
	return net_del(server->net, &request, process_now_ms() + NET_DEL_MS, err);
}

static int unpin(struct server *server, struct sandbox *sandbox, struct err *err)
{
	/* The user namespace last: it owns the others. */
	static const char *const names[] = { "ns/pid", "ns/uts", "ns/ipc", "ns/net", "ns/user" };
	int first = 0;

	if (fault("cri-namespaces-stay-pinned"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		auto_free char *path = life_path(server, &sandbox->object, names[i]);
		int r = net_ns_unpin(path, first < 0 ? NULL : err);

		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

static int unmount_shm(struct server *server, struct sandbox *sandbox, struct err *err)
{
	auto_free char *path = life_path(server, &sandbox->object, "shm");

	/* Detached: a container that hangs in the kernel must not hold the pod; EINVAL is no mount point. */
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		return fail(err, -errno, "unmount %s", path);
	return 0;
}

int sandbox_release(struct server *server, struct sandbox *sandbox, struct err *err)
{
	static const struct {
		const char *crash;
		int (*undo)(struct server *server, struct sandbox *sandbox, struct err *err);
	} steps[] = {
		{ "release-pause", delete_pause },
		{ "release-network", take_network },
		{ "release-pins", unpin },
		{ "release-shm", unmount_shm },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(steps); i++) {
		r = steps[i].undo(server, sandbox, err);
		crash_point(steps[i].crash);
	}
	return r < 0 ? fail(err, r, "sandbox %s", sandbox->object.id) : 0;
}

/* False: it was so before. */
static bool become_not_ready(struct server *server, struct sandbox *sandbox)
{
	bool was_ready;

	store_lock(server->store);
	was_ready = sandbox->status.phase == PHASE_READY;
	sandbox->status.phase = PHASE_NOTREADY;
	store_unlock(server->store);
	return was_ready;
}

static void forget_addresses(struct server *server, struct sandbox *sandbox)
{
	char **ips;
	size_t count;

	store_lock(server->store);
	count = fault("cri-stopped-ip-told") ? 0 : sandbox->status.ip_count;
	ips = count ? TAKE(sandbox->status.ips) : NULL;
	sandbox->status.ip_count -= count;
	sandbox->status.pid = 0;
	sandbox->status.released = true;
	store_unlock(server->store);
	for (size_t i = 0; i < count; i++)
		free(ips[i]);
	free(ips);
}

int sandbox_stop(struct server *server, struct sandbox *sandbox, struct err *err)
{
	bool was_ready = become_not_ready(server, sandbox);
	int r;

	if (sandbox->status.released)
		return fault("cri-stop-sandbox-once") ? fail_text(err, -EBUSY, "it has stopped already") : 0;
	/* On a full disk too: unrecorded, the next server sees that the pause is gone. */
	(void) store_sandbox_save(server->store, sandbox, NULL);
	crash_point("stop-recorded");
	r = container_stop_all(server, sandbox, err);
	crash_point("stop-containers");
	if (r >= 0)
		r = sandbox_release(server, sandbox, err);
	if (r < 0)
		return r;
	forget_addresses(server, sandbox);
	(void) store_sandbox_save(server->store, sandbox, NULL);
	if (was_ready)
		life_event(server, RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_STOPPED_EVENT, sandbox, NULL);
	return r;
}

int sandbox_forget(struct server *server, struct sandbox *sandbox, struct err *err)
{
	auto_free char *images = life_path(server, &sandbox->object, "images");
	int r = image_volumes_drop(server->images, images, sandbox->object.id, err);

	if (r >= 0)
		r = life_remove_folder(server, &sandbox->object, err);
	crash_point("forget-folder");
	return r < 0 ? r : store_drop(server->store, &sandbox->object, err);
}

int sandbox_remove(struct server *server, struct sandbox *sandbox, struct err *err)
{
	int r;

	if (sandbox->object.dropped)
		return 0;
	store_lock(server->store);
	sandbox->status.removing = true;
	store_unlock(server->store);
	r = sandbox_stop(server, sandbox, err);
	if (r >= 0)
		(void) store_sandbox_save(server->store, sandbox, NULL); /* as above */
	crash_point("remove-recorded");
	if (r >= 0)
		r = container_remove_all(server, sandbox, err);
	crash_point("remove-containers");
	if (r >= 0)
		r = sandbox_forget(server, sandbox, err);
	if (r >= 0)
		life_event(server, RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_DELETED_EVENT, sandbox, NULL);
	return r;
}

/* The containers are left to their owner, who finds the sandbox not ready and stops them: as the kubelet does. */
void sandbox_ended(struct server *server, struct sandbox *sandbox)
{
	if (fault("cri-lost-pause-unseen") || !become_not_ready(server, sandbox))
		return;
	(void) store_sandbox_save(server->store, sandbox, NULL); /* recovery would find out again */
	life_event(server, RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_STOPPED_EVENT, sandbox, NULL);
}
