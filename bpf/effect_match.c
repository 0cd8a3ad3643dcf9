/* Asking effects: patterns over their texts, and the JSON that an observation carries. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/names.h"
#include "bpf/effects.h"

bool effect_matches(const char *pattern, const char *text)
{
	while (*pattern) {
		if (*pattern == '*') {
			size_t field = strcspn(text, ":");

			for (size_t skip = 0; skip <= field; skip++)
				if (effect_matches(pattern + 1, text + skip))
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
		if (!effects->items[i].error && effect_matches(pattern, effects->items[i].text))
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

static bool is_tieable(const struct effect *e)
{
	static const enum effect_kind kinds[] = { NS_NEW,        NS_JOIN,    USERNS_MAP,  UTS_SET,
						  MNT_PROPAGATE, MNT_NEW,    MNT_BIND,    MNT_ATTR,
						  MNT_MOVE,      MNT_UMOUNT, ROOT_SWITCH, PATH_MASK,
						  PATH_READONLY, CRED_IDS,   CAP_CHANGE,  SEC_NNP,
						  SEC_SECCOMP,   CG_LIFE,    CG_ATTACH,   CG_SET };

	if (e->role != ROLE_RUNTIME && e->role != ROLE_INIT)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i] == e->kind)
			return true;
	return false;
}

struct call_tie {
	size_t offset;
	bool tied;
};

/* By call, and within one what is not tied first. */
static int compare_call_ties(const void *a, const void *b)
{
	const struct call_tie *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->tied - y->tied;
}

/* One call may have several effects (clone and its namespaces): it is tied when all of them are. */
void effects_count_ties(const struct effects *effects, uint64_t *ret_tied, uint64_t *ret_tieable)
{
	auto_free struct call_tie *calls = NULL;
	size_t space = 0, count = 0;

	for (size_t i = 0; i < effects->count; i++)
		space += is_tieable(&effects->items[i]) ? effects->items[i].raw_count : 0;
	calls = calloc(space + 1, sizeof(*calls));
	if (!calls)
		abort();
	for (size_t i = 0; i < effects->count; i++)
		for (size_t k = 0; is_tieable(&effects->items[i]) && k < effects->items[i].raw_count; k++)
			calls[count++] =
			    (struct call_tie){ effects->items[i].raw[k], effects->items[i].field != NULL };
	qsort(calls, count, sizeof(*calls), compare_call_ties);
	*ret_tied = *ret_tieable = 0;
	for (size_t i = 0; i < count; i++) {
		if (i && calls[i].offset == calls[i - 1].offset)
			continue;
		++*ret_tieable;
		*ret_tied += calls[i].tied;
	}
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
