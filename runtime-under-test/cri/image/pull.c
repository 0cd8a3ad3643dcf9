/*
 * One image from a registry. Layers come several at once and are unpacked in their order while the rest still comes; all of it by one
 * thread that waits for bytes, for the unpacker, or for the caller's patience to end. Two pulls of one layer make it once: the
 * first claims it, the other one looks whether it is there yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "runtime-under-test/cri/image/assembly.h"
#include "runtime-under-test/cri/image/manifest.h"
#include "runtime-under-test/cri/image/reference.h"
#include "runtime-under-test/cri/image/store.h"
#include "runtime-under-test/cri/image/transfer.h"
#include "runtime-under-test/oci/faults.h"

/* Downloads of one pull at a time, as docker and containerd have it. */
#define PARALLEL 3
#define TRIES 3
/* Smaller layers may come as long as there is room: the unpacker looks as seldom. */
#define LOOK_BYTES (8u << 20)

struct fetch {
	struct transfer *transfer; /* owned; NULL: not coming */
	char *url, *claim; /* owned while it comes */
	int file; /* what it comes into */
	int blob; /* whole and checked; -EBADF: not yet */
	unsigned tries;
};

struct pull {
	struct image_store *store;
	struct transfers *transfers;
	struct registry *registry;
	const struct manifest *manifest;
	struct assembly *assembly;
	char *tmp; /* owned */
	struct fetch *fetches; /* owned; one a layer */
	size_t next; /* the layer to be unpacked */
	struct unpacking *unpacking;
	char *claim; /* owned: of what is being unpacked */
};

static void end_fetch(struct pull *pull, struct fetch *fetch)
{
	if (fetch->claim)
		images_release(pull->store, fetch->claim);
	free(TAKE(fetch->claim));
	transfer_free(TAKE(fetch->transfer));
	free(TAKE(fetch->url));
	cleanup_fd(&fetch->file);
	fetch->file = -EBADF;
}

static void pull_clear(struct pull *pull)
{
	for (size_t i = 0; pull->fetches && i < pull->assembly->count; i++) {
		end_fetch(pull, &pull->fetches[i]);
		cleanup_fd(&pull->fetches[i].blob);
	}
	free(pull->fetches);
	unpacking_free(pull->unpacking);
	if (pull->claim)
		images_release(pull->store, pull->claim);
	free(pull->claim);
	if (pull->tmp)
		images_tmp_drop(pull->store, pull->tmp);
	free(pull->tmp);
}

static char *file_of(const struct pull *pull, size_t i)
{
	return text_format("%s/%zu", pull->tmp, i);
}

static int start_fetch(struct pull *pull, size_t i, struct err *err)
{
	const struct descriptor *layer = &pull->manifest->layers[i];
	struct fetch *fetch = &pull->fetches[i];
	struct transfer_request request = { .max = layer->size };
	auto_free char *file = file_of(pull, i);

	fetch->file = file_open_at(pull->store->dir, file, O_RDWR | O_CREAT | O_TRUNC, 0600, err);
	if (fetch->file < 0)
		return fetch->file;
	fetch->url = registry_url(pull->registry, "blobs", layer->digest);
	request.url = fetch->url;
	request.fd = fetch->file;
	fetch->tries++;
	fetch->transfer = transfer_start(pull->transfers, &request);
	return 0;
}

/* A registry may declare what it likes, and send it: that would fill the disk to its last byte before the digest is known. */
static int check_room(const struct pull *pull, size_t i, struct err *err)
{
	const struct descriptor *layer = &pull->manifest->layers[i];
	uint64_t left, reserve = pull->store->reserve_bytes;
	struct statvfs disk;

	if (layer->size < LOOK_BYTES || fstatvfs(pull->store->dir, &disk) < 0)
		return 0;
	left = (uint64_t) disk.f_bavail * disk.f_frsize;
	if (left >= reserve && layer->size <= left - reserve)
		return 0;
	return fail_text(
	    err, -ENOSPC,
	    "layer %zu of %zu, %s: %llu bytes, and the disk has %llu left, of which %llu are kept free",
	    i + 1, pull->assembly->count, layer->digest, (unsigned long long) layer->size,
	    (unsigned long long) left, (unsigned long long) reserve);
}

