/* RemoveContainer: what runs is killed, then nothing is left but the log, which is the kubelet's. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/crash.h"
#include "runtime-under-test/cri/net/net.h"
#include "runtime-under-test/oci/faults.h"

int container_forget(struct server *server, struct container *container, struct err *err)
{
	auto_free char *pinned = life_path(server, &container->object, "ns-pid");
	auto_container_rootfs rootfs = { .userns = -EBADF };
	int r = net_ns_unpin(pinned, err);

	/* Its sandbox's user namespace may be gone, which undoing does not need. */
	(void) container_rootfs_open(server, container, &rootfs, NULL);
	if (r >= 0 && !fault("cri-rootfs-stays"))
		r = image_rootfs_drop(server->images, &rootfs.image, err);
	crash_point("forget-rootfs");
	if (r >= 0)
		r = life_remove_folder(server, &container->object, err);
	crash_point("forget-files");
	return r < 0 ? r : store_drop(server->store, &container->object, err);
}

static int forget(struct server *server, struct container *container, struct err *err)
{
	int r;

	(void) pthread_mutex_lock(&container->object.operation);
	r = container->object.dropped ? 0 : container_clean(server, container, err);
	if (r >= 0 && !container->object.dropped) {
		r = container_forget(server, container, err);
		if (r >= 0)
			life_event(server, RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_DELETED_EVENT,
				   container->sandbox, container);
	}
	(void) pthread_mutex_unlock(&container->object.operation);
	return r;
}

int container_remove(struct server *server, struct container *container, struct err *err)
{
	int r;

	store_lock(server->store);
	if (container->status.removing && fault("cri-remove-once")) {
		store_unlock(server->store);
		return fail_text(err, -EBUSY, "it is being removed");
	}
	container->status.removing = true;
	store_unlock(server->store);
	r = container_stop(server, container, 0, NULL, err);
	/* A full disk must not keep what would make room on it; unrecorded, a killed removal waits to be asked for again. */
	if (r >= 0 && !container->object.dropped)
		(void) store_container_save(server->store, container, NULL);
	crash_point("remove-stopped");
	return r < 0 ? r : forget(server, container, err);
}

int container_remove_all(struct server *server, struct sandbox *sandbox, struct err *err)
{
	auto_object_list list = { 0 };
	int r = 0;

	if (fault("cri-remove-sandbox-leaves-containers"))
		return 0;
	store_containers_of(server->store, sandbox, &list);
	for (size_t i = 0; r >= 0 && i < list.count; i++)
		r = container_remove(server, list.items[i], err);
	return r;
}
