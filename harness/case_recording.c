/* The marks that a world makes, and what the watcher does with the recording they frame. */
#include "harness/case_recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "bpf/effects.h"
#include "bpf/invariants.h"
#include "bpf/recorder.h"
#include "harness/case.h"
#include "harness/case_watch.h"
#include "harness/channel.h"
#include "harness/engine.h"
#include "harness/profile.h"

#define ANSWER_MS 6000 /* the engine may be writing reports of other cases */

static const struct {
	const char *verb;
	enum event_phase phase;
} phases[] = {
	{ "create", PHASE_CREATE }, { "run", PHASE_OTHER },   { "restore", PHASE_CREATE },
	{ "start", PHASE_START },   { "exec", PHASE_EXEC },   { "kill", PHASE_KILL },
	{ "delete", PHASE_DELETE }, { "state", PHASE_STATE }, { "wait", PHASE_WAIT },
	{ "ready", PHASE_WAIT },
};

void case_recording_begin(const struct case_job *job)
{
	(void) recorder_mark(job->secret, MARK_FOLLOW_CHILDREN, 0, job->tag);
}

void case_recording_phase(const struct case_job *job, const char *verb)
{
	enum event_phase phase = PHASE_OTHER;

	for (size_t i = 0; i < ARRAY_SIZE(phases); i++)
		if (!strcmp(phases[i].verb, verb))
			phase = phases[i].phase;
	(void) recorder_mark(job->secret, MARK_PHASE, phase, job->tag);
}

void case_recording_end(const struct case_job *job)
{
	(void) recorder_mark(job->secret, MARK_CLOSE, 0, job->tag);
}

static int keep(const struct case_watch *watch, const struct text *bytes, struct err *err)
{
	auto_free char *path = text_format("recordings/%s.rec", watch->job.id);

	return watch->out < 0 ? 0 : write_whole(watch->out, path, bytes, err);
}

/* The engine's answer to this case; one that an earlier case of the worker stopped waiting for may come before it. */
static int receive_answer(const struct case_watch *watch, int *ret_fd, struct err *err)
{
	int64_t until = process_now_ms() + ANSWER_MS;

	while (process_poll(watch->channel, until) != 0) {
		struct channel_message message;
		auto_fd fd = -EBADF;

		if (channel_receive(watch->channel, &message, &fd) <= 0)
			return fail_text(err, -EIO, "the recorder sent nothing");
		if (message.word != CHANNEL_RECORDING || message.item != watch->job.number)
			continue;
		if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
			return fail_text(err, -EIO, "the recorder sent nothing");
		*ret_fd = TAKE_FD(fd);
		return 0;
	}
	return fail_text(err, -ETIMEDOUT, "the recorder did not answer for %d ms", ANSWER_MS);
}

static int fetch(const struct case_watch *watch, struct recording *ret, struct err *err)
{
	const struct channel_message message = { .word = CHANNEL_RECORDING, .item = watch->job.number };
	auto_fd fd = -EBADF;
	auto_text bytes = { 0 };
	int r;

	/* A world that hung or died has not done it; a tag that is closed stays so. */
	case_recording_end(&watch->job);
	r = channel_send(watch->channel, &message, -1);
	if (r < 0)
		return fail(err, r, "ask the recorder");
	r = receive_answer(watch, &fd, err);
	if (r < 0)
		return r;
	r = file_read_fd(fd, RECORDING_MAX, &bytes, err);
	if (r < 0)
		return r;
	r = recording_parse((const unsigned char *) text_str(&bytes), bytes.len, ret, err);
	if (r < 0) /* a mistake of the recorder: whoever looks for it needs the bytes */
		(void) keep(watch, &bytes, NULL);
	return r;
}

/* From "mnt:[4026531841]" to "mnt": 4026531841. */
static struct json *host_namespaces(const struct json *observation)
{
	const struct json *links = json_get(observation, "host.world.namespaces");
	struct json *host = json_new_object();

	for (size_t i = 0; i < json_length(links); i++) {
		const char *link = json_string(json_value_at(links, i));
		size_t len = link ? strcspn(link, ":") : 0;
		auto_free char *name = text_format("%.*s", (int) len, link ? link : "");

		if (len && link[len] && link[len + 1] == '[')
			json_put(host, name, json_new_uint(strtoull(link + len + 2, NULL, 10)));
	}
	return host;
}

/* Masked and read-only paths that this kernel has: nobody else can tell one that was forgotten from one that is not there. */
static void add_present(const struct json *observation, const char *field, struct json *paths)
{
	const struct json *list = json_get(observation, field);

	for (size_t i = 0; i < json_length(list); i++) {
		const char *path = json_string(json_at(list, i));

		if (path && (text_starts(path, "/proc/") || text_starts(path, "/sys/")) &&
		    access(path, F_OK) == 0)
			json_append(paths, json_new_bytes(path, strlen(path)));
	}
}

static struct json *present_of(const struct json *observation)
{
	struct json *paths = json_new_array();

	if (json_get(observation, "config.mounts[/proc]"))
		add_present(observation, "config.linux.readonlyPaths", paths);
	if (json_get(observation, "config.mounts[/proc]") && json_get(observation, "config.mounts[/sys]"))
		add_present(observation, "config.linux.maskedPaths", paths);
	return paths;
}

