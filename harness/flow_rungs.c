/* What a call became: config.json by who wanted each value, commands, kernel calls, and the process in the end. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_show.h"
#include "reports/columns.h"

#define VALUES_MAX 64 /* of one row */
#define COMMANDS_MAX 8 /* of one call */

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

/* As many as fit, and how many did not. */
static void add_values(const struct teller *teller, const struct json *values, int room, struct text *ret)
{
	size_t count = json_length(values);

	if (!count)
		text_add(ret, "none");
	for (size_t i = 0; i < count; i++) {
		auto_free char *value = flow_short(teller, json_string(json_at(values, i)));

		if (i && columns_of(text_str(ret)) + 1 + columns_of(value) + (i + 1 < count ? 4 : 0) > room) {
			text_addf(ret, " +%zu", count - i);
			return;
		}
		text_addf(ret, "%s%s", i ? " " : "", value);
	}
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
		add_values(teller, values, FLOW_WIDTH - FLOW_GUTTER - (int) line.len - mark, &list);
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

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void show_command(const struct teller *teller, const struct json *command, const char *label)
{
	const struct json *argv = json_member(command, "argv");
	const char *signal = json_get_string(command, "signal");
	int64_t code = json_int(json_member(command, "code"), 0);
	auto_text line = { 0 };

	for (size_t i = 0; i < json_length(argv); i++) {
		const char *word = json_string(json_at(argv, i));

		text_addf(&line, "%s%s", i ? " " : "", i ? word : base_name(word));
	}
	if (code)
		text_addf(&line, "   -> exit %lld", (long long) code);
	if (signal)
		text_addf(&line, "   -> %s", signal);
	auto_free char *shortened = flow_short(teller, text_str(&line));
	flow_label(teller, label);
	columns_wrap(teller->out, shortened, FLOW_GUTTER + 2, 5, &teller->style);
	text_add_char(teller->out, '\n');
}

/* They get what they need by their environment and their input: their names are all there is to see. */
static bool is_plugin(const struct json *command)
{
	const char *path = json_get_string(command, "argv[0]");

	return path && json_length(json_member(command, "argv")) == 1 && strstr(path, "/cni/");
}

/* All of a call on one line, where the first of them ran. */
static void show_plugins(const struct teller *teller, const struct json *commands, const char *label)
{
	auto_text line = { 0 };

	text_add(&line, "network plugins:");
	for (size_t i = 0; i < json_length(commands); i++)
		if (is_plugin(json_at(commands, i)))
			text_addf(&line, " %s", base_name(json_get_string(json_at(commands, i), "argv[0]")));
	flow_wrap(teller, label, text_str(&line), 2);
}

/* Programs of the payload and copies of a runtime of itself are told by the kernel's calls. */
void flow_show_commands(const struct teller *teller, const struct json *commands)
{
	const char *label = "L3 runs";
	size_t told = 0, more = 0;
	bool plugins = false;

	for (size_t i = 0; i < json_length(commands); i++) {
		const struct json *command = json_at(commands, i);
		const char *kind = json_get_string(command, "kind");

		if (strcmp(kind, "server") != 0 && strcmp(kind, "runtime") != 0)
			continue;
		if (plugins && is_plugin(command))
			continue;
		if (told++ >= COMMANDS_MAX) {
			more++;
			continue;
		}
		if (is_plugin(command))
			show_plugins(teller, commands, label);
		else
			show_command(teller, command, label);
		plugins = plugins || is_plugin(command);
		label = "";
	}
	if (more) {
		auto_free char *rest = text_format("and %zu commands more", more);

		flow_line(teller, "", rest, NULL);
	}
}

/* The commands are told already, and so are their ends. */
static bool is_told(const struct json *group, bool of_server)
{
	const char *role = json_get_string(group, "role"), *does = json_get_string(group, "does");

	if (!strcmp(role, "runtime") && (text_starts(does, "executes") || text_starts(does, "exits with")))
		return true;
	return of_server &&
	       (text_starts(does, "starts processes") || json_bool(json_member(group, "failed"), false));
}

/* "No limit", before the limit comes. */
static bool is_reset(const struct json *objects, size_t index)
{
	const char *name = json_string(json_at(objects, index));
	size_t len = strcspn(name, "=") + 1;

	if (!text_ends(name, "=-1"))
		return false;
	for (size_t i = index + 1; i < json_length(objects); i++)
		if (!strncmp(json_string(json_at(objects, i)), name, len))
			return true;
	return false;
}

/* What is written into files of a cgroup is what the pod asked for: a second line for it. */
static void add_objects(const struct teller *teller, const struct json *objects, bool all, int room,
			struct text *first, struct text *second)
{
	size_t i = 0, count = json_length(objects);
	struct text *to = first;

	if (!all) {
		add_values(teller, objects, room, first);
		return;
	}
	for (; i < count; i++) {
		auto_free char *value = flow_short(teller, json_string(json_at(objects, i)));

		if (is_reset(objects, i))
			continue;
		if (to == first && to->len && columns_of(text_str(to)) + 1 + columns_of(value) > room)
			to = second;
		if (to == second &&
		    columns_of(text_str(to)) + 1 + columns_of(value) + 6 > FLOW_WIDTH - FLOW_GUTTER) {
			text_addf(to, " +%zu", count - i);
			return;
		}
		text_addf(to, "%s%s", to == second && !to->len ? "  " : to->len ? " " : "", value);
	}
}

static void show_group(const struct teller *teller, const struct json *group, const char *label)
{
	const struct json *objects = json_member(group, "objects"), *errors = json_member(group, "errors");
	const char *field = json_get_string(group, "field"), *does = json_get_string(group, "does");
	bool failed = json_bool(json_member(group, "failed"), false);
	int mark = field ? columns_of(field) + 4 : 0;
	auto_text line = { 0 }, names = { 0 }, more = { 0 }, tail = { 0 };

	for (size_t i = 0; failed && i < json_length(errors); i++)
		text_addf(&tail, "%s%s", i ? ", " : ": ", json_string(json_at(errors, i)));
	text_add(&line, does);
	if (json_length(objects))
		add_objects(teller, objects, !strcmp(does, "writes"),
			    FLOW_WIDTH - FLOW_GUTTER - (int) line.len - 1 - (int) tail.len - mark, &names,
			    &more);
	text_addf(&line, "%s%s%s", names.len ? " " : "", text_str(&names), text_str(&tail));
	flow_line(teller, label, text_str(&line), field);
	if (more.len)
		flow_line(teller, "", text_str(&more), NULL);
}

static void show_owner(const struct teller *teller, const struct json *part, bool of_server, bool *begun)
{
	const struct json *groups = json_member(part, "groups");
	uint64_t left_out = json_uint(json_member(part, "left_out"), 0);
	const char *before = "";

	for (size_t i = 0; i < json_length(groups); i++) {
		const struct json *group = json_at(groups, i);
		const char *role = json_get_string(group, "role");
		auto_free char *label = NULL;

		if (is_told(group, of_server))
			continue;
		if (of_server && !strcmp(role, "runtime"))
			role = "server";
		label = !strcmp(role, before) ? text_format("%s", "")
					      : text_format("%s %s", *begun ? "  " : "L4", role);
		show_group(teller, group, label);
		before = role;
		*begun = true;
	}
	if (left_out && !of_server && *begun) {
		auto_free char *more =
		    text_format("and %llu calls that matter less", (unsigned long long) left_out);

		flow_line(teller, "", more, NULL);
	}
}

static bool has_groups(const struct json *part, bool of_server)
{
	const struct json *groups = json_member(part, "groups");

	for (size_t i = 0; i < json_length(groups); i++)
		if (!is_told(json_at(groups, i), of_server))
			return true;
	return false;
}

void flow_show_effects(const struct teller *teller, const struct json *effects)
{
	bool both = has_groups(json_member(effects, "sandbox"), false) &&
		    has_groups(json_member(effects, "container"), false);
	bool begun = false;

	for (size_t i = 0; i < json_length(effects); i++) {
		const char *owner = json_key_at(effects, i);
		bool server = !strcmp(owner, "server");

		if (both && !server) {
			auto_free char *whose = text_format("(for the %s)", owner);

			flow_line(teller, begun ? "" : "L4", whose, NULL);
			begun = true;
		}
		show_owner(teller, json_value_at(effects, i), server, &begun);
	}
}

static void add_namespaces(const struct json *namespaces, const char *whose, const char *words,
			   struct text *ret)
{
	bool any = false;

	for (size_t i = 0; i < json_length(namespaces); i++) {
		if (strcmp(json_string(json_value_at(namespaces, i)), whose) != 0)
			continue;
		text_addf(ret, "%s%s", any || !ret->len ? (any ? " " : "") : "; ",
			  json_key_at(namespaces, i));
		any = true;
	}
	if (any)
		text_addf(ret, " %s", words);
}

void flow_show_now(const struct teller *teller, const struct json *now)
{
	const struct json *namespaces = json_member(now, "namespaces");
	const char *cgroup = json_get_string(now, "cgroup"), *root = json_get_string(now, "root_mount");
	auto_text process = { 0 }, shares = { 0 }, program = { 0 };

	if (!now)
		return;
	for (size_t i = 0; i < json_length(json_member(now, "program")); i++)
		text_addf(&program, "%s%s", i ? " " : "",
			  json_string(json_at(json_member(now, "program"), i)));
	text_addf(&process, "%s is process %lld here, %lld inside; user %lld, group %lld; root on %s",
		  text_str(&program), (long long) json_int(json_member(now, "pid"), 0),
		  (long long) json_int(json_member(now, "pid_inside"), 0),
		  (long long) json_int(json_member(now, "uid"), -1),
		  (long long) json_int(json_member(now, "gid"), -1), root ? root : "?");
	flow_wrap(teller, "L5 now", text_str(&process), 2);
	add_namespaces(namespaces, "own", "are its own", &shares);
	add_namespaces(namespaces, "pod", "the pod's", &shares);
	add_namespaces(namespaces, "host", "the node's", &shares);
	flow_wrap(teller, "   spaces", text_str(&shares), 2);
	if (cgroup) {
		auto_free char *shortened = flow_short(teller, cgroup);

		flow_line(teller, "   cgroup", shortened, NULL);
	}
}
