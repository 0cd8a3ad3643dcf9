/* The RPCs about sandboxes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "base/wire/message_json.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/crash.h"
#include "runtime-under-test/cri/describe.h"
#include "runtime-under-test/cri/sandbox.h"
#include "runtime-under-test/oci/faults.h"

/*
 * Nothing is left of a sandbox that could not be made; where even that fails it stays, not ready and listed, so that somebody
 * can find and remove it.
 */
static void undo(struct server *server, struct sandbox *sandbox)
{
	struct err err = { 0 };
	int r = fault("cri-failed-sandbox-stays") ? -EIO : sandbox_release(server, sandbox, &err);

	if (r >= 0)
		r = sandbox_forget(server, sandbox, &err);
	if (r >= 0)
		return;
	server_log("sandbox %s cannot be undone: %s", sandbox->object.id, err.text);
	store_lock(server->store);
	sandbox->status.phase = PHASE_NOTREADY;
	store_unlock(server->store);
	(void) store_sandbox_save(server->store, sandbox, NULL);
	store_reveal(server->store, &sandbox->object);
}

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER; /* of a mistake of ours alone */

/*
 * The deadline passed behind the last step. Whoever asked asks again for the same name, and would be told that it is taken. Unless
 * somebody has found the pod meanwhile: then it is his.
 */
static void undo_unanswered(const void *id, void *user)
{
	auto_object_list containers = { 0 };
	struct server *server = user;
	struct sandbox *sandbox = store_sandbox(server->store, id);
	struct err err = { 0 };

	if (!sandbox)
		return;
	(void) pthread_mutex_lock(&sandbox->object.operation);
	store_containers_of(server->store, sandbox, &containers);
	if (containers.count == 0 && sandbox_remove(server, sandbox, &err) < 0)
		server_log("sandbox %s: nobody heard of it, and it cannot be removed: %s", sandbox->object.id,
			   err.text);
	(void) pthread_mutex_unlock(&sandbox->object.operation);
	store_unref(server->store, sandbox);
}

static grpc_status_code run_pod_sandbox(struct rpc_call *call, const void *request, void *response,
					void *user)
{
	const Runtime__V1__RunPodSandboxRequest *asked = request;
	Runtime__V1__RunPodSandboxResponse *answer = response;
	struct server *server = user;
	struct sandbox *sandbox = NULL;
	auto_runtime runtime = RUNTIME_INIT;
	struct err err = { 0 };
	int r = runtime_open(server, asked->runtime_handler, &runtime, &err);

	if (r >= 0)
		r = store_sandbox_new(server->store, asked, &sandbox, &err);
	if (r < 0)
		return rpc_fail_err(call, r, &err);
	(void) pthread_mutex_lock(fault("cri-one-at-a-time") ? &one : &sandbox->object.operation);
	r = sandbox_make(server, sandbox, call, &err);
	if (r < 0)
		undo(server, sandbox);
	else
		store_reveal(server->store, &sandbox->object);
	(void) pthread_mutex_unlock(fault("cri-one-at-a-time") ? &one : &sandbox->object.operation);
	if (r >= 0) {
		life_event(server, RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_CREATED_EVENT, sandbox, NULL);
		life_event(server, RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_STARTED_EVENT, sandbox, NULL);
		answer->pod_sandbox_id = arena_string(rpc_call_arena(call), sandbox->object.id);
		rpc_call_unanswered(call, undo_unanswered, answer->pod_sandbox_id);
		stall_point("sandbox-answer", call);
	}
	store_unref(server->store, sandbox);
	return r < 0 ? rpc_fail_err(call, r, &err) : GRPC_STATUS_OK;
}

/* An empty id names nothing, which is not the same as naming what is gone. */
static grpc_status_code find(struct rpc_call *call, struct server *server, const char *id,
			     struct sandbox **ret)
{
	if (!id[0])
		return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request has no pod_sandbox_id");
	*ret = store_sandbox(server->store, id);
	if (!*ret)
		return rpc_fail(call, GRPC_STATUS_NOT_FOUND, "sandbox %s: no such sandbox", id);
	return GRPC_STATUS_OK;
}

static grpc_status_code end(struct rpc_call *call, struct server *server, const char *id,
			    int (*how)(struct server *, struct sandbox *, struct err *))
{
	struct sandbox *sandbox = NULL;
	struct err err = { 0 };
	int r;

	if (!id[0])
		return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request has no pod_sandbox_id");
	/* Idempotent: what is gone was stopped and removed. */
	sandbox = store_sandbox(server->store, id);
	if (!sandbox && fault("cri-end-of-absent-sandbox"))
		return rpc_fail(call, GRPC_STATUS_NOT_FOUND, "sandbox %s: no such sandbox", id);
	if (!sandbox)
		return GRPC_STATUS_OK;
	(void) pthread_mutex_lock(&sandbox->object.operation);
	r = how(server, sandbox, &err);
	(void) pthread_mutex_unlock(&sandbox->object.operation);
	store_unref(server->store, sandbox);
	return r < 0 ? rpc_fail_err(call, r, &err) : GRPC_STATUS_OK;
}

