/* The store of images: opening and closing it, its places on disk, and whether it is made of overlays. */
#include "runtime-under-test/cri/image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/overlay.h"

#define REGISTRIES_MAX (1u << 20)

char *blob_path(const char *digest)
{
	return text_format("blobs/sha256/%s", digest + strlen("sha256:"));
}

char *images_tmp(struct image_store *store, struct err *err)
{
	char *tmp;

	(void) pthread_mutex_lock(&store->lock);
	tmp = text_format("tmp/%u", store->next_tmp++);
	(void) pthread_mutex_unlock(&store->lock);
	if (mkdirat(store->dir, tmp, 0700) == 0)
		return tmp;
	(void) fail(err, -errno, "make directory %s/%s", store->path, tmp);
	free(tmp);
	return NULL;
}

void images_tmp_drop(struct image_store *store, const char *tmp)
{
	/* What cannot be removed now is tried again at the next open. */
	(void) file_remove_tree_at(store->dir, tmp, NULL);
}

/* Files that lie in two layers, removed in one: all that layers ask of an overlay. */
static int try_overlay(struct image_store *store, const char *tmp, struct err *err)
{
	auto_free char *base = text_format("%s/%s", store->path, tmp), *lower = text_format("%s/lower", base);
	auto_free char *upper = text_format("%s/upper", base), *work = text_format("%s/work", base);
	auto_free char *merged = text_format("%s/merged", base), *file = text_format("%s/file", lower);
	auto_free char *seen = text_format("%s/file", merged);
	const char *const lowers[] = { lower };
	struct overlay overlay = { .lowers = lowers, .count = 1, .upper = upper, .work = work };
	int r = 0;

	if (mkdir(lower, 0700) < 0 || mkdir(upper, 0700) < 0 || mkdir(work, 0700) < 0 ||
	    mkdir(merged, 0700) < 0)
		return fail(err, -errno, "make directories in %s", base);
	r = file_create_at(AT_FDCWD, file, "", 0, 0600, err);
	if (r >= 0)
		r = overlay_mount(&overlay, merged, err);
	if (r < 0)
		return r;
	if (unlink(seen) < 0)
		r = fail(err, -errno, "remove a file in an overlay");
	(void) umount2(merged, MNT_DETACH);
	return r;
}

bool images_probe_overlay(struct image_store *store, struct err *err)
{
	auto_free char *tmp = images_tmp(store, err);
	int r = tmp ? try_overlay(store, tmp, err) : -EIO;

	if (tmp)
		images_tmp_drop(store, tmp);
	return r >= 0;
}

/* Layers of one kind are no use to the other, so a store keeps the kind it was made with. */
static int choose_kind(struct image_store *store, struct err *err)
{
	auto_text kind = { 0 };
	struct err why = { 0 };
	bool can = images_probe_overlay(store, &why);
	int r = file_read_at(store->dir, "kind", 64, &kind, NULL);

	if (r == -ENOENT) {
		const char *chosen = can ? "overlay\n" : "copy\n";

		text_add(&kind, chosen);
		r = file_replace_at(store->dir, "kind", chosen, strlen(chosen), 0600, err);
	}
	if (r < 0)
		return fail(err, r, "%s/kind", store->path);
	text_trim_end(&kind);
	store->overlay = !strcmp(text_str(&kind), "overlay");
	if (store->overlay && !can)
		return fail_text(err, -EOPNOTSUPP, "%s is made of overlays, and this machine has none: %s",
				 store->path, why.text);
	store->why_copy =
	    text_format("%s", can ? "the store was made where no overlay could be mounted" : why.text);
	return 0;
}

