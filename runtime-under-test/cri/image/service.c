/* The service of images: what the interface asks, in the words of the store. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "cri/runtime_v1.pb-c.h"
#include "runtime-under-test/cri/image/image.h"
#include "runtime-under-test/cri/server.h"
#include "runtime-under-test/oci/faults.h"

/* Of a stream's messages, so that a node full of images is no single one. */

static char **copy_names(struct arena *arena, char *const *names, size_t count)
{
	char **copy = arena_array(arena, count + 1, sizeof(*copy));

	for (size_t i = 0; i < count; i++)
		copy[i] = arena_string(arena, names[i]);
	return copy;
}

static Runtime__V1__Image *describe(struct arena *arena, const struct image *image)
{
	Runtime__V1__Image *answer = message_new(arena, &runtime__v1__image__descriptor);

	answer->id = arena_string(arena, image->id);
	answer->n_repo_tags = image->tag_count;
	answer->repo_tags = copy_names(arena, image->tags, image->tag_count);
	answer->n_repo_digests = image->digest_count;
	answer->repo_digests = copy_names(arena, image->digests, image->digest_count);
	answer->size = fault("image-size-zero") ? 0 : image->size;
	/* pinned stays false: the pause process is no image here, so none must be kept from the collector. */
	if (image->has_uid && !fault("image-forgets-uid")) {
		answer->uid = message_new(arena, &runtime__v1__int64_value__descriptor);
		answer->uid->value = image->uid;
	}
	answer->username = arena_string(arena, fault("image-forgets-username") ? "" : image->username);
	return answer;
}

static const char *wanted(const Runtime__V1__ImageFilter *filter)
{
	return filter && filter->image ? filter->image->image : "";
}

/* All of them, or the one that the filter means. */
static Runtime__V1__Image **list(struct rpc_call *call, struct server *server,
				 const Runtime__V1__ImageFilter *filter, size_t *ret_count)
{
	struct arena *arena = rpc_call_arena(call);
	Runtime__V1__Image **answer;
	struct image **images;
	size_t count;

	if (*wanted(filter) && !fault("image-filter-ignored")) {
		auto_image image = image_find(server->images, wanted(filter));

		answer = arena_array(arena, 1, sizeof(*answer));
		*ret_count = image ? 1 : 0;
		answer[0] = image ? describe(arena, image) : NULL;
		return answer;
	}
	count = image_list(server->images, &images);
	answer = arena_array(arena, count + 1, sizeof(*answer));
	for (size_t i = 0; i < count; i++)
		answer[i] = describe(arena, images[i]);
	image_list_free(images, count);
	*ret_count = count;
	return answer;
}

static grpc_status_code list_images(struct rpc_call *call, const void *request, void *response, void *user)
{
	const Runtime__V1__ListImagesRequest *question = request;
	Runtime__V1__ListImagesResponse *answer = response;

	answer->images = list(call, user, question->filter, &answer->n_images);
	return GRPC_STATUS_OK;
}

static Runtime__V1__ImageStatusResponse__InfoEntry *verbose(struct arena *arena, const struct image *image)
{
	Runtime__V1__ImageStatusResponse__InfoEntry *entry =
	    message_new(arena, &runtime__v1__image_status_response__info_entry__descriptor);
	auto_json info = json_new_object();
	auto_text text = { 0 };

	json_put(info, "chainID",
		 json_new_string(image->layer_count ? image->layers[image->layer_count - 1] : ""));
	if (!fault("image-info-lost"))
		json_put(info, "imageSpec", json_copy(image->config));
	json_print(info, 0, &text);
	entry->key = arena_string(arena, "info");
	entry->value = arena_string(arena, text_str(&text));
	return entry;
}

static grpc_status_code image_status(struct rpc_call *call, const void *request, void *response, void *user)
{
	const Runtime__V1__ImageStatusRequest *question = request;
	Runtime__V1__ImageStatusResponse *answer = response;
	const char *name = question->image ? question->image->image : "";
	struct arena *arena = rpc_call_arena(call);
	struct server *server = user;
	auto_image image = NULL;

	if (!*name)
		return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request names no image");
	image = image_find(server->images, name);
	/* No image is an answer: the kubelet pulls then. */
	if (!image)
		return fault("image-status-missing-is-an-error")
			   ? rpc_fail(call, GRPC_STATUS_NOT_FOUND, "there is no image %s", name)
			   : GRPC_STATUS_OK;
	answer->image = describe(arena, image);
	if (!question->verbose)
		return GRPC_STATUS_OK;
	answer->info = arena_array(arena, 1, sizeof(*answer->info));
	answer->info[answer->n_info++] = verbose(arena, image);
	return GRPC_STATUS_OK;
}