static grpc_status_code stop_pod_sandbox(struct rpc_call *call, const void *request, void *response,
					 void *user)
{
	const Runtime__V1__StopPodSandboxRequest *asked = request;

	(void) response;
	return end(call, user, asked->pod_sandbox_id, sandbox_stop);
}

static grpc_status_code remove_pod_sandbox(struct rpc_call *call, const void *request, void *response,
					   void *user)
{
	const Runtime__V1__RemovePodSandboxRequest *asked = request;

	(void) response;
	return end(call, user, asked->pod_sandbox_id, sandbox_remove);
}

/* What the CRI has no field for: where it came from, and what the runtime was told. */
static struct json *verbose(struct server *server, struct sandbox *sandbox)
{
	auto_free char *config = life_path(server, &sandbox->object, "bundle/config.json");
	auto_free char *origins = life_path(server, &sandbox->object, "origins.json");
	auto_free char *netns = life_path(server, &sandbox->object, "ns/net");
	struct json *info = json_new_object();

	store_lock(server->store);
	json_put(info, "pid", json_new_int(sandbox->status.pid));
	if (sandbox->update)
		json_put(info, "update", message_to_json(&sandbox->update->base, 0));
	store_unlock(server->store);
	json_put(info, "runtimeHandler", json_new_string(sandbox->request->runtime_handler));
	json_put(info, "networkNamespace", json_new_string(netns));
	json_put(info, "config", message_to_json(&sandbox->config->base, 0));
	json_put(info, "runtimeSpec", describe_file(config));
	json_put(info, "origins", describe_file(origins));
	return info;
}

static grpc_status_code pod_sandbox_status(struct rpc_call *call, const void *request, void *response,
					   void *user)
{
	const Runtime__V1__PodSandboxStatusRequest *asked = request;
	Runtime__V1__PodSandboxStatusResponse *answer = response;
	struct arena *arena = rpc_call_arena(call);
	struct server *server = user;
	struct sandbox *sandbox = NULL;
	grpc_status_code code = find(call, server, asked->pod_sandbox_id, &sandbox);

	if (code != GRPC_STATUS_OK || !sandbox)
		return code;
	answer->status = message_new(arena, &runtime__v1__pod_sandbox_status__descriptor);
	sandbox_describe_status(server, sandbox, arena, answer->status);
	answer->containers_statuses =
	    life_container_statuses(server, sandbox, arena, &answer->n_containers_statuses);
	answer->timestamp = store_now_ns();
	if (asked->verbose || fault("cri-info-always")) {
		auto_json info = verbose(server, sandbox);

		answer->info = describe_info(
		    arena, &runtime__v1__pod_sandbox_status_response__info_entry__descriptor, info);
		answer->n_info = 1;
	}
	store_unref(server->store, sandbox);
	return GRPC_STATUS_OK;
}

static grpc_status_code list_pod_sandbox(struct rpc_call *call, const void *request, void *response,
					 void *user)
{
	const Runtime__V1__ListPodSandboxRequest *asked = request;
	Runtime__V1__ListPodSandboxResponse *answer = response;
	struct arena *arena = rpc_call_arena(call);
	struct server *server = user;
	auto_object_list list = { 0 };

	store_sandboxes(server->store, asked->filter, &list);
	answer->items = arena_array(arena, list.count + 1, sizeof(void *));
	for (answer->n_items = 0; answer->n_items < list.count; answer->n_items++) {
		answer->items[answer->n_items] = message_new(arena, &runtime__v1__pod_sandbox__descriptor);
		sandbox_describe(server, list.items[answer->n_items], arena, answer->items[answer->n_items]);
	}
	return GRPC_STATUS_OK;
}

/* Kept for whoever asks: the pod's own cgroup is the kubelet's, and it has changed that before it calls. */
static grpc_status_code update_pod_sandbox_resources(struct rpc_call *call, const void *request,
						     void *response, void *user)
{
	const Runtime__V1__UpdatePodSandboxResourcesRequest *asked = request;
	struct server *server = user;
	struct sandbox *sandbox = NULL;
	struct err err = { 0 };
	Runtime__V1__UpdatePodSandboxResourcesRequest *copy, *old;
	grpc_status_code code = find(call, server, asked->pod_sandbox_id, &sandbox);
	int r;

	(void) response;
	if (code != GRPC_STATUS_OK || !sandbox)
		return code;
	copy = store_clone(&asked->base);
	store_lock(server->store);
	old = sandbox->update;
	sandbox->update = fault("cri-sandbox-update-lost") ? NULL : copy;
	store_unlock(server->store);
	if (old)
		protobuf_c_message_free_unpacked(&old->base, NULL);
	r = store_sandbox_save(server->store, sandbox, &err);
	store_unref(server->store, sandbox);
	return r < 0 ? rpc_fail_err(call, r, &err) : GRPC_STATUS_OK;
}

const struct rpc_binding sandbox_bindings[] = {
	{ "RunPodSandbox", run_pod_sandbox },
	{ "StopPodSandbox", stop_pod_sandbox },
	{ "RemovePodSandbox", remove_pod_sandbox },
	{ "PodSandboxStatus", pod_sandbox_status },
	{ "ListPodSandbox", list_pod_sandbox },
	{ "UpdatePodSandboxResources", update_pod_sandbox_resources },
	{ NULL },
};