static int take_lock(struct image_store *store, struct err *err)
{
	store->lock_file = file_open_at(store->dir, "lock", O_RDWR | O_CREAT, 0600, err);
	if (store->lock_file < 0)
		return store->lock_file;
	if (flock(store->lock_file, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			   ? fail_text(err, -EBUSY, "%s: another process has it", store->path)
			   : fail(err, -errno, "lock %s", store->path);
	return 0;
}

static int make_places(struct image_store *store, struct err *err)
{
	static const char *const places[] = { "blobs/sha256", "layers", "holders", "tmp" };
	int r = file_make_dirs_at(AT_FDCWD, store->path, 0700, err);

	if (r < 0)
		return r;
	store->dir = file_open_at(AT_FDCWD, store->path, O_RDONLY | O_DIRECTORY, 0, err);
	if (store->dir < 0)
		return store->dir;
	r = take_lock(store, err);
	/* What an earlier process left here may be mounted on: a killed import of one, say. */
	if (r >= 0)
		r = file_remove_tree_at(store->dir, "tmp", err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(places); i++)
		r = file_make_dirs_at(store->dir, places[i], 0700, err);
	return r;
}

static char *beside_ourselves(const char *program)
{
	auto_text path = { 0 };
	const char *slash;

	if (file_read_link_at(AT_FDCWD, "/proc/self/exe", &path, NULL) < 0 ||
	    !(slash = strrchr(text_str(&path), '/')))
		return text_format("%s", program);
	return text_format("%.*s/%s", (int) (slash - path.data), path.data, program);
}

static int read_options(struct image_store *store, const struct image_store_options *options, struct err *err)
{
	store->path = text_format("%s/images", options->root);
	store->unpacker =
	    options->unpacker ? text_format("%s", options->unpacker) : beside_ourselves("plumbline-unpack");
	store->registry_ca = options->registry_ca ? text_format("%s", options->registry_ca) : NULL;
	store->layer_bytes_max = options->layer_bytes_max ? options->layer_bytes_max : 16ull << 30;
	store->layer_entries_max = options->layer_entries_max ? options->layer_entries_max : 2000000;
	store->reserve_bytes = options->reserve_bytes ? options->reserve_bytes : 64u << 20;
	store->stall_ms = options->stall_ms ? options->stall_ms : 30000;
	if (store->registry_ca && access(store->registry_ca, R_OK) < 0)
		return fail(err, -errno, "read %s", store->registry_ca);
	if (!options->registries)
		return 0;
	return json_read_at(AT_FDCWD, options->registries, REGISTRIES_MAX, &store->registries, err);
}

static int open_store(struct image_store *store, const struct image_store_options *options, struct err *err)
{
	int r = read_options(store, options, err);

	if (r >= 0)
		r = make_places(store, err);
	if (r >= 0)
		r = choose_kind(store, err);
	if (r >= 0)
		r = images_load_holders(store, err);
	if (r >= 0)
		r = images_load_index(store, err);
	if (r >= 0)
		images_collect(store);
	return r;
}

int image_store_open(const struct image_store_options *options, struct image_store **ret, struct err *err)
{
	struct image_store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		abort();
	store->dir = store->lock_file = -EBADF;
	(void) pthread_mutex_init(&store->lock, NULL);
	(void) pthread_cond_init(&store->released, NULL);
	(void) pthread_mutex_init(&store->volumes, NULL);
	r = open_store(store, options, err);
	if (r < 0) {
		image_store_close(store);
		return fail(err, r, "open the store of images");
	}
	*ret = store;
	return 0;
}

void image_store_close(struct image_store *store)
{
	if (!store)
		return;
	for (size_t i = 0; i < store->image_count; i++)
		image_release(store->images[i]);
	free(store->images);
	for (size_t i = 0; i < store->layer_count; i++)
		free(store->layers[i].chain);
	free(store->layers);
	for (size_t i = 0; i < store->holder_count; i++) {
		free(store->holders[i].name);
		names_clear(&store->holders[i].chains);
	}
	free(store->holders);
	names_clear(&store->claims);
	names_clear(&store->pins);
	cleanup_fd(&store->lock_file);
	cleanup_fd(&store->dir);
	(void) pthread_mutex_destroy(&store->lock);
	(void) pthread_cond_destroy(&store->released);
	(void) pthread_mutex_destroy(&store->volumes);
	json_free(store->registries);
	free(store->path);
	free(store->unpacker);
	free(store->registry_ca);
	free(store->why_copy);
	free(store);
}

bool image_store_has_overlay(const struct image_store *store, const char **ret_why)
{
	*ret_why = store->overlay ? "" : store->why_copy;
	return store->overlay;
}

const char *image_store_path(const struct image_store *store)
{
	return store->path;
}