/* Descriptors that a step asks the runtime to keep; how many does not matter, they are the case's own. */
static bool preserves(const struct conformance_case *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->when) && c->when[i]; i++)
		if (c->when[i]->json && strstr(c->when[i]->json, "preserve-fds"))
			return true;
	return false;
}

/* Worlds are read-only but for what a case puts there. */
static bool runs_from_copy(const struct conformance_case *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->prepare) && c->prepare[i]; i++)
		if (c->prepare[i]->kind == PREPARE_RUNTIME)
			return true;
	return false;
}

/* What the recorded names and numbers stand for; a recording is read where none of it exists. */
static struct json *symbols_of(const struct case_watch *watch, const struct json *observation)
{
	static const struct {
		const char *name, *path;
	} rows[] = {
		{ "host", "host.world.namespaces" },
		{ "rootfs", "symbols.@rootfs" },
		{ "scratch", "symbols.@scratch" },
		{ "cgroup", "symbols.@cgroup" },
		{ "id", "symbols.@id" },
		{ "bundle", "symbols.@bundle" },
		{ "run", "symbols.@run" },
		{ "config", "config" },
	};
	const struct runtime *runtime = watch->job.runtime;
	const char *sight =
	    runtime->profile ? json_get_string(runtime->profile->document, "payload_visible") : NULL;
	const char *configured = json_get_string(observation, "config.linux.cgroupsPath");
	struct json *symbols = json_new_object();
	struct utsname names;

	if (uname(&names) == 0) {
		json_put(symbols, "kernel", json_new_string(names.release));
		json_put(symbols, "machine", json_new_string(names.machine));
	}
	json_put(symbols, "host", host_namespaces(observation));
	json_put(symbols, "case", json_new_string(watch->job.id));
	json_put(symbols, "runtime", json_new_string(runtime->path));
	json_put(symbols, "runtime_name", json_new_string(runtime->name));
	if (sight)
		json_put(symbols, "payload_visible", json_new_string(sight));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct json *value = json_get(observation, rows[i].path);

		if (value)
			json_put(symbols, rows[i].name, json_copy(value));
	}
	json_put(symbols, "present", present_of(observation));
	json_put(symbols, "runtime_readonly", json_new_bool(!runs_from_copy(watch->job.c)));
	if (preserves(watch->job.c))
		json_put(symbols, "preserve_fds", json_new_int(1024));
	if (configured && configured[0] == '/')
		json_put(symbols, "cgroup", json_new_string(configured));
	return symbols;
}

static struct json *facts_of(const struct effects *effects)
{
	struct json *facts = json_new_object();

	json_put(facts, "events", json_new_uint(effects->events));
	json_put(facts, "lost", json_new_uint(effects->lost));
	json_put(facts, "gaps", json_new_bool(effects->gaps));
	json_put(facts, "cut", json_new_bool(effects->cut));
	json_put(facts, "undecoded", json_new_uint(effects->undecoded));
	json_put(facts, "payload_visible", json_new_bool(effects->payload_visible));
	return facts;
}

static struct json *rules_of(const struct recording *recording, const struct effects *effects,
			     const struct json *observation)
{
	struct invariant_result results[INVARIANT_COUNT];
	struct json *rules = json_new_object();

	invariants_check(recording, effects, observation, results);
	for (size_t i = 0; i < INVARIANT_COUNT; i++) {
		struct json *row = json_new_object();

		json_put(row, "verdict", json_new_string(invariant_verdict_name(results[i].verdict)));
		if (results[i].reason[0])
			json_put(row, "reason", json_new_bytes(results[i].reason, strlen(results[i].reason)));
		json_put(rules, invariants[i].id, row);
	}
	return rules;
}

/*
 * The rules compare one container with the config.json that was given to its runtime. A case of the CRI gives a request instead, and what
 * a server does for it, a sandbox and several containers, is one recording: its effects can be read, and no rule be held against them.
 */
static int join(const struct case_watch *watch, const struct recording *recording, struct json *observation,
		struct err *err)
{
	struct effects effects;
	int r = effects_from(recording, &effects, err);

	if (r < 0)
		return r;
	json_put(observation, "recording", facts_of(&effects));
	json_put(observation, "kernel", effects_to_json(&effects));
	if (!watch->job.c->cri)
		json_put(observation, "rules", rules_of(recording, &effects, observation));
	effects_free(&effects);
	return 0;
}

int case_recording_join(const struct case_watch *watch, struct json *observation, struct err *err)
{
	struct recording recording;
	auto_text bytes = { 0 };
	int r;

	if (!watch->job.secret)
		return 0;
	r = fetch(watch, &recording, err);
	if (r < 0)
		return fail(err, r, "recording");
	json_free(recording.symbols);
	recording.symbols = symbols_of(watch, observation);
	if (observation)
		r = join(watch, &recording, observation, err);
	if (r >= 0 && watch->out >= 0) {
		recording_print(&recording, true, &bytes);
		r = keep(watch, &bytes, err);
	}
	recording_free(&recording);
	return r < 0 ? fail(err, r, "recording") : 0;
}
