/* From what was observed and recorded of one pod to the list of facts that is told: one entry a call, in order. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow.h"
#include "harness/flow_part.h"

#define SCHEMA_VERSION "1.1"
#define LINES_OF_SERVER 8
#define RANK_OF_SERVER 6 /* how it starts and reaps its helpers is not the pod's way */
#define LINES_OF_RUNTIME 22

struct gather {
	const struct flow_source *source;
	struct flow_object objects[FLOW_OWNERS];
	struct flow_kernel kernel;
	bool recorded;
	struct json *facts;
	size_t calls, failed, off; /* off: values that left the line */
	bool cut_short; /* the last call failed */
	double ms;
};

static const struct json *get_either(const struct json *root, const char *a, const char *b)
{
	const struct json *found = json_get(root, a);

	return found ? found : json_get(root, b);
}

/* containerd and CRI-O put everything of a verbose status into one member "info". */
const struct json *flow_told(const struct json *observation, enum flow_owner owner, const char *what)
{
	const char *method = owner == FLOW_SANDBOX ? "RunPodSandbox" : "CreateContainer";
	const char *info = owner == FLOW_SANDBOX ? "sandbox_info" : "info";
	auto_free char *both = text_format("state.after.%s.%s.info.%s", method, info, what);
	auto_free char *one = text_format("state.after.%s.%s.%s", method, info, what);

	return get_either(observation, both, one);
}

/* What a server tells need not be what it should. */
static const struct json *origins_of(const struct json *observation, enum flow_owner owner)
{
	const struct json *origins = flow_told(observation, owner, "origins");

	return json_kind(origins) == JSON_OBJECT ? origins : NULL;
}

static void put_copy(struct json *object, const char *key, const struct json *value)
{
	if (value)
		json_put(object, key, json_copy(value));
}

static void put_text(struct json *object, const char *key, const char *value)
{
	if (value)
		json_put(object, key, json_new_bytes(value, strlen(value)));
}

static void put_head(struct gather *gather)
{
	static const char *const symbols[] = { "@sandbox", "@container", "@cri-state", "@cri-root",
					       "@cri",     "@run",       "@image-id",  "@handler-path" };
	const struct flow_source *source = gather->source;
	const struct recording *recording = source->recording;
	struct json *head = json_new_object(), *kept = json_new_object();

	json_put(head, "type", json_new_string("flow"));
	json_put(head, "schema", json_new_string(SCHEMA_VERSION));
	put_copy(head, "case", json_member(source->observation, "case"));
	put_text(head, "server", source->server);
	put_text(head, "server_path", source->server_path);
	put_text(head, "runtime", source->runtime);
	put_text(head, "fault", source->fault);
	put_text(head, "fault_says", source->fault_says);
	json_put(head, "origins", json_new_bool(origins_of(source->observation, FLOW_SANDBOX)));
	if (recording) {
		put_text(head, "kernel", json_get_string(recording->symbols, "kernel"));
		json_put(head, "events", json_new_uint(recording->event_count));
		json_put(head, "lost", json_new_uint(recording->lost));
	} else {
		put_text(head, "not_recorded", source->not_recorded ? source->not_recorded : "off");
	}
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++)
		put_copy(kept, symbols[i],
			 json_member(json_member(source->observation, "symbols"), symbols[i]));
	put_text(kept, "@sandbox-bundle", gather->kernel.bundle[FLOW_SANDBOX]);
	put_text(kept, "@container-bundle", gather->kernel.bundle[FLOW_CONTAINER]);
	json_put(head, "symbols", kept);
	json_append(gather->facts, head);
}

