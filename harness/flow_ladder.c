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

enum rung { L2, L3, L4, L5, RUNGS };

#define SAME "%" /* the value of the request, on this rung too */
#define PAGE 4096 /* what the kernel counts memory in */

/* NULL where a rung says it in words of its own: it is there, and that has to do. */
struct row {
	const char *name; /* NULL: it is compared with config.json, and not followed further */
	bool sandbox; /* it is of RunPodSandbox */
	const char *request, *config, *effects[2], *now[2]; /* two: cgroup versions 1 and 2 */
	const char *says_config, *says_effect, *says_now;
	bool pages; /* the kernel rounds it down to those */
	const char *unless; /* a member of config.json that changes what the kernel says */
	bool drops_all; /* only where the request drops all capabilities first */
};

static const struct row rows[] = {
	{ .name = "host name",
	  .sandbox = true,
	  .request = "hostname",
	  .config = "hostname",
	  .effects = { "uts.set:hostname" },
	  .now = { "inside.hostname" },
	  .says_config = SAME,
	  .says_effect = SAME,
	  .says_now = SAME },
	{ .name = "CPU shares",
	  .request = "linux.resources.cpu_shares",
	  .config = "linux.resources.cpu.shares",
	  .effects = { "cg.set:cpu.shares", "cg.set:cpu.weight" },
	  .now = { AFTER "cgroup.cpu[cpu.shares]", AFTER "cgroup.cpu[cpu.weight]" },
	  .says_config = SAME },
	{ .name = "memory",
	  .request = "linux.resources.memory_limit_in_bytes",
	  .config = "linux.resources.memory.limit",
	  .effects = { "cg.set:memory.limit_in_bytes", "cg.set:memory.max" },
	  .now = { AFTER "cgroup.memory[memory.limit_in_bytes]", AFTER "cgroup.memory[memory.max]" },
	  .says_config = SAME,
	  .says_effect = SAME,
	  .says_now = SAME,
	  .pages = true },
	{ .name = "OOM score",
	  .request = "linux.resources.oom_score_adj",
	  .config = "process.oomScoreAdj",
	  .effects = { "proc.tune:oom_score_adj" },
	  .now = { AFTER "init.oom_score_adj" },
	  .says_config = SAME,
	  .says_effect = SAME,
	  .says_now = SAME },
	{ .name = "user",
	  .request = "linux.security_context.run_as_user",
	  .config = "process.user.uid",
	  .effects = { "cred.ids:uid" },
	  .now = { AFTER "init.uid.effective" },
	  .says_config = SAME,
	  .says_effect = SAME,
	  .says_now = SAME,
	  .unless = "linux.uidMappings" },
	{ .name = "no new privileges",
	  .request = "linux.security_context.no_new_privs",
	  .config = "process.noNewPrivileges",
	  .effects = { "sec.nnp" },
	  .now = { AFTER "init.no_new_privs" },
	  .says_config = SAME,
	  .says_now = "1" },
	{ .name = "read-only root",
	  .request = "linux.security_context.readonly_rootfs",
	  .config = "root.readonly",
	  .effects = { "mnt.attr:/:*ro*", "path.readonly:/" },
	  .now = { "inside.mounts[/].flags[0]" },
	  .says_config = SAME,
	  .says_now = "ro" },
	{ .name = "capabilities",
	  .request = "linux.security_context.capabilities.add_capabilities",
	  .config = "process.capabilities.bounding",
	  .effects = { "cap.change:bounding" },
	  .now = { AFTER "init.caps.bounding" },
	  .says_config = SAME,
	  .says_effect = SAME,
	  .says_now = SAME,
	  .drops_all = true },
	{ .name = "system calls",
	  .request = "linux.security_context.seccomp.profile_type",
	  .config = "linux.seccomp.defaultAction",
	  .effects = { "sec.seccomp" },
	  .now = { AFTER "init.seccomp" },
	  .says_now = "2" },
	{ .request = "command", .config = "process.args", .says_config = SAME },
	{ .request = "working_dir", .config = "process.cwd", .says_config = SAME },
	{ .request = "linux.resources.cpu_quota",
	  .config = "linux.resources.cpu.quota",
	  .says_config = SAME },
	{ .request = "linux.resources.cpu_period",
	  .config = "linux.resources.cpu.period",
	  .says_config = SAME },
	{ .request = "linux.resources.cpuset_cpus",
	  .config = "linux.resources.cpu.cpus",
	  .says_config = SAME },
	{ .request = "linux.resources.cpuset_mems",
	  .config = "linux.resources.cpu.mems",
	  .says_config = SAME },
	{ .request = "linux.security_context.masked_paths",
	  .config = "linux.maskedPaths",
	  .says_config = SAME },
	{ .request = "linux.security_context.readonly_paths",
	  .config = "linux.readonlyPaths",
	  .says_config = SAME },
	{ .request = "linux.security_context.supplemental_groups",
	  .config = "process.user.additionalGids",
	  .says_config = SAME },
};

