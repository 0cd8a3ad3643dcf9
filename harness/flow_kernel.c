/*
 * A recording of a CRI server has two containers in it. It is taken apart by who each process works for: whoever descends from an OCI
 * runtime with the sandbox's or the container's id among its arguments is theirs, everybody else is the server's. Each part can then
 * be read with the config.json that it is about.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "bpf/parts.h"
#include "bpf/tgids.h"
#include "harness/flow_part.h"
#include "harness/trace_group.h"
#include "harness/trace_words.h"

#define HELPER "plumbline-cri-call"
#define ID_LENGTH 64 /* of a container, in hexadecimal digits */
#define PLUGINS "/cni/" /* where they lie: /usr/lib/cni, /opt/cni/bin */
#define CLONE_THREAD_FLAG 0x10000

static const char *const owner_names[] = { "nobody", "server", "sandbox", "container" };

const char *flow_owner_name(enum flow_owner owner)
{
	return owner_names[owner];
}

struct split {
	enum flow_owner stranger; /* whose a process is that was there before */
	const struct flow_object *objects;
	const char *handler;
	struct tgids plugins; /* network plugins and what they run: 1 */
	struct tgids owners, scripts,
	    running; /* of a process; running: the index of its command, and one; 0: none */
	struct flow_kernel *kernel;
	char *runtime; /* owned */
};

static enum flow_owner owner_of(const struct split *split, uint32_t tgid)
{
	size_t owner = tgids_get(&split->owners, tgid);

	return owner == TGIDS_NONE ? split->stranger : (enum flow_owner) owner;
}

static struct json *words_of(const struct decoded *event)
{
	struct json *words = json_new_array();
	auto_text argv = { 0 };

	for (int part = 2; part <= 3; part++) {
		const struct event_slice *slice = part_find(event, part, PART_BYTES);

		if (slice)
			text_add_bytes(&argv, slice->data, slice->size);
	}
	for (size_t at = 0; at < argv.len;) {
		size_t len = strlen(argv.data + at);

		json_append(words, json_new_bytes(argv.data + at, len));
		at += len + 1;
	}
	return words;
}

/* It is a word of its own in every command, and part of the bundle's path, where the end of a long one is not recorded. */
static bool speaks_of(const struct json *words, const char *id)
{
	for (size_t i = 0; id && i < json_length(words); i++)
		if (strstr(json_string(json_at(words, i)), id))
			return true;
	return false;
}

static void note_bundle(struct split *split, enum flow_owner owner, const struct json *words)
{
	for (size_t i = 0; i + 1 < json_length(words); i++) {
		const char *word = json_string(json_at(words, i));

		if (split->kernel->bundle[owner] ||
		    (strcmp(word, "--bundle") != 0 && strcmp(word, "-b") != 0))
			continue;
		split->kernel->bundle[owner] = text_format("%s", json_string(json_at(words, i + 1)));
	}
}

static const char *kind_of(const struct split *split, uint32_t tgid, enum flow_owner owner,
			   const struct json *words)
{
	const char *program = json_string(json_at(words, 0));

	if (owner == FLOW_SERVER) /* of what a plugin runs only further plugins are of interest */
		return tgids_get(&split->plugins, tgid) == 1 && !(program && strstr(program, PLUGINS))
			   ? "child"
			   : "server";
	if (tgids_get(&split->scripts, tgid) == 1)
		return "runtime";
	return json_equal(words, json_get(split->objects[owner].config, "process.args")) ? "payload"
											 : "child";
}

static void add_command(struct split *split, const struct decoded *event, enum flow_owner owner,
			struct json *taken_words)
{
	struct json *row = json_new_object(), *commands = split->kernel->commands;
	const char *kind = kind_of(split, event->event.tgid, owner, taken_words);

	json_put(row, "time_ns", json_new_uint(event->event.time_ns));
	json_put(row, "of", json_new_string(flow_owner_name(owner)));
	json_put(row, "kind", json_new_string(kind));
	json_put(row, "argv", taken_words);
	/* A runtime that executes a copy of itself later is no command of anybody's. */
	tgids_put(&split->scripts, event->event.tgid, 0);
	tgids_put(&split->running, event->event.tgid, json_length(commands) + 1);
	json_append(commands, row);
}

/* An id that nobody was told is that of what could not be made: the sandbox, or the container once there is one. */
static enum flow_owner subject_of(const struct split *split, const struct json *words,
				  enum flow_owner otherwise)
{
	for (enum flow_owner i = FLOW_CONTAINER; i >= FLOW_SANDBOX; i--)
		if (speaks_of(words, split->objects[i].id))
			return i;
	for (enum flow_owner i = FLOW_SANDBOX; i < FLOW_OWNERS; i++)
		if (!split->objects[i].id)
			return i;
	return otherwise;
}