static void put_config(struct gather *gather, enum flow_owner owner, struct json *call)
{
	const struct json *observation = gather->source->observation, *config = gather->objects[owner].config,
			  *origins = origins_of(observation, owner);
	struct json *ret, *counts;

	if (!config)
		return;
	ret = json_new_object();
	json_put(ret, "of", json_new_string(flow_owner_name(owner)));
	json_put(ret, "content", json_copy(config));
	json_put(ret, "values", flow_values(config, origins, &counts));
	if (origins) {
		json_put(ret, "counts", counts);
		put_copy(ret, "origins", origins);
		put_copy(ret, "not_mapped", json_member(origins, "not mapped"));
		json_remove(json_member(ret, "origins"), "not mapped");
	} else {
		json_free(counts);
		flow_compare(observation, owner == FLOW_SANDBOX, json_member(ret, "values"));
	}
	json_put(call, "config", ret);
}

static void put_commands(struct gather *gather, uint64_t begin, uint64_t end, struct json *call)
{
	struct json *commands = json_new_array();

	for (size_t i = 0; i < json_length(gather->kernel.commands); i++) {
		const struct json *row = json_at(gather->kernel.commands, i);
		uint64_t time = json_uint(json_member(row, "time_ns"), 0);

		if (time >= begin && time < end)
			json_append(commands, json_copy(row));
	}
	json_put(call, "commands", commands);
}

static void put_kernel(struct gather *gather, uint64_t begin, uint64_t end, struct json *call)
{
	struct json *effects = json_new_object();

	put_commands(gather, begin, end, call);
	for (enum flow_owner i = FLOW_SERVER; i < FLOW_OWNERS; i++) {
		size_t left_out = 0;
		struct json *rows = flow_effects(&gather->kernel.effects[i], begin, end,
						 i == FLOW_SERVER ? LINES_OF_SERVER : LINES_OF_RUNTIME,
						 i == FLOW_SERVER ? RANK_OF_SERVER : 0, &left_out),
			    *part = json_new_object();

		json_put(part, "groups", rows);
		json_put(part, "left_out", json_new_uint(left_out));
		json_put(effects, flow_owner_name(i), part);
	}
	json_put(call, "effects", effects);
}

/* Own where it is nobody else's: the pod's are those that the config joins by a path. */
static struct json *namespaces_of(const struct gather *gather, const struct json *seen)
{
	const struct json *host = json_get(gather->source->observation, "host.world.namespaces"),
			  *theirs = json_get(seen, "init.namespaces"),
			  *config = gather->objects[FLOW_CONTAINER].config;
	struct json *ret = json_new_object();

	for (size_t i = 0; i < json_length(theirs); i++) {
		const char *name = json_key_at(theirs, i);
		auto_free char *path = text_format("linux.namespaces[%s].path", name);
		bool shared = json_equal(json_value_at(theirs, i), json_member(host, name));

		json_put(ret, name,
			 json_new_string(shared                   ? "host"
					 : json_get(config, path) ? "pod"
								  : "own"));
	}
	return ret;
}

static void put_now(struct gather *gather, struct json *call)
{
	static const struct {
		const char *name, *path;
	} rows[] = {
		{ "pid", "init.ns_pids[0]" },    { "pid_inside", "init.ns_pids[1]" },
		{ "uid", "init.uid.effective" }, { "gid", "init.gid.effective" },
		{ "program", "init.cmdline" },   { "cgroup", "cgroup.pids.path" },
	};
	const struct json *observation = gather->source->observation, *seen = flow_seen(observation);
	struct json *now;

	if (!json_get(seen, "init.namespaces"))
		return;
	now = json_new_object();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		put_copy(now, rows[i].name, json_get(seen, rows[i].path));
	put_copy(now, "root_mount", json_get(observation, "inside.mounts[/].type"));
	put_copy(now, "hostname", json_get(observation, "inside.hostname"));
	json_put(now, "namespaces", namespaces_of(gather, seen));
	json_put(call, "now", now);
}

uint64_t flow_end_of(const struct json *steps, size_t index)
{
	for (size_t i = index + 1; i < json_length(steps); i++)
		if (json_has(json_at(steps, i), "begin_ns"))
			return json_uint(json_member(json_at(steps, i), "begin_ns"), UINT64_MAX);
	return json_uint(json_member(json_at(steps, index), "end_ns"), UINT64_MAX);
}

