/*
 * What a step asks for: the usual request of its method with the case's own members laid over it. A case says what it is about
 * and nothing else.
 */
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/case_run.h"
#include "harness/cri.h"
#include "harness/edit.h"
#include "harness/engine.h"
#include "harness/live.h"

/* The usual request, in JSON; @pod and @ctr stand for the case's two configurations. */
static const struct method {
	const char *name, *usual;
} methods[] = {
	{ "Version", "{\"version\": \"0.1.0\"}" },
	{ "RunPodSandbox", "{\"config\": \"@pod\", \"runtime_handler\": \"@handler\"}" },
	{ "StopPodSandbox", "{\"pod_sandbox_id\": \"@sandbox\"}" },
	{ "RemovePodSandbox", "{\"pod_sandbox_id\": \"@sandbox\"}" },
	{ "PodSandboxStatus", "{\"pod_sandbox_id\": \"@sandbox\"}" },
	{ "ListPodSandbox", "{}" },
	{ "StreamPodSandboxes", "{}" },
	{ "CreateContainer",
	  "{\"pod_sandbox_id\": \"@sandbox\", \"config\": \"@ctr\", \"sandbox_config\": \"@pod\"}" },
	{ "StartContainer", "{\"container_id\": \"@container\"}" },
	{ "StopContainer", "{\"container_id\": \"@container\", \"timeout\": 2}" },
	{ "RemoveContainer", "{\"container_id\": \"@container\"}" },
	{ "ListContainers", "{}" },
	{ "StreamContainers", "{}" },
	{ "ContainerStatus", "{\"container_id\": \"@container\"}" },
	{ "UpdateContainerResources", "{\"container_id\": \"@container\"}" },
	{ "ReopenContainerLog", "{\"container_id\": \"@container\"}" },
	{ "ExecSync",
	  "{\"container_id\": \"@container\", \"cmd\": [\"/probe\", \"--try\"], \"timeout\": 4}" },
	{ "Exec", "{\"container_id\": \"@container\", \"cmd\": [\"/probe\"], \"stdout\": true}" },
	{ "Attach", "{\"container_id\": \"@container\", \"stdout\": true}" },
	{ "PortForward", "{\"pod_sandbox_id\": \"@sandbox\"}" },
	{ "ContainerStats", "{\"container_id\": \"@container\"}" },
	{ "ListContainerStats", "{}" },
	{ "StreamContainerStats", "{}" },
	{ "PodSandboxStats", "{\"pod_sandbox_id\": \"@sandbox\"}" },
	{ "ListPodSandboxStats", "{}" },
	{ "StreamPodSandboxStats", "{}" },
	{ "UpdateRuntimeConfig", "{}" },
	{ "Status", "{}" },
	{ "CheckpointContainer", "{\"container_id\": \"@container\"}" },
	{ "CheckpointPod", "{\"pod_sandbox_id\": \"@sandbox\"}" },
	{ "RestorePod", "{}" },
	{ "GetContainerEvents", "{}" },
	{ "ListMetricDescriptors", "{}" },
	{ "ListPodSandboxMetrics", "{}" },
	{ "StreamPodSandboxMetrics", "{}" },
	{ "RuntimeConfig", "{}" },
	{ "UpdatePodSandboxResources", "{\"pod_sandbox_id\": \"@sandbox\"}" },
	{ "ListImages", "{}" },
	{ "StreamImages", "{}" },
	{ "ImageStatus", "{\"image\": {\"image\": \"@image\"}}" },
	{ "PullImage", "{\"image\": {\"image\": \"@image\"}}" },
	{ "RemoveImage", "{\"image\": {\"image\": \"@image\"}}" },
	{ "ImageFsInfo", "{}" },
};

