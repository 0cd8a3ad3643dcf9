/* Images from disk: OCI layouts as directories or tars, and what `docker save` writes. A tar is unpacked like a layer first. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/assembly.h"
#include "runtime-under-test/cri/image/digest.h"
#include "runtime-under-test/cri/image/manifest.h"
#include "runtime-under-test/cri/image/reference.h"
#include "runtime-under-test/cri/image/store.h"

struct import {
	struct image_store *store;
	int dir; /* the layout, or the opened archive */
	const char *label; /* the name of what is imported, without directory and ending */
	int images; /* so far */
};

/* A file that no link leads out of the layout for. */
static int read_text(const struct import *import, const char *path, struct text *out, struct err *err)
{
	auto_fd fd = file_open_in_root(import->dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err);
	int r;

	if (fd < 0)
		return fd;
	r = file_read_fd(fd, MANIFEST_BYTES_MAX, out, err);
	return r < 0 ? fail(err, r, "%s", path) : 0;
}

static int read_json(const struct import *import, const char *path, struct json **ret, struct err *err)
{
	auto_text text = { 0 };
	int r = read_text(import, path, &text, err);

	if (r < 0)
		return r;
	r = json_parse(text_str(&text), text.len, ret, err);
	return r < 0 ? fail(err, r, "%s", path) : 0;
}

static int hash_file(int fd, const char *path, char ret[DIGEST_SIZE], uint64_t *ret_size, struct err *err)
{
	auto_digest digest = digest_begin();
	char chunk[65536];
	ssize_t n;

	*ret_size = 0;
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno != EINTR)
			return fail(err, -errno, "read %s", path);
		if (n < 0)
			continue;
		digest_add(digest, chunk, (size_t) n);
		*ret_size += (uint64_t) n;
	}
	digest_end(digest, ret);
	return lseek(fd, 0, SEEK_SET) < 0 ? fail(err, -errno, "rewind %s", path) : 0;
}

