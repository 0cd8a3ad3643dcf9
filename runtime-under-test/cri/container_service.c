/* The RPCs about containers. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "base/wire/message_json.h"
#include "runtime-under-test/cri/container.h"
#include "runtime-under-test/cri/crash.h"
#include "runtime-under-test/cri/describe.h"
#include "runtime-under-test/oci/faults.h"

/* A new container with its operation lock held, in a sandbox that cannot be removed meanwhile: remove looks for hidden ones. */
static int reserve(struct server *server, struct sandbox *sandbox,
		   const Runtime__V1__CreateContainerRequest *asked, struct container **ret, struct err *err)
{
	bool ready;
	int r;

	(void) pthread_mutex_lock(&sandbox->object.operation);
	store_lock(server->store);
	ready = sandbox_state(sandbox) == RUNTIME__V1__POD_SANDBOX_STATE__SANDBOX_READY;
	store_unlock(server->store);
	if (ready || fault("cri-stopped-sandbox-takes-containers"))
		r = store_container_new(server->store, sandbox, asked, ret, err);
	else
		r = fail_text(err, -EBUSY, "sandbox %s is not ready", sandbox->object.id);
	if (r >= 0)
		(void) pthread_mutex_lock(&(*ret)->object.operation);
	(void) pthread_mutex_unlock(&sandbox->object.operation);
	return r;
}

static void undo(struct server *server, struct container *container)
{
	struct err err = { 0 };
	int r = container_forget(server, container, &err);

	if (r >= 0)
		return;
	server_log("container %s cannot be undone: %s", container->object.id, err.text);
	/* Listed, so that somebody can remove it when the machine lets him. */
	store_lock(server->store);
	container->status.phase = PHASE_EXITED;
	store_unlock(server->store);
	(void) store_container_save(server->store, container, NULL);
	store_reveal(server->store, &container->object);
}

static int make(struct server *server, struct sandbox *sandbox, struct rpc_call *call,
		const Runtime__V1__CreateContainerRequest *asked, struct container **ret, struct err *err)
{
	struct container *container = NULL;
	int r = reserve(server, sandbox, asked, &container, err);

	if (r < 0)
		return r;
	r = container_make(server, container, call, err);
	if (r < 0)
		undo(server, container);
	else
		store_reveal(server->store, &container->object);
	(void) pthread_mutex_unlock(&container->object.operation);
	if (r < 0)
		store_unref(server->store, container);
	else
		*ret = container;
	return r;
}

/* As with a sandbox. One that runs was found and started by somebody. */
static void undo_unanswered(const void *id, void *user)
{
	struct server *server = user;
	struct container *container = store_container(server->store, id);
	struct err err = { 0 };
	bool untouched;

	if (!container)
		return;
	store_lock(server->store);
	untouched = container->status.phase == PHASE_CREATED;
	store_unlock(server->store);
	if (untouched && container_remove(server, container, &err) < 0)
		server_log("container %s: nobody heard of it, and it cannot be removed: %s",
			   container->object.id, err.text);
	store_unref(server->store, container);
}

static grpc_status_code create_container(struct rpc_call *call, const void *request, void *response,
					 void *user)
{
	const Runtime__V1__CreateContainerRequest *asked = request;
	Runtime__V1__CreateContainerResponse *answer = response;
	struct server *server = user;
	struct container *container = NULL;
	struct sandbox *sandbox;
	struct err err = { 0 };
	int r;

	if (!asked->pod_sandbox_id[0])
		return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request has no pod_sandbox_id");
	sandbox = store_sandbox(server->store, asked->pod_sandbox_id);
	if (!sandbox)
		return rpc_fail(call, GRPC_STATUS_NOT_FOUND, "sandbox %s: no such sandbox",
				asked->pod_sandbox_id);
	r = make(server, sandbox, call, asked, &container, &err);
	if (r >= 0 && fault("cri-create-starts"))
		r = container_start(server, container, call, &err);
	if (r >= 0) {
		life_event(server, RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_CREATED_EVENT, sandbox,
			   container);
		answer->container_id = arena_string(rpc_call_arena(call), container->object.id);
		rpc_call_unanswered(call, undo_unanswered, answer->container_id);
		stall_point("container-answer", call);
		store_unref(server->store, container);
	}
	store_unref(server->store, sandbox);
	return r < 0 ? rpc_fail_err(call, r, &err) : GRPC_STATUS_OK;
}

