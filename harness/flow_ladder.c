/*
 * What can be followed all the way down: a field of the request, the member of config.json that it becomes, the kernel call that
 * carries it, and what the kernel says in the end. Also how request and config.json are compared where no server tells origins.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_part.h"

#define AFTER "after." /* of the step that saw the program run */

/* On each rung "%" stands for the value of the request; a rung that says it in other words has them here. NULL: anything. */
struct row {
	const char *name;
	bool sandbox; /* it is of RunPodSandbox */
	const char *request, *config, *effects[2], *now[2]; /* two: cgroup versions 1 and 2 */
	const char *says_config, *says_effect, *says_now;
};

static const struct row rows[] = {
	{ "host name",
	  true,
	  "hostname",
	  "hostname",
	  { "uts.set:hostname" },
	  { "inside.hostname" },
	  "%",
	  "%",
	  "%" },
	{ "CPU shares",
	  false,
	  "linux.resources.cpu_shares",
	  "linux.resources.cpu.shares",
	  { "cg.set:cpu.shares", "cg.set:cpu.weight" },
	  { AFTER "cgroup.cpu[cpu.shares]", AFTER "cgroup.cpu[cpu.weight]" },
	  "%",
	  NULL,
	  NULL },
	{ "memory",
	  false,
	  "linux.resources.memory_limit_in_bytes",
	  "linux.resources.memory.limit",
	  { "cg.set:memory.limit_in_bytes", "cg.set:memory.max" },
	  { AFTER "cgroup.memory[memory.limit_in_bytes]", AFTER "cgroup.memory[memory.max]" },
	  "%",
	  "%",
	  "%" },
	{ "OOM score",
	  false,
	  "linux.resources.oom_score_adj",
	  "process.oomScoreAdj",
	  { "proc.tune:oom_score_adj" },
	  { AFTER "init.oom_score_adj" },
	  "%",
	  "%",
	  "%" },
	{ "user",
	  false,
	  "linux.security_context.run_as_user.value",
	  "process.user.uid",
	  { "cred.ids:uid" },
	  { AFTER "init.uid.effective" },
	  "%",
	  "%",
	  "%" },
	{ "no new privileges",
	  false,
	  "linux.security_context.no_new_privs",
	  "process.noNewPrivileges",
	  { "sec.nnp" },
	  { AFTER "init.no_new_privs" },
	  "%",
	  NULL,
	  "1" },
	{ "read-only root",
	  false,
	  "linux.security_context.readonly_rootfs",
	  "root.readonly",
	  { "mnt.attr:/:ro", "mnt.attr:@rootfs:ro" },
	  { "inside.mounts[/].flags" },
	  "%",
	  NULL,
	  "ro" },
	{ "capabilities",
	  false,
	  "linux.security_context.capabilities.add_capabilities",
	  "process.capabilities.bounding",
	  { "cap.change:bounding" },
	  { AFTER "init.caps.bounding" },
	  NULL,
	  NULL,
	  NULL },
	{ "system calls",
	  false,
	  "linux.security_context.seccomp.profile_type",
	  "linux.seccomp.defaultAction",
	  { "sec.seccomp" },
	  { AFTER "init.seccomp" },
	  NULL,
	  NULL,
	  "2" },
};

/* Nobody asked: the interface has no other way of saying it. */
static bool is_asked(const struct json *value)
{
	const char *string = json_string(value);

	switch (json_kind(value)) {
	case JSON_NULL:
		return false;
	case JSON_BOOL:
		return json_bool(value, false);
	case JSON_INT:
		return json_int(value, 1) != 0;
	case JSON_STRING:
		return *string;
	default:
		return json_length(value) > 0;
	}
}

static char *value_text(const struct json *value)
{
	auto_text text = { 0 };

	if (json_string(value)) {
		const char *string = json_string(value);

		text_add(&text, text_starts(string, "CAP_") ? string + 4 : string);
	} else if (json_kind(value) == JSON_ARRAY) {
		for (size_t i = 0; i < json_length(value); i++) {
			auto_free char *element = value_text(json_at(value, i));

			text_addf(&text, "%s%s", i ? "," : "", element);
		}
	} else {
		json_print(value, 0, &text);
	}
	return text_take(&text);
}

static const struct json *request_value(const struct json *observation, const struct row *row)
{
	auto_free char *path = text_format("exit.%s.request.config.%s",
					   row->sandbox ? "RunPodSandbox" : "CreateContainer", row->request);

	return json_get(observation, path);
}

static const struct json *config_value(const struct json *observation, const struct row *row)
{
	static const char *const paths[2][2] = {
		{ "state.after.CreateContainer.info.info.runtimeSpec",
		  "state.after.CreateContainer.info.runtimeSpec" },
		{ "state.after.RunPodSandbox.sandbox_info.info.runtimeSpec",
		  "state.after.RunPodSandbox.sandbox_info.runtimeSpec" },
	};
	const struct json *spec = json_get(observation, paths[row->sandbox][0]);

	return json_get(spec ? spec : json_get(observation, paths[row->sandbox][1]), row->config);
}

