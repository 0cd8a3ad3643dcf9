/*
 * The plumb line: each value that somebody asked for, or that a server sets by itself, is looked for on every rung that can be
 * read. Where one is missing or says something else, it leaves the line. Also how request and config.json are compared where no
 * server tells origins.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_part.h"
#include "harness/flow_row.h"

#define PAGE 4096 /* what the kernel counts memory in */
#define PROCESSORS 1024

static const char *const rung_names[RUNGS] = { "L2", "L3", "L4", "L5" };

/*
 * Until the program runs: an update of later is not on the way. A start that was not answered, or one of another container, began
 * nothing of this one.
 */
static bool find_start(const struct json *observation, uint64_t *ret_end)
{
	const struct json *steps = json_get(observation, "exit.step");
	const char *id = json_get_string(observation, "symbols.@container");

	for (size_t i = 0; i < json_length(steps); i++) {
		const struct json *step = json_at(steps, i);
		const char *verb = json_get_string(step, "verb"), *status = json_get_string(step, "status"),
			   *of = json_get_string(step, "request.container_id");

		if (!verb || strcmp(verb, "StartContainer") != 0 || !status || strcmp(status, "OK") != 0 ||
		    (id && of && strcmp(id, of) != 0))
			continue;
		*ret_end = flow_end_of(steps, i);
		return true;
	}
	*ret_end = UINT64_MAX;
	return false;
}

const struct json *flow_seen(const struct json *observation)
{
	const struct json *ready = json_get(observation, "host.after.ready"),
			  *seen = ready ? ready : json_get(observation, "host.after.StartContainer");

	/* Of a process that has ended only its number and its namespaces are left. */
	return json_get(seen, "init.namespaces") && json_length(json_get(seen, "init.cmdline")) ? seen : NULL;
}

static bool is_rounded(const char *value, const char *seen)
{
	long long asked, got;

	return text_to_i64(value, &asked) == 0 && text_to_i64(seen, &got) == 0 && asked - asked % PAGE == got;
}

static void fill(const char *list, bool ret[PROCESSORS])
{
	while (*list) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long i = first; i <= last && i < PROCESSORS; i++)
			ret[i] = true;
		list = *end ? end + 1 : end;
	}
}

/* The kernel writes "0-1" where it was given "0,1". */
static bool are_the_same(const char *value, const char *seen)
{
	bool asked[PROCESSORS] = { false }, got[PROCESSORS] = { false };

	fill(value, asked);
	fill(seen, got);
	return memcmp(asked, got, sizeof(asked)) == 0;
}

static bool agrees(const struct flow_row *row, enum flow_rung rung, const struct flow_want *want,
		   const struct flow_said *said)
{
	const char *says = row->says[rung] ? row->says[rung] : want->value;

	if (!said->value)
		return false;
	if (said->any || !says || !strcmp(says, FLOW_ANY) || !strcmp(says, said->value))
		return true;
	return (row->pages && is_rounded(says, said->value)) ||
	       (row->processors && are_the_same(says, said->value));
}

static char *name_of(const struct flow_want *want, const char *value)
{
	if (want->key && value)
		return text_format("%s=%s", want->key, value);
	return text_format("%s", want->key ? want->key : value);
}

/* One value on its way down. */
struct line {
	const struct flow_pod *pod;
	const struct flow_row *row;
	struct flow_wants wants;
	const char *from; /* who set what nobody asked for; NULL: it was asked for, or nobody says */
	bool asked;
	struct json *rungs, *counts, *lost; /* owned */
	const char *leaves; /* NULL: it does not */
};

static void add_word(struct text *text, const char *word)
{
	/* What one call does for several is one call. */
	if (text->len && text_ends(text_str(text), word))
		return;
	text_addf(text, "%s%s", text->len ? "," : "", word);
}

static bool is_told_with_key(const struct flow_want *want, bool plumb)
{
	return want->key && (want->value || !plumb);
}