/* Others may work at a server that runs already: what it does for them has an id that is none of ours. */
static bool is_of_others(const struct split *split, const struct json *words)
{
	for (size_t i = 0; i < json_length(words); i++)
		for (const char *at = json_string(json_at(words, i)); *at;) {
			size_t len = strspn(at, "0123456789abcdef");
			bool ours = false;

			for (enum flow_owner k = FLOW_SANDBOX; k < FLOW_OWNERS; k++)
				ours =
				    ours || !split->objects[k].id || !strncmp(at, split->objects[k].id, len);
			if (len == ID_LENGTH && !ours)
				return true;
			at += len ? len : 1;
		}
	return false;
}

/*
 * Behind a server that runs already there is no handler of ours. An OCI runtime has the id as its last word, or as the one before a
 * signal; a shim or a monitor has it behind an option.
 */
static bool is_runtime(const struct split *split, const struct json *words)
{
	size_t count = json_length(words);

	for (size_t i = count > 2 ? count - 2 : 1; i < count; i++) {
		const char *before = json_string(json_at(words, i - 1));
		bool option = before[0] == '-' && text_ends(before, "id");

		for (enum flow_owner k = FLOW_SANDBOX; !option && k < FLOW_OWNERS; k++)
			if (split->objects[k].id &&
			    !strcmp(json_string(json_at(words, i)), split->objects[k].id))
				return true;
	}
	return false;
}

/* The handler is ours: it only says where the runtime is, and gives it the same words. */
static void see_exec(struct split *split, const struct decoded *event)
{
	auto_json words = words_of(event);
	auto_text path = { 0 };
	enum flow_owner owner = owner_of(split, event->event.tgid);
	const char *second = json_string(json_at(words, 1));
	bool script = split->handler && second && !strcmp(second, split->handler);

	(void) part_path(event, 1, &path);
	if (text_ends(text_str(&path), "/" HELPER))
		owner = FLOW_NOBODY;
	else if (owner == FLOW_NOBODY && tgids_get(&split->owners, event->event.tgid) == TGIDS_NONE)
		owner = FLOW_SERVER;
	if (!script && split->stranger == FLOW_SERVER && is_of_others(split, words))
		owner = FLOW_NOBODY;
	bool direct = !script && owner == FLOW_SERVER && is_runtime(split, words);
	if (script || direct) {
		owner = subject_of(split, words, owner);
		note_bundle(split, owner, words);
	}
	tgids_put(&split->owners, event->event.tgid, owner);
	if (strstr(text_str(&path), PLUGINS))
		tgids_put(&split->plugins, event->event.tgid, 1);
	if (script || direct)
		tgids_put(&split->scripts, event->event.tgid, owner > FLOW_SERVER);
	if (owner == FLOW_NOBODY || script)
		return;
	if (owner > FLOW_SERVER && !split->runtime)
		split->runtime = text_take(&path);
	add_command(split, event, owner, TAKE(words));
}

static void see_fork(struct split *split, const struct decoded *event)
{
	enum flow_owner owner = owner_of(split, event->event.tgid);
	uint32_t child = (uint32_t) event->event.args[0];

	if (event->event.args[2] & CLONE_THREAD_FLAG)
		return;
	tgids_put(&split->owners, child, owner);
	tgids_put(&split->running, child, 0);
	tgids_put(&split->plugins, child, tgids_get(&split->plugins, event->event.tgid) == 1);
	tgids_put(&split->scripts, child, 0);
}

static void see_exit(struct split *split, const struct decoded *event)
{
	size_t at = tgids_get(&split->running, event->event.tgid);
	struct json *row = at == TGIDS_NONE || !at ? NULL : json_at(split->kernel->commands, at - 1);
	int status = (int) event->event.args[0];
	const char *name = WIFSIGNALED(status) ? name_of_signal(WTERMSIG(status)) : NULL;
	uint64_t begin = json_uint(json_member(row, "time_ns"), 0);

	if (!row || json_has(row, "ms"))
		return;
	json_put(row, "ms", json_new_double((double) (event->event.time_ns - begin) / 1e6));
	if (name)
		json_put(row, "signal", json_new_string(name));
	else
		json_put(row, "code", json_new_int(WEXITSTATUS(status)));
}

static void see(struct split *split, const struct decoded *event)
{
	switch (event->event.type) {
	case EVENT_EXEC:
		see_exec(split, event);
		return;
	case EVENT_FORK:
		see_fork(split, event);
		return;
	case EVENT_EXIT:
		see_exit(split, event);
		return;
	}
}

static void copy_event(struct split *split, const struct recording *whole, size_t begin, size_t end,
		       uint32_t tgid)
{
	enum flow_owner owner = owner_of(split, tgid);
	struct recording *part = &split->kernel->part[owner];

	if (owner == FLOW_NOBODY)
		return;
	if (!part->bytes)
		part->bytes = malloc(whole->size);
	if (!part->bytes)
		abort();
	memcpy(part->bytes + part->size, whole->bytes + begin, end - begin);
	part->size += end - begin;
	part->event_count++;
}

static void put_string(struct json *object, const char *key, const char *value)
{
	if (value)
		json_put(object, key, json_new_bytes(value, strlen(value)));
}