static void put_call(struct gather *gather, const struct json *steps, size_t index)
{
	static const char *const kept[] = { "status", "request", "response", "items", "statuses" };
	const struct json *exit = json_at(steps, index);
	const char *verb = json_get_string(exit, "verb"), *message = json_get_string(exit, "errors");
	const char *method = verb ? verb : "unknown";
	uint64_t begin = json_uint(json_member(exit, "begin_ns"), 0),
		 end = json_uint(json_member(exit, "end_ns"), 0);
	struct json *call = json_new_object();
	bool failed =
	    json_int(json_member(exit, "code"), 1) != 0 || json_bool(json_member(exit, "timed_out"), false);

	json_put(call, "type", json_new_string("call"));
	json_put(call, "number", json_new_uint(++gather->calls));
	put_text(call, "method", method);
	json_put(call, "ms", json_new_double((double) (end - begin) / 1e6));
	json_put(call, "failed", json_new_bool(failed));
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		put_copy(call, kept[i], json_member(exit, kept[i]));
	if (message && *message)
		put_text(call, "message", message);
	if (!strcmp(method, "RunPodSandbox"))
		put_config(gather, FLOW_SANDBOX, call);
	if (!strcmp(method, "CreateContainer"))
		put_config(gather, FLOW_CONTAINER, call);
	if (gather->recorded)
		put_kernel(gather, begin, flow_end_of(steps, index), call);
	if (!strcmp(method, "StartContainer") && !failed)
		put_now(gather, call);
	json_append(gather->facts, call);
	gather->failed += failed;
	gather->cut_short = failed;
	gather->ms += (double) (end - begin) / 1e6;
}

static void put_summary(struct gather *gather)
{
	const struct json *left = json_get(gather->source->observation, "host.leftovers"),
			  *leaks = json_get(gather->source->observation, "host.leaks");
	struct json *summary = json_new_object();

	json_put(summary, "type", json_new_string("summary"));
	json_put(summary, "calls", json_new_uint(gather->calls));
	json_put(summary, "failed", json_new_uint(gather->failed));
	json_put(summary, "off_the_line", json_new_uint(gather->off));
	json_put(summary, "cut_short", json_new_bool(gather->cut_short));
	json_put(summary, "ms", json_new_double(gather->ms));
	if (left)
		json_put(summary, "left", json_copy(left));
	if (leaks)
		json_put(summary, "leaks", json_copy(leaks));
	json_append(gather->facts, summary);
}

static void find_objects(struct gather *gather)
{
	const struct json *observation = gather->source->observation;

	gather->objects[FLOW_SANDBOX] = (struct flow_object){
		json_get_string(observation, "symbols.@sandbox"),
		flow_told(observation, FLOW_SANDBOX, "runtimeSpec"),
	};
	gather->objects[FLOW_CONTAINER] = (struct flow_object){
		json_get_string(observation, "symbols.@container"),
		flow_told(observation, FLOW_CONTAINER, "runtimeSpec"),
	};
}

struct json *flow_facts(const struct flow_source *source)
{
	const struct json *steps = json_get(source->observation, "exit.step");
	struct gather gather = { .source = source, .recorded = source->recording, .facts = json_new_array() };
	auto_json ladder = NULL;

	find_objects(&gather);
	if (source->recording)
		flow_kernel_read(source->recording, gather.objects,
				 json_get_string(source->observation, "symbols.@handler-path"),
				 &gather.kernel);
	put_head(&gather);
	for (size_t i = 0; i < json_length(steps); i++)
		if (json_has(json_at(steps, i), "request") || json_has(json_at(steps, i), "statuses"))
			put_call(&gather, steps, i);
	ladder = flow_ladder(source->observation, gather.recorded ? &gather.kernel : NULL);
	for (size_t i = 0; i < json_length(ladder); i++) {
		gather.off += json_has(json_at(ladder, i), "leaves_at");
		json_append(gather.facts, json_copy(json_at(ladder, i)));
	}
	put_summary(&gather);
	flow_kernel_free(&gather.kernel);
	return gather.facts;
}