/* Whether it is there; what is said of it goes into *ret. */
static bool look(struct line *line, enum flow_rung rung, const struct flow_want *want, struct text *ret,
		 bool *ret_lost)
{
	struct flow_said said = flow_read(line->pod, line->row, rung, want);
	bool plumb = agrees(line->row, rung, want, &said);
	auto_free char *told =
	    said.text ? text_format("%s", said.text)
		      : name_of(want, is_told_with_key(want, plumb) || !want->key ? said.value : NULL);

	if (said.value)
		add_word(ret, told);
	/* What nobody asked for the kernel may have anyway. */
	*ret_lost =
	    !plumb && !said.unread && (rung != L4 || said.value || (line->asked && !line->row->quiet));
	free(said.value);
	free(said.text);
	return plumb;
}

/* A rung below the one where it was lost is told and not judged. */
static void step_down(struct line *line, enum flow_rung rung)
{
	bool judged = !line->leaves && (rung == L3 || line->pod->started);
	auto_text text = { 0 };
	size_t there = 0;

	for (size_t i = 0; i < line->wants.count; i++) {
		const struct flow_want *want = &line->wants.items[i];
		bool lost;

		there += look(line, rung, want, &text, &lost);
		if (!lost || !judged)
			continue;
		auto_free char *name = name_of(want, want->value);
		line->leaves = rung_names[rung];
		json_append(line->lost, json_new_bytes(name, strlen(name)));
	}
	if (text.len)
		json_put(line->rungs, rung_names[rung], json_new_bytes(text_str(&text), text.len));
	if (line->wants.count > 1 && text.len)
		json_put(line->counts, rung_names[rung], json_new_uint(there));
}

static void put_asked(struct line *line)
{
	auto_text text = { 0 };

	for (size_t i = 0; i < line->wants.count; i++) {
		auto_free char *name = name_of(&line->wants.items[i], line->wants.items[i].value);

		add_word(&text, name);
	}
	json_put(line->rungs, rung_names[L2], json_new_bytes(text_str(&text), text.len));
	if (line->wants.count > 1)
		json_put(line->counts, rung_names[L2], json_new_uint(line->wants.count));
}

/* Then two requests say what it shall have, and only the first one became config.json. */
static bool is_updated_before(const struct flow_pod *pod, const struct flow_row *row)
{
	const struct json *steps = json_get(pod->observation, "exit.step");

	for (size_t i = 0; i < json_length(steps) && text_starts(row->request, "linux.resources."); i++) {
		const char *verb = json_get_string(json_at(steps, i), "verb");

		if (verb && !strcmp(verb, "StartContainer"))
			return false;
		if (verb && !strcmp(verb, "UpdateContainerResources"))
			return true;
	}
	return false;
}

static void ask(struct line *line)
{
	const char *path = line->row->request;
	const struct json *field = !path                           ? NULL
				   : line->row->of == OF_CONTAINER ? flow_asked_of_container(line->pod, path)
								   : flow_asked_of_pod(line->pod, path);

	if (!flow_is_set(field) || is_updated_before(line->pod, line->row))
		return;
	if (line->row->asks) {
		line->row->asks(line->pod, field, &line->wants);
	} else {
		auto_free char *value = flow_value_text(field);

		flow_want_add(&line->wants, NULL, value);
	}
	line->asked = line->wants.count;
}

/* Nobody asked: what config.json says is followed from there on. */
static void take_default(struct line *line)
{
	const struct flow_row *row = line->row;
	const struct json *found = json_get(flow_config_of(line->pod, row), row->config),
			  *origins = flow_told(line->pod->observation, FLOW_CONTAINER, "origins");
	auto_free char *first = text_format("%s[0]", row->config);
	const struct json *origin = flow_origin(origins, row->config);

	if (!found || (row->list && flow_is_privileged(line->pod)))
		return;
	origin = origin ? origin : flow_origin(origins, first);
	line->from = json_get_string(origin, "from");
	if (row->list) {
		flow_asks_each(line->pod, found, &line->wants);
	} else if (row->reads[L3]) {
		struct flow_said said = row->reads[L3](line->pod, row, NULL);

		flow_want_add(&line->wants, NULL, said.value);
		free(said.value);
		free(said.text);
	} else {
		auto_free char *value = flow_value_text(found);

		flow_want_add(&line->wants, NULL, value);
	}
}

static struct json *told_of(const struct line *line)
{
	const struct flow_row *row = line->row;
	struct json *ret = json_new_object();

