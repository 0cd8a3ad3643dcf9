/* Readers of index, manifest and configuration: OCI image-spec 1.1, and Docker's second schema, which it grew from. */
#include "runtime-under-test/cri/image/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/digest.h"
#include "runtime-under-test/cri/image/reference.h"

#define DOCKER "application/vnd.docker.distribution."
#define OCI "application/vnd.oci.image."

const char manifest_accept[] =
    OCI "index.v1+json, " OCI "manifest.v1+json, " DOCKER "manifest.list.v2+json, " DOCKER "manifest.v2+json";

const char *manifest_architecture(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__arm__)
	return "arm";
#elif defined(__riscv)
	return "riscv64";
#elif defined(__s390x__)
	return "s390x";
#elif defined(__powerpc64__)
	return "ppc64le";
#else
	return "386";
#endif
}

bool manifest_is_index(const struct json *document)
{
	const char *type = json_get_string(document, "mediaType");

	/* The media type may be left out; the list of manifests may not. */
	if (json_kind(json_member(document, "manifests")) != JSON_ARRAY)
		return false;
	return !type || !strcmp(type, OCI "index.v1+json") || !strcmp(type, DOCKER "manifest.list.v2+json");
}

static int read_descriptor(const struct json *value, const char *what, struct descriptor *ret,
			   struct err *err)
{
	const char *digest = json_string(json_member(value, "digest"));
	const struct json *size = json_member(value, "size");

	if (!digest || !image_is_digest(digest))
		return fail_text(err, -EINVAL,
				 "%s: digest \"%.100s\" is none that is known: sha256 and 64 digits", what,
				 digest ? digest : "");
	if (!json_is_unsigned(size))
		return fail_text(err, -EINVAL, "%s: size is no number", what);
	*ret = (struct descriptor){ .digest = text_format("%s", digest), .size = json_uint(size, 0) };
	return 0;
}

/* Variants: "v8" is the only arm64 there is; an index for amd64 may have v2 and v3 beside the plain one, which runs anywhere. */
static bool is_for_us(const struct json *platform)
{
	const char *os = json_get_string(platform, "os"), *variant = json_get_string(platform, "variant");
	const char *architecture = json_get_string(platform, "architecture");

	if (!os || strcmp(os, "linux") != 0 || !architecture ||
	    strcmp(architecture, manifest_architecture()) != 0)
		return false;
	return !variant || !*variant || strcmp(architecture, "amd64") != 0 || !strcmp(variant, "v1");
}

int manifest_choose(const struct json *index, struct descriptor *ret, struct err *err)
{
	const struct json *manifests = json_member(index, "manifests"), *alone = NULL;

	for (size_t i = 0; i < json_length(manifests); i++) {
		const struct json *entry = json_at(manifests, i);

		if (is_for_us(json_member(entry, "platform")))
			return read_descriptor(entry, "index", ret, err);
		/* Layouts of one image say no platform. */
		if (json_length(manifests) == 1 && !json_member(entry, "platform"))
			alone = entry;
	}
	if (alone)
		return read_descriptor(alone, "index", ret, err);
	return fail_text(err, -ENOENT, "no image for linux/%s among %zu", manifest_architecture(),
			 json_length(manifests));
}

void manifest_clear(struct manifest *manifest)
{
	free(manifest->config.digest);
	for (size_t i = 0; i < manifest->layer_count; i++)
		free(manifest->layers[i].digest);
	free(manifest->layers);
	*manifest = (struct manifest){ 0 };
}

static bool is_image_config(const char *type)
{
	return !type || !strcmp(type, OCI "config.v1+json") ||
	       !strcmp(type, "application/vnd.docker.container.image.v1+json");
}

