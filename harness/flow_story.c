/* The story: one chapter a call, the plumb line through all rungs, and what is left in the end. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow.h"
#include "harness/flow_show.h"
#include "reports/columns.h"

static void add_fact(const struct teller *teller, const char *name, const char *value)
{
	auto_free char *shortened = flow_short(teller, value ? value : "unknown");

	columns_space(teller->out, 2);
	columns_left(teller->out, name, 9, &teller->style);
	columns_wrap(teller->out, shortened, 11, 3, &teller->style);
	text_add_char(teller->out, '\n');
}

static void tell_kernel(const struct teller *teller)
{
	const char *why = json_get_string(teller->head, "not_recorded"),
		   *kernel = json_get_string(teller->head, "kernel");
	uint64_t lost = json_uint(json_member(teller->head, "lost"), 0);
	auto_text text = { 0 };

	if (why) {
		text_addf(&text, "its calls are not recorded (%s): L4 is missing below",
			  text_starts(why, "off: ") ? why + strlen("off: ") : why);
	} else {
		text_addf(&text, "Linux %s; eBPF recorded %llu events, lost ", kernel ? kernel : "?",
			  (unsigned long long) json_uint(json_member(teller->head, "events"), 0));
		if (lost)
			text_addf(&text, "%llu: there are holes", (unsigned long long) lost);
		else
			text_add(&text, "none");
	}
	add_fact(teller, "kernel", text_str(&text));
}

static void tell_names(const struct teller *teller)
{
	const char *home = json_get_string(teller->head, "symbols.@cri"),
		   *sandbox = json_get_string(teller->head, "symbols.@sandbox"),
		   *container = json_get_string(teller->head, "symbols.@container");
	auto_text text = { 0 };

	if (!sandbox || !home)
		return;
	text_addf(&text, "SANDBOX is the id %.12s...", sandbox);
	if (container)
		text_addf(&text, ", CONTAINER is %.12s...", container);
	text_addf(&text, json_has(teller->head, "runtime") ? "; @state and @root lie in %s" : "; @cri is %s",
		  home);
	text_add(&text, "; @bundle and @cgroup are those of whom a line speaks");
	columns_space(teller->out, 2);
	columns_left(teller->out, "names", 9, &teller->style);
	columns_wrap(teller->out, text_str(&text), 11, 4, &teller->style);
	text_add_char(teller->out, '\n');
}

static void tell_fault(const struct teller *teller)
{
	const char *fault = json_get_string(teller->head, "fault"),
		   *says = json_get_string(teller->head, "fault_says");

	if (!fault)
		return;
	auto_free char *text = text_format("%s, on purpose: %s", fault, says ? says : "");
	add_fact(teller, "mistake", text);
}

static bool has_config(const struct json *facts)
{
	for (size_t i = 0; i < json_length(facts); i++)
		if (json_has(json_at(facts, i), "request") && json_has(json_at(facts, i), "config"))
			return true;
	return false;
}

static void tell_head(const struct teller *teller, const struct json *facts)
{
	static const char guide[] = "Read it as a ladder. A call of the kubelet's (L2, the CRI) becomes a "
				    "config.json and commands (L3, the "
				    "OCI), these become calls of the kernel (L4), and those what the kernel "
				    "holds in the end (L5). What "
				    "stands behind <- is where a line comes from, one rung up.";
	static const char no_origins[] = "This server does not tell where the values of its config.json come "
					 "from: they are compared with the "
					 "request, and = marks those that are the same.";

	colour_on(teller->out, SGR_HEAD, &teller->style);
	text_add(teller->out, "The way of one pod, from the request to the kernel");
	colour_off(teller->out, &teller->style);
	text_add(teller->out, "\n\n");
	add_fact(teller, "server", json_get_string(teller->head, "server"));
	if (json_has(teller->head, "runtime"))
		add_fact(teller, "runtime", json_get_string(teller->head, "runtime"));
	tell_fault(teller);
	tell_kernel(teller);
	tell_names(teller);
	text_add_char(teller->out, '\n');
	columns_wrap(teller->out, guide, 0, 5, &teller->style);
	text_add_char(teller->out, '\n');
	if (has_config(facts) && !json_bool(json_member(teller->head, "origins"), false)) {
		columns_wrap(teller->out, no_origins, 0, 3, &teller->style);
		text_add_char(teller->out, '\n');
	}
}

static void tell_failure(const struct teller *teller, const struct json *call)
{
	const char *status = json_get_string(call, "status"), *message = json_get_string(call, "message");
	auto_free char *text =
	    text_format("%s: %s", status ? status : "no answer", message ? message : "it says no more");
	auto_free char *shortened = flow_short(teller, text);

	flow_refusal(teller, shortened);
}

static void tell_call(struct teller *teller, const struct json *call)
{
	const char *method = json_get_string(call, "method"), *status = json_get_string(call, "status");
	const struct json *request = json_member(call, "request"),
			  *answer = json_member(call, json_has(call, "statuses") ? "statuses" : "response");
	bool failed = json_bool(json_member(call, "failed"), false);
	const char *about = flow_about(method);
	auto_free char *left =
	    text_format("%llu %s", (unsigned long long) json_uint(json_member(call, "number"), 0), method);
	const char *word = status ? status : failed ? "none" : answer ? "answered" : "sent";
	auto_free char *right = text_format("%s  %.1f ms", word, json_double(json_member(call, "ms"), 0));

	text_add_char(teller->out, '\n');
	flow_rule(teller, left, right, failed);
	if (about) {
		columns_space(teller->out, 2);
		columns_wrap(teller->out, about, 2, 3, &teller->style);
		text_add_char(teller->out, '\n');
	}
	if (request)
		flow_show_message(teller, "L2 asks", request);
	if (!strcmp(method, "RunPodSandbox"))
		teller->sandbox_request = json_member(request, "config");
	if (failed)
		tell_failure(teller, call);
	else
		flow_show_message(teller, "L2 answers", answer);
	flow_show_config(teller, json_member(call, "config"));
	flow_show_commands(teller, json_member(call, "commands"));
	flow_show_effects(teller, json_member(call, "effects"));
	flow_show_now(teller, json_member(call, "now"));
}

/* "cg.set:cpu.shares:512" is cpu.shares=512 where there is room for it, else cpu.shares. */
static char *call_word(const char *effect, size_t room)
{
	const char *object = effect ? strchr(effect, ':') : NULL, *detail;
	auto_text text = { 0 };

	if (!object || text_starts(effect, "ns."))
		return text_format("%s", effect ? effect : "-");
	if (text_starts(effect, "sec."))
		return text_format("%.*s", (int) (object - effect), effect);
	object++;
	detail = strchr(object, ':');
	text_addf(&text, "%.*s", (int) (detail ? detail - object : (long) strlen(object)), object);
	if (detail && text.len + strlen(detail) <= room)
		text_addf(&text, "=%s", detail + 1);
	return text_take(&text);
}