/* What its events speak of, as trace_symbols.c and case_recording.c say it for a whole recording. */
static struct json *symbols_of(const struct split *split, enum flow_owner owner, const struct json *whole)
{
	static const char *const kept[] = { "kernel", "machine", "host", "payload_visible" };
	const struct json *config = split->objects[owner].config;
	const char *root = json_get_string(config, "root.path"), *bundle = split->kernel->bundle[owner];
	struct json *symbols = json_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (json_has(whole, kept[i]))
			json_put(symbols, kept[i], json_copy(json_member(whole, kept[i])));
	if (owner == FLOW_SERVER)
		return symbols;
	put_string(symbols, "runtime", split->runtime);
	put_string(symbols, "bundle", bundle);
	put_string(symbols, "id", split->objects[owner].id);
	put_string(symbols, "cgroup", json_get_string(config, "linux.cgroupsPath"));
	if (root && *root != '/' && bundle) {
		auto_free char *joined = text_format("%s/%s", bundle, root);

		put_string(symbols, "rootfs", joined);
	} else {
		put_string(symbols, "rootfs", root);
	}
	if (config)
		json_put(symbols, "config", json_copy(config));
	return symbols;
}

void flow_kernel_read(const struct recording *recording, const struct flow_object objects[FLOW_OWNERS],
		      const char *handler, struct flow_kernel *ret)
{
	struct split split = {
		.objects = objects,
		.handler = handler,
		.kernel = ret,
		.stranger = json_has(recording->symbols, "attached") ? FLOW_SERVER : FLOW_NOBODY,
	};
	struct decoded event;
	size_t offset = 0, begin = 0;

	*ret = (struct flow_kernel){ .commands = json_new_array() };
	while (recording_next(recording, &offset, &event, NULL) == 1) {
		see(&split, &event);
		copy_event(&split, recording, begin, offset, event.event.tgid);
		begin = offset;
	}
	for (enum flow_owner i = FLOW_SERVER; i < FLOW_OWNERS; i++) {
		ret->part[i].symbols = symbols_of(&split, i, recording->symbols);
		if (effects_from(&ret->part[i], &ret->effects[i], NULL) < 0)
			ret->effects[i] = (struct effects){ 0 };
	}
	free(split.runtime);
	tgids_free(&split.owners);
	tgids_free(&split.running);
	tgids_free(&split.scripts);
	tgids_free(&split.plugins);
}

void flow_kernel_free(struct flow_kernel *kernel)
{
	for (enum flow_owner i = FLOW_SERVER; i < FLOW_OWNERS; i++) {
		effects_free(&kernel->effects[i]);
		recording_free(&kernel->part[i]);
		free(kernel->bundle[i]);
	}
	json_free(kernel->commands);
	*kernel = (struct flow_kernel){ 0 };
}

static struct json *names_to_json(const struct story_group *g)
{
	struct json *names = json_new_array();

	for (size_t i = 0; i < g->name_count; i++) {
		auto_free char *counted = g->words->counts && g->names[i].count > 1
					      ? text_format("%s x%zu", g->names[i].name, g->names[i].count)
					      : text_format("%s", g->names[i].name);

		json_append(names, json_new_bytes(counted, strlen(counted)));
	}
	return names;
}

static struct json *group_to_json(const struct story_group *g)
{
	struct json *row = json_new_object(), *errors = json_new_array();

	json_put(row, "time_ns", json_new_uint(g->time_ns));
	json_put(row, "role", json_new_string(effect_role_name(g->role)));
	json_put(row, "does", json_new_string(g->words->phrase));
	json_put(row, "objects", names_to_json(g));
	for (size_t i = 0; i < g->error_count; i++) {
		const char *name = name_of_errno(g->errors[i].error);

		json_append(errors, json_new_string(name ? name : "error"));
	}
	json_put(row, "count", json_new_uint(story_group_size(g)));
	json_put(row, "failed", json_new_bool(!g->done));
	if (json_length(errors))
		json_put(row, "errors", errors);
	else
		json_free(errors);
	if (g->field)
		json_put(row, "field", json_new_bytes(g->field, strlen(g->field)));
	return row;
}

struct json *flow_effects(const struct effects *effects, uint64_t begin, uint64_t end, size_t lines, int rank,
			  size_t *ret_left_out)
{
	size_t first = 0, count = 0;
	struct story story = { 0 };
	struct json *rows = json_new_array();

	while (first < effects->count && effects->items[first].time_ns < begin)
		first++;
	while (first + count < effects->count && effects->items[first + count].time_ns < end)
		count++;
	story_collect(&story, effects->items + first, count);
	story_shorten(&story, lines);
	*ret_left_out = story.left_out;
	for (size_t i = 0; i < story.count; i++) {
		const struct story_group *g = &story.groups[i];

		if (g->shown && g->words->rank >= rank)
			json_append(rows, group_to_json(g));
		else if (g->shown)
			*ret_left_out += story_group_size(g);
	}
	story_free(&story);
	return rows;
}
