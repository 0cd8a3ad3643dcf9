/* One rung asked about one value: a member of config.json, an effect of the recorded calls, what the kernel says in the end. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_part.h"
#include "harness/flow_row.h"

#define KEY "KEY"

/* A case may make several: the one that has the symbol is looked at. */
static const struct json *request_of(const struct json *observation, const char *verb, const char *answer,
				     const char *symbol)
{
	const struct json *steps = json_get(observation, "exit.step");
	auto_free char *path = text_format("symbols.%s", symbol),
		       *last = text_format("exit.%s.request", verb);
	const char *id = json_get_string(observation, path);

	for (size_t i = 0; id && i < json_length(steps); i++) {
		const struct json *step = json_at(steps, i), *response = json_member(step, "response");
		const char *is = json_get_string(step, "verb"), *made = json_get_string(response, answer);

		if (is && made && !strcmp(is, verb) && !strcmp(made, id))
			return json_member(step, "request");
	}
	return json_get(observation, last);
}

const struct json *flow_asked_of_pod(const struct flow_pod *pod, const char *field)
{
	return json_get(
	    json_member(request_of(pod->observation, "RunPodSandbox", "pod_sandbox_id", "@sandbox"),
			"config"),
	    field);
}

const struct json *flow_asked_of_container(const struct flow_pod *pod, const char *field)
{
	return json_get(
	    json_member(request_of(pod->observation, "CreateContainer", "container_id", "@container"),
			"config"),
	    field);
}

const struct json *flow_config_of(const struct flow_pod *pod, const struct flow_row *row)
{
	return flow_told(pod->observation, row->of == OF_SANDBOX ? FLOW_SANDBOX : FLOW_CONTAINER,
			 "runtimeSpec");
}

bool flow_list_has(const char *list, char separator, const char *element)
{
	const char separators[] = { separator, '\0' };
	size_t len = strlen(element);

	while (list && *list) {
		size_t here = strcspn(list, separators);

		if (here == len && !strncmp(list, element, len))
			return true;
		list += here + (list[here] != '\0');
	}
	return false;
}

struct flow_said flow_say(char *taken_value, const char *text)
{
	return (struct flow_said){ .value = taken_value,
				   .text = taken_value && text ? text_format("%s", text) : NULL };
}

static char *with_key(const char *pattern, const char *key, bool slashes)
{
	const char *at = key ? strstr(pattern, KEY) : NULL;
	auto_free char *name = text_format("%s", key ? key : "");

	if (!at)
		return text_format("%s", pattern);
	for (char *c = name; slashes && *c; c++)
		if (*c == '.')
			*c = '/';
	return text_format("%.*s%s%s", (int) (at - pattern), pattern, name, at + strlen(KEY));
}

/* "50000 100000" has two words, "0\t2147483647" is one text with the blank of a sysctl. */
static char *tidy(const struct flow_row *row, const char *text)
{
	const char *blank = strchr(text, ' ');
	auto_free char *ret = NULL;

	if (row->word && blank)
		return row->word == 1 ? text_format("%.*s", (int) (blank - text), text)
				      : text_format("%s", blank + 1);
	ret = text_format("%s", text);
	for (char *c = ret; *c; c++)
		if (*c == '\t')
			*c = ' ';
	return TAKE(ret);
}

static char *element_of(const struct json *found, const char *wanted)
{
	for (size_t i = 0; i < json_length(found); i++) {
		auto_free char *element = flow_value_text(json_at(found, i));

		if (!strcmp(element, wanted))
			return TAKE(element);
	}
	return NULL;
}

static char *value_in(const struct flow_row *row, const struct flow_want *want, const struct json *found)
{
	const char *wanted = want->value ? want->value : want->key;

	if (!found)
		return NULL;
	auto_free char *text = flow_value_text(found);
	if (row->list && json_kind(found) == JSON_ARRAY)
		return element_of(found, wanted);
	if (!row->list || !want->value)
		return tidy(row, text);
	return flow_list_has(text, ',', wanted) ? text_format("%s", wanted) : NULL;
}

static struct flow_said read_config(const struct flow_pod *pod, const struct flow_row *row,
				    const struct flow_want *want)
{
	if (!row->config)
		return (struct flow_said){ .unread = true };
	auto_free char *path = with_key(row->config, want->key, false);
	return flow_say(value_in(row, want, json_get(flow_config_of(pod, row), path)), NULL);
}

