/* Rungs that say in other words what a process may do and what it runs: capabilities, command, filter, pages, log. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_part.h"
#include "harness/flow_row.h"

#define BOUNDING "process.capabilities.bounding"

/* The one that was dropped is told where it is not any more; of ALL those that were added may be there. */
static struct flow_said say_dropped(const struct flow_pod *pod, const struct flow_want *want,
				    const char *left, const char *text)
{
	const struct json *added =
	    flow_asked_of_container(pod, "linux.security_context.capabilities.add_capabilities");
	auto_wants kept = { 0 };
	auto_text more = { 0 };

	if (strcmp(want->value, "ALL") != 0 && flow_list_has(left, ',', want->value))
		return (struct flow_said){ 0 };
	if (strcmp(want->value, "ALL") != 0)
		return flow_say(text_format("%s", want->value), text);
	flow_asks_added(pod, added, &kept);
	while (*left) {
		size_t len = strcspn(left, ",");
		auto_free char *name = text_format("%.*s", (int) len, left);
		bool wanted = !strcmp(name, "-") || !strcmp(name, "none");

		for (size_t i = 0; i < kept.count; i++)
			wanted = wanted || !strcmp(kept.items[i].value, name);
		if (!wanted)
			text_addf(&more, "%s%s", more.len ? "," : "but ", name);
		left += len + (left[len] != '\0');
	}
	return more.len ? flow_say(text_format("ALL %s", text_str(&more)), NULL)
			: flow_say(text_format("ALL"), text);
}

struct flow_said flow_read_dropped_config(const struct flow_pod *pod, const struct flow_row *row,
					  const struct flow_want *want)
{
	const struct json *set = json_get(flow_config_of(pod, row), BOUNDING);
	auto_free char *left = set ? flow_value_text(set) : text_format("%s", "");

	return say_dropped(pod, want, left, NULL);
}

struct flow_said flow_read_dropped_call(const struct flow_pod *pod, const struct flow_row *row,
					const struct flow_want *want)
{
	const char *effect = flow_effect(pod, row, "cap.change:bounding");

	return effect ? say_dropped(pod, want, strrchr(effect, ':') + 1, effect) : (struct flow_said){ 0 };
}

/* What the process has in the end, "CHOWN,KILL"; owned. NULL: nobody looked. */
static char *bounding_now(const struct flow_pod *pod)
{
	const struct json *set = json_get(flow_seen(pod->observation), "init.caps.bounding");

	return set ? flow_value_text(set) : NULL;
}

struct flow_said flow_read_dropped_now(const struct flow_pod *pod, const struct flow_row *row,
				       const struct flow_want *want)
{
	auto_free char *left = bounding_now(pod);

	(void) row;
	return left ? say_dropped(pod, want, left, NULL) : (struct flow_said){ .unread = true };
}

/* What nobody has by default tells it, and how many there are. */
static struct flow_said say_privileged(const char *left, const struct flow_want *want, const char *text)
{
	size_t count = left && *left ? 1 : 0;

	for (const char *c = left; c && *c; c++)
		count += *c == ',';
	auto_free char *counted = text_format("%zu caps", count);
	return flow_list_has(left, ',', "SYS_ADMIN")
		   ? flow_say(text_format("%s", want->value), text ? text : counted)
		   : flow_say(TAKE(counted), text);
}

struct flow_said flow_read_privileged_config(const struct flow_pod *pod, const struct flow_row *row,
					     const struct flow_want *want)
{
	const struct json *set = json_get(flow_config_of(pod, row), row->config);
	auto_free char *left = set ? flow_value_text(set) : NULL;

	return say_privileged(left, want, NULL);
}

struct flow_said flow_read_privileged_call(const struct flow_pod *pod, const struct flow_row *row,
					   const struct flow_want *want)
{
	const char *effect = flow_effect(pod, row, "cap.change:bounding");

	return effect ? say_privileged(strrchr(effect, ':') + 1, want, effect) : (struct flow_said){ 0 };
}

struct flow_said flow_read_privileged_now(const struct flow_pod *pod, const struct flow_row *row,
					  const struct flow_want *want)
{
	auto_free char *left = bounding_now(pod);

	(void) row;
	return left ? say_privileged(left, want, NULL) : (struct flow_said){ .unread = true };
}

static char *words_of(const struct json *list)
{
	auto_text words = { 0 };

	for (size_t i = 0; i < json_length(list); i++)
		text_addf(&words, "%s%s", i ? " " : "",
			  json_string(json_at(list, i)) ? json_string(json_at(list, i)) : "?");
	return list ? text_take(&words) : NULL;
}

struct flow_said flow_read_command_config(const struct flow_pod *pod, const struct flow_row *row,
					  const struct flow_want *want)
{
	(void) want;
	return flow_say(words_of(json_get(flow_config_of(pod, row), "process.args")), NULL);
}