static grpc_status_code find(struct rpc_call *call, struct server *server, const char *id,
			     struct container **ret)
{
	if (!id[0])
		return rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "the request has no container_id");
	*ret = store_container(server->store, id);
	if (!*ret)
		return rpc_fail(call, GRPC_STATUS_NOT_FOUND, "container %s: no such container", id);
	return GRPC_STATUS_OK;
}

/* For what is idempotent: NULL where it is gone, which is as good as done. */
static grpc_status_code find_unless_gone(struct rpc_call *call, struct server *server, const char *id,
					 struct container **ret)
{
	*ret = id[0] ? store_container(server->store, id) : NULL;
	if (!id[0] || (!*ret && fault("cri-end-of-absent-container")))
		return find(call, server, id, ret);
	return GRPC_STATUS_OK;
}

static grpc_status_code start_container(struct rpc_call *call, const void *request, void *response,
					void *user)
{
	const Runtime__V1__StartContainerRequest *asked = request;
	struct server *server = user;
	struct container *container = NULL;
	struct err err = { 0 };
	grpc_status_code code = find(call, server, asked->container_id, &container);
	int r;

	(void) response;
	if (code != GRPC_STATUS_OK || !container)
		return code;
	(void) pthread_mutex_lock(&container->object.operation);
	r = container_start(server, container, call, &err);
	(void) pthread_mutex_unlock(&container->object.operation);
	if (r >= 0)
		life_event(server, RUNTIME__V1__CONTAINER_EVENT_TYPE__CONTAINER_STARTED_EVENT,
			   container->sandbox, container);
	store_unref(server->store, container);
	return r < 0 ? rpc_fail_err(call, r, &err) : GRPC_STATUS_OK;
}

static grpc_status_code stop_container(struct rpc_call *call, const void *request, void *response, void *user)
{
	const Runtime__V1__StopContainerRequest *asked = request;
	/* A day is for ever, and does not overflow in milliseconds. */
	int64_t seconds = asked->timeout < 0 ? 0 : asked->timeout > 86400 ? 86400 : asked->timeout;
	struct server *server = user;
	struct container *container = NULL;
	struct err err = { 0 };
	grpc_status_code code;
	int r;

	if (fault("cri-stop-kills-at-once"))
		seconds = 0;
	else if (fault("cri-stop-always-polite") && !seconds)
		seconds = 2;
	(void) response;
	code = find_unless_gone(call, server, asked->container_id, &container);
	if (!container)
		return code;
	r = container_stop(server, container, seconds * 1000, call, &err);
	store_unref(server->store, container);
	return r < 0 ? rpc_fail_err(call, r, &err) : GRPC_STATUS_OK;
}

static grpc_status_code remove_container(struct rpc_call *call, const void *request, void *response,
					 void *user)
{
	const Runtime__V1__RemoveContainerRequest *asked = request;
	struct server *server = user;
	struct container *container = NULL;
	struct err err = { 0 };
	grpc_status_code code;
	int r;

	(void) response;
	code = find_unless_gone(call, server, asked->container_id, &container);
	if (!container)
		return code;
	if (fault("cri-remove-refuses-running") && container_pid(server, container))
		r = fail_text(&err, -EBUSY, "it runs");
	else
		r = container_remove(server, container, &err);
	store_unref(server->store, container);
	return r < 0 ? rpc_fail_err(call, r, &err) : GRPC_STATUS_OK;
}

static grpc_status_code list_containers(struct rpc_call *call, const void *request, void *response,
					void *user)
{
	const Runtime__V1__ListContainersRequest *asked = request;
	Runtime__V1__ListContainersResponse *answer = response;
	struct arena *arena = rpc_call_arena(call);
	struct server *server = user;
	auto_object_list list = { 0 };

	store_containers(server->store, asked->filter, &list);
	answer->containers = arena_array(arena, list.count + 1, sizeof(void *));
	for (size_t i = 0; i < list.count; i++) {
		answer->containers[i] = message_new(arena, &runtime__v1__container__descriptor);
		container_describe(server, list.items[i], arena, answer->containers[i]);
	}
	answer->n_containers = list.count;
	return GRPC_STATUS_OK;
}