/* Borrowed; NULL: it is not asked for. */
static const struct json *asked_value(const struct json *request, const struct row *row)
{
	static const char dropped[] = "config.linux.security_context.capabilities.drop_capabilities[0]";
	auto_free char *path = text_format("config.%s", row->request);
	const struct json *value = json_get(request, path);
	const char *drops = json_get_string(request, dropped);

	if (!flow_is_set(value) || (row->drops_all && (!drops || strcmp(drops, "ALL") != 0)))
		return NULL;
	return value;
}

static const struct json *request_of(const struct json *observation, const struct row *row)
{
	return json_get(observation,
			row->sandbox ? "exit.RunPodSandbox.request" : "exit.CreateContainer.request");
}

static const struct json *config_of(const struct json *observation, const struct row *row)
{
	static const char *const paths[2][2] = {
		{ "state.after.CreateContainer.info.info.runtimeSpec",
		  "state.after.CreateContainer.info.runtimeSpec" },
		{ "state.after.RunPodSandbox.sandbox_info.info.runtimeSpec",
		  "state.after.RunPodSandbox.sandbox_info.runtimeSpec" },
	};
	const struct json *spec = json_get(observation, paths[row->sandbox][0]);

	return spec ? spec : json_get(observation, paths[row->sandbox][1]);
}

/* Until the program runs: an update of later is not on the way. */
static uint64_t end_of_start(const struct json *observation)
{
	const struct json *steps = json_get(observation, "exit.step");

	for (size_t i = 0; i < json_length(steps); i++) {
		const char *verb = json_get_string(json_at(steps, i), "verb");

		if (verb && !strcmp(verb, "StartContainer"))
			return flow_end_of(steps, i);
	}
	return UINT64_MAX;
}