/* Another pull may have fetched it, or be about to. */
static int begin_fetch(struct pull *pull, size_t i, struct err *err)
{
	struct fetch *fetch = &pull->fetches[i];
	auto_free char *path = blob_path(pull->manifest->layers[i].digest);
	auto_free char *claim = text_format("blob %s", pull->manifest->layers[i].digest);
	int r;

	if (!images_claim(pull->store, claim))
		return 0;
	fetch->blob = openat(pull->store->dir, path, O_RDONLY | O_CLOEXEC);
	if (fetch->blob >= 0) {
		images_release(pull->store, claim);
		return 0;
	}
	fetch->claim = TAKE(claim);
	r = check_room(pull, i, err);
	if (r >= 0)
		r = start_fetch(pull, i, err);
	if (r < 0)
		end_fetch(pull, fetch);
	return r;
}

static int begin_fetches(struct pull *pull, struct err *err)
{
	size_t running = 0;
	int r = 0;

	for (size_t i = pull->next; i < pull->assembly->count; i++)
		running += pull->fetches[i].transfer != NULL;
	for (size_t i = pull->next; r >= 0 && running < PARALLEL && i < pull->assembly->count; i++) {
		if (pull->fetches[i].transfer || pull->fetches[i].blob >= 0 ||
		    images_has_layer(pull->store, pull->assembly->chains[i]))
			continue;
		r = begin_fetch(pull, i, err);
		running += pull->fetches[i].transfer != NULL;
	}
	return r;
}

/* Into blobs/ only when it is what its name says. */
static int keep_blob(struct pull *pull, size_t i, struct err *err)
{
	const struct descriptor *layer = &pull->manifest->layers[i];
	auto_free char *path = blob_path(layer->digest), *file = file_of(pull, i);
	struct fetch *fetch = &pull->fetches[i];
	const char *digest = transfer_digest(fetch->transfer);

	if (transfer_bytes(fetch->transfer) != layer->size && !fault("image-blob-size-unchecked"))
		return fail_text(err, -EBADMSG, "%llu bytes came, and the manifest says %llu",
				 (unsigned long long) transfer_bytes(fetch->transfer),
				 (unsigned long long) layer->size);
	if (strcmp(digest, layer->digest) != 0 && !fault("image-blob-digest-unchecked"))
		return fail_text(err, -EBADMSG, "what came has the digest %s", digest);
	if (renameat(pull->store->dir, file, pull->store->dir, path) < 0)
		return fail(err, -errno, "rename %s to %s", file, path);
	if (lseek(fetch->file, 0, SEEK_SET) < 0)
		return fail(err, -errno, "rewind %s", path);
	fetch->blob = TAKE_FD(fetch->file);
	return 0;
}

/* Tokens live for minutes, layers may come for longer; and connections break. */
static int try_again(struct pull *pull, size_t i, int r, struct err *err)
{
	struct fetch *fetch = &pull->fetches[i];
	struct err refused = { 0 };

	if (fetch->tries >= TRIES || (r != -ENOKEY && r != -EHOSTDOWN))
		return r == -ENOKEY ? -EACCES : r;
	if (r == -ENOKEY) {
		r = transfers_authenticate(pull->transfers, transfer_challenge(fetch->transfer), &refused);
		if (r < 0)
			return fail_text(err, r, "%s", refused.text);
	}
	transfer_free(TAKE(fetch->transfer));
	free(TAKE(fetch->url));
	cleanup_fd(&fetch->file);
	fetch->file = -EBADF;
	*err = (struct err){ 0 };
	return start_fetch(pull, i, err);
}

static int end_fetches(struct pull *pull, struct err *err)
{
	for (size_t i = 0; i < pull->assembly->count; i++) {
		struct fetch *fetch = &pull->fetches[i];
		int r;

		if (!fetch->transfer || !transfer_is_done(fetch->transfer))
			continue;
		r = transfer_result(fetch->transfer, err);
		if (r < 0) {
			r = try_again(pull, i, r, err);
			if (r >= 0)
				continue;
		} else {
			r = keep_blob(pull, i, err);
		}
		if (r < 0)
			return fail(err, r, "layer %zu of %zu, %s", i + 1, pull->assembly->count,
				    pull->manifest->layers[i].digest);
		end_fetch(pull, fetch);
	}
	return 0;
}