/* Who set what nobody asked for. */
static const char *source_of(const struct json *value)
{
	const char *from = json_get_string(value, "from");

	if (!from || !strcmp(from, "cri"))
		return "-";
	return strcmp(from, "server") ? from : "node";
}

static const struct {
	const char *rung, *head;
	int width;
} columns[] = { { "L2", "L2 request", 15 },
		{ "L3", "L3 config.json", 15 },
		{ "L4", "L4 call", 22 },
		{ "L5", "L5 now", 8 } };

static bool is_asked(const struct json *value, const char *text)
{
	const char *asked = json_string(json_member(json_member(value, "rungs"), "L2"));

	return asked && !strcmp(asked, text);
}

/* As it is where it has the room, else how many of how many there are. */
static char *cell_of(const struct teller *teller, const struct json *value, const char *rung, size_t room)
{
	const char *text = json_string(json_member(json_member(value, "rungs"), rung));
	const struct json *counts = json_member(value, "counts");
	uint64_t count = json_uint(json_member(counts, rung), 0),
		 all = json_uint(json_member(counts, "L2"), json_uint(json_member(counts, "L3"), 0));
	auto_free char *shortened = flow_short(teller, text ? text : "-");

	if (!strcmp(rung, "L2") && !text)
		return text_format("%s", source_of(value));
	if (text && strcmp(rung, "L2") != 0 && is_asked(value, text) && (size_t) columns_of(shortened) > room)
		return text_format("the same");
	if (!count || (strcmp(rung, "L4") != 0 && (size_t) columns_of(shortened) <= room))
		return !strcmp(rung, "L4") ? call_word(shortened, room) : TAKE(shortened);
	if (!strcmp(rung, "L4"))
		return text_format("%.*s %llu of %llu", (int) strcspn(text, ":"), text,
				   (unsigned long long) count, (unsigned long long) all);
	return !strcmp(rung, "L2")
		   ? text_format("%llu of them", (unsigned long long) count)
		   : text_format("%llu of %llu", (unsigned long long) count, (unsigned long long) all);
}

static void tell_rung(const struct teller *teller, const struct json *value, size_t column)
{
	const char *rung = columns[column].rung, *leaves = json_get_string(value, "leaves_at");
	int width = columns[column].width;
	bool last = column + 1 == ARRAY_SIZE(columns), bad = leaves && !strcmp(leaves, rung);
	auto_free char *word = cell_of(teller, value, rung, (size_t) width - !last);

	if (bad)
		colour_on(teller->out, SGR_BAD, &teller->style);
	if (last)
		columns_cut(teller->out, word, width, &teller->style);
	else
		columns_left(teller->out, word, width - 1, &teller->style);
	if (bad)
		colour_off(teller->out, &teller->style);
	text_add_char(teller->out, last ? '\n' : ' ');
}

