/* The index of sandboxes and containers: ids, reserved names, references. */
#include "runtime-under-test/cri/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "base/wire/message.h"
#include "runtime-under-test/cri/store_internal.h"
#include "runtime-under-test/oci/faults.h"

static const char *const folders[] = { [OBJECT_SANDBOX] = "sandboxes", [OBJECT_CONTAINER] = "containers" };

int64_t store_now_ns(void)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

int store_open(const char *root, struct store **ret, struct err *err)
{
	struct store *store = calloc(1, sizeof(*store));

	if (!store)
		abort();
	(void) pthread_mutex_init(&store->lock, NULL);
	for (int kind = 0; kind < 2; kind++)
		store->index[kind].directory = -EBADF;
	for (int kind = 0; kind < 2; kind++) {
		auto_free char *path = text_format("%s/%s", root, folders[kind]);
		int r = file_make_dirs_at(AT_FDCWD, path, 0700, err);

		if (r >= 0)
			r = file_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, err);
		if (r < 0) {
			store_close(store);
			return fail(err, r, "open the store in %s", root);
		}
		store->index[kind].directory = r;
	}
	*ret = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	/* Containers first: they refer to sandboxes. */
	for (int kind = 1; kind >= 0; kind--) {
		struct index *index = &store->index[kind];

		while (index->count)
			store_unref(store, index->items[--index->count]);
		free(index->items);
		cleanup_fd(&index->directory);
	}
	(void) pthread_mutex_destroy(&store->lock);
	free(store);
}

void store_lock(struct store *store)
{
	(void) pthread_mutex_lock(&store->lock);
}

void store_unlock(struct store *store)
{
	(void) pthread_mutex_unlock(&store->lock);
}

void *store_ref(struct store *store, void *object)
{
	store_lock(store);
	((struct object *) object)->references++;
	store_unlock(store);
	return object;
}

void store_unref(struct store *store, void *pointer)
{
	struct object *object = pointer;
	bool last;

	if (!object)
		return;
	store_lock(store);
	last = --object->references == 0;
	store_unlock(store);
	if (last)
		object_free(store, object);
}

/* The object that has the id or, failing that, alone begins with it. Hidden ones are found by nobody but their makers. */
struct object *index_find(const struct index *index, const char *id)
{
	size_t length = strlen(id);
	struct object *found = NULL;

	if (!length || length >= OBJECT_ID_SIZE)
		return NULL;
	for (size_t i = 0; i < index->count; i++) {
		struct object *object = index->items[i];

		if (object->hidden || strncmp(object->id, id, length) != 0)
			continue;
		if (!object->id[length])
			return object;
		if (found)
			return NULL;
		found = object;
	}
	return found;
}

static void *find(struct store *store, enum object_kind kind, const char *id)
{
	struct object *object;

	store_lock(store);
	object = index_find(&store->index[kind], id ? id : "");
	if (object)
		object->references++;
	store_unlock(store);
	return object;
}

struct sandbox *store_sandbox(struct store *store, const char *id)
{
	return find(store, OBJECT_SANDBOX, id);
}

struct container *store_container(struct store *store, const char *id)
{
	return find(store, OBJECT_CONTAINER, id);
}

struct object *store_object(struct store *store, const char *id)
{
	struct object *found = NULL;

	store_lock(store);
	for (int kind = 0; kind < 2 && !found; kind++)
		for (size_t i = 0; i < store->index[kind].count && !found; i++)
			if (strcmp(store->index[kind].items[i]->id, id) == 0)
				found = store->index[kind].items[i];
	if (found)
		found->references++;
	store_unlock(store);
	return found;
}

static int check_name(const struct index *index, const char *name, struct err *err)
{
	for (size_t i = 0; i < index->count; i++)
		if (strcmp(index->items[i]->name, name) == 0)
			return fail_text(err, -EEXIST, "the name %.*s is reserved for %s",
					 (int) strcspn(name, "\n"), name, index->items[i]->id);
	return 0;
}