static int open_file(const struct import *import, const char *path, struct err *err)
{
	auto_fd fd = file_open_in_root(import->dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fail_text(err, -EINVAL, "%.200s is no regular file", path);
	return TAKE_FD(fd);
}

/* Digest and size are the descriptor's, or nothing is read further. */
static int open_blob(const struct import *import, const struct descriptor *descriptor, struct err *err)
{
	auto_free char *path = blob_path(descriptor->digest);
	auto_fd fd = open_file(import, path, err);
	char digest[DIGEST_SIZE];
	uint64_t size;
	int r;

	if (fd < 0)
		return fd;
	r = hash_file(fd, path, digest, &size, err);
	if (r < 0)
		return r;
	if (strcmp(digest, descriptor->digest) != 0)
		return fail_text(err, -EBADMSG, "%s: its digest is %s", path, digest);
	if (size != descriptor->size)
		return fail_text(err, -EBADMSG, "%s: %llu bytes, and %llu were said", path,
				 (unsigned long long) size, (unsigned long long) descriptor->size);
	return TAKE_FD(fd);
}

static int read_blob(const struct import *import, const struct descriptor *descriptor, struct text *out,
		     struct err *err)
{
	auto_fd fd = open_blob(import, descriptor, err);

	return fd < 0 ? fd : file_read_fd(fd, MANIFEST_BYTES_MAX, out, err);
}

static void descriptor_clear(struct descriptor *descriptor)
{
	free(descriptor->digest);
}

/* What the layout calls it: a whole name, or a tag alone, which belongs to a repository named as the layout is. NULL: nothing. */
static char *name_of(const struct import *import, const struct json *entry)
{
	const char *name = json_get_string(entry, "annotations[io.containerd.image.name]");

	if (!name)
		name = json_get_string(entry, "annotations[org.opencontainers.image.ref.name]");
	if (!name)
		return NULL;
	return strpbrk(name, "/:") ? text_format("%s", name) : text_format("%s:%s", import->label, name);
}

static int import_layers(const struct import *import, const struct manifest *manifest,
			 struct assembly *assembly, struct err *err)
{
	for (size_t i = 0; i < assembly->count; i++) {
		auto_fd blob = open_blob(import, &manifest->layers[i], err);
		int r = blob < 0 ? blob : assembly_add(assembly, i, blob, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int import_manifest(struct import *import, const struct json *document, const char *digest,
			   const char *name, struct err *err)
{
	auto_image_reference reference = { 0 };
	auto_free char *tagged = NULL, *digested = NULL;
	auto_manifest manifest = { 0 };
	auto_assembly assembly = { 0 };
	auto_text config = { 0 };
	int r = manifest_read(document, &manifest, err);

	if (r >= 0 && name)
		r = image_reference_parse(name, &reference, err);
	if (r >= 0)
		r = read_blob(import, &manifest.config, &config, err);
	if (r >= 0)
		r = assembly_begin(&assembly, import->store, &manifest, text_str(&config), config.len, err);
	if (r >= 0)
		r = import_layers(import, &manifest, &assembly, err);
	if (r < 0)
		return r;
	if (name) {
		tagged = image_reference_tagged(&reference);
		digested = image_reference_digested(&reference, digest);
	}
	r = assembly_commit(&assembly, tagged, digested, err);
	import->images += r >= 0;
	return r;
}

/* A manifest, or a list of them for several platforms, which may lie in a list once more. */
static int import_entry(struct import *import, const struct descriptor *descriptor, const char *name,
			unsigned depth, struct err *err)
{
	__attribute__((cleanup(descriptor_clear))) struct descriptor chosen = { 0 };
	auto_json document = NULL;
	auto_text text = { 0 };
	int r = read_blob(import, descriptor, &text, err);

	if (r >= 0)
		r = json_parse(text_str(&text), text.len, &document, err);
	if (r < 0)
		return r;
	if (!manifest_is_index(document))
		return import_manifest(import, document, descriptor->digest, name, err);
	if (depth == 2)
		return fail_text(err, -EINVAL, "an index in an index in an index");
	r = manifest_choose(document, &chosen, err);
	return r < 0 ? r : import_entry(import, &chosen, name, depth + 1, err);
}

/* Attestations lie beside images, for a platform "unknown". */
static bool is_for_others(const struct json *entry)
{
	auto_json alone = json_new_object();
	struct json *list = json_new_array();
	__attribute__((cleanup(descriptor_clear))) struct descriptor chosen = { 0 };

	json_append(list, json_copy(entry));
	json_put(alone, "manifests", list);
	return json_member(entry, "platform") && manifest_choose(alone, &chosen, NULL) == -ENOENT;
}

static int import_layout(struct import *import, struct err *err)
{
	auto_json index = NULL;
	const struct json *entries;
	int r = read_json(import, "index.json", &index, err);

	if (r < 0)
		return r;
	entries = json_member(index, "manifests");
	for (size_t i = 0; r >= 0 && i < json_length(entries); i++) {
		const struct json *entry = json_at(entries, i);
		const char *digest = json_get_string(entry, "digest");
		auto_free char *owned = text_format("%s", digest ? digest : ""),
			       *name = name_of(import, entry);
		struct descriptor descriptor = { owned, json_uint(json_member(entry, "size"), 0) };

		if (!image_is_digest(owned))
			return fail_text(err, -EINVAL, "index.json: manifests[%zu] has no digest", i);
		if (!is_for_others(entry))
			r = import_entry(import, &descriptor, name, 0, err);
	}
	if (r >= 0 && !import->images)
		return fail_text(err, -ENOENT, "index.json: no image for linux/%s", manifest_architecture());
	return r;
}

/* Docker's list has no digests: those of the layers are the configuration's diff_ids, for they lie there uncompressed. */
static int import_saved_layers(struct import *import, const struct json *paths, struct assembly *assembly,
			       struct err *err)
{
	for (size_t i = 0; i < assembly->count; i++) {
		const char *path = json_string(json_at(paths, i));
		auto_fd blob = path ? open_file(import, path, err)
				    : fail_text(err, -EINVAL, "manifest.json: Layers[%zu] is no path", i);
		int r = blob < 0 ? blob : assembly_add(assembly, i, blob, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int commit_tags(struct import *import, const struct json *tags, struct assembly *assembly,
		       struct err *err)
{
	size_t count = json_length(tags);
	int r = count ? 0 : assembly_commit(assembly, NULL, NULL, err);

	for (size_t i = 0; r >= 0 && i < count; i++) {
		auto_image_reference reference = { 0 };
		const char *name = json_string(json_at(tags, i));
		auto_free char *tagged = NULL;

		r = image_reference_parse(name ? name : "", &reference, err);
		if (r < 0)
			return r;
		tagged = image_reference_tagged(&reference);
		r = assembly_commit(assembly, tagged, NULL, err);
	}
	import->images += r >= 0;
	return r;
}

static uint64_t sizes_of(const struct import *import, const struct json *paths)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < json_length(paths); i++) {
		const char *path = json_string(json_at(paths, i));
		auto_fd fd = path ? open_file(import, path, NULL) : -EBADF;
		struct stat st;

		if (fd >= 0 && fstat(fd, &st) == 0)
			sum += (uint64_t) st.st_size;
	}
	return sum;
}

static int import_saved(struct import *import, const struct json *image, struct err *err)
{
	const char *path = json_get_string(image, "Config");
	const struct json *paths = json_member(image, "Layers");
	struct manifest manifest = { .layer_count = json_length(paths) };
	char digest[DIGEST_SIZE];
	auto_assembly assembly = { 0 };
	auto_text config = { 0 };
	int r;

	if (!path || json_length(paths) > MANIFEST_LAYERS_MAX)
		return fail_text(err, -EINVAL,
				 "manifest.json: an image without Config, or with too many Layers");
	r = read_text(import, path, &config, err);
	if (r < 0)
		return r;
	digest_of(text_str(&config), config.len, digest);
	manifest.config = (struct descriptor){ digest, config.len };
	manifest.size = config.len + sizes_of(import, paths);
	r = assembly_begin(&assembly, import->store, &manifest, text_str(&config), config.len, err);
	if (r >= 0)
		r = import_saved_layers(import, paths, &assembly, err);
	return r < 0 ? r : commit_tags(import, json_member(image, "RepoTags"), &assembly, err);
}

static int import_docker(struct import *import, struct err *err)
{
	auto_json list = NULL;
	int r = read_json(import, "manifest.json", &list, err);

	if (r >= 0 && json_kind(list) != JSON_ARRAY)
		return fail_text(err, -EINVAL, "manifest.json: no list of images");
	for (size_t i = 0; r >= 0 && i < json_length(list); i++)
		r = import_saved(import, json_at(list, i), err);
	return r;
}

static int import_dir(struct import *import, struct err *err)
{
	auto_fd layout = file_open_in_root(import->dir, "oci-layout", O_PATH, 0, NULL);
	int r;

	if (layout >= 0)
		return import_layout(import, err);
	r = import_docker(import, err);
	return r == -ENOENT ? fail_text(err, -EINVAL, "neither an OCI layout nor what docker save writes")
			    : r;
}

static int import_archive(struct import *import, int archive, struct err *err)
{
	auto_free char *tmp = images_tmp(import->store, err);
	int r;

	if (!tmp)
		return -EIO;
	r = unpack_archive(import->store, archive, tmp, err);
	if (r >= 0) {
		auto_fd dir = file_open_at(import->store->dir, tmp, O_RDONLY | O_DIRECTORY, 0, err);

		import->dir = dir;
		r = dir < 0 ? dir : import_dir(import, err);
	}
	images_tmp_drop(import->store, tmp);
	return r;
}

/* "/a/busybox.oci.tar" and "/a/busybox/" are both called busybox. */
static char *label_of(const char *path)
{
	size_t end = strlen(path), start, len;

	while (end > 1 && path[end - 1] == '/')
		end--;
	start = end;
	while (start && path[start - 1] != '/')
		start--;
	len = strcspn(path + start, ".");
	return text_format("%.*s", (int) (len < end - start ? len : end - start), path + start);
}

int image_import(struct image_store *store, const char *path, struct err *err)
{
	auto_fd fd = file_open_at(AT_FDCWD, path, O_RDONLY | O_NOCTTY, 0, err);
	auto_free char *label = label_of(path);
	struct import import = { .store = store, .dir = fd, .label = label };
	struct stat st;
	int r;

	if (fd < 0)
		return fail(err, fd, "import images");
	if (fstat(fd, &st) < 0)
		return fail(err, -errno, "import %s", path);
	r = S_ISDIR(st.st_mode) ? import_dir(&import, err) : import_archive(&import, fd, err);
	return r < 0 ? fail(err, r, "import %s", path) : import.images;
}
