/* Version, Status and the two configurations: what a client asks before it does anything. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "base/wire/arena.h"
#include "base/wire/message.h"
#include "cri/runtime_v1.pb-c.h"
#include "runtime-under-test/cri/net/net.h"
#include "runtime-under-test/cri/runtime_features.h"
#include "runtime-under-test/cri/server.h"
#include "runtime-under-test/oci/faults.h"

static grpc_status_code version(struct rpc_call *call, const void *request, void *response, void *user)
{
	Runtime__V1__VersionResponse *answer = response;

	(void) call;
	(void) request;
	(void) user;
	/* The first is the version of the kubelet's side, fixed since the interface has versions of its own. */
	answer->version = "0.1.0";
	answer->runtime_name = "plumbline-cri";
	answer->runtime_version = PLUMBLINE_VERSION;
	answer->runtime_api_version = fault("cri-version-without-api") ? "" : "v1";
	return GRPC_STATUS_OK;
}

/* An empty sentence: ready. The reason is one CamelCase word, as Kubernetes shows it. */
static Runtime__V1__RuntimeCondition *condition(struct arena *arena, const char *type, const char *reason,
						const char *sentence)
{
	Runtime__V1__RuntimeCondition *row = message_new(arena, &runtime__v1__runtime_condition__descriptor);

	row->type = arena_string(arena, type);
	row->status = !sentence[0];
	if (sentence[0]) {
		row->reason = arena_string(arena, reason);
		row->message = arena_string(arena, sentence);
	}
	return row;
}

static void tell_whether_runtime_is_ready(const struct server *server, struct text *sentence)
{
	auto_free char *path = server_runtime_path(server, "");

	if (access(path, X_OK) < 0)
		text_addf(sentence, "the runtime %s cannot be executed: %s", path, strerror(errno));
}

static void tell_whether_network_is_ready(const struct server *server, struct text *sentence)
{
	if (!net_ready(server->net, sentence) && !sentence->len)
		text_add(sentence, "no network can be made");
}

static void add_handler(struct rpc_call *call, struct server *server, const char *name, size_t len,
			Runtime__V1__StatusResponse *answer)
{
	struct arena *arena = rpc_call_arena(call);
	Runtime__V1__RuntimeHandler *row = message_new(arena, &runtime__v1__runtime_handler__descriptor);
	struct runtime_features features;

	row->name = arena_format(arena, "%.*s", (int) len, name);
	for (size_t i = 0; i < answer->n_runtime_handlers; i++)
		if (strcmp(answer->runtime_handlers[i]->name, row->name) == 0)
			return;
	runtime_features_of(server, row->name, &features);
	row->features = message_new(arena, &runtime__v1__runtime_handler_features__descriptor);
	row->features->recursive_read_only_mounts = features.recursive_read_only;
	row->features->user_namespaces = features.user_namespaces;
	answer->runtime_handlers[answer->n_runtime_handlers++] = row;
}

static void add_handlers(struct rpc_call *call, struct server *server, Runtime__V1__StatusResponse *answer)
{
	const struct strings *runtimes = &server->options.runtimes;

	answer->runtime_handlers =
	    arena_array(rpc_call_arena(call), runtimes->count + 1, sizeof(*answer->runtime_handlers));
	add_handler(call, server, "", 0, answer);
	for (size_t i = 0; i < runtimes->count && !fault("cri-handlers-not-listed"); i++)
		add_handler(call, server, runtimes->items[i], strcspn(runtimes->items[i], "="), answer);
}

