/* An image on its way into the store. */
#include "runtime-under-test/cri/image/assembly.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/digest.h"
#include "runtime-under-test/cri/image/manifest.h"
#include "runtime-under-test/cri/image/store.h"

static int check_config(const struct manifest *manifest, const char *config, size_t len, struct json **ret,
			struct err *err)
{
	char digest[DIGEST_SIZE];
	const char *os, *architecture;
	int r;

	digest_of(config, len, digest);
	if (strcmp(digest, manifest->config.digest) != 0)
		return fail_text(err, -EBADMSG, "configuration: its digest is %s, and the manifest says %s",
				 digest, manifest->config.digest);
	r = json_parse(config, len, ret, err);
	if (r < 0)
		return fail(err, r, "configuration");
	os = json_get_string(*ret, "os");
	architecture = json_get_string(*ret, "architecture");
	if ((os && strcmp(os, "linux") != 0) ||
	    (architecture && strcmp(architecture, manifest_architecture()) != 0))
		return fail_text(err, -EINVAL,
				 "configuration: an image for %.50s/%.50s, and this is linux/%s",
				 os ? os : "", architecture ? architecture : "", manifest_architecture());
	return 0;
}

static void name_chains(struct assembly *assembly)
{
	assembly->chains = calloc(assembly->count + 1, sizeof(*assembly->chains));
	assembly->pins = calloc(assembly->count + 1, sizeof(*assembly->pins));
	if (!assembly->chains || !assembly->pins)
		abort();
	for (size_t i = 0; i < assembly->count; i++) {
		assembly->chains[i] = chain_id(i ? assembly->chains[i - 1] : NULL, assembly->diff_ids[i]);
		assembly->pins[i] = assembly->chains[i];
	}
	/* The configuration as well: no image names it yet. */
	assembly->pins[assembly->count] = assembly->id;
}

int assembly_begin(struct assembly *assembly, struct image_store *store, const struct manifest *manifest,
		   const char *config, size_t len, struct err *err)
{
	auto_json parsed = NULL;
	auto_free char *path = blob_path(manifest->config.digest);
	int r = check_config(manifest, config, len, &parsed, err);

	if (r < 0)
		return r;
	r = config_diff_ids(parsed, manifest->layer_count, &assembly->diff_ids, err);
	if (r < 0)
		return r;
	assembly->store = store;
	assembly->id = text_format("%s", manifest->config.digest);
	assembly->count = manifest->layer_count;
	assembly->size = manifest->size;
	name_chains(assembly);
	images_pin(store, assembly->pins, assembly->count + 1);
	return file_replace_at(store->dir, path, config, len, 0600, err);
}

char *assembly_claim(const struct assembly *assembly, size_t i)
{
	return text_format("layer %s", assembly->chains[i]);
}

int assembly_add(struct assembly *assembly, size_t i, int blob, struct err *err)
{
	auto_free char *claim = assembly_claim(assembly, i);
	auto_unpacking unpacking = NULL;
	int r = 0;

	images_claim_wait(assembly->store, claim);
	if (!images_has_layer(assembly->store, assembly->chains[i])) {
		r = unpacking_begin(assembly->store, blob, assembly->chains, i, &unpacking, err);
		if (r >= 0)
			r = unpacking_end(unpacking, assembly->diff_ids[i], assembly->chains[i], err);
	}
	images_release(assembly->store, claim);
	return r < 0 ? fail(err, r, "unpack layer %zu of %zu", i + 1, assembly->count) : 0;
}

int assembly_commit(struct assembly *assembly, const char *tag, const char *digest, struct err *err)
{
	auto_image image = image_new(assembly->id);
	int r = image_read_config(assembly->store, image, err);

	if (r < 0)
		return r;
	image->layers = calloc(assembly->count + 1, sizeof(*image->layers));
	if (!image->layers)
		abort();
	for (size_t i = 0; i < assembly->count; i++)
		image->layers[image->layer_count++] = text_format("%s", assembly->chains[i]);
	image->size = assembly->size;
	return images_commit(assembly->store, TAKE(image), tag, digest, err);
}

void assembly_clear(struct assembly *assembly)
{
	if (assembly->pins)
		images_unpin(assembly->store, assembly->pins, assembly->count + 1);
	for (size_t i = 0; i < assembly->count; i++) {
		free(assembly->diff_ids[i]);
		free(assembly->chains[i]);
	}
	free(assembly->diff_ids);
	free(assembly->chains);
	free(assembly->pins);
	free(assembly->id);
	*assembly = (struct assembly){ 0 };
}
