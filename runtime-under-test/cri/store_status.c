/* Statuses as JSON, for the records. Reading is strict: a record that says something else is none. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "runtime-under-test/cri/store_internal.h"
#include "runtime-under-test/oci/faults.h"

static const char *const phases[] = {
	[PHASE_MAKING] = "making",   [PHASE_READY] = "ready",       [PHASE_NOTREADY] = "notready",
	[PHASE_CREATED] = "created", [PHASE_STARTING] = "starting", [PHASE_RUNNING] = "running",
	[PHASE_EXITED] = "exited",
};

static int read_phase(const struct json *json, enum object_phase *ret, struct err *err)
{
	const char *word = json_get_string(json, "phase");

	for (size_t i = 0; word && i < ARRAY_SIZE(phases); i++) {
		if (strcmp(word, phases[i]) == 0) {
			*ret = (enum object_phase) i;
			return 0;
		}
	}
	return fail_text(err, -EINVAL, "the record has no phase");
}

static void put_string(struct json *json, const char *key, const char *string)
{
	if (string && string[0])
		json_put(json, key, json_new_string(string));
}

static char *take_string(const struct json *json, const char *key)
{
	const char *string = json_string(json_member(json, key));
	char *copy = string ? strdup(string) : NULL;

	if (string && !copy)
		abort();
	return copy;
}

struct json *sandbox_status_json(const struct sandbox *sandbox)
{
	const struct sandbox_status *status = &sandbox->status;
	struct json *json = json_new_object(), *ips = json_new_array();

	json_put(json, "phase", json_new_string(phases[status->phase]));
	json_put(json, "removing", json_new_bool(status->removing));
	json_put(json, "released", json_new_bool(status->released));
	json_put(json, "created_at", json_new_int(status->created_at));
	json_put(json, "pid", json_new_int(status->pid));
	for (size_t i = 0; i < status->ip_count; i++)
		json_append(ips, json_new_string(status->ips[i]));
	json_put(json, "ips", ips);
	return json;
}

int sandbox_status_read(const struct json *json, struct sandbox *sandbox, struct err *err)
{
	struct sandbox_status *status = &sandbox->status;
	const struct json *ips = json_member(json, "ips");
	int r = read_phase(json, &status->phase, err);

	if (r < 0)
		return r;
	status->removing = json_bool(json_member(json, "removing"), false) && !fault("cri-removed-come-back");
	status->released = json_bool(json_member(json, "released"), false);
	status->created_at = json_int(json_member(json, "created_at"), 0);
	status->pid = (pid_t) json_int(json_member(json, "pid"), 0);
	status->ips = calloc(json_length(ips) + 1, sizeof(char *));
	if (!status->ips)
		abort();
	for (size_t i = 0; i < json_length(ips); i++) {
		const char *ip = json_string(json_at(ips, i));

		if (!ip)
			return fail_text(err, -EINVAL, "the record has an address that is none");
		status->ips[status->ip_count++] = strdup(ip);
	}
	return 0;
}

static struct json *facts_json(const struct container_facts *facts)
{
	struct json *json = json_new_object(), *groups = json_new_array();

	put_string(json, "image_id", facts->image_id);
	put_string(json, "image_ref", facts->image_ref);
	put_string(json, "image_name", facts->image_name);
	if (facts->mount_images)
		json_put(json, "mount_images", json_copy(facts->mount_images));
	put_string(json, "log_path", facts->log_path);
	json_put(json, "uid", json_new_int(facts->uid));
	json_put(json, "gid", json_new_int(facts->gid));
	for (size_t i = 0; i < facts->group_count; i++)
		json_append(groups, json_new_int(facts->groups[i]));
	json_put(json, "groups", groups);
	json_put(json, "stop_signal", json_new_int(facts->stop_signal));
	return json;
}

static void facts_read(const struct json *json, struct container_facts *facts)
{
	const struct json *groups = json_member(json, "groups");

	facts->image_id = take_string(json, "image_id");
	facts->image_ref = take_string(json, "image_ref");
	facts->image_name = take_string(json, "image_name");
	if (json_member(json, "mount_images"))
		facts->mount_images = json_copy(json_member(json, "mount_images"));
	facts->log_path = take_string(json, "log_path");
	facts->uid = json_int(json_member(json, "uid"), 0);
	facts->gid = json_int(json_member(json, "gid"), 0);
	facts->stop_signal = (int) json_int(json_member(json, "stop_signal"), 0);
	facts->group_count = json_length(groups);
	facts->groups = calloc(facts->group_count + 1, sizeof(int64_t));
	if (!facts->groups)
		abort();
	for (size_t i = 0; i < facts->group_count; i++)
		facts->groups[i] = json_int(json_at(groups, i), 0);
}

struct json *container_status_json(const struct container *container)
{
	const struct container_status *status = &container->status;
	struct json *json = json_new_object();

	json_put(json, "phase", json_new_string(phases[status->phase]));
	json_put(json, "removing", json_new_bool(status->removing));
	json_put(json, "created_at", json_new_int(status->created_at));
	json_put(json, "started_at", json_new_int(status->started_at));
	json_put(json, "finished_at", json_new_int(status->finished_at));
	json_put(json, "exit_code", json_new_int(status->exit_code));
	put_string(json, "reason", status->reason);
	put_string(json, "message", status->message);
	json_put(json, "pid", json_new_int(status->pid));
	json_put(json, "facts", facts_json(&container->facts));
	return json;
}

int container_status_read(const struct json *json, struct container *container, struct err *err)
{
	struct container_status *status = &container->status;
	int r = read_phase(json, &status->phase, err);

	if (r < 0)
		return r;
	status->removing = json_bool(json_member(json, "removing"), false) && !fault("cri-removed-come-back");
	status->created_at = json_int(json_member(json, "created_at"), 0);
	status->started_at = json_int(json_member(json, "started_at"), 0);
	status->finished_at = json_int(json_member(json, "finished_at"), 0);
	status->exit_code =
	    fault("cri-restart-end-forgotten") ? 0 : (int32_t) json_int(json_member(json, "exit_code"), 0);
	status->reason = take_string(json, "reason");
	status->message = take_string(json, "message");
	status->pid = (pid_t) json_int(json_member(json, "pid"), 0);
	facts_read(json_member(json, "facts"), &container->facts);
	return 0;
}
