/*
 * Objects on disk. What is replaced is replaced by rename, so that a killed server finds the old or the new content; there is
 * no fsync, for a machine that lost power has lost its containers too, and unreadable records are cleared away.
 */
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
#include "base/wire/message.h"
#include "runtime-under-test/cri/store_internal.h"
#include "runtime-under-test/oci/faults.h"

enum { RECORD_MAX = 17 << 20 }; /* a request may have 16 MiB */

static int replace(int directory, const char *id, const char *name, const struct text *content,
		   struct err *err)
{
	auto_free char *path = text_format("%s/%s", id, name);
	auto_free char *fresh = text_format("%s/%s.new", id, name);
	int r = file_create_at(directory, fresh, text_str(content), content->len, 0600, err);

	if (r < 0)
		return r;
	if (renameat(directory, fresh, directory, path) < 0)
		return fail(err, -errno, "put the new %s in place", path);
	return 0;
}

static int write_message(int directory, const char *id, const char *name, const ProtobufCMessage *message,
			 struct err *err)
{
	auto_text bytes = { 0 };
	int r = message_encode(message, &bytes, err);

	return r < 0 ? r : replace(directory, id, name, &bytes, err);
}

int record_write_request(struct store *store, const struct object *object, const ProtobufCMessage *request,
			 struct err *err)
{
	int directory = store->index[object->kind].directory;

	if (mkdirat(directory, object->id, 0700) < 0)
		return fail(err, -errno, "make the record of %s", object->id);
	return write_message(directory, object->id, "request", request, err);
}

int record_remove(struct store *store, enum object_kind kind, const char *id, struct err *err)
{
	return fault("cri-removed-come-back") ? 0
					      : file_remove_tree_at(store->index[kind].directory, id, err);
}

int store_purge(struct store *store, enum object_kind kind, const char *id, struct err *err)
{
	return record_remove(store, kind, id, err);
}

static int write_json(int directory, const char *id, const char *name, const struct json *json,
		      struct err *err)
{
	auto_text text = { 0 };

	json_print(json, 0, &text);
	return replace(directory, id, name, &text, err);
}

static int packed(const ProtobufCMessage *message, struct text *ret, struct err *err)
{
	return message ? message_encode(message, ret, err) : 0;
}

/* The status, and what an update has changed beside it. */
static int save(struct store *store, struct object *object, struct json *status, const struct text *update,
		struct err *err)
{
	int directory = store->index[object->kind].directory;
	int r = update->len ? replace(directory, object->id, "update", update, err) : 0;

	return r < 0 ? r : write_json(directory, object->id, "status", status, err);
}

int store_sandbox_save(struct store *store, struct sandbox *sandbox, struct err *err)
{
	auto_json status = NULL;
	auto_text update = { 0 };
	int r;

	(void) pthread_mutex_lock(&sandbox->object.record);
	store_lock(store);
	status = sandbox_status_json(sandbox);
	r = packed(sandbox->update ? &sandbox->update->base : NULL, &update, err);
	store_unlock(store);
	if (r >= 0)
		r = save(store, &sandbox->object, status, &update, err);
	(void) pthread_mutex_unlock(&sandbox->object.record);
	return r;
}

int store_container_save(struct store *store, struct container *container, struct err *err)
{
	auto_json status = NULL;
	auto_text update = { 0 };
	int r;

	(void) pthread_mutex_lock(&container->object.record);
	store_lock(store);
	status = container_status_json(container);
	r = packed(container->resources ? &container->resources->base : NULL, &update, err);
	store_unlock(store);
	if (r >= 0)
		r = save(store, &container->object, status, &update, err);
	(void) pthread_mutex_unlock(&container->object.record);
	return r;
}

void *store_clone(const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	auto_free uint8_t *bytes = malloc(size + 1);
	void *copy;

	if (!bytes)
		abort();
	(void) protobuf_c_message_pack(message, bytes);
	copy = protobuf_c_message_unpack(message->descriptor, NULL, size, bytes);
	if (!copy)
		abort();
	return copy;
}

