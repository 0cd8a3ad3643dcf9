/* Layer, configuration, manifest, index: each names the one before by its digest. */
#include "harness/cri_image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "harness/tar.h"

#define OCI_TYPE "application/vnd.oci.image."

/* Where the parts go: a directory, and an archive of the same. */
struct layout {
	int directory;
	struct text archive;
};

static int put(struct layout *layout, const char *name, const struct text *content, struct err *err)
{
	int r = file_create_at(layout->directory, name, text_str(content), content->len, 0644, err);

	return r < 0 ? r : tar_add_file(name, text_str(content), content->len, 0644, &layout->archive, err);
}

/* {"mediaType", "digest", "size"} of the blob that was written; NULL with an error. */
static struct json *put_blob(struct layout *layout, const char *type, const struct text *content,
			     struct err *err)
{
	char hex[SHA256_HEX_SIZE];
	struct sha256 hash;
	struct json *descriptor;

	sha256_begin(&hash);
	sha256_add(&hash, text_str(content), content->len);
	sha256_end(&hash, hex);
	auto_free char *path = text_format("blobs/sha256/%s", hex);
	auto_free char *digest = text_format("sha256:%s", hex);
	if (put(layout, path, content, err) < 0)
		return NULL;
	descriptor = json_new_object();
	json_put(descriptor, "mediaType", json_new_string(type));
	json_put(descriptor, "digest", json_new_string(digest));
	json_put(descriptor, "size", json_new_int((int64_t) content->len));
	return descriptor;
}

static struct json *put_json(struct layout *layout, const char *type, const struct json *value,
			     struct err *err)
{
	auto_text text = { 0 };

	json_print(value, 0, &text);
	return put_blob(layout, type, &text, err);
}

static struct json *put_layer(struct layout *layout, int rootfs, struct err *err)
{
	auto_text archive = { 0 };

	if (tar_add_tree(rootfs, &archive, err) < 0)
		return NULL;
	tar_end(&archive);
	return put_blob(layout, OCI_TYPE "layer.v1.tar", &archive, err);
}

static struct json *list_of(struct json *taken)
{
	struct json *list = json_new_array();

	json_append(list, taken);
	return list;
}

/* The layer is not compressed, so its digest is its diff_id as well. config.md#properties */
static struct json *put_configuration(struct layout *layout, const struct json *layer,
				      const struct json *config, struct err *err)
{
	auto_json whole = json_new_object();
	struct json *rootfs = json_new_object();

	json_put(whole, "architecture", json_new_string("amd64"));
	json_put(whole, "os", json_new_string("linux"));
	json_put(whole, "config", json_copy(config));
	json_put(rootfs, "type", json_new_string("layers"));
	json_put(rootfs, "diff_ids", list_of(json_copy(json_member(layer, "digest"))));
	json_put(whole, "rootfs", rootfs);
	return put_json(layout, OCI_TYPE "config.v1+json", whole, err);
}

/* One image of the layer: its row of the index, NULL with an error. */
static struct json *put_image(struct layout *layout, const struct json *layer, const struct cri_image *image,
			      char **ret_id, struct err *err)
{
	auto_json configuration = put_configuration(layout, layer, image->config, err);
	auto_json manifest = json_new_object();
	struct json *row, *names;

	if (!configuration)
		return NULL;
	json_put(manifest, "schemaVersion", json_new_int(2));
	json_put(manifest, "mediaType", json_new_string(OCI_TYPE "manifest.v1+json"));
	json_put(manifest, "config", json_copy(configuration));
	json_put(manifest, "layers", list_of(json_copy(layer)));
	row = put_json(layout, OCI_TYPE "manifest.v1+json", manifest, err);
	if (!row)
		return NULL;
	/* containerd takes the whole name from its own annotation, everybody else from the standard one. */
	names = json_new_object();
	json_put(names, "org.opencontainers.image.ref.name", json_new_string(image->reference));
	json_put(names, "io.containerd.image.name", json_new_string(image->reference));
	json_put(row, "annotations", names);
	if (ret_id)
		*ret_id = text_format("%s", json_get_string(configuration, "digest"));
	return row;
}

static int write_parts(struct layout *layout, int rootfs, const struct cri_image *images, size_t count,
		       char **ret_id, struct err *err)
{
	auto_json layer = put_layer(layout, rootfs, err);
	auto_json index = json_new_object();
	auto_text text = { 0 }, version = { 0 };
	struct json *rows = json_new_array();

	json_put(index, "schemaVersion", json_new_int(2));
	json_put(index, "mediaType", json_new_string(OCI_TYPE "index.v1+json"));
	json_put(index, "manifests", rows);
	for (size_t i = 0; i < count; i++) {
		struct json *row =
		    layer ? put_image(layout, layer, &images[i], i ? NULL : ret_id, err) : NULL;

		if (!row)
			return -EIO;
		json_append(rows, row);
	}
	json_print(index, 0, &text);
	int r = put(layout, "index.json", &text, err);
	text_add(&version, "{\"imageLayoutVersion\":\"1.0.0\"}");
	return r < 0 ? r : put(layout, "oci-layout", &version, err);
}

int cri_image_write(int parent, const char *name, int rootfs, const struct cri_image *images, size_t count,
		    char **ret_id, struct err *err)
{
	auto_free char *blobs = text_format("%s/blobs/sha256", name);
	auto_free char *archive = text_format("%s.tar", name);
	struct layout layout = { .directory = -EBADF };
	int r = file_make_dirs_at(parent, blobs, 0755, err);

	if (r >= 0)
		r = layout.directory = file_open_at(parent, name, O_RDONLY | O_DIRECTORY, 0, err);
	if (r >= 0)
		r = write_parts(&layout, rootfs, images, count, ret_id, err);
	if (r >= 0) {
		tar_end(&layout.archive);
		r = file_create_at(parent, archive, text_str(&layout.archive), layout.archive.len, 0644, err);
	}
	cleanup_fd(&layout.directory);
	text_free(&layout.archive);
	return r < 0 ? fail(err, r, "image %s", images[0].reference) : 0;
}
