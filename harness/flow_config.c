/* A config.json in rows a person can read: neighbours of one kind and one origin stand together. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_part.h"

/* What is one thing to a reader although it has members. */
static const char *const whole[] = { "annotations", "linux.sysctl", "process.capabilities", "linux.seccomp" };

static bool is_whole(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
		if (!strcmp(whole[i], path))
			return true;
	return false;
}

const struct json *flow_origin(const struct json *origins, const char *path)
{
	auto_text at = { 0 };

	text_add(&at, path);
	while (at.len) {
		const struct json *row = json_member(origins, text_str(&at));
		const char *dot = strrchr(text_str(&at), '.'), *bracket = strrchr(text_str(&at), '[');

		if (row)
			return row;
		if (text_ends(text_str(&at), "]") || (bracket && (!dot || bracket > dot)))
			dot = bracket;
		text_cut(&at, dot ? (size_t) (dot - text_str(&at)) : 0);
	}
	return NULL;
}

static char *child_path(const char *path, const char *key)
{
	if (strpbrk(key, ".[]/"))
		return text_format("%s[%s]", path, key);
	return text_format("%s%s%s", path, *path ? "." : "", key);
}

static void add_device(const struct json *device, struct text *ret)
{
	const char *type = json_get_string(device, "type"), *access = json_get_string(device, "access");

	text_addf(ret, "%s %s", json_bool(json_member(device, "allow"), false) ? "allow" : "deny",
		  type ? type : "all");
	if (json_has(device, "major"))
		text_addf(ret, " %lld:%lld", (long long) json_int(json_member(device, "major"), -1),
			  (long long) json_int(json_member(device, "minor"), -1));
	if (access)
		text_addf(ret, " %s", access);
}