	json_put(ret, "type", json_new_string("value"));
	json_put(ret, "name", json_new_string(row->name));
	if (row->request)
		json_put(ret, "request", json_new_string(row->request));
	if (row->config)
		json_put(ret, "config", json_new_string(row->config));
	if (line->from)
		json_put(ret, "from", json_new_string(line->from));
	json_put(ret, "rungs", json_copy(line->rungs));
	if (json_length(line->counts))
		json_put(ret, "counts", json_copy(line->counts));
	json_put(ret, "plumb", json_new_bool(!line->leaves));
	if (line->leaves) {
		json_put(ret, "leaves_at", json_new_string(line->leaves));
		json_put(ret, "lost", json_copy(line->lost));
	}
	return ret;
}

/* NULL: nobody set it, or it leads nowhere. */
static struct json *follow(const struct flow_pod *pod, const struct flow_row *row)
{
	struct line line = { .pod = pod,
			     .row = row,
			     .rungs = json_new_object(),
			     .counts = json_new_object(),
			     .lost = json_new_array() };
	struct json *ret = NULL;

	ask(&line);
	if (line.asked)
		put_asked(&line);
	else if (row->defaulted)
		take_default(&line);
	for (enum flow_rung rung = L3; rung < RUNGS && line.wants.count; rung++)
		step_down(&line, rung);
	/* Of a pod that never started nobody knows what else would have been lost. */
	if (line.wants.count && (pod->started || line.leaves))
		ret = told_of(&line);
	flow_wants_free(&line.wants);
	json_free(line.rungs);
	json_free(line.counts);
	json_free(line.lost);
	return ret;
}

struct json *flow_ladder(const struct json *observation, const struct flow_kernel *kernel)
{
	struct flow_pod pod = { .observation = observation, .kernel = kernel };
	struct json *ret = json_new_array();

	pod.started = find_start(observation, &pod.end);

	for (size_t i = 0; i < flow_row_count; i++) {
		/* Without its config.json there is no line to follow. */
		struct json *value = flow_config_of(&pod, &flow_rows[i]) ? follow(&pod, &flow_rows[i]) : NULL;

		if (value)
			json_append(ret, value);
	}
	return ret;
}

/* The row of flow_values() that has the member: capabilities stand in one. */
static struct json *value_of(struct json *values, const char *path)
{
	for (size_t i = 0; i < json_length(values); i++) {
		const char *of = json_get_string(json_at(values, i), "path");
		size_t len = strlen(of);

		if (!strncmp(of, path, len) && (!path[len] || path[len] == '.'))
			return json_at(values, i);
	}
	return NULL;
}

/* Only then a list of capabilities is that of the request. */
static bool drops_all(const struct flow_pod *pod)
{
	const char *first = json_string(
	    flow_asked_of_container(pod, "linux.security_context.capabilities.drop_capabilities[0]"));

	return first && strcasecmp(first, "ALL") == 0;
}

static bool is_compared(const struct flow_pod *pod, const struct flow_row *row, bool of_sandbox)
{
	if ((row->of == OF_SANDBOX) != of_sandbox || !row->config || strchr(row->config, '[') ||
	    row->says[L3])
		return false;
	return !row->more || (row->asks == flow_asks_added && drops_all(pod));
}

void flow_compare(const struct json *observation, bool of_sandbox, struct json *values)
{
	const struct flow_pod pod = { .observation = observation };

	for (size_t i = 0; i < flow_row_count; i++) {
		struct line line = { .pod = &pod, .row = &flow_rows[i] };
		bool same = true;

		if (!is_compared(&pod, line.row, of_sandbox))
			continue;
		struct json *value = value_of(values, line.row->config);
		if (value)
			ask(&line);
		for (size_t k = 0; k < line.wants.count; k++) {
			struct flow_said said = flow_read(&pod, line.row, L3, &line.wants.items[k]);

			same = same && agrees(line.row, L3, &line.wants.items[k], &said);
			free(said.value);
			free(said.text);
		}
		if (line.wants.count) {
			json_put(value, "from", json_new_string(same ? "equal" : "differs"));
			json_put(value, "field", json_new_string(line.row->request));
		}
		flow_wants_free(&line.wants);
	}
}
