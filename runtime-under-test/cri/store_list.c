/* Lists of what matches a filter, as references: nothing in them vanishes while it is being told. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/wire/message.h"
#include "runtime-under-test/cri/store_internal.h"
#include "runtime-under-test/oci/faults.h"

void store_list_free(struct object_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		store_unref(list->store, list->items[i]);
	free(list->items);
	*list = (struct object_list){ 0 };
}

typedef bool matcher(const struct object *object, const void *filter);

static void collect(struct store *store, enum object_kind kind, matcher *matches, const void *filter,
		    struct object_list *ret)
{
	struct index *index = &store->index[kind];

	store_lock(store);
	ret->store = store;
	ret->count = 0;
	ret->items = calloc(index->count + 1, sizeof(void *));
	if (!ret->items)
		abort();
	for (size_t i = 0; i < index->count; i++) {
		if (!matches(index->items[i], filter))
			continue;
		index->items[i]->references++;
		ret->items[ret->count++] = index->items[i];
	}
	store_unlock(store);
}

static bool begins_with(const char *id, const char *prefix)
{
	return strncmp(id, prefix, strlen(prefix)) == 0;
}

/* Maps are generated as one message type a field, all of one shape: struct map_entry. */
static bool labels_match(void *const *wanted, size_t wanted_count, void *const *labels, size_t count)
{
	for (size_t i = 0; i < wanted_count; i++) {
		const struct map_entry *entry = wanted[i];
		const char *value = map_get(labels, count, entry->key);

		if (!value || strcmp(value, entry->value) != 0)
			return false;
	}
	return true;
}

static bool sandbox_matches(const struct object *object, const void *pointer)
{
	const struct sandbox *sandbox = (const struct sandbox *) object;
	const Runtime__V1__PodSandboxFilter *filter = pointer;

	if (object->hidden || (fault("cri-list-ready-only") &&
			       sandbox_state(sandbox) != RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY))
		return false;
	return !filter || fault("cri-list-filter-ignored") ||
	       (begins_with(object->id, filter->id) &&
		(!filter->state || filter->state->state == sandbox_state(sandbox)) &&
		labels_match((void *const *) filter->label_selector, filter->n_label_selector,
			     (void *const *) sandbox->config->labels, sandbox->config->n_labels));
}

static bool container_matches(const struct object *object, const void *pointer)
{
	const struct container *container = (const struct container *) object;
	const Runtime__V1__ContainerFilter *filter = pointer;

	if (object->hidden)
		return false;
	return !filter || fault("cri-list-filter-ignored") ||
	       (begins_with(object->id, filter->id) &&
		begins_with(container->sandbox->object.id, filter->pod_sandbox_id) &&
		(!filter->state || filter->state->state == container_state(container)) &&
		labels_match((void *const *) filter->label_selector, filter->n_label_selector,
			     (void *const *) container->config->labels, container->config->n_labels));
}

void store_sandboxes(struct store *store, const Runtime__V1__PodSandboxFilter *filter,
		     struct object_list *ret)
{
	collect(store, OBJECT_SANDBOX, sandbox_matches, filter, ret);
}

void store_containers(struct store *store, const Runtime__V1__ContainerFilter *filter,
		      struct object_list *ret)
{
	collect(store, OBJECT_CONTAINER, container_matches, filter, ret);
}

static bool is_of(const struct object *object, const void *sandbox)
{
	return ((const struct container *) object)->sandbox == sandbox;
}

void store_containers_of(struct store *store, const struct sandbox *sandbox, struct object_list *ret)
{
	collect(store, OBJECT_CONTAINER, is_of, sandbox, ret);
}

static bool is_any(const struct object *object, const void *filter)
{
	(void) object;
	(void) filter;
	return true;
}

void store_all(struct store *store, enum object_kind kind, struct object_list *ret)
{
	collect(store, kind, is_any, NULL, ret);
}

size_t store_count(struct store *store, enum object_kind kind)
{
	size_t count;

	store_lock(store);
	count = store->index[kind].count;
	store_unlock(store);
	return count;
}
