/* What a recording is about, learned from its own events: the config.json that a container was made of, and by which program. */
#include "harness/trace.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/names.h"
#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/parts.h"
#include "bpf/recording.h"
#include "harness/options.h"
#include "harness/profile.h"

#define CONFIG_MAX (4u << 20)
#define EXECS_MAX 4096
#define ANCESTORS_MAX 64
/* linux/sched.h; CLONE_NEWTIME shares its value with the signal of a child's end and never comes alone. */
#define NAMESPACES                                                                                           \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |        \
	 CLONE_NEWNET)

struct trace_exec {
	uint32_t tgid;
	char *path, *last; /* owned: the program, and its last argument */
};

static char *last_argument(const struct decoded *event)
{
	const struct event_slice *argv = part_find(event, 2, PART_BYTES);
	size_t end = argv ? argv->size : 0, start;

	if (end && !argv->data[end - 1])
		end--;
	for (start = end; start && argv->data[start - 1]; start--)
		;
	return text_format("%.*s", (int) (end - start), argv ? (const char *) argv->data + start : "");
}

static void see_exec(struct trace_symbols *symbols, const struct decoded *event)
{
	auto_text path = { 0 };
	struct trace_exec *grown;
	char *last;

	if (symbols->exec_count >= EXECS_MAX || !part_path(event, 1, &path))
		return;
	grown = reallocarray(symbols->execs, symbols->exec_count + 1, sizeof(*grown));
	if (!grown)
		abort();
	symbols->execs = grown;
	last = last_argument(event);
	grown[symbols->exec_count++] = (struct trace_exec){ event->event.tgid, text_take(&path), last };
}

/* The first program of the process: runc executes a copy of itself from a memfd later. */
static const struct trace_exec *program_of(const struct trace_symbols *symbols, uint32_t tgid)
{
	for (size_t i = 0; i < symbols->exec_count; i++)
		if (symbols->execs[i].tgid == tgid)
			return &symbols->execs[i];
	return NULL;
}

static bool is_bundle_config(const struct json *config)
{
	return json_get_string(config, "ociVersion") &&
	       (json_has(config, "process") || json_has(config, "root") || json_has(config, "linux"));
}

static const struct trace_bundle *bundle_of(const struct trace_symbols *symbols, uint32_t tgid)
{
	for (size_t i = 0; i < symbols->bundle_count; i++)
		if (symbols->bundles[i].opener == tgid)
			return &symbols->bundles[i];
	return NULL;
}

/* The first of each process: crun reads the copy in its state later. */
static void see_open(struct trace_symbols *symbols, const struct decoded *event)
{
	const struct trace_exec *program = program_of(symbols, event->event.tgid);
	auto_text path = { 0 };
	auto_json config = NULL;

	if (symbols->settled || symbols->bundle_count >= TRACE_BUNDLES_MAX || event->event.result < 0 ||
	    bundle_of(symbols, event->event.tgid) || !part_path(event, PART_ARG_RESULT, &path) ||
	    !text_ends(text_str(&path), "/config.json"))
		return;
	if (json_read_at(AT_FDCWD, text_str(&path), CONFIG_MAX, &config, NULL) < 0 ||
	    !is_bundle_config(config))
		return;
	text_cut(&path, path.len - strlen("/config.json"));
	symbols->bundle = &symbols->bundles[symbols->bundle_count];
	symbols->bundles[symbols->bundle_count++] = (struct trace_bundle){
		.opener = event->event.tgid,
		.config = TAKE(config),
		.path = text_take(&path),
		.runtime = text_format("%s", program ? program->path : ""),
		.id = text_format("%s", program ? program->last : ""),
	};
}

/* It makes namespaces: those of the container whose config.json it has read, or somebody that it descends from. */
static void see_namespaces(struct trace_symbols *symbols, uint32_t tgid)
{
	for (int depth = 0; depth < ANCESTORS_MAX && !symbols->settled; depth++) {
		const struct trace_bundle *bundle = bundle_of(symbols, tgid);
		size_t parent = tgids_get(&symbols->parents, tgid);

		if (bundle) {
			symbols->bundle = bundle;
			symbols->settled = true;
		}
		if (parent == TGIDS_NONE)
			return;
		tgid = (uint32_t) parent;
	}
}

static void see_fork(struct trace_symbols *symbols, const struct decoded *event)
{
	uint32_t child = (uint32_t) event->event.args[0];

	if (child == event->event.tgid) /* a thread */
		return;
	tgids_put(&symbols->parents, child, event->event.tgid);
	if (event->event.args[2] & NAMESPACES)
		see_namespaces(symbols, event->event.tgid);
}

static void see_call(struct trace_symbols *symbols, const struct decoded *event)
{
	const char *name = call_name(event->event.call);

	if (name && text_starts(name, "open"))
		see_open(symbols, event);
	else if (event->event.call == SYS_unshare && event->event.args[0] & NAMESPACES)
		see_namespaces(symbols, event->event.tgid);
}

/*
 * The container's cgroup: linux.cgroupsPath where the config has one, else the last component of the first that a process moves to;
 * until one moves, of the first that is made (CLONE_INTO_CGROUP moves without an event). What lies above it is this machine's affair.
 */
