/* The root file system of a container, for the image module. */
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/sandbox.h"

static struct image_mapping mapping_of(const Runtime__V1__IDMapping *mapping)
{
	return (struct image_mapping){ mapping->host_id, mapping->container_id, mapping->length };
}

static void add_userns(struct container_rootfs *rootfs, const Runtime__V1__UserNamespace *user)
{
	rootfs->uid = mapping_of(user->uids[0]);
	rootfs->gid = mapping_of(user->gids[0]);
	rootfs->image.userns = (struct image_userns){ .userns = rootfs->userns,
						      .uids = &rootfs->uid,
						      .gids = &rootfs->gid,
						      .uid_count = 1,
						      .gid_count = 1 };
}

int container_rootfs_open(const struct server *server, const struct container *container,
			  struct container_rootfs *ret, struct err *err)
{
	const Runtime__V1__UserNamespace *user = sandbox_userns(container->sandbox);
	auto_free char *path = life_path(server, &container->sandbox->object, "ns/user");

	*ret = (struct container_rootfs){
		.storage = life_storage(server, &container->object, ""),
		.target = life_path(server, &container->object, "rootfs"),
		.userns = -EBADF,
	};
	ret->image.image_id = container->facts.image_id;
	ret->image.holder = container->object.id;
	ret->image.storage = ret->storage;
	ret->image.target = ret->target;
	ret->image.userns.userns = -EBADF;
	if (!user)
		return 0;
	ret->userns = file_open_at(AT_FDCWD, path, O_RDONLY, 0, err);
	if (ret->userns < 0)
		return fail(err, ret->userns, "the user namespace of sandbox %s",
			    container->sandbox->object.id);
	add_userns(ret, user);
	return 0;
}

void container_rootfs_close(struct container_rootfs *rootfs)
{
	cleanup_fd(&rootfs->userns);
	free(rootfs->storage);
	free(rootfs->target);
	*rootfs = (struct container_rootfs){ .userns = -EBADF };
}
