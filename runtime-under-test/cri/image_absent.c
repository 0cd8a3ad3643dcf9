/* Answers where no image store is linked in: there are no images, and nothing of them is to be undone. */
#include <errno.h>

#include "base/err.h"
#include "runtime-under-test/cri/image/image.h"

#define WEAK __attribute__((weak))

static int absent(struct err *err)
{
	return fail_text(err, -ENOSYS, "this server is built without images");
}

WEAK struct image *image_find(struct image_store *store, const char *reference)
{
	(void) store;
	(void) reference;
	return NULL;
}

WEAK void image_release(struct image *image)
{
	(void) image;
}

WEAK int image_rootfs_make(struct image_store *store, const struct image_rootfs *rootfs, struct err *err)
{
	(void) store;
	(void) rootfs;
	return absent(err);
}

WEAK int image_rootfs_drop(struct image_store *store, const struct image_rootfs *rootfs, struct err *err)
{
	(void) store;
	(void) rootfs;
	(void) err;
	return 0;
}

WEAK int image_volume_mount(struct image_store *store, const char *image_id, const char *sub_path,
			    const char *directory, const char *sandbox_id, const struct image_userns *userns,
			    char **ret_path, struct err *err)
{
	(void) store;
	(void) image_id;
	(void) sub_path;
	(void) directory;
	(void) sandbox_id;
	(void) userns;
	(void) ret_path;
	return absent(err);
}

WEAK int image_volumes_drop(struct image_store *store, const char *directory, const char *sandbox_id,
			    struct err *err)
{
	(void) store;
	(void) directory;
	(void) sandbox_id;
	(void) err;
	return 0;
}

WEAK int image_copy_up(int rootfs, const char *path, int directory, struct err *err)
{
	(void) rootfs;
	(void) path;
	(void) directory;
	return absent(err);
}

WEAK void image_sweep_holders(struct image_store *store, bool (*is_alive)(const char *holder, void *user),
			      void *user)
{
	(void) store;
	(void) is_alive;
	(void) user;
}