static void see_cgroup(struct trace_symbols *symbols, const struct decoded *event, bool moves)
{
	const struct json *config = symbols->bundle ? symbols->bundle->config : NULL;
	const char *asked = json_get_string(config, "linux.cgroupsPath"), *name;
	auto_text path = { 0 };

	if (symbols->cgroup_moved || (symbols->cgroup && !moves) || !part_string(event, 0, &path))
		return;
	name = asked && *asked && !strchr(asked, ':') ? strstr(text_str(&path), asked) : NULL;
	if (!name)
		name = strrchr(text_str(&path), '/');
	if (!name || !name[1])
		return;
	free(symbols->cgroup);
	free(symbols->cgroup_above);
	symbols->cgroup = text_format("%s", name);
	symbols->cgroup_above = text_format("%.*s", (int) (name - text_str(&path)), text_str(&path));
	symbols->cgroup_moved = moves;
}

void trace_symbols_see(struct trace_symbols *symbols, const struct decoded *event)
{
	switch (event->event.type) {
	case EVENT_EXEC:
		see_exec(symbols, event);
		return;
	case EVENT_FORK:
		see_fork(symbols, event);
		return;
	case EVENT_CGROUP_MKDIR:
	case EVENT_CGROUP_ATTACH:
		see_cgroup(symbols, event, event->event.type == EVENT_CGROUP_ATTACH);
		return;
	case EVENT_CALL:
		see_call(symbols, event);
		return;
	}
}

static void put_string(struct json *object, const char *key, const char *value)
{
	if (value && *value)
		json_put(object, key, json_new_bytes(value, strlen(value)));
}

/* root.path is relative to the bundle, and effects speak of resolved paths. */
static void put_rootfs(struct json *object, const struct trace_bundle *bundle)
{
	const char *root = json_get_string(bundle->config, "root.path");
	auto_free char *joined = NULL, *resolved = NULL;

	if (!root)
		return;
	joined = *root == '/' ? text_format("%s", root) : text_format("%s/%s", bundle->path, root);
	resolved = realpath(joined, NULL);
	put_string(object, "rootfs", resolved ? resolved : joined);
}

static void put_machine(struct json *object)
{
	struct utsname names;

	if (uname(&names) < 0)
		return;
	put_string(object, "kernel", names.release);
	put_string(object, "machine", names.machine);
}

/* By type, as /proc/self/ns names them: what a container shares with its maker. */
static void put_namespaces(struct json *object)
{
	struct json *host = json_new_object();

	for (size_t i = 0; i < NAMES_NAMESPACES; i++) {
		auto_free char *path =
		    text_format("/proc/self/ns/%s", name_of_namespace_file(names_namespaces[i]));
		auto_text link = { 0 };

		if (file_read_link_at(AT_FDCWD, path, &link, NULL) == 0)
			put_string(host, name_of_namespace(names_namespaces[i]), text_str(&link));
	}
	json_put(object, "host", host);
}

/* Whether the payload's calls are the host kernel's: the profile of that name knows. */
static void put_visibility(struct json *object, const char *runtime)
{
	const char *name = runtime ? strrchr(runtime, '/') : NULL;
	const struct profile *profile = name ? profile_find(name + 1) : NULL;

	if (profile)
		put_string(object, "payload_visible", json_get_string(profile->document, "payload_visible"));
}

static void put_bundle(struct json *object, const struct trace_bundle *bundle)
{
	put_string(object, "runtime", bundle->runtime);
	put_string(object, "bundle", bundle->path);
	put_string(object, "id", bundle->id);
	put_visibility(object, bundle->runtime);
	put_rootfs(object, bundle);
	json_put(object, "config", json_copy(bundle->config));
}

static void symbols_free(struct trace_symbols *symbols)
{
	for (size_t i = 0; i < symbols->bundle_count; i++) {
		json_free(symbols->bundles[i].config);
		free(symbols->bundles[i].path);
		free(symbols->bundles[i].runtime);
		free(symbols->bundles[i].id);
	}
	for (size_t i = 0; i < symbols->exec_count; i++) {
		free(symbols->execs[i].path);
		free(symbols->execs[i].last);
	}
	free(symbols->execs);
	free(symbols->cgroup);
	free(symbols->cgroup_above);
	tgids_free(&symbols->parents);
	*symbols = (struct trace_symbols){ 0 };
}

struct json *trace_symbols_take(struct trace_symbols *symbols, const struct trace_target *target)
{
	const struct words *command = target->command;
	struct json *object = json_new_object(), *argv = json_new_array();

	put_machine(object);
	put_namespaces(object);
	for (size_t i = 0; command && i < command->count; i++)
		json_append(argv, json_new_bytes(command->words[i], strlen(command->words[i])));
	json_put(object, "command", argv);
	put_string(object, "attached", command ? NULL : target->of_container ? "payload" : "runtime");
	put_string(object, "cgroup", symbols->cgroup);
	put_string(object, "cgroup_above", symbols->cgroup_above);
	if (symbols->bundle)
		put_bundle(object, symbols->bundle);
	symbols_free(symbols);
	return object;
}
