/* index.json: written as a whole and put in place by rename, so that a crash leaves the old store or the new one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/manifest.h"
#include "runtime-under-test/cri/image/reference.h"
#include "runtime-under-test/cri/image/store.h"

#define INDEX_MAX (64u << 20)
#define INDEX_VERSION 1

struct image *image_new(const char *id)
{
	struct image *image = calloc(1, sizeof(*image));

	if (!image)
		abort();
	atomic_init(&image->holders, 1);
	image->id = text_format("%s", id);
	image->username = text_format("%s", "");
	return image;
}

static void free_list(char **items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(items[i]);
	free(items);
}

void image_release(struct image *image)
{
	if (!image || atomic_fetch_sub(&image->holders, 1) != 1)
		return;
	free(image->id);
	free_list(image->tags, image->tag_count);
	free_list(image->digests, image->digest_count);
	free_list(image->layers, image->layer_count);
	json_free(image->config);
	free(image->username);
	free(image);
}

int image_read_config(struct image_store *store, struct image *image, struct err *err)
{
	auto_free char *path = blob_path(image->id);
	int r = json_read_at(store->dir, path, MANIFEST_BYTES_MAX, &image->config, err);

	if (r < 0)
		return r;
	free(image->username);
	config_user(image->config, &image->has_uid, &image->uid, &image->username);
	return 0;
}

static struct json *list_to_json(char *const *items, size_t count)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < count; i++)
		json_append(list, json_new_string(items[i]));
	return list;
}

static struct json *image_to_json(const struct image *image)
{
	struct json *object = json_new_object();

	json_put(object, "id", json_new_string(image->id));
	json_put(object, "tags", list_to_json(image->tags, image->tag_count));
	json_put(object, "digests", list_to_json(image->digests, image->digest_count));
	json_put(object, "layers", list_to_json(image->layers, image->layer_count));
	json_put(object, "size", json_new_uint(image->size));
	return object;
}

int images_save_index(struct image_store *store, struct err *err)
{
	auto_json index = json_new_object();
	struct json *images = json_new_array(), *layers = json_new_array();
	auto_text text = { 0 };

	json_put(index, "version", json_new_int(INDEX_VERSION));
	for (size_t i = 0; i < store->image_count; i++)
		json_append(images, image_to_json(store->images[i]));
	for (size_t i = 0; i < store->layer_count; i++) {
		struct json *layer = json_new_object();

		json_put(layer, "chain", json_new_string(store->layers[i].chain));
		json_put(layer, "bytes", json_new_uint(store->layers[i].usage.bytes));
		json_put(layer, "inodes", json_new_uint(store->layers[i].usage.inodes));
		json_append(layers, layer);
	}
	json_put(index, "images", images);
	json_put(index, "layers", layers);
	json_print(index, JSON_PRETTY, &text);
	return file_replace_at(store->dir, "index.json", text_str(&text), text.len, 0600, err);
}

static char **list_from_json(const struct json *list, size_t *ret_count)
{
	char **items = calloc(json_length(list) + 1, sizeof(*items));

	if (!items)
		abort();
	*ret_count = 0;
	for (size_t i = 0; i < json_length(list); i++)
		if (json_string(json_at(list, i)))
			items[(*ret_count)++] = text_format("%s", json_string(json_at(list, i)));
	return items;
}

/* NULL: an image of which something is missing. It is gone then, and can be pulled again. */
static struct image *image_from_json(struct image_store *store, const struct json *object)
{
	const char *id = json_get_string(object, "id");
	auto_image image = NULL;

	if (!id || !image_is_digest(id))
		return NULL;
	image = image_new(id);
	image->tags = list_from_json(json_member(object, "tags"), &image->tag_count);
	image->digests = list_from_json(json_member(object, "digests"), &image->digest_count);
	image->layers = list_from_json(json_member(object, "layers"), &image->layer_count);
	image->size = json_uint(json_member(object, "size"), 0);
	for (size_t i = 0; i < image->layer_count; i++)
		if (!image_is_digest(image->layers[i]) || !images_has_layer(store, image->layers[i]))
			return NULL;
	if (image_read_config(store, image, NULL) < 0)
		return NULL;
	return TAKE(image);
}

static void load_layers(struct image_store *store, const struct json *layers)
{
	store->layers = calloc(json_length(layers) + 1, sizeof(*store->layers));
	if (!store->layers)
		abort();
	for (size_t i = 0; i < json_length(layers); i++) {
		const struct json *layer = json_at(layers, i);
		const char *chain = json_get_string(layer, "chain");

		if (!chain || !image_is_digest(chain))
			continue;
		store->layers[store->layer_count++] = (struct layer_fact){
			.chain = text_format("%s", chain),
			.usage = { json_uint(json_member(layer, "bytes"), 0),
				   json_uint(json_member(layer, "inodes"), 0) },
		};
	}
}

int images_load_index(struct image_store *store, struct err *err)
{
	auto_json index = NULL;
	const struct json *images;
	int r = json_read_at(store->dir, "index.json", INDEX_MAX, &index, err);

	if (r == -ENOENT) {
		*err = (struct err){ 0 };
		return 0;
	}
	if (r < 0)
		return fail(err, r, "%s", store->path);
	if (json_int(json_member(index, "version"), 0) != INDEX_VERSION)
		return fail_text(err, -EINVAL, "%s/index.json: not version %d", store->path, INDEX_VERSION);
	load_layers(store, json_member(index, "layers"));
	images = json_member(index, "images");
	store->images = calloc(json_length(images) + 1, sizeof(struct image *));
	if (!store->images)
		abort();
	for (size_t i = 0; i < json_length(images); i++) {
		struct image *image = image_from_json(store, json_at(images, i));

		if (image)
			store->images[store->image_count++] = image;
	}
	return 0;
}