static int read_request(struct store *store, struct object *object, const ProtobufCMessageDescriptor *type,
			ProtobufCMessage **ret, struct err *err)
{
	auto_free char *path = text_format("%s/request", object->id);
	auto_text bytes = { 0 };
	int r = file_read_at(store->index[object->kind].directory, path, RECORD_MAX, &bytes, err);

	return r < 0 ? r : message_decode(type, &object->arena, text_str(&bytes), bytes.len, ret, err);
}

/* Memory of its own, for it may be replaced; nothing there is NULL. */
static int read_update(struct store *store, const struct object *object,
		       const ProtobufCMessageDescriptor *type, void *ret, struct err *err)
{
	auto_free char *path = text_format("%s/update", object->id);
	auto_text bytes = { 0 };
	int r = file_read_at(store->index[object->kind].directory, path, RECORD_MAX, &bytes, NULL);
	ProtobufCMessage *message;

	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = message_check(type, text_str(&bytes), bytes.len, err);
	if (r < 0)
		return fail(err, r, "read %s", path);
	message = protobuf_c_message_unpack(type, NULL, bytes.len, (const uint8_t *) text_str(&bytes));
	if (!message)
		return fail_text(err, -EINVAL, "%s is no message", path);
	*(void **) ret = message;
	return 0;
}

static int read_status(struct store *store, const struct object *object, struct json **ret, struct err *err)
{
	auto_free char *path = text_format("%s/status", object->id);

	return json_read_at(store->index[object->kind].directory, path, 1 << 20, ret, err);
}

int record_load_sandbox(struct store *store, const char *id, struct sandbox **ret, struct err *err)
{
	struct sandbox *sandbox = sandbox_new(id);
	ProtobufCMessage *request = NULL;
	auto_json status = NULL;
	int r = read_request(store, &sandbox->object, &runtime__v1__run_pod_sandbox_request__descriptor,
			     &request, err);

	if (r >= 0 && fault("cri-restart-annotation-lost"))
		((Runtime__V1__RunPodSandboxRequest *) request)->config->n_annotations = 0;
	if (r >= 0 && fault("cri-restart-default-handler"))
		((Runtime__V1__RunPodSandboxRequest *) request)->runtime_handler =
		    (char *) protobuf_c_empty_string;
	if (r >= 0)
		r = sandbox_bind(sandbox, (Runtime__V1__RunPodSandboxRequest *) request, err);
	if (r >= 0)
		r = read_update(store, &sandbox->object,
				&runtime__v1__update_pod_sandbox_resources_request__descriptor,
				&sandbox->update, err);
	if (r >= 0)
		r = read_status(store, &sandbox->object, &status, err);
	if (r >= 0)
		r = sandbox_status_read(status, sandbox, err);
	if (r < 0) {
		object_free(store, &sandbox->object);
		return fail(err, r, "sandbox %s", id);
	}
	*ret = sandbox;
	return 0;
}

static int bind_loaded(struct store *store, struct container *container,
		       const Runtime__V1__CreateContainerRequest *request, struct err *err)
{
	struct index *sandboxes = &store->index[OBJECT_SANDBOX];

	/* Exact, and hidden ones count: the record says which one it was. */
	for (size_t i = 0; i < sandboxes->count; i++)
		if (strcmp(sandboxes->items[i]->id, request->pod_sandbox_id) == 0)
			return container_bind(container, request, store_ref(store, sandboxes->items[i]), err);
	return fail_text(err, -ENOENT, "its sandbox %s is not there", request->pod_sandbox_id);
}

int record_load_container(struct store *store, const char *id, struct container **ret, struct err *err)
{
	struct container *container = container_new(id);
	ProtobufCMessage *request = NULL;
	auto_json status = NULL;
	int r = read_request(store, &container->object, &runtime__v1__create_container_request__descriptor,
			     &request, err);

	if (r >= 0)
		r = bind_loaded(store, container, (Runtime__V1__CreateContainerRequest *) request, err);
	if (r >= 0 && !fault("cri-restart-update-lost"))
		r = read_update(store, &container->object,
				&runtime__v1__linux_container_resources__descriptor, &container->resources,
				err);
	if (r >= 0)
		r = read_status(store, &container->object, &status, err);
	if (r >= 0)
		r = container_status_read(status, container, err);
	if (r < 0) {
		object_free(store, &container->object);
		return fail(err, r, "container %s", id);
	}
	*ret = container;
	return 0;
}
