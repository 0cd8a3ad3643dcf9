/* A config.json by who wanted each value: the request, the image, this node, or nobody. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_show.h"
#include "reports/columns.h"

#define VALUES_MAX 64 /* of one row */

static const struct {
	const char *from, *label, *of;
} sources[] = {
	{ "cri", "   request", "the request's" },   { "image", "   image", "the image's" },
	{ "cdi", "   devices", "of device files" }, { "server", "   node", "this node's" },
	{ "default", "   default", "defaults" },
};

static void show_counts(const struct teller *teller, const struct json *config)
{
	const struct json *counts = json_member(config, "counts");
	auto_text text = { 0 };
	uint64_t all = 0;

	for (size_t i = 0; i < json_length(counts); i++)
		all += json_uint(json_value_at(counts, i), 0);
	text_addf(&text, "config.json of the %s", json_get_string(config, "of"));
	if (all)
		text_addf(&text, ", %llu values:", (unsigned long long) all);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		uint64_t count = json_uint(json_member(counts, sources[i].from), 0);

		if (count)
			text_addf(&text, " %llu %s,", (unsigned long long) count, sources[i].of);
	}
	if (all)
		text_cut(&text, text.len - 1);
	flow_wrap(teller, "L3 writes", text_str(&text), 2);
}

static bool is_from(const struct json *row, const char *from)
{
	const char *is = json_get_string(row, "from");

	return is && from ? !strcmp(is, from) : !is && !from;
}

/* Of the request each field counts; what others wanted of one member stands together. */
static bool belongs(const struct json *row, const struct json *to, bool by_field)
{
	const char *path = json_get_string(row, "path"), *a = json_get_string(row, "field"),
		   *b = json_get_string(to, "field");

	if (strcmp(path, json_get_string(to, "path")) != 0)
		return false;
	return !by_field || !strcmp(path, "annotations") || !strcmp(a ? a : "", b ? b : "");
}

static bool told_before(const struct json *rows, size_t index, const char *from, bool by_field)
{
	for (size_t i = 0; i < index; i++)
		if (is_from(json_at(rows, i), from) &&
		    belongs(json_at(rows, i), json_at(rows, index), by_field))
			return true;
	return false;
}

/* The last words of a field say more than its first, which the request above shows. */
static const char *tail_of(const char *field)
{
	static const char *const heads[] = { "sandbox_config.", "linux.", "security_context.", "resources." };

	for (size_t i = 0; field && i < ARRAY_SIZE(heads); i++)
		if (text_starts(field, heads[i]))
			field += strlen(heads[i]);
	return field;
}

static void show_row(const struct teller *teller, const struct json *rows, size_t index, const char *label,
		     const char *from, bool by_field)
{
	const struct json *row = json_at(rows, index);
	const char *path = json_get_string(row, "path"), *field = tail_of(json_get_string(row, "field"));
	auto_json values = json_new_array();
	auto_text line = { 0 };
	size_t fields = 0;
	bool short_path = !strcmp(path, "annotations");

	for (size_t i = index; i < json_length(rows); i++) {
		const struct json *other = json_at(rows, i), *list = json_member(other, "values");

		if (!is_from(other, from) || !belongs(other, row, by_field))
			continue;
		fields++;
		for (size_t k = 0; k < json_length(list) && json_length(values) < VALUES_MAX; k++)
			json_append(values, json_copy(json_at(list, k)));
	}
	if (fields > 1)
		field = NULL;
	int mark = field && *field ? columns_of(field) + 4 : 0;
	text_addf(&line, "%s: ", path);
	auto_text list = { 0 };
	if (short_path)
		text_addf(&list, "%zu", json_length(values));
	else
		flow_add_values(teller, values, FLOW_WIDTH - FLOW_GUTTER - (int) line.len - mark, &list);
	text_add(&line, text_str(&list));
	flow_line(teller, label, text_str(&line), field);
}

static void show_rows_from(const struct teller *teller, const struct json *rows, const char *from,
			   const char *label)
{
	bool by_field = from && !strcmp(from, "cri");

	for (size_t i = 0; i < json_length(rows); i++) {
		if (!is_from(json_at(rows, i), from) || told_before(rows, i, from, by_field))
			continue;
		show_row(teller, rows, i, label, from, by_field);
		label = "";
	}
}

void flow_show_config(const struct teller *teller, const struct json *config)
{
	const struct json *rows = json_member(config, "values");

	if (!config)
		return;
	show_counts(teller, config);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		show_rows_from(teller, rows, sources[i].from, sources[i].label);
	show_rows_from(teller, rows, "equal", " = request");
	show_rows_from(teller, rows, "differs", " / request");
	show_rows_from(teller, rows, NULL, "   besides");
}