/* What the CRI has no field for: where it came from, and what the runtime was told. */
static struct json *verbose(struct server *server, struct container *container)
{
	auto_free char *config = life_path(server, &container->object, "bundle/config.json");
	auto_free char *origins = life_path(server, &container->object, "origins.json");
	struct json *info = json_new_object();

	json_put(info, "pid", json_new_int(container_pid(server, container)));
	json_put(info, "sandboxID", json_new_string(container->sandbox->object.id));
	json_put(info, "runtimeHandler", json_new_string(container->sandbox->request->runtime_handler));
	json_put(info, "config", message_to_json(&container->config->base, 0));
	json_put(info, "runtimeSpec", describe_file(config));
	json_put(info, "origins", describe_file(origins));
	return info;
}

static grpc_status_code container_status(struct rpc_call *call, const void *request, void *response,
					 void *user)
{
	const Runtime__V1__ContainerStatusRequest *asked = request;
	Runtime__V1__ContainerStatusResponse *answer = response;
	struct arena *arena = rpc_call_arena(call);
	struct server *server = user;
	struct container *container = NULL;
	grpc_status_code code = find(call, server, asked->container_id, &container);

	if (code != GRPC_STATUS_OK || !container)
		return code;
	answer->status = message_new(arena, &runtime__v1__container_status__descriptor);
	container_describe_status(server, container, arena, answer->status);
	if (asked->verbose) {
		auto_json info = verbose(server, container);

		answer->info = describe_info(
		    arena, &runtime__v1__container_status_response__info_entry__descriptor, info);
		answer->n_info = 1;
	}
	store_unref(server->store, container);
	return GRPC_STATUS_OK;
}

static grpc_status_code update_container_resources(struct rpc_call *call, const void *request, void *response,
						   void *user)
{
	const Runtime__V1__UpdateContainerResourcesRequest *asked = request;
	struct server *server = user;
	struct container *container = NULL;
	struct err err = { 0 };
	grpc_status_code code = find(call, server, asked->container_id, &container);
	int r = 0;

	(void) response;
	if (code != GRPC_STATUS_OK || !container)
		return code;
	(void) pthread_mutex_lock(&container->object.operation);
	if (!asked->linux && fault("cri-empty-update-refused"))
		r = fail_text(&err, -EINVAL, "the request has no linux");
	if (asked->linux)
		r = container_update(server, container, asked->linux, &err);
	(void) pthread_mutex_unlock(&container->object.operation);
	store_unref(server->store, container);
	return r < 0 ? rpc_fail_err(call, r, &err) : GRPC_STATUS_OK;
}

/* One that does not run has nobody to open the file, and then it must not be there: kubelet puts the old one back. */
static grpc_status_code reopen_container_log(struct rpc_call *call, const void *request, void *response,
					     void *user)
{
	const Runtime__V1__ReopenContainerLogRequest *asked = request;
	auto_free char *directory = NULL;
	struct server *server = user;
	struct container *container = NULL;
	struct err err = { 0 };
	grpc_status_code code = find(call, server, asked->container_id, &container);
	int r = 0;

	(void) response;
	if (code != GRPC_STATUS_OK || !container)
		return code;
	directory = life_path(server, &container->object, "");
	if (!container_pid(server, container) && fault("cri-log-reopened-when-ended"))
		r = file_create_at(AT_FDCWD, container->facts.log_path, "", 0, 0640, &err);
	else if (!container_pid(server, container))
		r = fail_text(&err, -EBUSY, "container %s: it does not run", container->object.id);
	else
		r = monitor_reopen_log(directory, &err);
	store_unref(server->store, container);
	return r < 0 ? rpc_fail_err(call, r, &err) : GRPC_STATUS_OK;
}

const struct rpc_binding container_bindings[] = {
	{ "CreateContainer", create_container },
	{ "StartContainer", start_container },
	{ "StopContainer", stop_container },
	{ "RemoveContainer", remove_container },
	{ "ListContainers", list_containers },
	{ "ContainerStatus", container_status },
	{ "UpdateContainerResources", update_container_resources },
	{ "ReopenContainerLog", reopen_container_log },
	{ "ExecSync", container_exec_sync },
	{ NULL },
};
