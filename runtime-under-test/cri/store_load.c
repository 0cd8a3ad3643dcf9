/* The records of a server that was here before. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/store_internal.h"
#include "runtime-under-test/oci/faults.h"

struct names {
	char **items; /* owned */
	size_t count;
};

static void names_add(struct names *names, const char *name)
{
	names->items = reallocarray(names->items, names->count + 1, sizeof(char *));
	if (!names->items)
		abort();
	names->items[names->count++] = text_format("%s", name);
}

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct names){ 0 };
}

void store_garbage_free(struct store_garbage *garbage)
{
	struct names sandboxes = { garbage->sandboxes, garbage->sandbox_count };
	struct names containers = { garbage->containers, garbage->container_count };

	names_free(&sandboxes);
	names_free(&containers);
	*garbage = (struct store_garbage){ 0 };
}

/* An id is what this server gives: a name made by somebody else in there is not ours to remove. */
static bool is_id(const char *name)
{
	return strlen(name) == OBJECT_ID_SIZE - 1 && strspn(name, "0123456789abcdef") == OBJECT_ID_SIZE - 1;
}

static int read_names(int directory, struct names *ret, struct err *err)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir)
		return fail(err, -errno, "read the store");
	for (struct dirent *entry; (entry = readdir(dir));)
		if (is_id(entry->d_name))
			names_add(ret, entry->d_name);
	return 0;
}

static int compare_age(const void *a, const void *b)
{
	const struct object *left = *(struct object *const *) a, *right = *(struct object *const *) b;
	int64_t first, second;

	if (left->kind == OBJECT_SANDBOX) {
		first = ((const struct sandbox *) left)->status.created_at;
		second = ((const struct sandbox *) right)->status.created_at;
	} else {
		first = ((const struct container *) left)->status.created_at;
		second = ((const struct container *) right)->status.created_at;
	}
	return first < second ? -1 : first > second;
}

static int load_one(struct store *store, enum object_kind kind, const char *id)
{
	struct object *object;
	struct sandbox *sandbox = NULL;
	struct container *container = NULL;
	enum object_phase phase;
	int r;

	if (kind == OBJECT_SANDBOX)
		r = record_load_sandbox(store, id, &sandbox, NULL);
	else
		r = record_load_container(store, id, &container, NULL);
	if (r < 0)
		return r;
	object = sandbox ? &sandbox->object : &container->object;
	phase = sandbox ? sandbox->status.phase : container->status.phase;
	object->hidden = phase == PHASE_MAKING;
	if (fault("cri-restart-frees-names"))
		object->name[0] = '\0';
	r = index_add(store, object, NULL);
	if (r < 0)
		object_free(store, object);
	return r;
}

static int load_kind(struct store *store, enum object_kind kind, struct names *ret_garbage, struct err *err)
{
	struct index *index = &store->index[kind];
	struct names names = { 0 };
	int r = read_names(index->directory, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++)
		if (load_one(store, kind, names.items[i]) < 0)
			names_add(ret_garbage, names.items[i]);
	if (index->count)
		qsort(index->items, index->count, sizeof(struct object *), compare_age);
	names_free(&names);
	return r;
}

int store_load(struct store *store, struct store_garbage *ret, struct err *err)
{
	struct names sandboxes = { 0 }, containers = { 0 };
	int r = load_kind(store, OBJECT_SANDBOX, &sandboxes, err);

	if (r >= 0)
		r = load_kind(store, OBJECT_CONTAINER, &containers, err);
	*ret = (struct store_garbage){ .sandboxes = sandboxes.items,
				       .sandbox_count = sandboxes.count,
				       .containers = containers.items,
				       .container_count = containers.count };
	return r;
}