static int read_layers(const struct json *layers, struct manifest *manifest, struct err *err)
{
	size_t count = json_length(layers);

	if (json_kind(layers) != JSON_ARRAY)
		return fail_text(err, -EINVAL, "manifest: layers is no list");
	if (count > MANIFEST_LAYERS_MAX)
		return fail_text(err, -EINVAL,
				 "manifest: %zu layers, and %d are the most that can be stacked", count,
				 MANIFEST_LAYERS_MAX);
	manifest->layers = calloc(count + 1, sizeof(*manifest->layers));
	if (!manifest->layers)
		abort();
	for (size_t i = 0; i < count; i++) {
		auto_free char *what = text_format("manifest: layers[%zu]", i);
		int r = read_descriptor(json_at(layers, i), what, &manifest->layers[i], err);

		if (r < 0)
			return r;
		manifest->layer_count++;
		if (__builtin_add_overflow(manifest->size, manifest->layers[i].size, &manifest->size))
			return fail_text(err, -EINVAL, "%s: sizes beyond 64 bits", what);
	}
	return 0;
}

int manifest_read(const struct json *document, struct manifest *ret, struct err *err)
{
	const char *type = json_get_string(document, "config.mediaType");
	auto_manifest manifest = { 0 };
	int r;

	if (json_kind(document) != JSON_OBJECT)
		return fail_text(err, -EINVAL, "manifest: %s instead of an object",
				 json_kind_name(json_kind(document)));
	if (json_int(json_member(document, "schemaVersion"), 0) != 2)
		return fail_text(err, -EINVAL, "manifest: only schema version 2 is known");
	if (!is_image_config(type))
		return fail_text(
		    err, -EINVAL,
		    "manifest: the configuration is \"%.100s\": an artifact, not an image to run", type);
	r = read_descriptor(json_member(document, "config"), "manifest: config", &manifest.config, err);
	if (r < 0)
		return r;
	if (manifest.config.size > MANIFEST_BYTES_MAX)
		return fail_text(err, -EINVAL, "manifest: config: more than %u bytes", MANIFEST_BYTES_MAX);
	manifest.size = manifest.config.size;
	r = read_layers(json_member(document, "layers"), &manifest, err);
	if (r < 0)
		return r;
	*ret = manifest;
	manifest = (struct manifest){ 0 };
	return 0;
}

static void free_strings(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

int config_diff_ids(const struct json *config, size_t count, char ***ret, struct err *err)
{
	const struct json *list = json_get(config, "rootfs.diff_ids");
	char **ids;

	if (json_length(list) != count)
		return fail_text(err, -EINVAL, "configuration: %zu diff_ids for %zu layers",
				 json_length(list), count);
	ids = calloc(count + 1, sizeof(*ids));
	if (!ids)
		abort();
	for (size_t i = 0; i < count; i++) {
		const char *id = json_string(json_at(list, i));

		if (!id || !image_is_digest(id)) {
			free_strings(ids, i);
			return fail_text(err, -EINVAL,
					 "configuration: rootfs.diff_ids[%zu] is no sha256 digest", i);
		}
		ids[i] = text_format("%s", id);
	}
	*ret = ids;
	return 0;
}

char *chain_id(const char *parent, const char *diff_id)
{
	auto_free char *both = parent ? text_format("%s %s", parent, diff_id) : NULL;
	char digest[DIGEST_SIZE];

	if (!parent)
		return text_format("%s", diff_id);
	digest_of(both, strlen(both), digest);
	return text_format("%s", digest);
}

void config_user(const struct json *config, bool *ret_has_uid, int64_t *ret_uid, char **ret_name)
{
	const char *user = json_get_string(config, "config.User");
	auto_free char *name =
	    user ? text_format("%.*s", (int) strcspn(user, ":"), user) : text_format("%s", "");
	unsigned long long uid;

	*ret_has_uid = text_to_u64(name, &uid) == 0 && uid <= INT64_MAX;
	*ret_uid = *ret_has_uid ? (int64_t) uid : 0;
	*ret_name = *ret_has_uid ? text_format("%s", "") : TAKE(name);
}