int index_add(struct store *store, struct object *object, struct err *err)
{
	struct index *index = &store->index[object->kind];
	int r = check_name(index, object->name, err);

	if (r < 0)
		return r;
	if (index->count == index->space) {
		index->space = index->space ? index->space * 2 : 16;
		index->items = reallocarray(index->items, index->space, sizeof(struct object *));
		if (!index->items)
			abort();
	}
	object->references++;
	index->items[index->count++] = object;
	return 0;
}

static void index_remove(struct index *index, const struct object *object)
{
	for (size_t i = 0; i < index->count; i++) {
		if (index->items[i] != object)
			continue;
		memmove(index->items + i, index->items + i + 1,
			(index->count - i - 1) * sizeof(struct object *));
		index->count--;
		return;
	}
}

void store_reveal(struct store *store, struct object *object)
{
	store_lock(store);
	object->hidden = false;
	store_unlock(store);
}

int store_drop(struct store *store, struct object *object, struct err *err)
{
	int r = record_remove(store, object->kind, object->id, err);
	bool dropped;

	if (r < 0)
		return r;
	store_lock(store);
	dropped = object->dropped || fault("cri-names-kept");
	object->dropped = true;
	if (!dropped)
		index_remove(&store->index[object->kind], object);
	store_unlock(store);
	if (!dropped)
		store_unref(store, object);
	return 0;
}

static void make_id(char id[OBJECT_ID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[(OBJECT_ID_SIZE - 1) / 2];

	/* Up to 256 bytes are never cut short: getrandom(2). */
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t) sizeof(bytes))
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++) {
		id[2 * i] = digits[bytes[i] >> 4];
		id[2 * i + 1] = digits[bytes[i] & 15];
	}
	id[OBJECT_ID_SIZE - 1] = '\0';
}

/* In the index with its record on disk, or freed. */
static int enter(struct store *store, struct object *object, const void *request, struct err *err)
{
	int r;

	object->hidden = true;
	store_lock(store);
	r = index_add(store, object, err);
	store_unlock(store);
	if (r < 0) {
		object_free(store, object);
		return r;
	}
	r = record_write_request(store, object, request, err);
	if (r >= 0 && object->kind == OBJECT_SANDBOX)
		r = store_sandbox_save(store, (struct sandbox *) object, err);
	else if (r >= 0)
		r = store_container_save(store, (struct container *) object, err);
	if (r < 0) {
		(void) store_drop(store, object, NULL);
		store_unref(store, object);
	}
	return r;
}

int store_sandbox_new(struct store *store, const Runtime__V1__RunPodSandboxRequest *request,
		      struct sandbox **ret, struct err *err)
{
	struct sandbox *sandbox;
	char id[OBJECT_ID_SIZE];
	int r;

	make_id(id);
	sandbox = sandbox_new(id);
	r = sandbox_bind(sandbox, message_copy(&sandbox->object.arena, request), err);
	if (r < 0) {
		object_free(store, &sandbox->object);
		return r;
	}
	sandbox->status.created_at = store_now_ns();
	sandbox->object.references = 1;
	r = enter(store, &sandbox->object, request, err);
	if (r >= 0)
		*ret = sandbox;
	return r;
}

int store_container_new(struct store *store, struct sandbox *sandbox,
			const Runtime__V1__CreateContainerRequest *request, struct container **ret,
			struct err *err)
{
	struct container *container;
	char id[OBJECT_ID_SIZE];
	int r;

	make_id(id);
	container = container_new(id);
	r = container_bind(container, message_copy(&container->object.arena, request),
			   store_ref(store, sandbox), err);
	if (r < 0) {
		object_free(store, &container->object);
		return r;
	}
	container->status.created_at = store_now_ns();
	container->object.references = 1;
	r = enter(store, &container->object, request, err);
	if (r >= 0)
		*ret = container;
	return r;
}
