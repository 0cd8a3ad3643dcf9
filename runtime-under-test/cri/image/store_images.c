/* Images by name: looking them up, making them known, forgetting them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/reference.h"
#include "runtime-under-test/cri/image/store.h"
#include "runtime-under-test/oci/faults.h"

/* As short as the engines print ids; shorter ones are words that people give to repositories. */
#define PREFIX_MIN 12

static bool has_name(char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static struct image *find_by_name(struct image_store *store, const char *tagged, const char *digested)
{
	for (size_t i = 0; i < store->image_count; i++) {
		struct image *image = store->images[i];

		/* With both, the digest says which image is meant; the tag may have moved on. */
		if (digested ? has_name(image->digests, image->digest_count, digested)
			     : tagged && has_name(image->tags, image->tag_count, tagged))
			return image;
	}
	return NULL;
}

static struct image *find_by_id(struct image_store *store, const char *id)
{
	const char *hex = text_starts(id, IMAGE_ID_PREFIX) ? id + strlen(IMAGE_ID_PREFIX) : id;
	size_t len = strlen(hex);
	struct image *found = NULL;

	if (len < PREFIX_MIN || strspn(hex, "0123456789abcdef") != len)
		return NULL;
	for (size_t i = 0; i < store->image_count; i++) {
		if (strncmp(store->images[i]->id + strlen(IMAGE_ID_PREFIX), hex, len) != 0)
			continue;
		if (found)
			return NULL;
		found = store->images[i];
	}
	return found;
}

/* Borrowed, under lock. */
static struct image *lookup(struct image_store *store, const char *name)
{
	auto_image_reference reference = { 0 };
	auto_free char *tagged = NULL, *digested = NULL;
	struct image *found = NULL;

	if (!text_starts(name, IMAGE_ID_PREFIX) && image_reference_parse(name, &reference, NULL) >= 0) {
		tagged = image_reference_tagged(&reference);
		digested = reference.digest ? image_reference_digested(&reference, reference.digest) : NULL;
		found = find_by_name(store, tagged, digested);
	}
	return found ? found : find_by_id(store, name);
}

struct image *image_find(struct image_store *store, const char *name)
{
	struct image *image;

	(void) pthread_mutex_lock(&store->lock);
	image =
	    fault("image-not-found-by-id") && strncmp(name, "sha256:", 7) == 0 ? NULL : lookup(store, name);
	if (image)
		(void) atomic_fetch_add(&image->holders, 1);
	(void) pthread_mutex_unlock(&store->lock);
	return image;
}

size_t image_list(struct image_store *store, struct image ***ret)
{
	size_t count;

	(void) pthread_mutex_lock(&store->lock);
	count = store->image_count;
	*ret = calloc(count + 1, sizeof(struct image *));
	if (!*ret)
		abort();
	for (size_t i = 0; i < count; i++) {
		(*ret)[i] = store->images[i];
		(void) atomic_fetch_add(&store->images[i]->holders, 1);
	}
	(void) pthread_mutex_unlock(&store->lock);
	return count;
}

void image_list_free(struct image **images, size_t count)
{
	for (size_t i = 0; i < count; i++)
		image_release(images[i]);
	free(images);
}

/* The list as it would be; the store's own stays until the disk has the new one. */
struct change {
	struct image **before;
	size_t before_count;
};

static struct change begin_change(struct image_store *store)
{
	struct change change = { store->images, store->image_count };

	store->images = calloc(store->image_count + 2, sizeof(struct image *));
	if (!store->images)
		abort();
	for (size_t i = 0; i < store->image_count; i++) {
		store->images[i] = change.before[i];
		(void) atomic_fetch_add(&change.before[i]->holders, 1);
	}
	return change;
}

static int end_change(struct image_store *store, struct change *change, struct err *err)
{
	int r = images_save_index(store, err);

	if (r < 0) {
		image_list_free(store->images, store->image_count);
		store->images = change->before;
		store->image_count = change->before_count;
		return r;
	}
	image_list_free(change->before, change->before_count);
	return 0;
}

static void take_out(struct image_store *store, size_t at)
{
	image_release(store->images[at]);
	store->image_count--;
	memmove(store->images + at, store->images + at + 1,
		(store->image_count - at) * sizeof(struct image *));
}

int image_remove(struct image_store *store, const char *name, struct err *err)
{
	const struct image *image;
	int r = 0;

	(void) pthread_mutex_lock(&store->lock);
	image = lookup(store, name);
	if (!image && fault("cri-remove-absent-image"))
		r = -ENOENT;
	if (image) {
		struct change change = begin_change(store);

		for (size_t i = store->image_count; i-- > 0;)
			if (store->images[i] == image)
				take_out(store, i);
		r = end_change(store, &change, err);
	}
	(void) pthread_mutex_unlock(&store->lock);
	if (image && r >= 0)
		images_collect(store);
	return r < 0 ? fail(err, r, "remove image \"%.300s\"", name) : 0;
}

static void add_name(char ***names, size_t *count, const char *name)
{
	if (!name || has_name(*names, *count, name))
		return;
	*names = reallocarray(*names, *count + 1, sizeof(**names));
	if (!*names)
		abort();
	(*names)[(*count)++] = text_format("%s", name);
}

static void add_names(struct image *image, const struct image *from, const char *but)
{
	for (size_t i = 0; i < from->tag_count; i++)
		if (!but || strcmp(from->tags[i], but) != 0)
			add_name(&image->tags, &image->tag_count, from->tags[i]);
	for (size_t i = 0; i < from->digest_count; i++)
		add_name(&image->digests, &image->digest_count, from->digests[i]);
}

/* The same image with one tag less. Lists are short, and images never change, so it is a new one. */
static struct image *copy_without(struct image_store *store, const struct image *from, const char *tag)
{
	auto_image image = image_new(from->id);

	add_names(image, from, tag);
	for (size_t i = 0; i < from->layer_count; i++)
		add_name(&image->layers, &image->layer_count, from->layers[i]);
	image->size = from->size;
	return image_read_config(store, image, NULL) < 0 ? NULL : TAKE(image);
}

/* A tag names one image: another one that has it loses it, and stays by its digests. */
static void take_tag(struct image_store *store, const char *tag, const char *id)
{
	for (size_t i = 0; i < store->image_count; i++) {
		struct image *other = store->images[i], *less;

		if (!has_name(other->tags, other->tag_count, tag) || !strcmp(other->id, id))
			continue;
		less = copy_without(store, other, tag);
		if (less) {
			store->images[i] = less;
			image_release(other);
		} else {
			take_out(store, i--);
		}
	}
}

static void put_in(struct image_store *store, struct image *image)
{
	size_t at = 0;

	while (at < store->image_count && strcmp(store->images[at]->id, image->id) < 0)
		at++;
	if (at < store->image_count && !strcmp(store->images[at]->id, image->id)) {
		add_names(image, store->images[at], NULL);
		take_out(store, at);
	}
	memmove(store->images + at + 1, store->images + at,
		(store->image_count - at) * sizeof(struct image *));
	store->images[at] = image;
	store->image_count++;
}

static bool knows(struct image_store *store, const char *id, const char *tag, const char *digest)
{
	for (size_t i = 0; i < store->image_count; i++) {
		const struct image *image = store->images[i];

		if (!strcmp(image->id, id))
			return (!tag || has_name(image->tags, image->tag_count, tag)) &&
			       (!digest || has_name(image->digests, image->digest_count, digest));
	}
	return false;
}

int images_commit(struct image_store *store, struct image *image, const char *tag, const char *digest,
		  struct err *err)
{
	struct change change;
	int r;

	(void) pthread_mutex_lock(&store->lock);
	if (knows(store, image->id, tag, digest)) {
		(void) pthread_mutex_unlock(&store->lock);
		image_release(image);
		return 0;
	}
	(void) pthread_mutex_unlock(&store->lock);
	/* Layers before the index that names them: after a power cut, an image is whole or not there. */
	if (syncfs(store->dir) < 0) {
		r = fail(err, -errno, "sync %s", store->path);
		image_release(image);
		return r;
	}
	(void) pthread_mutex_lock(&store->lock);
	add_name(&image->tags, &image->tag_count, tag);
	add_name(&image->digests, &image->digest_count, digest);
	change = begin_change(store);
	if (tag)
		take_tag(store, tag, image->id);
	put_in(store, image);
	r = end_change(store, &change, err);
	(void) pthread_mutex_unlock(&store->lock);
	return r;
}