/* The last one counts: groups, gid and uid are set more than once on the way. */
static const char *effect_value(const struct flow_kernel *kernel, const struct row *row)
{
	const struct effects *effects = &kernel->effects[row->sandbox ? FLOW_SANDBOX : FLOW_CONTAINER];
	const char *found = NULL;

	for (size_t i = 0; i < effects->count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(row->effects) && row->effects[k]; k++)
			if (!effects->items[i].error && effects->items[i].role != ROLE_PAYLOAD &&
			    effect_matches(row->effects[k], effects->items[i].text))
				found = effects->items[i].text;
	return found;
}

const struct json *flow_seen(const struct json *observation)
{
	const struct json *ready = json_get(observation, "host.after.ready");

	return ready ? ready : json_get(observation, "host.after.StartContainer");
}

static const struct json *now_value(const struct json *observation, const struct row *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(row->now) && row->now[i]; i++) {
		bool outside = text_starts(row->now[i], AFTER);
		const struct json *value = json_get(outside ? flow_seen(observation) : observation,
						    row->now[i] + (outside ? strlen(AFTER) : 0));

		if (value)
			return value;
	}
	return NULL;
}

/* says: what the rung must read for the value of the request. */
static bool agrees(const char *says, const char *value, const char *seen)
{
	if (!says)
		return seen;
	if (strcmp(says, "%") != 0)
		value = says;
	return seen && !strcmp(seen, value);
}

static void put_rung(struct json *rungs, const char *name, const char *text)
{
	if (text)
		json_put(rungs, name, json_new_bytes(text, strlen(text)));
}

/* "cg.set:cpu.shares:512" says 512; what has no detail says what it is. */
static const char *said_by_effect(const char *effect)
{
	const char *colon = effect ? strrchr(effect, ':') : NULL;

	return colon ? colon + 1 : effect;
}

static struct json *follow(const struct json *observation, const struct flow_kernel *kernel,
			   const struct row *row)
{
	const struct json *asked = request_value(observation, row), *spec = config_value(observation, row),
			  *now = now_value(observation, row);
	auto_free char *l2 = value_text(asked), *l3 = spec ? value_text(spec) : NULL;
	auto_free char *l5 =
	    !now ? NULL
	    : row->says_now && !strcmp(row->says_now, "ro")
		? text_format("%s", json_string(json_at(now, 0)) ? json_string(json_at(now, 0)) : "?")
		: value_text(now);
	const char *effect = kernel ? effect_value(kernel, row) : NULL, *leaves = NULL;
	struct json *ret = json_new_object(), *rungs = json_new_object();

	put_rung(rungs, "L2", l2);
	put_rung(rungs, "L3", l3);
	put_rung(rungs, "L4", effect);
	put_rung(rungs, "L5", l5);
	if (!agrees(row->says_config, l2, l3))
		leaves = "L3";
	else if (kernel && !agrees(row->says_effect, l2, said_by_effect(effect)))
		leaves = "L4";
	else if (!agrees(row->says_now, l2, l5))
		leaves = "L5";
	json_put(ret, "type", json_new_string("value"));
	json_put(ret, "name", json_new_string(row->name));
	json_put(ret, "request", json_new_string(row->request));
	json_put(ret, "config", json_new_string(row->config));
	json_put(ret, "rungs", rungs);
	json_put(ret, "plumb", json_new_bool(!leaves));
	if (leaves)
		json_put(ret, "leaves_at", json_new_string(leaves));
	return ret;
}

struct json *flow_ladder(const struct json *observation, const struct flow_kernel *kernel)
{
	struct json *ret = json_new_array();

	/* A pod that never started has not been all the way. */
	if (!json_get(observation, "exit.StartContainer") ||
	    json_int(json_get(observation, "exit.StartContainer.code"), 1))
		return ret;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (is_asked(request_value(observation, &rows[i])))
			json_append(ret, follow(observation, kernel, &rows[i]));
	return ret;
}

void flow_compare(const struct json *request, bool of_sandbox, const struct json *config, struct json *values)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_free char *path = text_format("config.%s", rows[i].request);
		const struct json *asked = json_get(request, path);

		if (rows[i].sandbox != of_sandbox || !is_asked(asked))
			continue;
		for (size_t k = 0; k < json_length(values); k++) {
			struct json *value = json_at(values, k);
			auto_free char *wanted = value_text(asked),
				       *seen = value_text(json_get(config, rows[i].config));

			if (strcmp(json_get_string(value, "path"), rows[i].config) != 0)
				continue;
			json_put(value, "from", json_new_string(strcmp(wanted, seen) ? "differs" : "equal"));
			json_put(value, "field", json_new_string(rows[i].request));
		}
	}
}
