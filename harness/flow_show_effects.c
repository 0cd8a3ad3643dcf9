/* What a call asked of the kernel, by whom it was for, and the process that is there in the end. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_show.h"
#include "reports/columns.h"

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
		flow_add_values(teller, objects, room, first);
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