static grpc_status_code remove_image(struct rpc_call *call, const void *request, void *response, void *user)
{
	const Runtime__V1__RemoveImageRequest *question = request;
	const char *name = question->image ? question->image->image : "";
	struct server *server = user;
	struct err err = { 0 };
	int r;

	(void) response;
	if (!*name && fault("image-name-not-needed"))
		return GRPC_STATUS_OK;
	if (!*name)
		return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request names no image");
	if (fault("image-remove-does-nothing"))
		return GRPC_STATUS_OK;
	r = image_remove(server->images, name, &err);
	return r < 0 ? rpc_fail_err(call, r, &err) : GRPC_STATUS_OK;
}

/* Containers write below the same directory, so container_filesystems stays empty: it is for those that lie elsewhere. */
static grpc_status_code image_fs_info(struct rpc_call *call, const void *request, void *response, void *user)
{
	Runtime__V1__ImageFsInfoResponse *answer = response;
	struct arena *arena = rpc_call_arena(call);
	Runtime__V1__FilesystemUsage *usage = message_new(arena, &runtime__v1__filesystem_usage__descriptor);
	struct server *server = user;
	struct image_usage used;
	struct timespec now;

	(void) request;
	image_store_usage(server->images, &used);
	(void) clock_gettime(CLOCK_REALTIME, &now);
	usage->timestamp = (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
	usage->fs_id = message_new(arena, &runtime__v1__filesystem_identifier__descriptor);
	usage->fs_id->mountpoint = arena_string(arena, image_store_path(server->images));
	usage->used_bytes = message_new(arena, &runtime__v1__uint64_value__descriptor);
	usage->used_bytes->value = fault("image-fs-usage-zero") ? 0 : used.bytes;
	usage->inodes_used = message_new(arena, &runtime__v1__uint64_value__descriptor);
	usage->inodes_used->value = used.inodes;
	answer->image_filesystems = arena_array(arena, 1, sizeof(*answer->image_filesystems));
	answer->image_filesystems[answer->n_image_filesystems++] = usage;
	return GRPC_STATUS_OK;
}

static bool is_cancelled(void *call)
{
	return rpc_call_done(call);
}

static grpc_status_code status_of(int r)
{
	/* 401 and 403: nothing of the request is wrong, and another password would do. All else as everywhere. */
	return r == -EACCES ? GRPC_STATUS_UNAUTHENTICATED : rpc_status_of(r);
}

static grpc_status_code pull_image(struct rpc_call *call, const void *request, void *response, void *user)
{
	const Runtime__V1__PullImageRequest *question = request;
	Runtime__V1__PullImageResponse *answer = response;
	const Runtime__V1__AuthConfig *given = question->auth;
	const char *name = question->image ? question->image->image : "";
	int64_t left = rpc_call_left_ms(call);
	struct image_patience patience = { .deadline = -1, .is_cancelled = is_cancelled, .user = call };
	struct image_auth auth = { 0 };
	struct server *server = user;
	auto_free char *id = NULL;
	struct err err = { 0 };
	int r;

	if (!*name)
		return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request names no image");
	if (given)
		auth = (struct image_auth){ given->registry_token, given->identity_token,
					    given->username,       given->password,
					    given->auth,           given->server_address };
	if (left != INT64_MAX)
		patience.deadline = process_now_ms() + left;
	r = image_pull(server->images, name, &auth, &patience, &id, &err);
	if (r < 0)
		return rpc_fail(call, status_of(r), "%s", err.text);
	answer->image_ref = arena_string(rpc_call_arena(call), id);
	return GRPC_STATUS_OK;
}

extern const struct rpc_binding image_bindings[];
const struct rpc_binding image_bindings[] = {
	{ "ListImages", list_images },   { "ImageStatus", image_status },  { "PullImage", pull_image },
	{ "RemoveImage", remove_image }, { "ImageFsInfo", image_fs_info }, { 0 },
};

static int import_all(struct server *server, struct err *err)
{
	for (size_t i = 0; i < server->options.imports.count; i++) {
		int r = image_import(server->images, server->options.imports.items[i], err);

		if (r < 0)
			return r;
		server_log("%d image%s from %s", r, r == 1 ? "" : "s", server->options.imports.items[i]);
	}
	return 0;
}

static int open_images(struct server *server, struct err *err)
{
	auto_free char *unpacker = text_format("%s/plumbline-unpack", server->programs);
	struct image_store_options options = {
		.root = server->options.root,
		.unpacker = unpacker,
		.registries = server->options.registries,
		.registry_ca = server->options.registry_ca,
	};
	const char *why;
	int r = image_store_open(&options, &server->images, err);

	if (r < 0)
		return r;
	if (!image_store_has_overlay(server->images, &why))
		server_log("root file systems are copies of images: %s", why);
	return import_all(server, err);
}

static void close_images(struct server *server)
{
	image_store_close(server->images);
	server->images = NULL;
}

extern const struct server_module image_module;
const struct server_module image_module = { .name = "images", .open = open_images, .close = close_images };