static void end_claim(struct pull *pull)
{
	images_release(pull->store, pull->claim);
	free(TAKE(pull->claim));
}

static int begin_unpacking(struct pull *pull, struct err *err)
{
	auto_free char *claim = assembly_claim(pull->assembly, pull->next);
	int r;

	if (!images_claim(pull->store, claim))
		return 0; /* another pull is at it */
	pull->claim = TAKE(claim);
	/* It may have ended between our look and our claim. */
	if (images_has_layer(pull->store, pull->assembly->chains[pull->next])) {
		end_claim(pull);
		return 0;
	}
	r = unpacking_begin(pull->store, pull->fetches[pull->next].blob, pull->assembly->chains, pull->next,
			    &pull->unpacking, err);
	if (r < 0)
		end_claim(pull);
	return r;
}

static int end_unpacking(struct pull *pull, struct err *err)
{
	int r = unpacking_end(pull->unpacking, pull->assembly->diff_ids[pull->next],
			      pull->assembly->chains[pull->next], err);

	unpacking_free(TAKE(pull->unpacking));
	end_claim(pull);
	return r;
}

static bool is_unpacked(const struct pull *pull)
{
	struct pollfd fd = { .fd = unpacking_pidfd(pull->unpacking), .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

/* One layer after the other: each is unpacked onto those below. */
static int unpack_some(struct pull *pull, struct err *err)
{
	int r = 0;

	while (r >= 0 && pull->next < pull->assembly->count) {
		if (pull->unpacking) {
			if (!is_unpacked(pull))
				return 0;
			r = end_unpacking(pull, err);
		} else if (images_has_layer(pull->store, pull->assembly->chains[pull->next])) {
			/* Ours, an earlier pull's, or another's just now. */
			end_fetch(pull, &pull->fetches[pull->next]);
			pull->next++;
		} else if (pull->fetches[pull->next].blob >= 0) {
			r = begin_unpacking(pull, err);
			if (!pull->unpacking)
				break;
		} else {
			return 0;
		}
	}
	return r < 0 ? fail(err, r, "unpack layer %zu of %zu", pull->next + 1, pull->assembly->count) : 0;
}

static int run(struct pull *pull, struct err *err)
{
	int r = unpack_some(pull, err);

	while (r >= 0 && pull->next < pull->assembly->count) {
		r = begin_fetches(pull, err);
		if (r >= 0)
			r = transfers_step(pull->transfers,
					   pull->unpacking ? unpacking_pidfd(pull->unpacking) : -1, err);
		if (r >= 0)
			r = end_fetches(pull, err);
		if (r >= 0)
			r = unpack_some(pull, err);
	}
	return r;
}

static int pull_layers(struct image_store *store, struct registry *registry, struct transfers *transfers,
		       const struct manifest *manifest, struct assembly *assembly, struct err *err)
{
	__attribute__((cleanup(pull_clear))) struct pull pull = {
		.store = store,
		.registry = registry,
		.transfers = transfers,
		.manifest = manifest,
		.assembly = assembly,
	};

	pull.tmp = images_tmp(store, err);
	if (!pull.tmp)
		return -EIO;
	pull.fetches = calloc(assembly->count + 1, sizeof(*pull.fetches));
	if (!pull.fetches)
		abort();
	for (size_t i = 0; i < assembly->count; i++)
		pull.fetches[i].file = pull.fetches[i].blob = -EBADF;
	return run(&pull, err);
}

static int parse(const struct text *body, const char *what, struct json **ret, struct err *err)
{
	int r = json_parse(text_str(body), body->len, ret, err);

	return r < 0 ? fail(err, -EBADMSG, "%s", what) : 0;
}

/* The manifest that counts here; digest is the one the reference's repository knows the image by. */
static int fetch_manifest(struct transfers *transfers, const struct image_reference *reference,
			  struct manifest *manifest, char digest[DIGEST_SIZE], struct err *err)
{
	struct descriptor chosen = { 0 };
	auto_json document = NULL;
	auto_json index = NULL;
	char inner[DIGEST_SIZE];
	auto_text body = { 0 };
	int r =
	    transfers_fetch(transfers, "manifests", reference->digest ? reference->digest : reference->tag,
			    MANIFEST_BYTES_MAX, reference->digest, &body, digest, err);

	if (r >= 0)
		r = parse(&body, "manifest", &document, err);
	if (r >= 0 && manifest_is_index(document)) {
		index = TAKE(document);
		r = manifest_choose(index, &chosen, err);
		text_cut(&body, 0);
		if (r >= 0)
			r = transfers_fetch(transfers, "manifests", chosen.digest, MANIFEST_BYTES_MAX,
					    chosen.digest, &body, inner, err);
		free(chosen.digest);
		if (r >= 0)
			r = parse(&body, "manifest", &document, err);
		if (r >= 0 && manifest_is_index(document))
			r = fail_text(err, -EBADMSG, "the index leads to another index");
	}
	return r < 0 ? r : manifest_read(document, manifest, err);
}

/* An image that is here already: its configuration need not come again. */
static int read_config(struct image_store *store, struct transfers *transfers,
		       const struct manifest *manifest, struct text *out, struct err *err)
{
	auto_free char *path = blob_path(manifest->config.digest);
	char digest[DIGEST_SIZE];

	if (file_read_at(store->dir, path, MANIFEST_BYTES_MAX, out, NULL) >= 0)
		return 0;
	return transfers_fetch(transfers, "blobs", manifest->config.digest, manifest->config.size,
			       manifest->config.digest, out, digest, err);
}

/* One at a time: who comes second finds it in the store. */
static int begin_assembly(struct image_store *store, struct transfers *transfers,
			  const struct manifest *manifest, struct assembly *assembly, struct err *err)
{
	auto_free char *claim = text_format("blob %s", manifest->config.digest);
	auto_text config = { 0 };
	int r = 0;

	while (!images_claim(store, claim)) {
		r = transfers_step(transfers, -1, err);
		if (r < 0)
			return r;
	}
	r = read_config(store, transfers, manifest, &config, err);
	if (r >= 0)
		r = assembly_begin(assembly, store, manifest, text_str(&config), config.len, err);
	images_release(store, claim);
	return r;
}

static int pull_reference(struct image_store *store, const struct image_reference *reference,
			  struct registry *registry, const struct image_patience *patience, char **ret_id,
			  struct err *err)
{
	auto_free char *tagged = reference->digest ? NULL : image_reference_tagged(reference),
		       *digested = NULL;
	auto_transfers transfers = NULL;
	auto_manifest manifest = { 0 };
	auto_assembly assembly = { 0 };
	char digest[DIGEST_SIZE];
	int r = transfers_open(registry, patience, store->stall_ms, &transfers, err);

	if (r >= 0)
		r = fetch_manifest(transfers, reference, &manifest, digest, err);
	if (r >= 0)
		r = begin_assembly(store, transfers, &manifest, &assembly, err);
	if (r >= 0)
		r = pull_layers(store, registry, transfers, &manifest, &assembly, err);
	if (r < 0)
		return r;
	digested = image_reference_digested(reference, digest);
	r = assembly_commit(&assembly, fault("image-tag-lost") ? NULL : tagged, digested, err);
	if (r >= 0)
		*ret_id = text_format("%s", assembly.id);
	return r;
}

int image_pull(struct image_store *store, const char *name, const struct image_auth *auth,
	       const struct image_patience *patience, char **ret_id, struct err *err)
{
	auto_image_reference reference = { 0 };
	auto_registry registry = { 0 };
	int r = image_reference_parse(name, &reference, err);

	if (r >= 0)
		r = registry_open(&registry, &reference, store->registries, store->registry_ca, auth, err);
	if (r < 0)
		return r;
	r = pull_reference(store, &reference, &registry, patience, ret_id, err);
	/* From here on -EINVAL would say that the caller's words were wrong. */
	if (r == -EINVAL)
		r = -EBADMSG;
	/* The word that the kubelet looks for: cri-api, pkg/errors. */
	return r < 0 ? fail(err, r, "%spull %s", r == -EHOSTDOWN ? "RegistryUnavailable: " : "", name) : 0;
}