static const struct method *find_method(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

/* Members of `over` replace or, where both are objects, join those of `under`; null takes one away. Takes under. */
static struct json *lay_over(struct json *taken_under, const struct json *over)
{
	struct json *under = taken_under;

	if (json_kind(under) != JSON_OBJECT || json_kind(over) != JSON_OBJECT) {
		json_free(under);
		return json_copy(over);
	}
	for (size_t i = 0; i < json_length(over); i++) {
		const char *key = json_key_at(over, i);
		const struct json *value = json_value_at(over, i);

		if (key[0] == '$')
			continue;
		if (json_kind(value) == JSON_NULL)
			json_remove(under, key);
		else
			json_put(under, key, lay_over(json_copy(json_member(under, key)), value));
	}
	return under;
}

static void set_string(struct json *config, const char *path, char *taken)
{
	(void) json_set(config, path, json_new_string(taken), NULL);
	free(taken);
}

/* The case's sandbox, or a further one "b": another name and uid, so that both can be at once. */
static struct json *pod_config(const struct bench *bench, const char *name)
{
	struct json *config = json_copy(json_member(bench->config, "sandbox"));
	const char *uid = json_get_string(config, "metadata.uid");

	if (name && json_has(config, "metadata")) {
		char *both = text_format("%s-%s", uid ? uid : "", name);

		set_string(config, "metadata.name", text_format("pod-%s", name));
		set_string(config, "metadata.uid", both);
	}
	return config;
}

static void add_mount(struct json *config, const char *inside, const char *outside)
{
	struct json *mount = json_new_object();

	if (!json_has(config, "mounts"))
		json_put(config, "mounts", json_new_array());
	json_put(mount, "container_path", json_new_string(inside));
	json_put(mount, "host_path", json_new_string(outside));
	json_put(mount, "readonly", json_new_bool(true));
	json_append(json_member(config, "mounts"), mount);
}

static struct json *container_config(const struct bench *bench, const char *name)
{
	const struct live *live = bench->job ? bench->job->runtime->live : NULL;
	struct json *config = json_copy(json_member(bench->config, "container"));

	/* An image of somebody else's has no probe. */
	if (live && live->image) {
		add_mount(config, "/probe", "@probe");
		add_mount(config, "/.plumbline", "@rootfs/.plumbline");
	}
	if (name) {
		set_string(config, "metadata.name", text_format("probe-%s", name));
		set_string(config, "log_path", text_format("probe-%s.log", name));
	}
	return config;
}

/* The value of a variable is bytes in the interface: base64 in JSON, and text in a case. */
static void encode_variables(struct json *config)
{
	const struct json *envs = json_member(config, "envs");

	for (size_t i = 0; i < json_length(envs); i++) {
		struct json *row = json_at(envs, i);
		const char *value = json_get_string(row, "value");
		auto_text encoded = { 0 };

		if (!value)
			continue;
		base64_encode(value, strlen(value), &encoded);
		json_put(row, "value", json_new_string(text_str(&encoded)));
	}
}

/* @pod, @ctr and names of further ones are no symbols that a case could write into a string. */
static void put_configs(const struct bench *bench, struct json *request, const char *method, const char *as,
			const char *in)
{
	bool runs = !strcmp(method, "RunPodSandbox");

	if (runs)
		json_put(request, "config", pod_config(bench, as));
	if (strcmp(method, "CreateContainer") != 0)
		return;
	json_put(request, "config", container_config(bench, as));
	json_put(request, "sandbox_config", pod_config(bench, in));
	if (in) {
		auto_free char *symbol = text_format("@sandbox-%s", in);

		json_put(request, "pod_sandbox_id", json_new_string(symbol));
	}
}

bool cri_has_method(const char *verb)
{
	return find_method(verb) != NULL;
}

struct json *cri_request(const struct bench *bench, const char *name, const struct json *argument)
{
	const struct method *method = find_method(name);
	struct json *request = NULL, *ret;

	if (!method || json_parse(method->usual, strlen(method->usual), &request, NULL) < 0)
		return json_new_object();
	put_configs(bench, request, name, json_string(json_member(argument, "$as")),
		    json_string(json_member(argument, "$in")));
	request = argument ? lay_over(request, argument) : request;
	ret = symbols_expand(request, bench->symbols);
	if (!strcmp(name, "CreateContainer"))
		encode_variables(json_member(ret, "config"));
	json_free(request);
	return ret;
}

/* Members of AuthConfig that are secrets; its others name the registry. */
static const char *const secrets[] = { "username", "password", "auth", "identity_token", "registry_token" };

struct json *cri_without_secrets(const struct json *request)
{
	struct json *ret = json_copy(request), *login = json_member(ret, "auth");

	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		if (json_has(login, secrets[i]))
			json_put(login, secrets[i], json_new_string("(redacted)"));
	return ret;
}
