/* Rungs that say in other words where a process is and what it reaches: namespaces, cgroup parent, mounts, devices. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_part.h"
#include "harness/flow_row.h"

/* row->config is linux.namespaces[pid]: the type stands in the brackets. */
static char *type_of(const struct flow_row *row)
{
	const char *open = strchr(row->config, '[');

	return text_format("%.*s", (int) strcspn(open + 1, "]"), open + 1);
}

static bool is_mode(const struct flow_want *want, const char *mode)
{
	return !strcmp(want->value, mode);
}

/* What is joined is the pod's, which may be the node's itself, or another container's. */
static const char *joined(const struct flow_pod *pod, const struct flow_row *row,
			  const struct flow_want *want)
{
	static const struct flow_row sandbox = { .of = OF_SANDBOX };
	const struct json *config = flow_config_of(pod, &sandbox);

	if (is_mode(want, "TARGET"))
		return "TARGET";
	return config && !json_get(config, row->config) ? "NODE" : "POD";
}

struct flow_said flow_read_namespace_config(const struct flow_pod *pod, const struct flow_row *row,
					    const struct flow_want *want)
{
	const struct json *listed = json_get(flow_config_of(pod, row), row->config);
	bool path = json_get_string(listed, "path");

	return flow_say(text_format("%s", !listed ? "NODE"
					  : path  ? joined(pod, row, want)
						  : "CONTAINER"),
			!listed ? "not listed"
			: path  ? "by its path"
				: "new");
}

struct flow_said flow_read_namespace_call(const struct flow_pod *pod, const struct flow_row *row,
					  const struct flow_want *want)
{
	auto_free char *type = type_of(row);
	auto_free char *join = text_format("ns.join:%s", type), *make = text_format("ns.new:%s", type);

	if (flow_effect(pod, row, join))
		return flow_say(text_format("%s", joined(pod, row, want)), join);
	if (flow_effect(pod, row, make))
		return flow_say(text_format("CONTAINER"), make);
	return flow_say(text_format("NODE"), "none");
}

static bool is_the_nodes(const struct flow_pod *pod, const char *type, bool *ret_known)
{
	auto_free char *there = text_format("host.world.namespaces.%s", type),
		       *here = text_format("init.namespaces.%s", type);
	const char *host = json_get_string(pod->observation, there),
		   *own = json_get_string(flow_seen(pod->observation), here);

	*ret_known = host && own;
	return host && own && !strcmp(host, own);
}

/* Who is process 1 there has it alone. */
struct flow_said flow_read_pid_now(const struct flow_pod *pod, const struct flow_row *row,
				   const struct flow_want *want)
{
	const struct json *number = json_get(pod->observation, "inside.pid");
	bool known, nodes = is_the_nodes(pod, "pid", &known);

	if (!known || !number)
		return (struct flow_said){ .unread = true };
	if (nodes)
		return flow_say(text_format("NODE"), "node's");
	return json_int(number, 0) == 1 ? flow_say(text_format("CONTAINER"), "own")
					: flow_say(text_format("%s", joined(pod, row, want)), "shared");
}

/* Whether it is the node's is all that can be seen from here. */
struct flow_said flow_read_shared_now(const struct flow_pod *pod, const struct flow_row *row,
				      const struct flow_want *want)
{
	auto_free char *type = type_of(row);
	bool known, nodes = is_the_nodes(pod, type, &known);

	if (!known)
		return (struct flow_said){ .unread = true };
	if (nodes)
		return flow_say(text_format("NODE"), "node's");
	return flow_say(text_format("%s", is_mode(want, "NODE") ? "not the node's" : want->value),
			is_mode(want, "NODE") ? NULL : "pod's");
}

static char *mapping_of(const struct json *a, const struct json *b, const struct json *c)
{
	return text_format("%llu %llu %llu", (unsigned long long) json_uint(a, 0),
			   (unsigned long long) json_uint(b, 0), (unsigned long long) json_uint(c, 0));
}

struct flow_said flow_read_mapping_config(const struct flow_pod *pod, const struct flow_row *row,
					  const struct flow_want *want)
{
	const struct json *list = json_get(flow_config_of(pod, row), row->config);
	auto_free char *seen = NULL;

	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *map = json_at(list, i);

		free(seen);
		seen = mapping_of(json_member(map, "containerID"), json_member(map, "hostID"),
				  json_member(map, "size"));
		if (!strcmp(seen, want->value))
			break;
	}
	return flow_say(TAKE(seen), NULL);
}

