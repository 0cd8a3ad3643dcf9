/*
 * What the server knows of sandboxes and containers: in memory by id and by name, and on disk so that a server killed at any
 * instant finds it again. An object on disk is a directory ROOT/{sandboxes,containers}/ID with the request as it came
 * (labels and annotations to the byte) and a small status, both replaced by rename.
 *
 * Locks: one mutex for the index and for every field of a status (store_lock(), held for moments only); one an object for the
 * operation that is changing it (object.operation, held for as long as that takes, and always taken before the store's).
 */
#ifndef CRI_STORE_H
#define CRI_STORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/wire/arena.h"
#include "cri/runtime_v1.pb-c.h"

struct err;
struct json;
struct store;

enum object_kind { OBJECT_SANDBOX, OBJECT_CONTAINER };
enum { OBJECT_ID_SIZE = 65 }; /* 64 hexadecimal digits and the NUL */

/* The first member of both kinds. */
struct object {
	enum object_kind kind;
	char id[OBJECT_ID_SIZE];
	char *name; /* owned; what is reserved: two objects never have the same */
	unsigned references; /* under the store's lock */
	bool hidden; /* being made: not found, not listed */
	bool dropped; /* gone, though somebody still holds a reference */
	pthread_mutex_t operation;
	pthread_mutex_t record; /* the last status written is the newest one */
	struct arena arena; /* holds the request */
};

/* The words of the record; a sandbox has MAKING, READY and NOTREADY, a container all but those two. */
enum object_phase {
	PHASE_MAKING, /* found after a restart: to be undone */
	PHASE_READY,
	PHASE_NOTREADY,
	PHASE_CREATED,
	PHASE_STARTING, /* found after a restart: its monitor knows */
	PHASE_RUNNING,
	PHASE_EXITED,
};

struct sandbox_status {
	enum object_phase phase;
	bool removing; /* found after a restart: to be finished */
	bool released; /* it was stopped: no process, network or namespace is left */
	int64_t created_at; /* ns since the epoch */
	pid_t pid; /* of the pause; 0: none */
	char **ips; /* owned; the first is the primary one */
	size_t ip_count;
};

struct sandbox {
	struct object object;
	const Runtime__V1__RunPodSandboxRequest *request; /* immutable */
	const Runtime__V1__PodSandboxConfig *config; /* of the request */
	struct sandbox_status status; /* under the store's lock */
	Runtime__V1__UpdatePodSandboxResourcesRequest
	    *update; /* owned; the last one, NULL: none. Store's lock */
};

struct container_status {
	enum object_phase phase;
	bool removing;
	int64_t created_at, started_at, finished_at; /* ns since the epoch; 0: not yet */
	int32_t exit_code;
	char *reason, *message; /* owned; NULL is "" */
	pid_t pid; /* 0: none */
};

/* What creation found out; immutable afterwards. */
struct container_facts {
	char *image_id, *image_ref, *image_name; /* owned */
	struct json *mount_images; /* owned; one id a mount of the config, "" where it is no image */
	char *log_path; /* owned; absolute, NULL: no log */
	int64_t uid, gid;
	int64_t *groups; /* owned */
	size_t group_count;
	int stop_signal; /* a number */
};

struct container {
	struct object object;
	const Runtime__V1__CreateContainerRequest *request; /* immutable */
	const Runtime__V1__ContainerConfig *config; /* of the request */
	const Runtime__V1__PodSandboxConfig *sandbox_config; /* borrowed from sandbox */
	struct sandbox *sandbox; /* a reference */
	struct container_facts facts;
	struct container_status status; /* under the store's lock */
	Runtime__V1__LinuxContainerResources
	    *resources; /* owned; as they are now, NULL: none. Store's lock */
	int ended; /* eventfd, readable for ever once the container has exited; -EBADF before it starts */
	bool signalled, killed; /* under the store's lock: what a stop has done already */
	int64_t kill_at; /* monotonic ms: the shortest grace that any stop gave; INT64_MAX: none */
	bool cleaned; /* under operation: the runtime has deleted it */
};

int store_open(const char *root, struct store **ret, struct err *err);
void store_close(struct store *store); /* references must have been given back */

void store_lock(struct store *store);
void store_unlock(struct store *store);

/*
 * A new object, hidden, with its name reserved and its record (phase MAKING) on disk. The reference is the caller's.
 * -EEXIST: the name is taken, the sentence says by which id. -EINVAL: metadata is missing. The request is copied.
 */
int store_sandbox_new(struct store *store, const Runtime__V1__RunPodSandboxRequest *request,
		      struct sandbox **ret, struct err *err);
int store_container_new(struct store *store, struct sandbox *sandbox,
			const Runtime__V1__CreateContainerRequest *request, struct container **ret,
			struct err *err);
void store_reveal(struct store *store, struct object *object); /* from now on it is found and listed */
/* The record is removed, the id and the name are free; the memory goes with the last reference. */
int store_drop(struct store *store, struct object *object, struct err *err);

/* Status and what may change with it, to disk. Takes the store's lock. */
int store_sandbox_save(struct store *store, struct sandbox *sandbox, struct err *err);
int store_container_save(struct store *store, struct container *container, struct err *err);

/* By id or by a prefix that only one object has. A reference, NULL: not there. */
struct sandbox *store_sandbox(struct store *store, const char *id);
struct container *store_container(struct store *store, const char *id);
void *store_ref(struct store *store, void *object); /* gives it back */
void store_unref(struct store *store, void *object); /* NULL is fine */

/*
 * References to all that match, oldest first; free with store_list_free(). NULL: all. The sandbox of a container filter may be
 * a prefix, as may the id.
 */
struct object_list {
	struct store *store;
	void **items; /* struct sandbox * or struct container * */
	size_t count;
};
void store_list_free(struct object_list *list);
#define auto_object_list __attribute__((cleanup(store_list_free))) struct object_list
void store_sandboxes(struct store *store, const Runtime__V1__PodSandboxFilter *filter,
		     struct object_list *ret);
void store_containers(struct store *store, const Runtime__V1__ContainerFilter *filter,
		      struct object_list *ret);
/* Those of one sandbox, hidden ones too. */
void store_containers_of(struct store *store, const struct sandbox *sandbox, struct object_list *ret);
size_t store_count(struct store *store, enum object_kind kind);

/* As the CRI says it. Call with the store's lock held. */
Runtime__V1__PodSandboxState sandbox_state(const struct sandbox *sandbox);
Runtime__V1__ContainerState container_state(const struct container *container);

/*
 * Reads all records, at start. Objects whose record cannot be read are given by id for the caller to clear away what belongs to
 * them; MAKING ones are hidden still. Owned lists.
 */
struct store_garbage {
	char **sandboxes, **containers; /* owned */
	size_t sandbox_count, container_count;
};
void store_garbage_free(struct store_garbage *garbage);
int store_load(struct store *store, struct store_garbage *ret, struct err *err);
/* Everything, hidden ones too, oldest first. */
void store_all(struct store *store, enum object_kind kind, struct object_list *ret);
/* Removes a record of which only the id is known. */
int store_purge(struct store *store, enum object_kind kind, const char *id, struct err *err);

/* By its whole id, a sandbox or a container, hidden ones too. A reference, NULL: not there. */
struct object *store_object(struct store *store, const char *id);
/* In memory of its own; free with protobuf_c_message_free_unpacked(). */
void *store_clone(const ProtobufCMessage *message);

int64_t store_now_ns(void); /* CLOCK_REALTIME */

#endif
