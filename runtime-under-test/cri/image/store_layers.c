/* Layers: who makes one, who stands on one, and the removal of those that nobody names. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/reference.h"
#include "runtime-under-test/cri/image/store.h"
#include "runtime-under-test/oci/faults.h"

#define HOLDER_MAX 65536
#define HEX(digest) ((digest) + strlen(IMAGE_ID_PREFIX))

char *layer_path(const struct image_store *store, const char *chain)
{
	return text_format("%s/layers/%s", store->path, HEX(chain));
}

/* The rename that puts it there is the last step of its making. */
bool images_has_layer(struct image_store *store, const char *chain)
{
	auto_free char *name = text_format("layers/%s", HEX(chain));
	struct stat st;

	return fstatat(store->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

bool images_claim(struct image_store *store, const char *what)
{
	bool is_free;

	(void) pthread_mutex_lock(&store->lock);
	is_free = !names_has(&store->claims, what);
	if (is_free)
		names_add(&store->claims, what);
	(void) pthread_mutex_unlock(&store->lock);
	return is_free;
}

void images_claim_wait(struct image_store *store, const char *what)
{
	(void) pthread_mutex_lock(&store->lock);
	while (names_has(&store->claims, what))
		(void) pthread_cond_wait(&store->released, &store->lock);
	names_add(&store->claims, what);
	(void) pthread_mutex_unlock(&store->lock);
}

void images_release(struct image_store *store, const char *what)
{
	(void) pthread_mutex_lock(&store->lock);
	names_remove(&store->claims, what);
	(void) pthread_cond_broadcast(&store->released);
	(void) pthread_mutex_unlock(&store->lock);
}

void images_pin(struct image_store *store, char *const *chains, size_t count)
{
	(void) pthread_mutex_lock(&store->lock);
	for (size_t i = 0; i < count; i++)
		names_add(&store->pins, chains[i]);
	(void) pthread_mutex_unlock(&store->lock);
}

void images_unpin(struct image_store *store, char *const *chains, size_t count)
{
	(void) pthread_mutex_lock(&store->lock);
	for (size_t i = 0; i < count; i++)
		names_remove(&store->pins, chains[i]);
	(void) pthread_mutex_unlock(&store->lock);
	images_collect(store);
}

static void note_layer(struct image_store *store, const char *chain, const struct image_usage *usage)
{
	store->layers = reallocarray(store->layers, store->layer_count + 1, sizeof(*store->layers));
	if (!store->layers)
		abort();
	store->layers[store->layer_count++] = (struct layer_fact){ text_format("%s", chain), *usage };
}

static void forget_layer(struct image_store *store, const char *chain)
{
	for (size_t i = 0; i < store->layer_count; i++) {
		if (strcmp(store->layers[i].chain, chain) != 0)
			continue;
		free(store->layers[i].chain);
		store->layers[i] = store->layers[--store->layer_count];
		return;
	}
}

int images_add_layer(struct image_store *store, const char *from, const char *chain,
		     const struct image_usage *usage, struct err *err)
{
	auto_free char *name = text_format("layers/%s", HEX(chain));
	int r = 0;

	(void) pthread_mutex_lock(&store->lock);
	if (renameat(store->dir, from, store->dir, name) < 0)
		r = fail(err, -errno, "rename %s to %s", from, name);
	else
		note_layer(store, chain, usage);
	(void) pthread_mutex_unlock(&store->lock);
	return r;
}

static bool is_named(const struct image_store *store, const char *chain)
{
	if (names_has(&store->pins, chain))
		return true;
	for (size_t i = 0; i < store->image_count; i++)
		for (size_t k = 0; k < store->images[i]->layer_count; k++)
			if (!strcmp(store->images[i]->layers[k], chain))
				return true;
	for (size_t i = 0; i < store->holder_count && !fault("image-holders-ignored"); i++)
		if (names_has(&store->holders[i].chains, chain))
			return true;
	return false;
}

static bool is_config(const struct image_store *store, const char *digest)
{
	for (size_t i = 0; i < store->image_count; i++)
		if (!strcmp(store->images[i]->id, digest))
			return true;
	return false;
}

/* Out of the way by rename, under lock; the removal itself may take its time. */
static void set_aside(struct image_store *store, const char *from, struct names *aside)
{
	auto_free char *tmp = text_format("tmp/%u", store->next_tmp++);

	if (renameat(store->dir, from, store->dir, tmp) == 0)
		names_add(aside, tmp);
}

static void collect_layers(struct image_store *store, struct names *aside)
{
	int fd = openat(store->dir, "layers", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		auto_free char *chain = text_format("sha256:%s", entry->d_name);
		auto_free char *path = text_format("layers/%s", entry->d_name);

		if (entry->d_name[0] == '.' || (image_is_digest(chain) && is_named(store, chain)))
			continue;
		set_aside(store, path, aside);
		forget_layer(store, chain);
	}
}

static void collect_configs(struct image_store *store, struct names *aside)
{
	int fd = openat(store->dir, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		auto_free char *digest = text_format("sha256:%s", entry->d_name);
		auto_free char *path = text_format("blobs/sha256/%s", entry->d_name);

		if (entry->d_name[0] != '.' && !is_config(store, digest))
			set_aside(store, path, aside);
	}
}

void images_collect(struct image_store *store)
{
	auto_names aside = { 0 };

	(void) pthread_mutex_lock(&store->lock);
	collect_layers(store, &aside);
	/* A running pull has blobs here that no image names yet. */
	if (!store->pins.count)
		collect_configs(store, &aside);
	(void) pthread_mutex_unlock(&store->lock);
	for (size_t i = 0; i < aside.count; i++)
		images_tmp_drop(store, aside.items[i]);
}

static struct holder *find_holder(struct image_store *store, const char *name)
{
	for (size_t i = 0; i < store->holder_count; i++)
		if (!strcmp(store->holders[i].name, name))
			return &store->holders[i];
	return NULL;
}

static struct holder *add_holder(struct image_store *store, const char *name)
{
	store->holders = reallocarray(store->holders, store->holder_count + 1, sizeof(*store->holders));
	if (!store->holders)
		abort();
	store->holders[store->holder_count] = (struct holder){ .name = text_format("%s", name) };
	return &store->holders[store->holder_count++];
}

static int write_holder(struct image_store *store, const char *name, const struct image *image,
			struct err *err)
{
	auto_free char *path = text_format("holders/%s", name);
	auto_text text = { 0 };

	for (size_t i = 0; i < image->layer_count; i++)
		text_addf(&text, "%s\n", image->layers[i]);
	return file_replace_at(store->dir, path, text_str(&text), text.len, 0600, err);
}

int images_hold(struct image_store *store, const char *name, const struct image *image, struct err *err)
{
	struct holder *holder;
	int r;

	if (!*name || *name == '.' || strchr(name, '/'))
		return fail_text(err, -EINVAL, "\"%s\" is no name of a container", name);
	(void) pthread_mutex_lock(&store->lock);
	/* Between finding the image and this, it may have been removed. */
	r = 0;
	for (size_t i = 0; i < image->layer_count && r >= 0; i++)
		if (!images_has_layer(store, image->layers[i]))
			r = fail_text(err, -ENOENT, "image %s was removed", image->id);
	if (r >= 0)
		r = write_holder(store, name, image, err);
	if (r >= 0) {
		holder = find_holder(store, name);
		if (!holder)
			holder = add_holder(store, name);
		names_clear(&holder->chains);
		for (size_t i = 0; i < image->layer_count; i++)
			names_add(&holder->chains, image->layers[i]);
	}
	(void) pthread_mutex_unlock(&store->lock);
	return r;
}

static int forget_holder(struct image_store *store, struct holder *holder, struct err *err)
{
	auto_free char *path = text_format("holders/%s", holder->name);

	if (unlinkat(store->dir, path, 0) < 0 && errno != ENOENT)
		return fail(err, -errno, "remove %s", path);
	free(holder->name);
	names_clear(&holder->chains);
	*holder = store->holders[--store->holder_count];
	return 0;
}

/* As a rule the image is still there, and nothing is to be looked for. */
static bool leaves_garbage(struct image_store *store, const struct names *chains)
{
	for (size_t i = 0; i < chains->count; i++)
		if (!is_named(store, chains->items[i]))
			return true;
	return false;
}

int images_let_go(struct image_store *store, const char *name, struct err *err)
{
	auto_names chains = { 0 };
	struct holder *holder;
	bool garbage;
	int r = 0;

	(void) pthread_mutex_lock(&store->lock);
	holder = find_holder(store, name);
	for (size_t i = 0; holder && i < holder->chains.count; i++)
		names_add(&chains, holder->chains.items[i]);
	if (holder)
		r = forget_holder(store, holder, err);
	garbage = leaves_garbage(store, &chains);
	(void) pthread_mutex_unlock(&store->lock);
	if (garbage)
		images_collect(store);
	return r;
}

void image_sweep_holders(struct image_store *store, bool (*is_alive)(const char *holder, void *user),
			 void *user)
{
	(void) pthread_mutex_lock(&store->lock);
	for (size_t i = store->holder_count; i-- > 0;) {
		/* Of a volume: the sandbox's id, a dot, and the image. */
		auto_free char *id =
		    text_format("%.*s", (int) strcspn(store->holders[i].name, "."), store->holders[i].name);

		if (!is_alive(id, user))
			(void) forget_holder(store, &store->holders[i], NULL);
	}
	(void) pthread_mutex_unlock(&store->lock);
	images_collect(store);
}

static int load_holder(struct image_store *store, const char *name, struct err *err)
{
	auto_free char *path = text_format("holders/%s", name);
	auto_text text = { 0 };
	struct holder *holder;
	int r = file_read_at(store->dir, path, HOLDER_MAX, &text, err);

	if (r < 0)
		return r;
	holder = add_holder(store, name);
	for (char *rest = text.data, *line; (line = strsep(&rest, "\n"));)
		if (image_is_digest(line))
			names_add(&holder->chains, line);
	return 0;
}

int images_load_holders(struct image_store *store, struct err *err)
{
	int fd = openat(store->dir, "holders", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return fail(err, -errno, "read %s/holders", store->path);
	while (r >= 0 && (entry = readdir(dir)))
		/* A dot: of the directory. ".new-": of a process that died while it wrote one. */
		if (entry->d_name[0] != '.' && !strstr(entry->d_name, ".new-"))
			r = load_holder(store, entry->d_name, err);
	return r;
}

void image_store_usage(struct image_store *store, struct image_usage *ret)
{
	*ret = (struct image_usage){ 0 };
	(void) pthread_mutex_lock(&store->lock);
	for (size_t i = 0; i < store->layer_count; i++) {
		ret->bytes += store->layers[i].usage.bytes;
		ret->inodes += store->layers[i].usage.inodes;
	}
	(void) pthread_mutex_unlock(&store->lock);
}