/* Of several the reader wants to know which. */
static void tell_lost(const struct teller *teller, const struct json *value, const char *leaves)
{
	const struct json *lost = json_member(value, "lost");
	auto_text text = { 0 };

	text_addf(&text, "leaves the line at %s", leaves);
	for (size_t i = 0; json_has(value, "counts") && i < json_length(lost); i++)
		text_addf(&text, "%s%s", i ? ", " : ": ", json_string(json_at(lost, i)));
	columns_space(teller->out, 20);
	columns_wrap(teller->out, text_str(&text), 20, 3, &teller->style);
	text_add_char(teller->out, '\n');
}

static void tell_value(const struct teller *teller, const struct json *value)
{
	const char *leaves = json_get_string(value, "leaves_at");
	bool unicode = teller->style.unicode;

	colour_on(teller->out, leaves ? SGR_BAD : SGR_GOOD, &teller->style);
	if (leaves)
		text_add(teller->out, unicode ? "\xe2\x9c\x97 " : "x ");
	else
		text_add(teller->out, unicode ? "\xe2\x9c\x93 " : "= ");
	colour_off(teller->out, &teller->style);
	columns_left(teller->out, json_get_string(value, "name"), 18, &teller->style);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		tell_rung(teller, value, i);
	if (leaves)
		tell_lost(teller, value, leaves);
}

static bool is_of_type(const struct json *fact, const char *type)
{
	const char *is = json_get_string(fact, "type");

	return is && !strcmp(is, type);
}

static void tell_columns(const struct teller *teller)
{
	columns_space(teller->out, 20);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		columns_left(teller->out, columns[i].head, columns[i].width, &teller->style);
	text_trim_end(teller->out);
	text_add_char(teller->out, '\n');
}

/* A list of which some need not be there. */
static bool is_partly(const struct json *value)
{
	const struct json *counts = json_member(value, "counts");
	uint64_t all = json_uint(json_member(counts, "L2"), 0);

	for (size_t i = 0; i < json_length(counts); i++)
		if (json_uint(json_value_at(counts, i), 0) < all && !json_has(value, "leaves_at"))
			return true;
	return false;
}

static void tell_values(const struct teller *teller, const struct json *facts)
{
	bool begun = false, partly = false;

	for (size_t i = 0; i < json_length(facts); i++) {
		const struct json *fact = json_at(facts, i);

		if (!is_of_type(fact, "value"))
			continue;
		if (!begun) {
			text_add_char(teller->out, '\n');
			flow_rule(teller, "The plumb line", "what was asked for, rung by rung", false);
			tell_columns(teller);
		}
		begun = true;
		partly = partly || is_partly(fact);
		tell_value(teller, fact);
	}
	if (partly)
		text_add(teller->out,
			 "  Where a number is not reached, this kernel lacks the others or hides them.\n");
}

static void tell_end(const struct teller *teller, const struct json *summary)
{
	const struct json *left = json_member(summary, "left");
	bool cut_short = json_bool(json_member(summary, "cut_short"), false);

	text_add_char(teller->out, '\n');
	flow_rule(teller, "What is left", "", false);
	if (cut_short)
		text_add(
		    teller->out,
		    "  The story ends early: the last call failed, and those behind it were not made.\n");
	if (left && !json_length(left))
		text_add(teller->out,
			 "  Nothing: no process, mount, cgroup, network device or file of this pod.\n");
	for (size_t i = 0; i < json_length(left); i++) {
		auto_free char *line = flow_short(teller, json_string(json_at(left, i)));

		columns_space(teller->out, 2);
		columns_wrap(teller->out, line, 4, 2, &teller->style);
		text_add_char(teller->out, '\n');
	}
	if (json_length(left))
		text_add(teller->out,
			 json_length(json_member(summary, "leaks"))
			     ? "  Some of it stays, after every pod that the server knows of was removed.\n"
			     : "  All of it went when the pod was stopped and removed afterwards.\n");
}

void flow_story(const struct json *facts, const struct report_style *style, struct text *ret)
{
	struct teller teller = { .head = json_at(facts, 0), .style = *style, .out = ret };
	bool values_told = false;

	teller.style.width = FLOW_WIDTH;
	tell_head(&teller, facts);
	for (size_t i = 1; i < json_length(facts); i++) {
		const struct json *fact = json_at(facts, i);

		if (is_of_type(fact, "call"))
			tell_call(&teller, fact);
		if (is_of_type(fact, "value") && !values_told) {
			tell_values(&teller, facts);
			values_told = true;
		}
		if (is_of_type(fact, "summary"))
			tell_end(&teller, fact);
	}
}