/* What tells an element of a list from the others. */
static void add_value(const struct json *value, struct text *ret)
{
	static const char *const names[] = { "destination", "type", "path", "name" };

	if (json_string(value)) {
		text_add(ret, text_starts(json_string(value), "CAP_") ? json_string(value) + 4
								      : json_string(value));
		return;
	}
	if (json_has(value, "allow")) {
		add_device(value, ret);
		return;
	}
	/* A namespace is known by its type, of which a device's says little. */
	if (json_has(value, "major") && json_get_string(value, "path")) {
		text_add(ret, json_get_string(value, "path"));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (json_get_string(value, names[i])) {
			text_add(ret, json_get_string(value, names[i]));
			return;
		}
	json_print(value, 0, ret);
}

/* The field without its last index: Env[0] and Env[1] are one origin. */
static char *stem_of(const struct json *origin)
{
	const char *field = json_get_string(origin, "field");
	size_t len = field ? strlen(field) : 0;

	if (len && field[len - 1] == ']')
		while (len && field[len - 1] != '[')
			len--;
	return text_format("%.*s", (int) (len && field[len - 1] == '[' ? len - 1 : len), field ? field : "");
}

static struct json *row_of(struct json *rows, const char *path, const struct json *origin)
{
	const char *from = json_get_string(origin, "from");
	auto_free char *stem = stem_of(origin);
	struct json *row;

	for (size_t i = json_length(rows); i-- > 0;) {
		row = json_at(rows, i);
		const char *other = json_get_string(row, "from"), *field = json_get_string(row, "field");

		if (!strcmp(json_get_string(row, "path"), path) &&
		    !strcmp(other ? other : "", from ? from : "") && !strcmp(field ? field : "", stem))
			return row;
	}
	row = json_new_object();
	json_put(row, "path", json_new_string(path));
	json_put(row, "values", json_new_array());
	if (from) {
		json_put(row, "from", json_new_string(from));
		json_put(row, "field", json_new_string(stem));
	}
	json_append(rows, row);
	return row;
}

static void row_add(struct json *row, const char *value)
{
	struct json *values = json_member(row, "values");

	for (size_t i = 0; i < json_length(values); i++)
		if (!strcmp(json_string(json_at(values, i)), value))
			return;
	json_append(values, json_new_bytes(value, strlen(value)));
}

struct walk {
	const struct json *origins;
	struct json *rows, *counts;
};

static void put_element(struct walk *walk, const char *path, const char *at, const struct json *element)
{
	bool object = json_kind(element) == JSON_OBJECT && json_length(element);
	auto_free char *first = object ? child_path(at, json_key_at(element, 0)) : text_format("%s", at);
	auto_text value = { 0 };

	add_value(element, &value);
	row_add(row_of(walk->rows, path, flow_origin(walk->origins, first)), text_str(&value));
}

/* Five empty sets of capabilities are none, and worth a row. */
static bool is_empty(const struct json *object)
{
	for (size_t i = 0; i < json_length(object); i++)
		if (json_kind(json_value_at(object, i)) != JSON_ARRAY ||
		    json_length(json_value_at(object, i)))
			return false;
	return true;
}

/* Sets of capabilities by name, the rest by its keys; a filter is too long for either. */
static void put_whole(struct walk *walk, const char *path, const struct json *object)
{
	const struct json *calls = json_member(object, "syscalls");
	size_t names = 0;

	for (size_t i = 0; i < json_length(calls); i++)
		names += json_length(json_member(json_at(calls, i), "names"));
	if (names) {
		const char *otherwise = json_get_string(object, "defaultAction");
		auto_free char *value =
		    text_format("%s but for %zu calls", otherwise ? otherwise : "?", names);

		row_add(row_of(walk->rows, path, flow_origin(walk->origins, path)), value);
		return;
	}
	if (is_empty(object)) {
		auto_free char *at = child_path(path, json_length(object) ? json_key_at(object, 0) : "");

		(void) row_of(walk->rows, path, flow_origin(walk->origins, at));
		return;
	}
	for (size_t i = 0; i < json_length(object); i++) {
		const struct json *value = json_value_at(object, i);
		auto_free char *at = child_path(path, json_key_at(object, i));

		if (json_kind(value) != JSON_ARRAY)
			row_add(row_of(walk->rows, path, flow_origin(walk->origins, at)),
				json_key_at(object, i));
		for (size_t k = 0; k < json_length(value) && json_kind(value) == JSON_ARRAY; k++) {
			auto_free char *element = text_format("%s[%zu]", at, k);

			put_element(walk, path, element, json_at(value, k));
		}
	}
}

static void walk_rows(struct walk *walk, const char *path, const struct json *value)
{
	if (is_whole(path) && json_kind(value) != JSON_ARRAY) {
		put_whole(walk, path, value);
	} else if (json_kind(value) == JSON_OBJECT) {
		for (size_t i = 0; i < json_length(value); i++) {
			auto_free char *at = child_path(path, json_key_at(value, i));

			walk_rows(walk, at, json_value_at(value, i));
		}
	} else if (json_kind(value) == JSON_ARRAY) {
		for (size_t i = 0; i < json_length(value); i++) {
			auto_free char *at = text_format("%s[%zu]", path, i);

			put_element(walk, path, at, json_at(value, i));
		}
	} else {
		put_element(walk, path, path, value);
	}
}

static void walk_counts(struct walk *walk, const char *path, const struct json *value)
{
	bool object = json_kind(value) == JSON_OBJECT;

	if (!object && json_kind(value) != JSON_ARRAY) {
		const char *from = json_get_string(flow_origin(walk->origins, path), "from");

		from = from ? from : "unknown";
		json_put(walk->counts, from, json_new_int(json_int(json_member(walk->counts, from), 0) + 1));
	}
	for (size_t i = 0; i < json_length(value); i++) {
		auto_free char *at =
		    object ? child_path(path, json_key_at(value, i)) : text_format("%s[%zu]", path, i);

		walk_counts(walk, at, object ? json_value_at(value, i) : json_at(value, i));
	}
}

struct json *flow_values(const struct json *config, const struct json *origins, struct json **ret_counts)
{
	struct walk walk = { .origins = origins, .rows = json_new_array(), .counts = json_new_object() };

	walk_rows(&walk, "", config);
	walk_counts(&walk, "", config);
	*ret_counts = walk.counts;
	return walk.rows;
}