/* The last one counts: groups, gid and uid are set more than once on the way. */
static const char *effect_value(const struct flow_kernel *kernel, const struct row *row, uint64_t end)
{
	const struct effects *effects = &kernel->effects[row->sandbox ? FLOW_SANDBOX : FLOW_CONTAINER];
	const char *found = NULL;

	for (size_t i = 0; i < effects->count && effects->items[i].time_ns < end; i++)
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

static bool is_rounded(const char *value, const char *seen)
{
	long long asked, got;

	return text_to_i64(value, &asked) == 0 && text_to_i64(seen, &got) == 0 && asked - asked % PAGE == got;
}

static bool agrees(const struct row *row, const char *says, const char *value, const char *seen)
{
	if (!says || !seen)
		return seen;
	if (strcmp(says, SAME) != 0)
		value = says;
	return !strcmp(seen, value) || (row->pages && is_rounded(value, seen));
}

/* "cg.set:cpu.shares:512" says 512; what has no detail says what it is. */
static const char *said_by_effect(const char *effect)
{
	const char *colon = effect ? strrchr(effect, ':') : NULL;

	return colon ? colon + 1 : effect;
}

/* The first rung that says something else. A pod that never started was not asked below config.json. */
static const char *leaves_at(const struct row *row, bool recorded, bool started,
			     const char *const rungs[RUNGS])
{
	if (!agrees(row, row->says_config, rungs[L2], rungs[L3]))
		return "L3";
	if (started && recorded && !agrees(row, row->says_effect, rungs[L2], said_by_effect(rungs[L4])))
		return "L4";
	return !started || agrees(row, row->says_now, rungs[L2], rungs[L5]) ? NULL : "L5";
}

static bool has_started(const struct json *observation)
{
	return json_int(json_get(observation, "exit.StartContainer.code"), 1) == 0;
}

static struct json *follow(const struct json *observation, const struct flow_kernel *kernel,
			   const struct row *row)
{
	static const char *const names[RUNGS] = { "L2", "L3", "L4", "L5" };
	const struct json *spec = json_get(config_of(observation, row), row->config),
			  *now = now_value(observation, row);
	auto_free char *l2 = flow_value_text(asked_value(request_of(observation, row), row));
	auto_free char *l3 = spec ? flow_value_text(spec) : NULL;
	auto_free char *l5 = now ? flow_value_text(now) : NULL;
	const char *const rungs[RUNGS] = {
		l2, l3, kernel ? effect_value(kernel, row, end_of_start(observation)) : NULL, l5
	};
	const char *leaves = leaves_at(row, kernel, has_started(observation), rungs);
	struct json *ret = json_new_object(), *told = json_new_object();

	for (size_t i = 0; i < RUNGS; i++)
		if (rungs[i])
			json_put(told, names[i], json_new_bytes(rungs[i], strlen(rungs[i])));
	json_put(ret, "type", json_new_string("value"));
	json_put(ret, "name", json_new_string(row->name));
	json_put(ret, "request", json_new_string(row->request));
	json_put(ret, "config", json_new_string(row->config));
	json_put(ret, "rungs", told);
	json_put(ret, "plumb", json_new_bool(!leaves));
	if (leaves)
		json_put(ret, "leaves_at", json_new_string(leaves));
	return ret;
}

/* Not what a server keeps to itself: without its config.json there is no line to follow. */
static bool can_follow(const struct json *observation, const struct row *row)
{
	const struct json *config = config_of(observation, row);

	return row->name && config && asked_value(request_of(observation, row), row) &&
	       !(row->unless && json_get(config, row->unless));
}

struct json *flow_ladder(const struct json *observation, const struct flow_kernel *kernel)
{
	struct json *ret = json_new_array();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json *value =
		    can_follow(observation, &rows[i]) ? follow(observation, kernel, &rows[i]) : NULL;

		/* Of a pod that never started nobody knows what else would have been lost. */
		if (value && (has_started(observation) || json_has(value, "leaves_at")))
			json_append(ret, value);
		else
			json_free(value);
	}
	return ret;
}

/* The row of flow_values() that has the member: capabilities stand in one. */
static struct json *value_of(struct json *values, const char *path)
{
	for (size_t i = 0; i < json_length(values); i++) {
		const char *of = json_get_string(json_at(values, i), "path");
		size_t len = strlen(of);

		if (!strncmp(of, path, len) && (!path[len] || path[len] == '.'))
			return json_at(values, i);
	}
	return NULL;
}

void flow_compare(const struct json *request, bool of_sandbox, const struct json *config, struct json *values)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct json *asked = asked_value(request, &rows[i]),
				  *got = json_get(config, rows[i].config);
		struct json *value = value_of(values, rows[i].config);

		if (rows[i].sandbox != of_sandbox || !asked || !value || !rows[i].says_config)
			continue;
		auto_free char *wanted = flow_value_text(asked), *seen = flow_value_text(got);
		json_put(value, "from", json_new_string(strcmp(wanted, seen) ? "differs" : "equal"));
		json_put(value, "field", json_new_string(rows[i].request));
	}
}