/* The kernel puts the interpreter of a script in front of what was asked for. */
static struct flow_said say_command(const struct json *argv, const struct flow_want *want)
{
	auto_free char *words = words_of(argv);

	if (words && text_ends(words, want->value) &&
	    (strlen(words) == strlen(want->value) || words[strlen(words) - strlen(want->value) - 1] == ' '))
		return flow_say(text_format("%s", want->value), words);
	return flow_say(TAKE(words), NULL);
}

/* It may run others itself: they are what is told where it is not among them. */
struct flow_said flow_read_command_call(const struct flow_pod *pod, const struct flow_row *row,
					const struct flow_want *want)
{
	struct flow_said said = { 0 };
	bool found = false;

	(void) row;
	for (size_t i = 0; i < json_length(pod->kernel->commands) && !found; i++) {
		const struct json *command = json_at(pod->kernel->commands, i);

		if (json_uint(json_member(command, "time_ns"), UINT64_MAX) >= pod->end ||
		    strcmp(json_get_string(command, "of"), flow_owner_name(FLOW_CONTAINER)) != 0 ||
		    !strcmp(json_get_string(command, "kind"), "runtime"))
			continue;
		free(said.value);
		free(said.text);
		said = say_command(json_member(command, "argv"), want);
		found = said.value && !strcmp(said.value, want->value);
	}
	if (said.value) {
		auto_free char *words = TAKE(said.text);

		said.text = text_format("proc.exec:%s", words ? words : said.value);
	}
	return said;
}

struct flow_said flow_read_command_now(const struct flow_pod *pod, const struct flow_row *row,
				       const struct flow_want *want)
{
	const struct json *argv = json_get(flow_seen(pod->observation), "init.cmdline");

	(void) row;
	return argv ? say_command(argv, want) : (struct flow_said){ .unread = true };
}

struct flow_said flow_read_pages_config(const struct flow_pod *pod, const struct flow_row *row,
					const struct flow_want *want)
{
	const struct json *limits = json_get(flow_config_of(pod, row), row->config);

	for (size_t i = 0; i < json_length(limits); i++) {
		const char *size = json_get_string(json_at(limits, i), "pageSize");
		const struct json *limit = json_member(json_at(limits, i), "limit");

		if (size && limit && !strcmp(size, want->key))
			return flow_say(flow_value_text(limit), NULL);
	}
	return (struct flow_said){ 0 };
}

/* Which controller a file of version 2 belongs to, nobody has to know. */
struct flow_said flow_read_unified_now(const struct flow_pod *pod, const struct flow_row *row,
				       const struct flow_want *want)
{
	const struct json *cgroup = json_get(flow_seen(pod->observation), "cgroup");

	(void) row;
	for (size_t i = 0; i < json_length(cgroup); i++) {
		const struct json *file = json_member(json_value_at(cgroup, i), want->key);

		if (file)
			return flow_say(flow_value_text(file), NULL);
	}
	return (struct flow_said){ .unread = true };
}

static struct flow_said say_no_filter(const struct flow_want *want, bool filtered, const char *text)
{
	return filtered ? flow_say(text_format("%s", text), NULL)
			: flow_say(text_format("%s", want->value), "none");
}

struct flow_said flow_read_no_filter_config(const struct flow_pod *pod, const struct flow_row *row,
					    const struct flow_want *want)
{
	const struct json *filter = json_get(flow_config_of(pod, row), row->config);

	return say_no_filter(want, filter, "a filter");
}

struct flow_said flow_read_no_filter_call(const struct flow_pod *pod, const struct flow_row *row,
					  const struct flow_want *want)
{
	const char *effect = flow_effect(pod, row, "sec.seccomp");

	return say_no_filter(want, effect, effect);
}

struct flow_said flow_read_no_filter_now(const struct flow_pod *pod, const struct flow_row *row,
					 const struct flow_want *want)
{
	const struct json *mode = json_get(flow_seen(pod->observation), "init.seccomp");

	(void) row;
	if (!mode)
		return (struct flow_said){ .unread = true };
	return say_no_filter(want, json_int(mode, 0) != 0, "a filter");
}

/* The log is the server's own work: no config.json speaks of it. */
struct flow_said flow_read_log_now(const struct flow_pod *pod, const struct flow_row *row,
				   const struct flow_want *want)
{
	const struct json *logs = json_get(pod->observation, "host.logs");

	(void) row;
	if (json_kind(logs) != JSON_OBJECT)
		return (struct flow_said){ .unread = true };
	return json_has(logs, want->value) ? flow_say(text_format("%s", want->value), NULL)
					   : (struct flow_said){ 0 };
}