struct flow_said flow_read_mapping_now(const struct flow_pod *pod, const struct flow_row *row,
				       const struct flow_want *want)
{
	const struct json *list = json_get(pod->observation, row->now[0]);
	auto_free char *seen = NULL;

	if (!list)
		return (struct flow_said){ .unread = true };
	for (size_t i = 0; i < json_length(list); i++) {
		const struct json *map = json_at(list, i);

		free(seen);
		seen = mapping_of(json_at(map, 0), json_at(map, 1), json_at(map, 2));
		if (!strcmp(seen, want->value))
			break;
	}
	return flow_say(TAKE(seen), NULL);
}

/* A path of systemd is "SLICE:PREFIX:NAME"; of a slice the parents are made, so it need not come first. */
static struct flow_said say_parent(const char *path, const struct flow_want *want)
{
	const char *parent = want->value, *at;
	size_t len;

	if (!path)
		return (struct flow_said){ 0 };
	while (*parent == '/')
		parent++;
	len = strlen(parent);
	at = strstr(path, parent);
	if (len && at && (at == path || at[-1] == '/') && strchr("/:", at[len]))
		return flow_say(text_format("%s", want->value), NULL);
	return flow_say(text_format("%s", path), NULL);
}

struct flow_said flow_read_parent_config(const struct flow_pod *pod, const struct flow_row *row,
					 const struct flow_want *want)
{
	return say_parent(json_get_string(flow_config_of(pod, row), row->config), want);
}

struct flow_said flow_read_parent_now(const struct flow_pod *pod, const struct flow_row *row,
				      const struct flow_want *want)
{
	const struct json *cgroup = json_get(flow_seen(pod->observation), "cgroup");
	const char *path = json_get_string(cgroup, "pids.path");

	(void) row;
	if (!path)
		path = json_get_string(cgroup, "unified.path");
	return flow_seen(pod->observation) ? say_parent(path, want) : (struct flow_said){ .unread = true };
}

/* The mount and all that lie below it. */
struct flow_said flow_read_recursive_now(const struct flow_pod *pod, const struct flow_row *row,
					 const struct flow_want *want)
{
	const struct json *mounts = json_get(pod->observation, "inside.mounts");
	size_t len = strlen(want->key);
	bool found = false;

	(void) row;
	for (size_t i = 0; i < json_length(mounts); i++) {
		const char *at = json_get_string(json_at(mounts, i), "destination"),
			   *first = json_get_string(json_at(mounts, i), "flags[0]");

		if (!at || strncmp(at, want->key, len) != 0 || (at[len] && at[len] != '/'))
			continue;
		found = true;
		if (!first || strcmp(first, "ro") != 0)
			return flow_say(text_format("writable below"), NULL);
	}
	return found ? flow_say(text_format("%s", want->value), NULL) : (struct flow_said){ 0 };
}

static const char *without_r(const char *word)
{
	return word && *word == 'r' ? word + 1 : word;
}

static bool is_propagation(const char *word)
{
	static const char *const words[] = { "private", "slave", "shared", "unbindable" };

	for (size_t i = 0; word && i < ARRAY_SIZE(words); i++)
		if (!strcmp(without_r(word), words[i]))
			return true;
	return false;
}

struct flow_said flow_read_propagation_config(const struct flow_pod *pod, const struct flow_row *row,
					      const struct flow_want *want)
{
	auto_free char *path = text_format("mounts[%s].options", want->key);
	const struct json *options = json_get(flow_config_of(pod, row), path);

	for (size_t i = 0; i < json_length(options); i++) {
		const char *option = json_string(json_at(options, i));

		if (is_propagation(option))
			return flow_say(text_format("%s", without_r(option)), option);
	}
	/* Without a word it is private by itself, unless the root's is other. */
	return (struct flow_said){ .unread = !strcmp(want->value, "private") };
}

struct flow_said flow_read_propagation_call(const struct flow_pod *pod, const struct flow_row *row,
					    const struct flow_want *want)
{
	auto_free char *pattern = text_format("mnt.propagate:%s", want->key);
	const char *effect = flow_effect(pod, row, pattern);

	return effect ? flow_say(text_format("%s", without_r(strrchr(effect, ':') + 1)), effect)
		      : (struct flow_said){ 0 };
}
