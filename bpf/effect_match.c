/* Asking effects: patterns over their texts, and the JSON that an observation carries. */
#include <string.h>

#include "base/json.h"
#include "base/names.h"
#include "bpf/effects.h"

/* "*" stands for anything within one colon field; a pattern with fewer fields matches what begins with them. */
static bool matches(const char *pattern, const char *text)
{
	while (*pattern) {
		if (*pattern == '*') {
			size_t field = strcspn(text, ":");

			for (size_t skip = 0; skip <= field; skip++)
				if (matches(pattern + 1, text + skip))
					return true;
			return false;
		}
		if (*pattern++ != *text++)
			return false;
	}
	return *text == '\0' || *text == ':';
}

/* A call that failed had no effect. */
static size_t first_match(const struct effects *effects, const char *pattern)
{
	for (size_t i = 0; i < effects->count; i++)
		if (!effects->items[i].error && matches(pattern, effects->items[i].text))
			return i;
	return SIZE_MAX;
}

bool effects_happen(const struct effects *effects, const char *pattern)
{
	return first_match(effects, pattern) != SIZE_MAX;
}

bool effects_precede(const struct effects *effects, const char *first, const char *next)
{
	size_t a = first_match(effects, first), b = first_match(effects, next);

	return a != SIZE_MAX && b != SIZE_MAX && a < b;
}

static const char *kind_name(enum effect_kind kind)
{
	for (size_t i = 0; i < effect_kind_count; i++)
		if (effect_kinds[i].kind == kind)
			return effect_kinds[i].name;
	return "?";
}

static struct json *effect_to_json(const struct effect *e, uint64_t first_ns)
{
	struct json *object = json_new_object();

	json_put(object, "kind", json_new_string(kind_name(e->kind)));
	json_put(object, "role", json_new_string(effect_role_name(e->role)));
	json_put(object, "phase", json_new_string(effect_phase_name(e->phase)));
	json_put(object, "t_us", json_new_uint((e->time_ns - first_ns) / 1000));
	json_put(object, "text", json_new_bytes(e->text, strlen(e->text)));
	if (e->via)
		json_put(object, "via", json_new_bytes(e->via, strlen(e->via)));
	if (e->field)
		json_put(object, "field", json_new_bytes(e->field, strlen(e->field)));
	if (e->error) {
		const char *name = name_of_errno(e->error);

		json_put(object, "errno", name ? json_new_string(name) : json_new_int(e->error));
	}
	return object;
}

struct json *effects_to_json(const struct effects *effects)
{
	struct json *array = json_new_array();

	for (size_t i = 0; i < effects->count; i++)
		json_append(array, effect_to_json(&effects->items[i], effects->items[0].time_ns));
	return array;
}
