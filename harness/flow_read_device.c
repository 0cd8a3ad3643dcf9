/* Rungs that say in other words which devices there are, and what may be done with them. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_part.h"
#include "harness/flow_row.h"

#define ALL_DEVICES "a *:* rwm"

/* A directory was asked for by the devices in it. */
static struct flow_said say_device(const struct json *devices, const struct flow_want *want)
{
	size_t len = strlen(want->key);

	for (size_t i = 0; i < json_length(devices); i++) {
		const char *path = json_get_string(json_at(devices, i), "path");

		if (path && !strncmp(path, want->key, len) && (!path[len] || path[len] == '/'))
			return flow_say(text_format("%s", want->key), NULL);
	}
	return (struct flow_said){ 0 };
}

/* In a user namespace a device is bound. */
struct flow_said flow_read_device_config(const struct flow_pod *pod, const struct flow_row *row,
					 const struct flow_want *want)
{
	const struct json *config = flow_config_of(pod, row);
	auto_free char *bound = text_format("mounts[%s]", want->key);

	if (json_get(config, bound))
		return flow_say(text_format("%s", want->key), NULL);
	return say_device(json_get(config, "linux.devices"), want);
}

struct flow_said flow_read_device_now(const struct flow_pod *pod, const struct flow_row *row,
				      const struct flow_want *want)
{
	const struct json *devices = json_get(pod->observation, "inside.devices");

	(void) row;
	return devices ? say_device(devices, want) : (struct flow_said){ .unread = true };
}

/* "c 1:11", by which config.json and the kernel know it; NULL: it is not there, or several are. Owned. */
static char *numbers_of(const struct flow_pod *pod, const struct flow_row *row, const struct flow_want *want)
{
	auto_free char *path = text_format("linux.devices[%s]", want->key);
	const struct json *device = json_get(flow_config_of(pod, row), path);
	const char *type = json_get_string(device, "type");

	if (!type)
		return NULL;
	return text_format("%s %lld:%lld", *type == 'u' ? "c" : type,
			   (long long) json_int(json_member(device, "major"), -1),
			   (long long) json_int(json_member(device, "minor"), -1));
}

/* Of the devices that every container has a runtime allows all, whatever else is listed. */
static struct flow_said say_access(const char *numbers, const char *access, size_t len, const char *text)
{
	static const char *const everybodys[] = { "c 1:3", "c 1:5", "c 1:7", "c 1:8",
						  "c 1:9", "c 5:0", "c 5:2" };
	struct flow_said said = flow_say(text_format("%.*s", (int) len, access), text);

	for (size_t i = 0; i < ARRAY_SIZE(everybodys); i++)
		said.any = said.any || !strcmp(numbers, everybodys[i]);
	return said;
}

struct flow_said flow_read_access_config(const struct flow_pod *pod, const struct flow_row *row,
					 const struct flow_want *want)
{
	const struct json *rules = json_get(flow_config_of(pod, row), row->config);
	auto_free char *numbers = numbers_of(pod, row, want);

	if (!numbers)
		return (struct flow_said){ .unread = true };
	for (size_t i = json_length(rules); i-- > 0;) {
		const struct json *rule = json_at(rules, i);
		const char *type = json_get_string(rule, "type"), *access = json_get_string(rule, "access");
		auto_free char *of = text_format("%s %lld:%lld", type ? type : "a",
						 (long long) json_int(json_member(rule, "major"), -1),
						 (long long) json_int(json_member(rule, "minor"), -1));

		if (access && !strcmp(of, numbers) && json_bool(json_member(rule, "allow"), false))
			return flow_say(text_format("%s", access), NULL);
	}
	return (struct flow_said){ 0 };
}

/* With version 2 a program decides, which nobody can read. */
struct flow_said flow_read_access_call(const struct flow_pod *pod, const struct flow_row *row,
				       const struct flow_want *want)
{
	auto_free char *numbers = numbers_of(pod, row, want);
	const struct effects *effects = &pod->kernel->effects[FLOW_CONTAINER];

	if (!numbers || !flow_effect(pod, row, "cg.set:devices.*"))
		return (struct flow_said){ .unread = true };
	auto_free char *prefix = text_format("cg.set:devices.allow:%s ", numbers);
	for (size_t i = effects->count; i-- > 0;)
		if (effects->items[i].time_ns < pod->end && !effects->items[i].error &&
		    text_starts(effects->items[i].text, prefix))
			return say_access(numbers, effects->items[i].text + strlen(prefix),
					  strlen(effects->items[i].text) - strlen(prefix),
					  effects->items[i].text);
	return (struct flow_said){ 0 };
}

static const char *list_now(const struct flow_pod *pod)
{
	return json_get_string(flow_seen(pod->observation), "cgroup.devices[devices.list]");
}

struct flow_said flow_read_access_now(const struct flow_pod *pod, const struct flow_row *row,
				      const struct flow_want *want)
{
	auto_free char *numbers = numbers_of(pod, row, want);
	const char *line = list_now(pod);

	if (!line || !numbers)
		return (struct flow_said){ .unread = true };
	auto_free char *prefix = text_format("%s ", numbers);
	while (*line) {
		size_t len = strcspn(line, "\n");

		if (text_starts(line, prefix))
			return say_access(numbers, line + strlen(prefix), len - strlen(prefix), NULL);
		line += len + (line[len] == '\n');
	}
	return flow_list_has(list_now(pod), '\n', ALL_DEVICES)
		   ? flow_say(text_format("%s", want->value), "all")
		   : (struct flow_said){ 0 };
}