static void add_info(struct rpc_call *call, struct server *server, Runtime__V1__StatusResponse *answer)
{
	struct arena *arena = rpc_call_arena(call);
	Runtime__V1__StatusResponse__InfoEntry *entry =
	    message_new(arena, &runtime__v1__status_response__info_entry__descriptor);
	auto_json config = json_new_object();
	auto_text text = { 0 };
	auto_free char *runtime = server_runtime_path(server, "");

	json_put(config, "root", json_new_string(server->options.root));
	json_put(config, "state", json_new_string(server->options.state));
	json_put(config, "cgroupDriver", json_new_string(server->options.cgroup_driver));
	json_put(config, "network", json_new_string(server->options.network));
	json_put(config, "runtime", json_new_string(runtime));
	json_put(config, "networks", net_status(server->net));
	pthread_mutex_lock(&server->config_lock);
	if (server->pod_cidr)
		json_put(config, "podCIDR", json_new_string(server->pod_cidr));
	pthread_mutex_unlock(&server->config_lock);
	json_print(config, 0, &text);
	entry->key = "config";
	entry->value = arena_string(arena, text_str(&text));
	answer->info = arena_array(arena, 1, sizeof(*answer->info));
	answer->info[0] = entry;
	answer->n_info = 1;
}

static grpc_status_code status(struct rpc_call *call, const void *request, void *response, void *user)
{
	const Runtime__V1__StatusRequest *asked = request;
	Runtime__V1__StatusResponse *answer = response;
	struct arena *arena = rpc_call_arena(call);
	struct server *server = user;
	auto_text runtime = { 0 }, network = { 0 };

	tell_whether_runtime_is_ready(server, &runtime);
	tell_whether_network_is_ready(server, &network);
	answer->status = message_new(arena, &runtime__v1__runtime_status__descriptor);
	answer->status->conditions = arena_array(arena, 2, sizeof(*answer->status->conditions));
	answer->status->conditions[0] =
	    condition(arena, "RuntimeReady", "RuntimeNotExecutable", text_str(&runtime));
	answer->status->conditions[1] =
	    condition(arena, "NetworkReady", "NetworkPluginNotReady", text_str(&network));
	answer->status->n_conditions = 2;
	add_handlers(call, server, answer);
	answer->features = message_new(arena, &runtime__v1__runtime_features__descriptor);
	answer->features->supplemental_groups_policy = true;
	answer->features->mount_options = true;
	if (asked->verbose)
		add_info(call, server, answer);
	return GRPC_STATUS_OK;
}

static grpc_status_code runtime_config(struct rpc_call *call, const void *request, void *response, void *user)
{
	Runtime__V1__RuntimeConfigResponse *answer = response;
	const struct server *server = user;

	(void) request;
	answer->linux =
	    message_new(rpc_call_arena(call), &runtime__v1__linux_runtime_configuration__descriptor);
	answer->linux->cgroup_driver = strcmp(server->options.cgroup_driver, "systemd") == 0
					   ? RUNTIME__V1__CGROUP_DRIVER__SYSTEMD
					   : RUNTIME__V1__CGROUP_DRIVER__CGROUPFS;
	return GRPC_STATUS_OK;
}

/* Kept and shown: CNI's own configuration decides on addresses, as it does in CRI-O. Empty means "leave it". */
static grpc_status_code update_runtime_config(struct rpc_call *call, const void *request, void *response,
					      void *user)
{
	const Runtime__V1__UpdateRuntimeConfigRequest *asked = request;
	struct server *server = user;
	const char *cidr = "";

	(void) call;
	(void) response;
	if (asked->runtime_config && asked->runtime_config->network_config)
		cidr = asked->runtime_config->network_config->pod_cidr;
	if (!cidr[0])
		return GRPC_STATUS_OK;
	pthread_mutex_lock(&server->config_lock);
	free(server->pod_cidr);
	server->pod_cidr = text_format("%s", cidr);
	pthread_mutex_unlock(&server->config_lock);
	return GRPC_STATUS_OK;
}

extern const struct rpc_binding runtime_bindings[];
const struct rpc_binding runtime_bindings[] = {
	{ "Version", version, .quick = true },
	{ "Status", status },
	{ "RuntimeConfig", runtime_config, .quick = true },
	{ "UpdateRuntimeConfig", update_runtime_config },
	{ NULL },
};
