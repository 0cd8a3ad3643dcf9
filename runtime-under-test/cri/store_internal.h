/* Shared by the store's files alone: the index, and objects on disk. */
#ifndef CRI_STORE_INTERNAL_H
#define CRI_STORE_INTERNAL_H

#include "runtime-under-test/cri/store.h"

struct index {
	struct object **items; /* in order of age */
	size_t count, space;
	int directory; /* ROOT/sandboxes, ROOT/containers */
};

struct store {
	pthread_mutex_t lock;
	struct index index[2]; /* by object_kind */
};

/* Memory of an object; not in the index. */
struct sandbox *sandbox_new(const char *id);
struct container *container_new(const char *id);
void object_free(struct store *store, struct object *object);
/* Takes the decoded request, which lives in the object's arena, and gives the object its name. */
int sandbox_bind(struct sandbox *sandbox, const Runtime__V1__RunPodSandboxRequest *request, struct err *err);
int container_bind(struct container *container, const Runtime__V1__CreateContainerRequest *request,
		   struct sandbox *sandbox, struct err *err);
/* Under the lock: -EEXIST when the name is taken. The index holds a reference. */
int index_add(struct store *store, struct object *object, struct err *err);
struct object *index_find(const struct index *index, const char *id);

/* store_record.c */
int record_write_request(struct store *store, const struct object *object, const ProtobufCMessage *request,
			 struct err *err);
int record_load_sandbox(struct store *store, const char *id, struct sandbox **ret, struct err *err);
int record_load_container(struct store *store, const char *id, struct container **ret, struct err *err);
int record_remove(struct store *store, enum object_kind kind, const char *id, struct err *err);

/* store_status.c */
struct json;
struct json *sandbox_status_json(const struct sandbox *sandbox);
struct json *container_status_json(const struct container *container);
int sandbox_status_read(const struct json *json, struct sandbox *sandbox, struct err *err);
int container_status_read(const struct json *json, struct container *container, struct err *err);

#endif