/* The last one counts: groups, gid and uid are set more than once on the way. */
const char *flow_effect(const struct flow_pod *pod, const struct flow_row *row, const char *pattern)
{
	const struct effects *effects =
	    &pod->kernel->effects[row->of == OF_SANDBOX ? FLOW_SANDBOX : FLOW_CONTAINER];

	for (size_t i = effects->count; i-- > 0;) {
		const struct effect *effect = &effects->items[i];

		if (effect->time_ns < pod->end && !effect->error && effect->role != ROLE_PAYLOAD &&
		    effect_matches(pattern, effect->text))
			return effect->text;
	}
	return NULL;
}

/* Version 2 has the second place, and counts some things otherwise. */
static void count_as_v1(const struct flow_pod *pod, const struct flow_row *row, struct flow_said *said)
{
	char *number = said->value && row->from_v2 ? row->from_v2(pod, said->value) : NULL;

	if (!said->text && said->value)
		said->text = text_format("%s", said->value);
	said->any = row->inexact;
	if (!number)
		return;
	free(said->value);
	said->value = number;
}

/* "cg.set:cpu.shares:512" says 512; what has no detail says what it is. */
static struct flow_said read_call(const struct flow_pod *pod, const struct flow_row *row,
				  const struct flow_want *want)
{
	if (!row->effects[0] || (row->ids && json_get(flow_config_of(pod, row), "linux.uidMappings")))
		return (struct flow_said){ .unread = true };
	for (size_t i = 0; i < ARRAY_SIZE(row->effects) && row->effects[i]; i++) {
		auto_free char *pattern = with_key(row->effects[i], want->key, row->slashes);
		const char *effect = flow_effect(pod, row, pattern),
			   *colon = effect ? strrchr(effect, ':') : NULL, *wanted = want->value;
		struct flow_said said;

		if (!effect)
			continue;
		if (row->list && wanted && colon && !row->says[L4])
			return flow_list_has(colon + 1, ',', wanted)
				   ? flow_say(text_format("%s", wanted), effect)
				   : (struct flow_said){ 0 };
		said = flow_say(tidy(row, colon ? colon + 1 : effect), effect);
		if (i)
			count_as_v1(pod, row, &said);
		return said;
	}
	return (struct flow_said){ 0 };
}

/* A file of a cgroup is only missing where the cgroup is not there either. */
static bool has_place(const struct flow_pod *pod, const char *path)
{
	const char *bracket = strchr(path, '[');

	if (text_starts(path, "inside."))
		return json_get(pod->observation, "inside.uid");
	if (!flow_seen(pod->observation))
		return false;
	if (!text_starts(path, FLOW_AFTER "cgroup.") || !bracket)
		return true;
	auto_free char *place =
	    text_format("%.*s", (int) (bracket - path) - (int) strlen(FLOW_AFTER), path + strlen(FLOW_AFTER));
	return !json_get(flow_seen(pod->observation), place);
}

static struct flow_said read_now(const struct flow_pod *pod, const struct flow_row *row,
				 const struct flow_want *want)
{
	bool place = false; /* where it would be is known */

	for (size_t i = 0; i < ARRAY_SIZE(row->now) && row->now[i]; i++) {
		auto_free char *path = with_key(row->now[i], want->key, false);
		bool outside = text_starts(path, FLOW_AFTER);
		const struct json *found = json_get(outside ? flow_seen(pod->observation) : pod->observation,
						    path + (outside ? strlen(FLOW_AFTER) : 0));
		struct flow_said said = flow_say(value_in(row, want, found), NULL);

		place = place || has_place(pod, path);
		if (!found)
			continue;
		if (i)
			count_as_v1(pod, row, &said);
		return said;
	}
	return (struct flow_said){ .unread = row->listed || !place };
}

/* What this kernel does not have needs no call, and of a path that the census does not know nobody can tell. */
static bool may_be_absent(const struct flow_pod *pod, const struct flow_row *row,
			  const struct flow_want *want)
{
	if (!row->perhaps || !want->key)
		return false;
	auto_free char *path = text_format("inside.usual_paths[%s]", want->key);
	return !json_bool(json_get(pod->observation, path), false);
}

struct flow_said flow_read(const struct flow_pod *pod, const struct flow_row *row, enum flow_rung rung,
			   const struct flow_want *want)
{
	static flow_reads *const usual[RUNGS] = { [L3] = read_config, [L4] = read_call, [L5] = read_now };
	struct flow_want at = *want;
	struct flow_said said;

	if (rung == L4 && !pod->kernel)
		return (struct flow_said){ .unread = true };
	if (rung > L3 && want->place)
		at.key = want->place;
	said = (row->reads[rung] ? row->reads[rung] : usual[rung])(pod, row, &at);
	if (!said.value && rung > L3 && may_be_absent(pod, row, want))
		said.unread = true;
	return said;
}
